//! What a template is given: every name that it may use.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use crate::ids::{EventId, IncidentKey};
use crate::notice::{
    AFTER_LISTS, BEFORE_LISTS, DRILL_NOTE, HeadValue, LONGEST_LINE, List, Notice, SAMPLE, Section, html,
};
use crate::priority::Priority;
use crate::text::clean;
use crate::verdict::EffectKind;

/// A page, ready to be worded. Every text is cleaned, and one line; what is not known is empty.
#[derive(Serialize)]
pub(super) struct View {
    /// `page`, `update`, `resolve`, `acknowledge` or `digest`.
    effect: &'static str,
    priority: &'static str,
    respond_within: &'static str,
    sample: bool,
    drill: bool,
    /// The first line as it ships, of less than 100 characters.
    pub(super) title: String,
    /// What is new about it; what happened; to what; where.
    lead: String,
    what: String,
    subject: String,
    place: String,
    /// What a sample or a drill says of itself.
    note: &'static str,
    /// What to do now, where the head does not say it.
    request: String,
    head: Vec<Row>,
    containment: String,
    respond_by: String,
    taken_by: String,
    link: String,
    why: String,
    /// Type, severity and finder in a line, and each.
    found: String,
    kind: String,
    severity: String,
    source: String,
    /// The finder's title, where the first line says something else.
    own_title: String,
    description: String,
    doing_head: &'static str,
    doing: Vec<String>,
    withheld: Vec<String>,
    /// What people do about it, and what stands above that.
    playbook: Vec<String>,
    playbook_head: String,
    unknown: Vec<String>,
    /// What was seen, which the lists tell more of; and all other facts, each group under its head.
    seen: Vec<Grouped>,
    around: Vec<Grouped>,
    /// The facts of all groups, by label: `facts.pod`, `facts.service_account`.
    facts: BTreeMap<String, String>,
    lists: Vec<Listed>,
    links: Vec<Row>,
    records: Vec<Row>,
    rule: String,
    family: String,
    incident: String,
    event: String,
    finding: String,
    /// How wide labels are.
    width: usize,
    /// Of the priority, as HTML wants it.
    colour: &'static str,
    /// What only JSON has.
    #[serde(flatten)]
    whole: Option<Whole>,
}

/// What a page is known by, and all of its text.
#[derive(Default, Serialize)]
pub(super) struct Whole {
    pub(super) id: String,
    pub(super) dedup_key: String,
    pub(super) text: String,
}

/// A label and its value.
#[derive(Serialize)]
struct Row {
    label: String,
    value: String,
    /// `words`, `command` or `address`.
    form: &'static str,
}

#[derive(Serialize)]
struct Grouped {
    head: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Listed {
    head: String,
    lines: Vec<String>,
    /// How many more there are, in words.
    rest: String,
}

impl View {
    pub(super) fn of(notice: &Notice, kind: EffectKind) -> Self {
        let Rows { head, seen, around, links, records, width } = Rows::of(notice, kind);
        let said = |text: Option<String>| text.map_or(String::new(), |text| line(&text));
        Self {
            effect: kind.as_str(),
            priority: notice.priority.as_str(),
            respond_within: notice.priority.respond_within(),
            sample: notice.sample,
            drill: notice.drill,
            title: notice.subject(kind),
            lead: line(&notice.head.lead),
            what: line(&notice.head.what),
            subject: line(&notice.head.subject),
            place: line(&notice.head.place),
            note: match (notice.drill, notice.sample) {
                (true, _) => DRILL_NOTE,
                (false, true) => SAMPLE,
                (false, false) => "",
            },
            request: notice.request(kind),
            head,
            containment: said(notice.head.containment()),
            respond_by: said(notice.head.respond()),
            taken_by: said(notice.head.taken()),
            link: said(notice.head.link.clone()),
            why: line(&notice.why),
            found: line(&notice.found()),
            kind: line(&notice.kind),
            severity: line(&notice.severity),
            source: line(&notice.source),
            own_title: line(notice.own_title(kind)),
            description: line(&notice.description),
            doing_head: notice.doing_head(kind),
            doing: lines(&notice.doing),
            withheld: notice.withheld.iter().map(|undone| line(undone.as_str())).collect(),
            playbook: lines(&notice.to_do(kind)),
            playbook_head: said(notice.playbook.as_ref().map(|it| format!("What to do ({}):", it.title))),
            unknown: lines(&notice.unknown),
            facts: notice.facts.iter().rev().map(|fact| (name(&fact.label), line(&fact.value))).collect(),
            seen,
            around,
            lists: notice.lists.iter().map(Listed::of).collect(),
            links,
            records,
            rule: line(notice.rule.as_str()),
            family: line(&notice.family),
            incident: line(notice.incident.as_str()),
            event: line(&notice.event.to_string()),
            finding: said(notice.finding.as_ref().map(ToString::to_string)),
            width,
            colour: html::colour(notice.priority, kind),
            whole: None,
        }
    }

