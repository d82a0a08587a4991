//! What autoscaling did in a week, as far as it is written down: what was at its maximum, what Watchfire scaled to zero, and
//! which nodes are new. Which nodes are gone is not kept by anybody, and not told.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::week::A_WEEK;
use crate::act::ActionKind;
use crate::action::ActionName;
use crate::containment::{Containment, ContainmentState, TargetRecord};
use crate::context::Node;
use crate::incident::IncidentRecord;
use crate::notice::List;
use crate::survey::Condition;

/// So many of each kind are named.
const TOP: usize = 10;

/// What is counted of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scaling {
    maxed: Vec<Maxed>,
    zeroed: Vec<(Timestamp, String)>,
    nodes: Option<String>,
}

/// An autoscaler that was at its maximum.
#[derive(Clone, Debug, PartialEq)]
struct Maxed {
    subject: String,
    /// How often it came there in that week.
    times: usize,
    /// How long it was the last time, as far as that is of that week.
    last: SignedDuration,
    is_still: bool,
}

/// Whether an alert of that name tells of an autoscaler at its maximum, whoever it is from.
pub(super) fn is_maximum(kind: &str) -> bool {
    let alert = kind.split_once(':').map_or(kind, |(_, alert)| alert);
    [Condition::HpaMaxed, Condition::KedaMaxed].iter().any(|condition| condition.as_str() == alert)
}

impl Scaling {
    /// One more incident of an autoscaler at its maximum.
    pub(super) fn maxed(&mut self, record: &IncidentRecord, to: Timestamp) {
        let from = to.saturating_sub(A_WEEK).unwrap_or(Timestamp::MIN);
        let ended = record.ended.as_ref().map(|ended| ended.at).or(record.last_at);
        let until = if record.open { to } else { ended.unwrap_or(record.opened_at).min(to) };
        if until < from || record.opened_at > to {
            return;
        }
        let times = record.turns.iter().filter(|turn| (from..=to).contains(*turn)).count().max(1);
        let last = until.duration_since(record.opened_at.max(from)).max(SignedDuration::ZERO);
        let (subject, is_still) = (record.subject.clone(), record.open);
        self.maxed.push(Maxed { subject, times, last, is_still });
    }

    /// What was done to one thing.
    pub(super) fn target(&mut self, record: &TargetRecord, to: Timestamp) {
        let is_ours = |it: &&Containment| {
            it.action == ActionKind::Rule(ActionName::ScaleToZero) && to.duration_since(it.at) < A_WEEK
        };
        let said = |it: &Containment| {
            let became = match it.state {
                ContainmentState::Done => "is at zero still",
                ContainmentState::Released => "was let go again",
                ContainmentState::Planned | ContainmentState::Failed => return None,
            };
            let by = it.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            Some((it.at, format!("{}: at {:.0}{by}; {became}", record.target.named(), it.at)))
        };
        self.zeroed.extend(record.acts.iter().filter(is_ours).filter_map(said));
    }

    /// The nodes that there are.
    pub(super) fn nodes(&mut self, nodes: &[Node], to: Timestamp) {
        let is_new = |node: &&Node| node.created_at.is_some_and(|at| to.duration_since(at) < A_WEEK);
        let mut by_pool: BTreeMap<&str, u64> = BTreeMap::new();
        for node in nodes.iter().filter(is_new) {
            *by_pool.entry(node.pool.as_deref().unwrap_or("no pool")).or_default() += 1;
        }
        let new: u64 = by_pool.values().sum();
        let pools: Vec<_> = by_pool.iter().map(|(pool, count)| format!("{count} of {pool}")).collect();
        let pools = if pools.is_empty() { String::new() } else { format!(": {}", pools.join(", ")) };
        let all = nodes.len();
        self.nodes = Some(format!("{new} of the {all} nodes there are were made in these seven days{pools}"));
    }

    /// A list for each kind of which there is something to tell.
    pub(super) fn lists(mut self) -> Vec<List> {
        self.maxed.sort_by_key(|maxed| (Reverse(maxed.last), maxed.subject.clone()));
        self.zeroed.sort();
        let maxed = self.maxed.iter().map(Maxed::line).collect();
        let zeroed = self.zeroed.into_iter().map(|(_, said)| said).collect();
        let all: [(&str, Vec<String>); 3] = [
            ("Autoscalers that were at their maximum:", maxed),
            ("Scaled to zero by Watchfire:", zeroed),
            ("Nodes:", self.nodes.into_iter().collect()),
        ];
        let list = |(head, lines): (&str, Vec<String>)| {
            let more = lines.len().saturating_sub(TOP) as u64;
            (!lines.is_empty()).then(|| List::new(head, lines.into_iter().take(TOP), more))
        };
        all.into_iter().filter_map(list).collect()
    }
}

impl Maxed {
    fn line(&self) -> String {
        let Self { subject, times, last, is_still } = self;
        let tenths = last.as_secs() / 360;
        let hours = format!("{}.{} h", tenths / 10, tenths % 10);
        let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        match is_still {
            true => format!("{subject}: {times}, for {hours} now"),
            false => format!("{subject}: {times}, the last time for {hours}"),
        }
    }
}
