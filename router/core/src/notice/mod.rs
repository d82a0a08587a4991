//! What a page says: plain facts in order, cleaned of what could hurt a reader's screen or a channel.

mod fact;
mod followed;
mod head;
mod html;
mod list;
mod measure;
pub mod minimal;
mod moment;
mod text;
mod undone;
mod wording;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::HubId;
use crate::ids::{EventId, FindingKey, IncidentKey, RouteName, RuleName};
use crate::priority::Priority;
use crate::text::clean;
use crate::verdict::EffectKind;

pub use fact::{Fact, Group};
pub use followed::{Followed, FollowedStep, StepState};
pub(crate) use head::RUNBOOK;
pub use head::{ByWhom, Head, HeadValue};
pub use list::List;
pub use measure::{Measure, MeasureState};
pub use moment::{moment, relative};
pub use undone::Undone;
pub(crate) use undone::WAITS;
pub use wording::{
    ByRoute, Fault, Ids, JsonTemplate, JsonTemplates, MailTemplates, Part, RouteTemplates, Template,
    Templates, Worded, WordedJson, WordedMail, Wording, values,
};

/// A page's content, before any channel gives it its form.
///
/// All text in it but the ids is already cleaned: one line each, nothing that controls, turns or hides,
/// bounded in length. Ids are as they came, for whoever writes back; every form of the page cleans them, too. It is
/// still hostile: a channel that has markup must escape it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// How soon to respond.
    pub priority: Priority,
    /// What is said first.
    #[serde(default)]
    pub head: Head,
    /// One line, at most 200 characters: what happened to what.
    pub title: String,
    /// A paragraph, at most 1,000 characters; may be empty.
    pub description: String,
    /// Why this page is sent now: new, a rise, a repeat.
    pub why: String,
    /// The rule that classified it.
    pub rule: RuleName,
    /// What happened, whoever says so: part of the incident's identity.
    pub family: String,
    /// The finding's type, or the detail-type where there is no finding.
    pub kind: String,
    /// The finder, such as `guardduty`, or the event's source.
    pub source: String,
    /// The finding's severity as `8.0 HIGH`; empty where there is none.
    pub severity: String,
    /// What is known, by group, the most telling first.
    pub facts: Vec<Fact>,
    /// What is being done about it, or was done, each in a sentence.
    #[serde(default)]
    pub doing: Vec<String>,
    /// All of that is over: nothing of it is planned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// What could not be found out, each in a sentence.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// What the rule wanted done and was not, each with its reason.
    #[schemars(with = "Vec<String>")]
    pub withheld: Vec<Undone>,
    /// What people do about it, in order; none where there is no playbook for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<Followed>,
    /// What does not belong to one problem alone: what a digest tells, what a silence held.
    #[serde(default)]
    pub lists: Vec<List>,
    /// Label and https address: the runbook, the console.
    pub links: Vec<(String, String)>,
    /// The routes that it goes by; none where there are no routes but the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteName>,
    /// The incident it belongs to.
    pub incident: IncidentKey,
    /// The finding; none for an event that is not one.
    pub finding: Option<FindingKey>,
    /// What Security Hub knows the finding by, for writing back; none where it does not.
    #[serde(default)]
    pub hub: Option<HubId>,
    /// The event that caused it.
    pub event: EventId,
    /// What somebody has just noted of its incident, in their words; none of other news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the event happened, by its own account.
    pub at: Option<Timestamp>,
    /// A sample: every form of it must say so.
    pub sample: bool,
    /// What is said beside the page and not in it; only a channel that has a thread for it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// A drill: every form of it begins with that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
}

/// What is said beside a page: a model's text, with what it is and what the page rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beside {
    /// A line each.
    pub lines: Vec<String>,
    /// What of the little that `minimal` tells nobody knew who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<minimal::Place>,
}

impl Notice {
    /// A page that says nothing yet.
    pub(crate) fn empty(priority: Priority, incident: &IncidentKey, event: &EventId) -> Self {
        Self {
            priority,
            head: Head::default(),
            title: String::new(),
            description: String::new(),
            why: String::new(),
            rule: RuleName::new(""),
            family: String::new(),
            kind: String::new(),
            source: String::new(),
            severity: String::new(),
            facts: Vec::new(),
            doing: Vec::new(),
            over: false,
            unknown: Vec::new(),
            withheld: Vec::new(),
            playbook: None,
            lists: Vec::new(),
            links: Vec::new(),
            routes: Vec::new(),
            incident: incident.clone(),
            finding: None,
            hub: None,
            event: event.clone(),
            note: None,
            at: None,
            sample: false,
            beside: None,
            drill: false,
        }
    }

    /// Says who is on call, before whatever else is known of whom to ask.
    pub fn names_on_call(&mut self, said: &str) {
        const ON_CALL: &str = "On call";
        self.facts.retain(|fact| fact.label != ON_CALL);
        let at = self.facts.iter().position(|fact| fact.group >= Group::Owner).unwrap_or(self.facts.len());
        self.facts.insert(at, Fact::new(Group::Owner, ON_CALL, clean(said, 300)));
    }

