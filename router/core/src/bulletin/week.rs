//! What a week was like: events and pages beside the week before, rules by pages, times to acknowledge and to resolve, noise,
//! autoscaling.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Words;
use super::scaling::{Scaling, is_maximum};
use crate::containment::TargetRecord;
use crate::context::Node;
use crate::health::Quiet;
use crate::ids::RuleName;
use crate::incident::IncidentRecord;
use crate::notice::List;
use crate::priority::Priority;
use crate::verdict::{Verdict, Why};

pub(super) const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So many rules are named.
const TOP: usize = 10;
/// More times are not kept of one priority.
const MOST_TIMES: usize = 10_000;

/// What is counted of two weeks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Week {
    /// Until when.
    to: Timestamp,
    this: Counts,
    before: Counts,
    paged: BTreeMap<RuleName, u64>,
    /// Those that classified an event in two weeks.
    matched: BTreeSet<RuleName>,
    handled: BTreeMap<Priority, Handled>,
    scaling: Scaling,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    events: u64,
    paged: u64,
    kept_back: u64,
    repeats: u64,
}

/// How long it took people, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    acknowledged: Vec<i64>,
    resolved: Vec<i64>,
}

impl Week {
    /// The week that ends then, of which nothing is counted yet.
    pub fn until(to: Timestamp) -> Self {
        Self { to, ..Self::default() }
    }

    /// From when on events count.
    pub fn from(&self) -> Timestamp {
        self.to.checked_sub(A_WEEK * 2).unwrap_or(Timestamp::MIN)
    }

    /// One more event that was decided.
    pub fn count(&mut self, at: Timestamp, rule: &RuleName, verdict: Verdict, why: Why) {
        let is_this = self.to.duration_since(at) < A_WEEK;
        let counts = if is_this { &mut self.this } else { &mut self.before };
        counts.events += 1;
        match verdict {
            Verdict::Page => counts.paged += 1,
            Verdict::Quiet if why.is_kept_back() => counts.kept_back += 1,
            Verdict::Quiet if why == Why::Repeat => counts.repeats += 1,
            Verdict::Quiet | Verdict::Digest => {}
        }
        if is_this && verdict == Verdict::Page {
            *self.paged.entry(rule.clone()).or_default() += 1;
        }
        self.matched.insert(rule.clone());
    }

    /// One more incident, where it began in that week and people were told of it.
    pub fn incident(&mut self, record: &IncidentRecord) {
        let age = self.to.duration_since(record.opened_at);
        if age >= A_WEEK || age < SignedDuration::ZERO || record.paged.is_empty() {
            return;
        }
        let Handled { acknowledged, resolved } = self.handled.entry(record.priority).or_default();
        let since = |at: Timestamp| at.duration_since(record.opened_at).max(SignedDuration::ZERO).as_secs();
        let ended = record.ended.as_ref().map(|ended| ended.at).or(record.last_at);
        let ended = ended.filter(|_| !record.open);
        for (times, at) in
            [(acknowledged, record.acknowledged.as_ref().map(|whom| whom.at)), (resolved, ended)]
        {
            if times.len() < MOST_TIMES {
                times.extend(at.map(since));
            }
        }
    }

    /// Whether incidents of that kind tell what autoscaling did, so that they are to be told of by [`Week::maxed`].
    pub fn is_of_scaling(kind: &str) -> bool {
        is_maximum(kind)
    }

    /// One more incident of an autoscaler at its maximum.
    pub fn maxed(&mut self, record: &IncidentRecord) {
        self.scaling.maxed(record, self.to);
    }

    /// What was done to one thing.
    pub fn target(&mut self, record: &TargetRecord) {
        self.scaling.target(record, self.to);
    }

    /// The nodes that there are; left out where they are not known.
    pub fn nodes(&mut self, nodes: &[Node]) {
        self.scaling.nodes(nodes, self.to);
    }

    /// The words of it, with the silences that end within a week, and the rules that there are.
    pub fn words<'r>(&self, silences: &[Quiet], rules: impl IntoIterator<Item = &'r RuleName>) -> Words {
        let Counts { events, paged, kept_back, repeats } = self.this;
        let quiet = percent(events.saturating_sub(paged), events);
        let trend =
            |now: u64, before: u64| format!("{now} (week before {before}, {})", compared(now, before));
        let sums = [
            format!("events: {}", trend(events, self.before.events)),
            format!("paged: {}", trend(paged, self.before.paged)),
            format!("kept back: {}", trend(kept_back, self.before.kept_back)),
            format!("repeats: {}", trend(repeats, self.before.repeats)),
            format!("noise: {quiet} % of events called nobody"),
        ];
        let mut lists = vec![List::new("Seven days:", sums, 0)];
        lists.extend(self.rules());
        lists.extend(self.times());
        lists.extend(self.scaling.clone().lists());
        let ending = silences.iter().filter(|quiet| quiet.ends_at.duration_since(self.to) < A_WEEK);
        let ending: Vec<_> = ending
            .map(|quiet| format!("{}: until {:.0}: {}", quiet.id, quiet.ends_at, quiet.comment))
            .collect();
        let silent: Vec<_> =
            rules.into_iter().filter(|rule| !self.matched.contains(*rule)).map(RuleName::to_string).collect();
        for (head, lines) in [
            ("Silences that end within a week:", ending),
            ("Rules that matched nothing in two weeks:", silent),
        ] {
            lists.extend((!lines.is_empty()).then(|| List::new(head, lines, 0)));
        }
        Words {
            title: format!("The week: {events} events, {paged} paged, {quiet} % called nobody"),
            description: "What was decided in seven days, beside the seven before.".to_owned(),
            lists,
        }
    }

    fn rules(&self) -> Option<List> {
        let mut rules: Vec<_> = self.paged.iter().collect();
        rules.sort_by_key(|(rule, count)| (Reverse(**count), *rule));
        let more = rules.len().saturating_sub(TOP) as u64;
        let lines = rules.iter().take(TOP).map(|(rule, count)| format!("{rule}: {count} paged"));
        (!rules.is_empty()).then(|| List::new("Rules by pages:", lines, more))
    }

    fn times(&self) -> Option<List> {
        let line = |(priority, handled): (&Priority, &Handled)| {
            let Handled { acknowledged, resolved } = handled;
            format!("{priority}: acknowledged {}, over {}", median(acknowledged), median(resolved))
        };
        let head = "Median time from the first report, of incidents that were paged:";
        (!self.handled.is_empty()).then(|| List::new(head, self.handled.iter().map(line), 0))
    }
}

fn percent(part: u64, of: u64) -> u64 {
    (part * 100).checked_div(of).unwrap_or_default()
}

fn compared(now: u64, before: u64) -> &'static str {
    match now.cmp(&before) {
        std::cmp::Ordering::Less => "down",
        std::cmp::Ordering::Equal => "the same",
        std::cmp::Ordering::Greater => "up",
    }
}

/// `after 0.4 h (12)`: the upper of the two in the middle, and of how many.
fn median(times: &[i64]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    match times.get(times.len() / 2) {
        Some(seconds) => {
            let tenths = seconds / 360;
            format!("after {}.{} h ({})", tenths / 10, tenths % 10, times.len())
        }
        None => "by nobody yet".to_owned(),
    }
}
