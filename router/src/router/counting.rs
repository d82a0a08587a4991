//! What each rule did lately, and what the digest holds: for those who look after rules.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use watchfire_core::digest::{Contents, DigestRecord};
use watchfire_core::ids::RuleName;
use watchfire_core::state::{Key, State};
use watchfire_core::verdict::Verdict;

use super::Router;
use super::placing::of_subject;
use crate::identity::Place;
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

/// What rules did, by where it was that what they classified happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountsByPlace {
    by_rule: BTreeMap<RuleName, BTreeMap<Place, RuleCounts>>,
    places: usize,
}

impl CountsByPlace {
    /// So many places are told apart, of all rules: namespaces are what senders write. What happened in others is for those who
    /// may look everywhere.
    const MOST: usize = 20_000;

    fn add(&mut self, seen: &Seen) {
        let by_place = self.by_rule.entry(seen.face.rule.clone()).or_default();
        let place = of_subject(&seen.face.subject);
        let place = match by_place.contains_key(&place) || self.places < Self::MOST {
            true => place,
            false => Place::everywhere(),
        };
        let counts = by_place.entry(place);
        self.places += usize::from(matches!(counts, Entry::Vacant(_)));
        counts.or_default().add(seen);
    }

    /// What a rule did where somebody may look.
    pub fn seen_in(&self, rule: &RuleName, may_see: impl Fn(&Place) -> bool) -> RuleCounts {
        let by_place = self.by_rule.get(rule).into_iter().flatten();
        let seen = by_place.filter(|(place, _)| may_see(place));
        seen.fold(RuleCounts::default(), |all, (_, counts)| all.and(counts))
    }
}

impl RuleCounts {
    fn and(self, other: &Self) -> Self {
        let Self { events, paged, digest, suppressed, last_at } = other;
        Self {
            events: self.events + events,
            paged: self.paged + paged,
            digest: self.digest + digest,
            suppressed: self.suppressed + suppressed,
            last_at: self.last_at.max(*last_at),
        }
    }

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
    /// What each rule did since then, by where it was; reads every decision since.
    ///
    /// # Errors
    /// The store's.
    pub async fn rule_counts(&self, since: Timestamp) -> Result<CountsByPlace, store::Error> {
        let count = |counts: &mut CountsByPlace, seen: Seen| counts.add(&seen);
        self.store.fold_faces(since, CountsByPlace::default(), count).await
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

    #[test]
    fn who_may_look_in_some_namespaces_has_the_counts_of_these_and_whoever_may_everywhere_has_all() {
        let at = builders::decision("event-1").at;
        let mut counts = CountsByPlace::default();
        for namespace in [Some("shop"), Some("pay"), Some("shop"), None] {
            let mut face = builders::attributes(Default::default());
            face.subject.namespace = namespace.map(str::to_owned);
            counts.add(&Seen { at, face, verdict: Verdict::Page, why: Why::New });
        }
        let rule = builders::attributes(Default::default()).rule;
        let shop = |place: &Place| place.namespaces.contains("shop");
        let of = |events| RuleCounts { events, paged: events, last_at: Some(at), ..RuleCounts::default() };
        assert_eq!(counts.seen_in(&rule, shop), of(2));
        assert_eq!(counts.seen_in(&rule, |_| true), of(4));
        assert_eq!(counts.seen_in(&RuleName::new("another"), |_| true), RuleCounts::default());
    }

    #[test]
    fn namespaces_that_a_sender_makes_up_take_no_more_than_so_much_and_are_counted_for_those_who_see_all() {
        let at = builders::decision("event-1").at;
        let mut counts = CountsByPlace::default();
        let more = CountsByPlace::MOST + 10;
        for number in 0..more {
            let mut face = builders::attributes(Default::default());
            face.subject.namespace = Some(format!("ns-{number}"));
            counts.add(&Seen { at, face, verdict: Verdict::Page, why: Why::New });
        }
        let rule = builders::attributes(Default::default()).rule;
        assert_eq!(counts.by_rule[&rule].len(), CountsByPlace::MOST + 1);
        assert_eq!(counts.seen_in(&rule, |_| true).events, more as u64);
    }
}
