//! What an event says was seen, for the reader of a page: who did what, from where, with which file.
//!
//! It decides nothing. Every text is as the sender wrote it: whoever shows it cleans it first.

mod calls;
mod connections;
mod guardduty;
mod hub;
mod inspector;
mod malware;
mod platform;
mod process;
mod sequence;
mod service;
mod unknown;

use super::envelope::{Report, report_of};
use super::read::{at, list, text};
use super::{Event, OWN_SOURCE};
use crate::json::Json;
use crate::zone::Zone;

/// So many of what there may be more of are told; the rest is counted.
pub(crate) const MOST: usize = 10;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What happened, in a few words, where the event has no finding to say so.
    pub(crate) headline: Option<String>,
    /// How many resources it names, where it has a list of them.
    pub(crate) resources: usize,
    /// Label and value, the most telling first.
    pub(crate) rows: Vec<(String, String)>,
    /// What there may be many of, under a head.
    pub(crate) lists: Vec<Several>,
}

/// Lines of one kind: the first of them, and how many more there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Several {
    pub(crate) head: String,
    pub(crate) lines: Vec<String>,
    pub(crate) more: usize,
}

/// What an event says was seen, for readers in that zone.
pub(crate) fn seen(event: &Event<'_>, zone: &Zone) -> Seen {
    let mut seen = Seen::default();
    let within;
    let detail = match at(&event.json, "detail") {
        Some(Json::String(text)) => {
            within = Json::read(text).0;
            Some(&within)
        }
        detail => detail,
    };
    let Some(detail) = detail else { return seen };
    match report_of(&event.source, &event.detail_type) {
        Some(Report::GuardDuty) => guardduty::tell(detail, zone, &mut seen),
        Some(Report::SecurityHub | Report::CustomAction) => {
            let mut findings = list(detail, "findings").iter();
            if let Some(finding) = findings.find(|finding| matches!(finding, Json::Object(_))) {
                hub::tell(finding, &mut seen);
            }
        }
        Some(Report::Inspector) => inspector::tell(detail, &mut seen),
        Some(Report::InspectorScan | Report::EcrScan) => inspector::tell_scan(detail, &mut seen),
        Some(Report::Alarm) => platform::tell_alarm(detail, &mut seen),
        Some(Report::Health) => platform::tell_health(detail, &mut seen),
        Some(Report::Prometheus | Report::Watch) => platform::tell_alert(detail, zone, &mut seen),
        None if event.source == OWN_SOURCE => {
            unknown::tell(detail, &mut seen);
            // It is the description of such an event.
            seen.rows.retain(|(label, _)| label != "reason");
        }
        None if text(detail, "eventName").is_some() => calls::tell_trail(detail, &mut seen),
        Some(Report::GuardDutyStatus) | None => {
            unknown::tell(detail, &mut seen);
            seen.headline = unknown::headline(detail);
        }
    }
    seen
}

impl Seen {
    /// A row; nothing where there is no value.
    fn say(&mut self, label: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.rows.push((label.to_owned(), value));
        }
    }

    /// A list, or a row where there is one of it: nothing where there is none.
    fn say_each(&mut self, label: &str, head: &str, all: Vec<String>) {
        match all.as_slice() {
            [] => {}
            [only] => self.say(label, Some(only.clone())),
            several => {
                let lines: Vec<_> = several.iter().take(MOST).cloned().collect();
                let more = several.len() - lines.len();
                self.lists.push(Several { head: head.to_owned(), lines, more });
            }
        }
    }
}

/// The parts that are there, with commas between them.
fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A text behind a word, where there is one: `pid 31874`.
fn with(word: &str, text: Option<String>) -> Option<String> {
    text.map(|text| format!("{word} {text}"))
}