    /// The same for JSON.
    pub(super) fn with(self, whole: Whole) -> Self {
        Self { whole: Some(whole), ..self }
    }
}

/// Everything that is a label and a value, and how wide the labels are.
struct Rows {
    head: Vec<Row>,
    seen: Vec<Grouped>,
    around: Vec<Grouped>,
    links: Vec<Row>,
    records: Vec<Row>,
    width: usize,
}

impl Rows {
    fn of(notice: &Notice, kind: EffectKind) -> Self {
        let head: Vec<_> = notice.head_rows(kind).into_iter().map(Row::of_head).collect();
        let grouped = |groups| notice.grouped(groups).into_iter().map(Grouped::of).collect::<Vec<_>>();
        let (seen, around) = (grouped(&BEFORE_LISTS[..]), grouped(&AFTER_LISTS[..]));
        let links = notice.other_links(kind).into_iter();
        let links: Vec<_> = links.map(|(label, address)| Row::new(&label, address, "address")).collect();
        let records = notice.records();
        let records: Vec<_> = records.iter().map(|(label, value)| Row::new(label, value, "record")).collect();
        let groups = seen.iter().chain(&around);
        let labels = groups.flat_map(|group| &group.rows).chain(&head).chain(&links).chain(&records);
        let width = labels.map(|row| row.label.chars().count()).max().unwrap_or(0);
        Self { head, seen, around, links, records, width }
    }
}

/// The names, in the order of the alphabet.
pub(super) fn names() -> &'static [String] {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| names_with(None));
    &NAMES
}

/// The same in JSON.
pub(super) fn names_of_json() -> &'static [String] {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| names_with(Some(Whole::default())));
    &NAMES
}

fn names_with(whole: Option<Whole>) -> Vec<String> {
    let notice = Notice::empty(Priority::P0, &IncidentKey::new(""), &EventId::new(""));
    let view = View { whole, ..View::of(&notice, EffectKind::Page) };
    let values = serde_json::to_value(view).expect("texts, numbers and lists can be written");
    values.as_object().into_iter().flat_map(|values| values.keys().cloned()).collect()
}

impl Row {
    fn new(label: &str, value: &str, form: &'static str) -> Self {
        Self { label: line(label), value: line(value), form }
    }

    fn of_head((label, value): (&'static str, HeadValue)) -> Self {
        let form = match &value {
            HeadValue::Words(_) => "words",
            HeadValue::Command(_) => "command",
            HeadValue::Address(_) => "address",
        };
        Self::new(label, value.as_str(), form)
    }
}

impl Grouped {
    fn of(Section { head, rows }: Section<'_>) -> Self {
        Self { head, rows: rows.iter().map(|(label, value)| Row::new(label, value, "words")).collect() }
    }
}

impl Listed {
    fn of(list: &List) -> Self {
        Self { head: line(&list.head), lines: lines(&list.lines), rest: list.rest() }
    }
}

/// `Service account` as a template names it.
fn name(label: &str) -> String {
    let letters = clean(label, 60).to_lowercase();
    letters.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

fn line(text: &str) -> String {
    clean(text, LONGEST_LINE)
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| line(text)).collect()
}
