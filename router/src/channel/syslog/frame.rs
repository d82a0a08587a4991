//! A page as one message of RFC 5424: header, structured data, text; no character of a page can end any of them.

use watchfire_core::notice::{Notice, Part, Worded};
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::Facility;
use crate::channel::Dispatch;
use crate::channel::payload::Form;

/// Of the text, and of a value in the structured data.
const MOST_TEXT: usize = 1_000;
const MOST_VALUE: usize = 400;
/// What says that the text is UTF-8.
const BOM: &str = "\u{feff}";
/// What of the facts of a page a search is made by.
const PLACES: [&str; 9] =
    ["cluster", "account", "region", "namespace", "workload", "pod", "node", "image", "principal"];

/// What all messages of a channel have in common.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) facility: Facility,
    pub(super) hostname: String,
    pub(super) app_name: String,
    pub(super) data_id: String,
    pub(super) most_bytes: usize,
    pub(super) form: Form,
}

/// Whether the header can carry it: visible ASCII, and so much of it.
pub(super) fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether it can name structured data: `name@number`.
pub(super) fn is_data_id(text: &str) -> bool {
    let is_plain = |name: &str| is_name(name, 32) && !name.contains(['=', ']', '"', '@']);
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 32 && text.split_once('@').is_some_and(|(name, number)| is_plain(name) && is_number(number))
}

impl Frame {
    /// The message, without what a transport puts before it. Values that have no room are left out, the last ones first.
    pub(super) fn message(&self, dispatch: &Dispatch<'_>) -> Vec<u8> {
        let (notice, words) = self.form.worded(dispatch.effect);
        let header = self.header(&notice, dispatch.effect.kind);
        let mut text = format!(" {BOM}{}", clean(&words.title, MOST_TEXT));
        // The other half is for what a search is made by.
        text.truncate(text.floor_char_boundary(self.most_bytes / 2));
        let room = self.most_bytes.saturating_sub(header.len() + self.data_id.len() + 2 + text.len());
        let mut data = String::new();
        for (name, value) in self.values(dispatch, &notice, &words) {
            let parameter = format!(" {name}=\"{}\"", escaped(&value));
            if data.len() + parameter.len() > room {
                break;
            }
            data.push_str(&parameter);
        }
        format!("{header}[{}{data}]{text}", self.data_id).into_bytes()
    }

    /// `<PRI>1 TIME HOST PROGRAM - KIND `, the time being that of the decision, so that a repeat is the same message.
    fn header(&self, notice: &Notice, kind: EffectKind) -> String {
        let Self { facility, hostname, app_name, .. } = self;
        let priority = *facility as u8 * 8 + severity(kind, notice.priority);
        let at = notice.head.at.or(notice.at).map_or_else(|| "-".to_owned(), |at| format!("{at:.3}"));
        format!("<{priority}>1 {at} {hostname} {app_name} - {} ", kind.as_str())
    }

    /// What a search is made by, the most telling first.
    fn values(
        &self,
        dispatch: &Dispatch<'_>,
        notice: &Notice,
        words: &Worded,
    ) -> impl Iterator<Item = (&'static str, String)> {
        let is_so = |is_so: bool| if is_so { "true" } else { "" };
        let finding = notice.finding.as_ref().map_or("", |finding| finding.as_str());
        let ours = [
            ("effect", dispatch.effect.kind.as_str()),
            ("priority", notice.priority.as_str()),
            ("sample", is_so(notice.sample)),
            ("drill", is_so(notice.drill)),
            ("id", &dispatch.id),
            ("incident", notice.incident.as_str()),
            ("dedup_key", dispatch.effect.dedup_key.as_str()),
            ("rule", notice.rule.as_str()),
            ("family", &notice.family),
            ("kind", &notice.kind),
            ("source", &notice.source),
            ("severity", &notice.severity),
            ("why", &notice.why),
        ];
        let facts = PLACES.into_iter().map(|place| {
            let fact = notice.facts.iter().find(|fact| fact.label.eq_ignore_ascii_case(place));
            (place, fact.map_or("", |fact| fact.value.as_str()))
        });
        let is_own = |part| self.form.wording_of(dispatch.effect).own().any(|(own, _)| own == part);
        let own = [(Part::Head, &words.head), (Part::Body, &words.body)].into_iter();
        let own = own.filter(|(part, _)| is_own(*part)).map(|(part, text)| (part.as_str(), text.as_str()));
        let link = notice.head.link.as_deref().unwrap_or_default();
        let event = notice.event.shown();
        let last = [("link", link), ("finding", finding), ("event", &event)];
        let values = ours.into_iter().chain(facts).chain(last).chain(own);
        let values: Vec<_> = values.map(|(name, value)| (name, clean(value, MOST_VALUE))).collect();
        values.into_iter().filter(|(_, value)| !value.is_empty())
    }
}

/// Its place among the eight of the standard: 1 is to be acted on at once, 6 is for information.
fn severity(kind: EffectKind, priority: Priority) -> u8 {
    match (kind, priority) {
        (EffectKind::Digest, _) => 6,
        (EffectKind::Resolve | EffectKind::Acknowledge, _) => 5,
        (EffectKind::Page | EffectKind::Update, Priority::P0) => 1,
        (EffectKind::Page | EffectKind::Update, Priority::P1) => 2,
        (EffectKind::Page | EffectKind::Update, Priority::P2) => 4,
        (EffectKind::Page | EffectKind::Update, Priority::P3) => 5,
    }
}

/// The three characters that could end a value, each behind a backslash.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