    /// Says that nobody could write it down, and that nothing is done but telling. A plan that is not written down
    /// cannot be approved either.
    pub fn unrecorded(&mut self) {
        const NOT_NOW: &str = "not while the store does not answer";
        self.why.push_str("; not recorded: the store does not answer");
        self.head.unrecorded(NOT_NOW);
        for withheld in &mut self.withheld {
            withheld.not_asked(NOT_NOW);
        }
        let undone = self.doing.drain(..).map(|doing| Undone::from(format!("{doing}: {NOT_NOW}")));
        self.withheld.extend(undone);
    }

    /// Plain text for a reader who was asleep: what and how soon first, ids last, no line over 78
    /// characters but where a value is itself longer.
    pub fn text(&self, kind: EffectKind) -> String {
        Wording::default().words(self, kind).text()
    }

    /// The same as a complete HTML page: no script, no remote content, everything escaped, links only
    /// to `https:` addresses.
    pub fn html(&self, kind: EffectKind) -> String {
        Wording::default().mail(self, kind).html
    }

    /// What to do now, in a sentence; empty where the head says until when.
    fn request(&self, kind: EffectKind) -> String {
        match (kind, self.priority) {
            (EffectKind::Resolve, _) if self.drill => "The drill is over.".to_owned(),
            (_, _) if self.drill => "Nothing is asked of you: this is a drill.".to_owned(),
            (EffectKind::Resolve, _) => "No more response is asked for.".to_owned(),
            (EffectKind::Update, _) => "More about what you were told.".to_owned(),
            (EffectKind::Digest, _) => "To be read today; what could not wait was paged.".to_owned(),
            (EffectKind::Acknowledge, _) => "Somebody has it.".to_owned(),
            (EffectKind::Page, _) if self.head.respond().or_else(|| self.head.taken()).is_some() => {
                String::new()
            }
            (EffectKind::Page, Priority::P3) => "Respond on the next business day.".to_owned(),
            (EffectKind::Page, Priority::P0 | Priority::P1 | Priority::P2) => {
                format!("Respond within {}.", self.priority.respond_within())
            }
        }
    }

    /// The links that the head does not have.
    fn other_links(&self, kind: EffectKind) -> Vec<(String, &str)> {
        let in_head = self.head_rows(kind).iter().any(|(label, _)| *label == RUNBOOK);
        let links = self.links.iter().filter(|(label, _)| !(in_head && label == RUNBOOK));
        links.map(|(name, address)| (label(name), address.as_str())).collect()
    }

    /// The facts of these questions, each with what stands above them. What was seen is told before the lists, which
    /// tell more of it; all else comes after them.
    fn grouped(&self, groups: &[Group]) -> Vec<Section<'_>> {
        let of = |group: &Group| {
            let facts = self.facts.iter().filter(|fact| fact.group == *group);
            let rows: Vec<_> = facts.map(|fact| (label(&fact.label), fact.value.as_str())).collect();
            Section { head: group.head(), rows }
        };
        groups.iter().map(of).filter(|section| !section.rows.is_empty()).collect()
    }

    /// The finder's own title, where the first line says it in other words or not all of it.
    fn own_title(&self, kind: EffectKind) -> &str {
        let is_said = self.title.is_empty()
            || self.title == self.kind
            || self.subject(kind).contains(self.title.as_str());
        if is_said { "" } else { &self.title }
    }

    /// Whether what it says is done is planned and not yet done.
    pub fn is_planned(&self, kind: EffectKind) -> bool {
        match kind {
            EffectKind::Page => !self.over,
            EffectKind::Resolve | EffectKind::Update | EffectKind::Digest | EffectKind::Acknowledge => false,
        }
    }

    /// What stands above the list of what is done.
    fn doing_head(&self, kind: EffectKind) -> &'static str {
        if self.is_planned(kind) { "Being done:" } else { "Done:" }
    }

    /// What people do about it, a line each; nothing where nothing is asked of them.
    pub fn to_do(&self, kind: EffectKind) -> Vec<String> {
        match (kind, &self.playbook) {
            (EffectKind::Page | EffectKind::Update, Some(playbook)) if !self.drill => {
                playbook.lines(&self.head.zone)
            }
            (_, _) => Vec::new(),
        }
    }

    /// What was found, who found it and how bad they hold it to be, in a line.
    fn found(&self) -> String {
        let parts = [self.kind.as_str(), self.severity.as_str()];
        let found = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        match (found.is_empty(), self.source.is_empty()) {
            (false, false) => format!("{found}, from {}", self.source),
            (true, false) => format!("from {}", self.source),
            (_, true) => found,
        }
    }

    /// What ties the page to the records, label and value.
    fn records(&self) -> Vec<(&'static str, String)> {
        let mut records = Vec::with_capacity(6);
        if let Some(at) = self.at {
            let local = at.to_zoned(self.head.zone.time_zone().clone());
            records.push(("Happened", local.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()));
        }
        if !self.rule.as_str().is_empty() {
            records.push(("Rule", format!("{} ({})", self.rule, self.family)));
        }
        if let Some(by) = RouteName::clause(&self.routes) {
            records.push(("Sent", by));
        }
        records.push(("Incident", self.incident.to_string()));
        if let Some(finding) = &self.finding {
            records.push(("Finding", finding.to_string()));
        }
        records.push(("Event", self.event.to_string()));
        records
    }
}

