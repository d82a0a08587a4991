//! What a page says first: what happened where, how it stands with containment, until when somebody has to have it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::{moment, relative};
use super::{LONGEST_SUBJECT, Measure, MeasureState, Notice};
use crate::text::clean;
use crate::verdict::EffectKind;
use crate::zone::Zone;

/// Someone, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByWhom {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The head of a page. Every channel takes its words from here.
///
/// What happened and where is composed from the event; the rest is looked up when a page is decided, each time anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Head {
    /// What is new about it, before everything else: `Not contained`; empty where the page is the news.
    pub lead: String,
    /// What happened, in a few words; empty where the title of the page says it all.
    pub what: String,
    /// What it happened to: `namespace/pod`, or the resource; empty where nothing is named.
    pub subject: String,
    /// What its readers call the cluster, else the account; empty where neither is named.
    pub place: String,
    /// What the configuration calls our cluster, where it happens there: a name that may be told to anybody.
    pub alias: Option<String>,
    /// How everything stands that contains it; empty where nothing was asked for.
    pub measures: Vec<Measure>,
    /// It is a threat, and its rule asks for nothing that would contain it.
    pub unasked: bool,
    /// Until when somebody has to have it.
    pub respond_by: Option<Timestamp>,
    /// Who has it.
    pub taken: Option<ByWhom>,
    /// Whether its incident is known and open, so that it can be acknowledged.
    pub open: bool,
    /// Where its incident is shown, where that is configured.
    pub link: Option<String>,
    /// When the page was decided: what relative times count from. None for a page of before there were heads.
    pub at: Option<Timestamp>,
    /// The zone of its times.
    pub zone: Zone,
}

/// A value in the head of a page, and what its reader does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadValue {
    /// Is read.
    Words(String),
    /// Is copied into a shell.
    Command(String),
    /// Is opened.
    Address(String),
}

impl HeadValue {
    /// The text.
    pub fn as_str(&self) -> &str {
        let (HeadValue::Words(text) | HeadValue::Command(text) | HeadValue::Address(text)) = self;
        text
    }
}

impl Head {
    /// How it stands with containment, in a line; none where nothing was asked for.
    pub fn containment(&self) -> Option<String> {
        let now = self.at?;
        let mut clauses = Vec::new();
        let mut left = self.measures.as_slice();
        while let Some(first) = left.first() {
            // What is not done is told where nothing else is.
            if !first.state.is_pressing() && !clauses.is_empty() {
                break;
            }
            let alike = left.iter().take_while(|other| other.state.rank() == first.state.rank()).count();
            let more = if alike > 1 { format!(" (and {} more)", alike - 1) } else { String::new() };
            clauses.push(format!("{}{more}", first.clause(&self.subject, &self.zone, now)));
            left = &left[alike..];
        }
        (!clauses.is_empty()).then(|| clauses.join("; "))
    }

    /// The command that approves the first plan that waits; none where none does.
    pub fn approve(&self) -> Option<String> {
        self.measures.iter().find_map(Measure::approve)
    }

    /// Until when somebody has to have it: `03:27 CET, in 15 min`; none where somebody has, or nothing is known.
    pub fn respond(&self) -> Option<String> {
        let (by, now) = (self.respond_by.filter(|_| self.taken.is_none())?, self.at?);
        let (time, far) = (moment(&self.zone, by, now), relative(by, now));
        Some(if by <= now {
            format!("overdue: it was to be by {time}, {far}")
        } else {
            format!("{time}, {far}")
        })
    }

    /// Who has it, since when; none where nobody has.
    pub fn taken(&self) -> Option<String> {
        let (ByWhom { by, at }, now) = (self.taken.as_ref()?, self.at?);
        Some(format!("{by}, since {}", moment(&self.zone, *at, now)))
    }

    fn is_untouched(&self) -> bool {
        self.unasked && self.measures.is_empty()
    }

    /// What is contained and would have to be released, as far as it is known.
    fn holds(&self) -> bool {
        self.measures.iter().any(|measure| matches!(measure.state, MeasureState::Done { .. }))
    }

    /// Something was done about it, whether or not it still holds.
    fn was_contained(&self) -> bool {
        let was = |measure: &Measure| {
            matches!(measure.state, MeasureState::Done { .. } | MeasureState::Released { .. })
        };
        self.measures.iter().any(was)
    }

    /// The plans can neither be approved nor done, and nobody can take it: it was not written down.
    pub(super) fn unrecorded(&mut self, because: &str) {
        self.open = false;
        for measure in &mut self.measures {
            if matches!(measure.state, MeasureState::Waits { .. } | MeasureState::UnderWay) {
                measure.state = MeasureState::Withheld { because: because.to_owned() };
            }
        }
    }
}

