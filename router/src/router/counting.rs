//! What each rule did lately, and what the digest holds: for those who look after rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use watchfire_core::digest::{Contents, DigestRecord};
use watchfire_core::ids::RuleName;
use watchfire_core::state::{Key, State};
use watchfire_core::verdict::Verdict;

use super::Router;
use crate::store::{self, Seen};

/// What a rule did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// How many events it classified.
    pub events: u64,
    /// How many of them were paged at once.
    pub paged: u64,
    /// How many were left to the digest.
    pub digest: u64,
    /// How many were news that was kept back: silenced, inhibited, muted, flapping, in a storm, grouped, over a limit,
    /// not as many yet as the rule asks for.
    pub suppressed: u64,
    /// When the last one was decided.
    pub last_at: Option<Timestamp>,
}

impl RuleCounts {
    fn add(&mut self, seen: &Seen) {
        let Seen { at, face: _, verdict, why } = seen;
        self.events += 1;
        match verdict {
            Verdict::Page => self.paged += 1,
            Verdict::Digest => self.digest += 1,
            Verdict::Quiet => self.suppressed += u64::from(why.is_kept_back()),
        }
        self.last_at = self.last_at.max(Some(*at));
    }
}

impl Router {
    /// What each rule did since then, by its name; reads every decision since.
    ///
    /// # Errors
    /// The store's.
    pub async fn rule_counts(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<RuleName, RuleCounts>, store::Error> {
        let count = |counts: &mut BTreeMap<RuleName, RuleCounts>, seen: Seen| {
            counts.entry(seen.face.rule.clone()).or_default().add(&seen);
        };
        self.store.fold_faces(since, BTreeMap::new(), count).await
    }

    /// The edition of the digest that is written now, and what is in it; none before the first.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_digest(&self) -> Result<Option<(DigestRecord, Contents)>, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Digest], &mut state).await?;
        let Some(record) = state.digest().cloned() else { return Ok(None) };
        let contents = Key::DigestContents(record.edition);
        self.store.load(std::slice::from_ref(&contents), &mut state).await?;
        let contents = state.contents(record.edition).cloned().unwrap_or_default();
        let contents = contents.with_record(&record);
        Ok(Some((record, contents)))
    }
}

#[cfg(test)]
mod tests {
    use watchfire_core::builders;
    use watchfire_core::verdict::Why;

    use super::*;

    #[test]
    fn a_repeat_counts_as_an_event_and_as_nothing_else() {
        let decision = builders::decision("event-1");
        let mut counts = RuleCounts::default();
        let face = builders::attributes(Default::default());
        for (verdict, why) in [
            (Verdict::Page, Why::New),
            (Verdict::Quiet, Why::Repeat),
            (Verdict::Quiet, Why::Silenced),
            (Verdict::Digest, Why::New),
        ] {
            counts.add(&Seen { at: decision.at, face: face.clone(), verdict, why });
        }
        let expected =
            RuleCounts { events: 4, paged: 1, digest: 1, suppressed: 1, last_at: Some(decision.at) };
        assert_eq!(counts, expected);
    }
}