/// SNS refuses a subject of 100 characters.
const LONGEST_SUBJECT: usize = 99;

/// Longer than any text in a notice: what is over it came in some other way.
const LONGEST_LINE: usize = 4_000;

/// What the first line of a sample says, and of a drill.
const SAMPLE_MARK: &str = "[SAMPLE]";
const DRILL_MARK: &str = "DRILL";

/// The sentence that a drill carries in every form.
const DRILL_NOTE: &str = "DRILL: somebody tries out who is told, nothing has happened.";

/// The sentence that a sample carries in every form.
const SAMPLE: &str = "SAMPLE: made to try the set-up out, nothing has happened.";

/// Facts under what stands above them.
struct Section<'n> {
    head: &'static str,
    rows: Vec<(String, &'n str)>,
}

/// Told before the lists of a page, and after them.
const BEFORE_LISTS: [Group; 1] = [Group::Seen];
const AFTER_LISTS: [Group; 3] = [Group::Where, Group::Owner, Group::Near];

/// Labels start with a capital letter, however the fact was named.
fn label(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::action::ActionName;
    use crate::builders::{self, at};

    /// A page as `decide` makes them, with a head, and with texts that take more than a line.
    pub(crate) fn miner() -> Notice {
        let fact = |label: &str, value: &str| Fact::new(Group::Where, label, value);
        Notice {
            head: Head {
                what: "Crypto mining (bitcoin tool)".to_owned(),
                subject: "checkout/checkout-7d9f5-x2x9z".to_owned(),
                place: "prod".to_owned(),
                measures: vec![Measure {
                    action: ActionName::Quarantine,
                    target: String::new(),
                    state: MeasureState::Withheld { because: "not built yet".to_owned() },
                }],
                respond_by: Some(at("2026-11-20T03:13:30Z")),
                open: true,
                link: Some("https://watchfire.example.com/v1/story?of=wf1-5f3c9a".to_owned()),
                at: Some(at("2026-11-20T02:58:30Z")),
                ..Head::default()
            },
            title: "Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z".to_owned(),
            description:
                "A container queried a domain name that is associated with Bitcoin-related activity, \
                          which a checkout service has no reason to do."
                    .to_owned(),
            kind: "CryptoCurrency:Runtime/BitcoinTool.B!DNS".to_owned(),
            facts: vec![
                fact("cluster", "prod-1"),
                fact("namespace", "checkout"),
                fact("pod", "checkout-7d9f5-x2x9z"),
                fact("account", "123456789012"),
                fact("region", "us-gov-west-1"),
            ],
            links: vec![("Runbook".to_owned(), "https://runbooks.example.com/crypto-mining".to_owned())],
            ..builders::notice()
        }
    }

    #[test]
    fn a_subject_says_priority_sample_and_end() {
        let page = Notice { title: "t".to_owned(), head: Head::default(), ..miner() };
        let sample = Notice { sample: true, priority: Priority::P2, ..page.clone() };
        let drill = Notice { drill: true, ..page.clone() };
        let subjects = [
            page.subject(EffectKind::Page),
            page.subject(EffectKind::Resolve),
            sample.subject(EffectKind::Page),
            sample.subject(EffectKind::Resolve),
            page.subject(EffectKind::Acknowledge),
            page.subject(EffectKind::Digest),
            sample.subject(EffectKind::Digest),
            drill.subject(EffectKind::Page),
            drill.subject(EffectKind::Resolve),
        ];
        let expected = [
            "[P0] t",
            "[P0] Resolved: t",
            "[P2] [SAMPLE] t",
            "[P2] [SAMPLE] Resolved: t",
            "[P0] Acknowledged: t",
            "[Digest] t",
            "[Digest] [SAMPLE] t",
            "DRILL [P0] t",
            "DRILL [P0] Resolved: t",
        ];
        assert_eq!(subjects, expected);
    }

    #[test]
    fn a_page_that_nobody_could_write_down_says_so_and_promises_nothing() {
        let mut page = miner();
        page.doing = vec!["evidence: pods/checkout/checkout-7d9f5-x2x9z".to_owned()];
        page.withheld = vec![
            "quarantine: waits for approval (by mode) until 2026-11-20 03:28 UTC: watchfire approve a1"
                .into(),
            "cordon: the namespace is protected".into(),
        ];
        page.unrecorded();
        let expected = Notice {
            why: "first report of this incident; not recorded: the store does not answer".to_owned(),
            head: Head { open: false, ..miner().head },
            withheld: [
                "quarantine: not while the store does not answer",
                "cordon: the namespace is protected",
                "evidence: pods/checkout/checkout-7d9f5-x2x9z: not while the store does not answer",
            ]
            .map(Undone::from)
            .to_vec(),
            ..miner()
        };
        assert_eq!(page, expected);
    }
}