impl Notice {
    /// One line of less than 100 characters, for a mail's subject or the first line of a page: priority, what
    /// happened, to what, where. Samples say so. A digest has no priority of its own: `[Digest] title`. A drill
    /// begins with `DRILL`.
    pub fn subject(&self, kind: EffectKind) -> String {
        let lead = match kind {
            EffectKind::Page => self.head.lead.as_str(),
            EffectKind::Update if !self.head.lead.is_empty() => self.head.lead.as_str(),
            EffectKind::Update => "Update",
            EffectKind::Resolve => "Resolved",
            EffectKind::Acknowledge => "Acknowledged",
            EffectKind::Digest => "",
        };
        let mark = if kind == EffectKind::Digest { "Digest" } else { self.priority.as_str() };
        let sample = if self.sample { "[SAMPLE] " } else { "" };
        // A title of our own begins with what is new about it.
        let own = self.head.what.is_empty() && self.title.starts_with(lead);
        let lead = if lead.is_empty() || own { String::new() } else { format!("{lead}: ") };
        let drill = if self.drill { "DRILL " } else { "" };
        let start = clean(&format!("{drill}[{mark}] {sample}{lead}"), LONGEST_SUBJECT);
        let start = format!("{start} ");
        let room = LONGEST_SUBJECT.saturating_sub(start.chars().count());
        format!("{start}{}", self.what_and_where(room))
    }

    /// What happened to what, and where, in so many characters.
    fn what_and_where(&self, room: usize) -> String {
        let Head { what, subject, place, .. } = &self.head;
        if what.is_empty() {
            return clean(&self.title, room);
        }
        let place = clean(place, 32);
        let place = if place.is_empty() { place } else { format!(", {place}") };
        let room = room.saturating_sub(place.chars().count());
        if subject.is_empty() {
            return format!("{}{place}", clean(what, room));
        }
        // Whoever reads it knows the kind by its first words, and the pod by both of its ends.
        let length = subject.chars().count();
        let is_short = what.chars().count() + 2 + length <= room;
        let what = if is_short {
            what.as_str()
        } else {
            what.split_once(" (").map_or(what.as_str(), |(what, _)| what)
        };
        let what = clean(what, room.saturating_sub(length + 2).max(28).min(room));
        let subject = in_the_middle(subject, room.saturating_sub(what.chars().count() + 2));
        if subject.is_empty() { format!("{what}{place}") } else { format!("{what}: {subject}{place}") }
    }

    /// What stands under the title before everything else, label and value: at most six lines.
    pub fn head_rows(&self, kind: EffectKind) -> Vec<(&'static str, HeadValue)> {
        let head = &self.head;
        let command = |what: &str| HeadValue::Command(format!("watchfire {what} {}", self.incident));
        let words = HeadValue::Words;
        let asks = matches!(kind, EffectKind::Page | EffectKind::Update);
        let is_over = kind == EffectKind::Resolve;
        let rows = [
            (
                "Containment",
                head.containment().filter(|_| asks || (is_over && head.was_contained())).map(words),
            ),
            (
                "Containment",
                (asks && head.is_untouched()).then(|| words("none: the rule asks for none".to_owned())),
            ),
            ("Approve", head.approve().filter(|_| asks).map(HeadValue::Command)),
            ("Release", (is_over && head.holds()).then(|| command("release"))),
            ("Taken by", head.taken().filter(|_| !is_over).map(words)),
            ("Respond by", head.respond().filter(|_| kind == EffectKind::Page).map(words)),
            ("Acknowledge", (asks && head.open && head.taken.is_none()).then(|| command("incidents ack"))),
            (RUNBOOK, self.runbook().filter(|_| asks).map(|address| HeadValue::Address(address.to_owned()))),
            ("Incident", head.link.clone().filter(|_| kind != EffectKind::Digest).map(HeadValue::Address)),
        ];
        rows.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
    }

    /// The rule's runbook.
    pub fn runbook(&self) -> Option<&str> {
        let found = self.links.iter().find(|(label, _)| label == RUNBOOK);
        found.map(|(_, address)| address.as_str())
    }
}

/// How the link to the runbook is called.
pub(crate) const RUNBOOK: &str = "Runbook";

