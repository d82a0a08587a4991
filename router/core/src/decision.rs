//! The one recorded answer to one event: what is to be done, why, and what was not.

mod along;
mod cause;
mod edit;
mod wanted;
mod withheld;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::attributes::Attributes;
use crate::ids::{
    BundleKey, ChannelName, DedupKey, EffectId, EventId, FindingKey, IncidentKey, RouteName, RuleName,
};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Merge, Record, State};
use crate::verdict::{EffectKind, Verdict, Why};

pub(crate) use along::along;
pub use cause::{Caller, Cause};
pub use edit::{Because, Edit};
pub use wanted::Wanted;
pub use withheld::{Reason, Waits, Withheld};

/// What was decided about one event, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DecisionRecord")]
pub struct Decision {
    /// The event.
    pub event: EventId,
    /// The envelope's source; empty where there is none.
    pub source: String,
    /// The finding's type, or the detail-type where there is no finding.
    pub kind: String,
    /// The finding; none for an event that is not one.
    pub finding: Option<FindingKey>,
    /// What it is about, in one line.
    pub subject: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The first rule that matched.
    pub rule: RuleName,
    /// The rule's family.
    pub family: String,
    /// How soon a human has to respond.
    pub priority: Priority,
    /// Whether a human hears of it, and when.
    pub verdict: Verdict,
    /// The reason of the verdict.
    pub why: Why,
    /// The incident it belongs to; none where it belongs to none.
    pub incident: Option<IncidentKey>,
    /// What it answers. Entries of earlier releases do not say: the store fills it in.
    #[serde(default)]
    pub cause: Cause,
    /// The routes that its pages go by, and what it puts into the digest would; none where there are no routes but the
    /// default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteName>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// What is to be done to the cluster, in order.
    #[serde(default)]
    pub acts: Vec<Act>,
    /// What the rule wanted and is not done, with its reason.
    pub withheld: Vec<Withheld>,
    /// What it looked like to silences and the like; none for what is not an event.
    #[serde(default)]
    pub face: Option<Attributes>,
    /// Which records it has changed, and why each; the first of them, where it has changed many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// The records as they are after this decision.
    #[serde(skip)]
    pub changes: BTreeMap<Key, Record>,
    /// What it changes of what is shared, whoever else changes that.
    #[serde(skip)]
    pub merges: Vec<(Key, Merge)>,
}

impl Decision {
    /// When the first of what it changes is to be looked at again; none where nothing is, and of what was read back from
    /// the journal.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let changed = self.changes.values().filter_map(Record::wake_at);
        changed.chain(self.merges.iter().filter_map(|(_, merge)| merge.wake_at())).min()
    }

    /// Whether what surrounds the pod that it is about matters to it: somebody is told or will be, or something is done to the
    /// cluster, or is not for what surrounds it.
    pub fn asks_for_details(&self) -> bool {
        let by_plan = |withheld: &Withheld| match withheld.reason {
            Reason::Waits(_) | Reason::NoPlan(_) | Reason::Observed(_) | Reason::Refused(_) => true,
            Reason::Held
            | Reason::Decided(_)
            | Reason::Suppressed(_)
            | Reason::Declined(_)
            | Reason::Recorded(_) => false,
        };
        // What people were told of, or will be by a chain, is told again by the page that is kept last.
        let is_on_somebody = |record: &Record| match record {
            Record::Incident(incident) => !incident.paged.is_empty() || incident.escalate_at.is_some(),
            _ => false,
        };
        let keeps_page = self.changes.keys().any(|key| matches!(key, Key::PageDraft(_)));
        let is_told = match self.verdict {
            Verdict::Page => true,
            Verdict::Digest => keeps_page && self.changes.values().any(is_on_somebody),
            // What waits to be told is kept.
            Verdict::Quiet => keeps_page,
        };
        is_told || !self.effects.is_empty() || !self.acts.is_empty() || self.withheld.iter().any(by_plan)
    }

    /// What a commit must find as it was read: the records that the decision changes, and those that it is about.
    /// Whatever else it has looked at may have changed since: then it was decided just before.
    pub fn conditions<'d>(&'d self, read: &'d State) -> impl Iterator<Item = (&'d Key, u64)> {
        let is_about = |key: &Key| match key {
            Key::Incident(incident) => self.incident.as_ref() == Some(incident),
            Key::Finding(finding) => self.finding.as_ref() == Some(finding),
            _ => false,
        };
        read.versions().filter(move |(key, _)| self.changes.contains_key(key) || is_about(key))
    }

    /// The records after it: what it changes, and what its merges come to on what there is; none where there is no
    /// room for one of them, so that it has to be decided anew.
    pub fn comes_to(&self, found: impl Fn(&Key) -> Option<Record>) -> Option<BTreeMap<Key, Record>> {
        let mut records = self.changes.clone();
        for (key, merge) in &self.merges {
            let known = records.get(key).cloned().or_else(|| found(key));
            let record = merge.on(known.as_ref(), self.at)?;
            if known.as_ref() != Some(&record) {
                records.insert(key.clone(), record);
            }
        }
        Some(records)
    }

    /// The kinds of its effects, each once; what is done only if another fails does not count.
    pub fn effect_kinds(&self) -> Vec<EffectKind> {
        let planned = self.effects.iter().filter(|effect| !matches!(effect.when, When::Unless { .. }));
        let kinds: BTreeSet<_> = planned.map(|effect| effect.kind).collect();
        kinds.into_iter().collect()
    }

    /// Whether somebody is told of that bundle by it. Where it is not logged whole what it changed, as in entries of
    /// earlier releases, whoever tells anybody anything does.
    pub fn tells_of(&self, bundle: &BundleKey) -> bool {
        if !(1..Edit::MOST).contains(&self.edits.len()) {
            return !self.effects.is_empty();
        }
        let is_it = |key: &Key| matches!(key, Key::Bundle(key) if key == bundle);
        self.edits.iter().any(|edit| edit.because == Because::Told && is_it(&edit.key))
    }
}

/// One thing to do. It leaves whoever performs it no choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Unique within the decision, such as `page:oncall`.
    pub id: EffectId,
    /// What is done.
    pub kind: EffectKind,
    /// By which channel.
    pub channel: ChannelName,
    /// On what condition.
    pub when: When,
    /// The idempotency key: repeats of an effect carry the same.
    pub dedup_key: DedupKey,
    /// What to say.
    pub notice: Notice,
}

/// On what condition an effect is performed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once.
    Now,
    /// Only if that other effect of the same decision has failed, or is not done this many seconds
    /// after the decision: the fallback channel.
    Unless {
        /// The effect of the primary channel.
        effect: EffectId,
        /// Seconds from the decision.
        within_seconds: u32,
    },
    /// Only if one of these earlier effects was done: nobody is told of the end of what they never heard of.
    IfDone(Vec<(EventId, EffectId)>),
}
