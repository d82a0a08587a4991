//! What is asked of the alert API, within its limits: an alert, and what happens to it later.
//!
//! <https://docs.opsgenie.com/docs/alert-api>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::{Form, Responder};

pub(super) const MOST_MESSAGE: usize = 130;
const MOST_DESCRIPTION: usize = 15_000;
const MOST_NOTE: usize = 25_000;
const MOST_ENTITY: usize = 512;
/// Of one of the details, which have 8,000 together.
const MOST_DETAIL: usize = 500;
const WHO: &str = "Watchfire";

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    Priority,
    Note,
    Acknowledge,
    Close,
}

impl Step {
    /// What is to be asked for, in order. An alert that somebody has closed is opened anew by a page, and by nothing else.
    pub(super) fn of(kind: EffectKind, is_known: bool) -> impl Iterator<Item = Step> {
        let steps: &[Step] = match (kind, is_known) {
            (EffectKind::Page, true) => &[Step::Create, Step::Priority, Step::Note],
            (EffectKind::Page | EffectKind::Digest, _) | (EffectKind::Update, false) => &[Step::Create],
            (EffectKind::Update, true) => &[Step::Note],
            (EffectKind::Acknowledge, _) => &[Step::Acknowledge],
            (EffectKind::Resolve, _) => &[Step::Close],
        };
        steps.iter().copied()
    }

    /// What is done by it, for a receipt.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Step::Create => "made",
            Step::Priority => "raised",
            Step::Note => "noted",
            Step::Acknowledge => "acknowledged",
            Step::Close => "closed",
        }
    }
}

/// Where that is asked for, of the alert whose alias is the dedup key.
pub(super) fn path(effect: &Effect, step: Step) -> String {
    let last = match step {
        Step::Create => return "v2/alerts".to_owned(),
        Step::Priority => "priority",
        Step::Note => "notes",
        Step::Acknowledge => "acknowledge",
        Step::Close => "close",
    };
    let alias = utf8_percent_encode(effect.dedup_key.as_str(), NON_ALPHANUMERIC);
    format!("v2/alerts/{alias}/{last}?identifierType=alias")
}

/// What all alerts of a channel have in common.
#[derive(Debug)]
pub(super) struct Alerts {
    pub(super) responders: Vec<Responder>,
    pub(super) tags: Vec<String>,
    pub(super) form: Form,
}

impl Alerts {
    /// All of the page.
    pub(super) fn whole(&self, effect: &Effect) -> Value {
        let (notice, words) = self.form.worded(effect);
        let text = words.text();
        let rest = text.strip_prefix(words.title.as_str()).unwrap_or(&text).trim();
        let description: String = rest.chars().take(MOST_DESCRIPTION).collect();
        let mut alert = bare(effect, &words.title);
        alert["description"] = description.into();
        alert["details"] = details(&notice).into();
        alert["entity"] = clean(&notice.head.subject, MOST_ENTITY).into();
        alert["source"] = WHO.into();
        alert["user"] = WHO.into();
        if !self.responders.is_empty() {
            alert["responders"] = self.responders.iter().map(responder).collect();
        }
        if !self.tags.is_empty() {
            alert["tags"] = self.tags.clone().into();
        }
        alert
    }

    /// What makes an alert, and nothing else that could be refused.
    pub(super) fn bare(&self, effect: &Effect) -> Value {
        bare(effect, &self.form.worded(effect).1.title)
    }

    /// What is said about an alert that is there.
    pub(super) fn change(&self, effect: &Effect, step: Step) -> Value {
        if step == Step::Priority {
            return json!({"priority": priority(effect)});
        }
        let (notice, words) = self.form.worded(effect);
        let lines = [words.title, notice.why]
            .into_iter()
            .chain(notice.doing)
            .chain(notice.withheld.iter().map(ToString::to_string));
        let note: String = lines.collect::<Vec<_>>().join("\n").chars().take(MOST_NOTE).collect();
        json!({"note": note, "source": WHO, "user": WHO})
    }
}

fn bare(effect: &Effect, title: &str) -> Value {
    json!({"message": clean(title, MOST_MESSAGE), "alias": effect.dedup_key, "priority": priority(effect)})
}

/// Theirs begin with 1.
fn priority(effect: &Effect) -> &'static str {
    match (effect.kind, effect.notice.priority) {
        (EffectKind::Digest, _) => "P5",
        (_, Priority::P0) => "P1",
        (_, Priority::P1) => "P2",
        (_, Priority::P2) => "P3",
        (_, Priority::P3) => "P4",
    }
}

fn responder(responder: &Responder) -> Value {
    match responder {
        Responder::Team(name) => json!({"type": "team", "name": name}),
        Responder::User(name) => json!({"type": "user", "username": name}),
        Responder::Schedule(name) => json!({"type": "schedule", "name": name}),
        Responder::Escalation(name) => json!({"type": "escalation", "name": name}),
    }
}

fn details(notice: &Notice) -> Map<String, Value> {
    let link = notice.head.link.as_deref().unwrap_or_default();
    let ours = [
        ("priority", notice.priority.as_str()),
        ("incident", notice.incident.as_str()),
        ("rule", notice.rule.as_str()),
        ("family", &notice.family),
        ("kind", &notice.kind),
        ("why", &notice.why),
        ("link", link),
    ];
    let ours = ours.map(|(name, value)| (name.to_owned(), value)).into_iter();
    let facts = notice.facts.iter().take(8).map(|fact| (fact.label.to_lowercase(), fact.value.as_str()));
    let mut details = Map::new();
    for (name, value) in ours.chain(facts).filter(|(_, value)| !value.is_empty()) {
        details.entry(name).or_insert_with(|| clean(value, MOST_DETAIL).into());
    }
    details
}