/// Both ends of a text of more than so many characters.
fn in_the_middle(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    if most < 8 {
        return clean(text, most);
    }
    let end = (most - 1) * 2 / 5;
    let start: String = text.chars().take(most - 1 - end).collect();
    let end: String = text.chars().skip(length - end).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionName;
    use crate::builders::at;
    use crate::notice::tests::miner;

    fn head(measures: Vec<Measure>) -> Head {
        let zone = Zone::named("Europe/Berlin").expect("a zone");
        Head { measures, zone, subject: "shop/pay-1".to_owned(), ..miner().head }
    }

    fn measure(action: ActionName, state: MeasureState) -> Measure {
        let target = if action == ActionName::Cordon { "node ip-1" } else { "pod shop/pay-1" };
        Measure { action, target: target.to_owned(), state }
    }

    fn waits() -> MeasureState {
        MeasureState::Waits {
            approval: crate::ids::ApprovalId::new("3f9c0a11d2e4"),
            plan: "abc".to_owned(),
            until: at("2026-11-20T03:14:30Z"),
            because: "the mode is approve".to_owned(),
        }
    }

    #[test]
    fn containment_is_told_in_one_line_what_is_done_before_what_waits() {
        let done = MeasureState::Done { since: at("2026-11-20T02:57:30Z"), by: None };
        let withheld = MeasureState::Withheld { because: "observe mode; it would label it".to_owned() };
        let quarantine = |state| measure(ActionName::Quarantine, state);
        let lines = [
            vec![quarantine(done.clone()), measure(ActionName::Cordon, waits())],
            vec![quarantine(MeasureState::UnderWay)],
            vec![quarantine(waits()), measure(ActionName::Cordon, withheld.clone())],
            vec![quarantine(withheld.clone()), measure(ActionName::Cordon, withheld)],
            vec![quarantine(MeasureState::Denied { by: "anna".to_owned(), at: at("2026-11-20T02:58:00Z") })],
            vec![quarantine(MeasureState::Expired { at: at("2026-11-20T02:50:00Z") })],
            vec![quarantine(MeasureState::Failed { because: "the pod is gone".to_owned() })],
            vec![],
        ];
        let told = lines.map(|measures| head(measures).containment().unwrap_or_default());
        let expected = [
            "quarantined since 03:57 CET, by the rule; cordon of node ip-1 waits for approval until 04:14 CET, in 16 min",
            "quarantine is being done now",
            "quarantine waits for approval until 04:14 CET, in 16 min",
            "not contained: quarantine: observe mode (and 1 more)",
            "not contained: anna denied quarantine at 03:58 CET",
            "not contained: nobody approved quarantine before 03:50 CET",
            "NOT contained: quarantine failed: the pod is gone",
            "",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_head_is_never_more_than_six_lines() {
        let mut page = miner();
        page.head = head(vec![measure(ActionName::Quarantine, waits())]);
        let labels =
            |page: &Notice, kind| page.head_rows(kind).iter().map(|(label, _)| *label).collect::<Vec<_>>();
        let all = ["Containment", "Approve", "Respond by", "Acknowledge", "Runbook", "Incident"];
        assert_eq!(labels(&page, EffectKind::Page), all);
        page.head.taken = Some(ByWhom { by: "anna".to_owned(), at: at("2026-11-20T02:58:00Z") });
        assert_eq!(
            labels(&page, EffectKind::Page),
            ["Containment", "Approve", "Taken by", "Runbook", "Incident"]
        );
    }

    #[test]
    fn who_is_late_is_told_so() {
        let mut head = head(Vec::new());
        head.respond_by = Some(at("2026-11-20T02:43:30Z"));
        assert_eq!(head.respond().as_deref(), Some("overdue: it was to be by 03:43 CET, 15 min ago"));
    }

    #[test]
    fn a_title_keeps_priority_pod_and_cluster_within_99_characters() {
        let mut page = miner();
        page.head.subject = format!("{}/{}-6d5f9c7b84-x2x9k", "n".repeat(63), "p".repeat(40));
        page.head.what = "w".repeat(90);
        page.head.place = "c".repeat(90);
        for kind in [EffectKind::Page, EffectKind::Resolve, EffectKind::Acknowledge] {
            let subject = page.subject(kind);
            assert_eq!(subject.chars().count(), 99, "{subject}");
            assert!(subject.starts_with("[P0] ") && subject.contains("wwww…: nn"), "{subject}");
            assert!(subject.contains("-x2x9k, ccc"), "{subject}");
        }
        page.head = Head { what: "Bad".to_owned(), subject: "a/b".to_owned(), ..Head::default() };
        assert_eq!(page.subject(EffectKind::Update), "[P0] Update: Bad: a/b");
        page.head.lead = "Contained".to_owned();
        assert_eq!(page.subject(EffectKind::Update), "[P0] Contained: Bad: a/b");
    }
}
