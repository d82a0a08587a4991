//! The events as PagerDuty wants them: the full one by profile, and the barest that still pages.
//!
//! Limits: FACTS.md, section 4. Summary 1,024 characters, dedup key 255, the whole 512 KB.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use watchfire_core::decision::Effect;
use watchfire_core::ids::RouteName;
use watchfire_core::notice::{
    Fact, Fault, Head, List, MeasureState, Notice, Part, Undone, Worded, minimal, moment, relative,
};
use watchfire_core::priority::Priority;
use watchfire_core::text::{clean, visible};
use watchfire_core::verdict::EffectKind;

use super::Form;

pub(super) const SUMMARY_LENGTH: usize = 1024;
const DEDUP_KEY_LENGTH: usize = 255;
const PLACE_LENGTH: usize = 255;
/// 512 KB, by the smaller meaning of KB.
pub(super) const MOST_BYTES: usize = 512_000;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    links: &'a [Link<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_details: Map<String, Value>,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'a str,
}

/// The event for an effect. Where it would be too large, the bare one.
pub(super) fn full(effect: &Effect, routing_key: &str, form: &Form) -> Vec<u8> {
    let body = match effect.kind {
        EffectKind::Resolve | EffectKind::Acknowledge => encode(effect, routing_key, None, &[], None),
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => {
            let notice = told(&effect.notice, form);
            let payload = payload(effect, &notice, form);
            encode(effect, routing_key, Some(payload), &links(&notice), notice.head.link.as_deref())
        }
    };
    if body.len() > MOST_BYTES { bare(effect, routing_key) } else { body }
}

/// Which templates cannot be used for it.
pub(super) fn faults(effect: &Effect, form: &Form) -> Vec<Fault> {
    match effect.kind {
        EffectKind::Resolve | EffectKind::Acknowledge => Vec::new(),
        EffectKind::Page | EffectKind::Update | EffectKind::Digest if !form.wording_of(effect).has_own() => {
            Vec::new()
        }
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => {
            form.wording_of(effect).own_words(&told(&effect.notice, form), effect.kind).faults
        }
    }
}

/// How long the summary of an event is, in characters.
pub(super) fn summary(body: &[u8]) -> usize {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    event["payload"]["summary"].as_str().map_or(0, |summary| summary.chars().count())
}

/// As much of the page as may leave.
fn told<'n>(notice: &'n Notice, form: &Form) -> Cow<'n, Notice> {
    form.profile.told(notice, &form.leave_out)
}

/// What PagerDuty requires, and nothing else that it could refuse.
pub(super) fn bare(effect: &Effect, routing_key: &str) -> Vec<u8> {
    let payload = match effect.kind {
        EffectKind::Resolve | EffectKind::Acknowledge => None,
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => Some(required(&effect.notice)),
    };
    encode(effect, routing_key, payload, &[], None)
}

/// The end of an alert that never was, which only proves that the key is one.
pub(super) fn end_of_nothing(routing_key: &str) -> Vec<u8> {
    json!({"routing_key": routing_key, "event_action": "resolve", "dedup_key": "watchfire-never-was"})
        .to_string()
        .into_bytes()
}

/// The same as a change event, which has no key and no severity: <https://developer.pagerduty.com/docs/send-change-event>.
/// Where it would be too large, its summary alone.
pub(super) fn change(effect: &Effect, routing_key: &str, form: &Form) -> Vec<u8> {
    let notice = told(&effect.notice, form);
    let payload = payload(effect, &notice, form);
    let body = change_of(routing_key, &payload, &links(&notice));
    if body.len() > MOST_BYTES { bare_change(effect, routing_key) } else { body }
}

/// Nothing of it that PagerDuty could refuse.
pub(super) fn bare_change(effect: &Effect, routing_key: &str) -> Vec<u8> {
    change_of(routing_key, &required(&effect.notice), &[])
}

fn change_of(routing_key: &str, payload: &Payload<'_>, links: &[Link<'_>]) -> Vec<u8> {
    let Payload { summary, source, timestamp, custom_details, .. } = payload;
    let mut change = json!({
        "routing_key": routing_key, "payload": {"summary": summary, "source": source}, "links": links,
    });
    if let Some(timestamp) = timestamp {
        change["payload"]["timestamp"] = timestamp.as_str().into();
    }
    if !custom_details.is_empty() {
        change["payload"]["custom_details"] = custom_details.clone().into();
    }
    change.to_string().into_bytes()
}

fn encode(
    effect: &Effect,
    routing_key: &str,
    payload: Option<Payload<'_>>,
    links: &[Link<'_>],
    client_url: Option<&str>,
) -> Vec<u8> {
    let (event_action, client) = match effect.kind {
        // On the same dedup key it is another entry in the log of the alert.
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => ("trigger", Some("Watchfire")),
        EffectKind::Resolve => ("resolve", None),
        EffectKind::Acknowledge => ("acknowledge", None),
    };
    let dedup_key = dedup_key(effect.dedup_key.as_str());
    let event = Event { routing_key, event_action, dedup_key, payload, links, client, client_url };
    serde_json::to_vec(&event).expect("text keys and plain values always encode")
}

/// As it is where PagerDuty takes it, else shortened so that different keys stay different.
fn dedup_key(key: &str) -> String {
    if key.chars().count() <= DEDUP_KEY_LENGTH {
        return key.to_owned();
    }
    let hash: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    let start: String = key.chars().take(DEDUP_KEY_LENGTH - hash.len() - 1).collect();
    format!("{start}~{hash}")
}

fn required(notice: &Notice) -> Payload<'_> {
    let sample = if notice.sample { "[SAMPLE] " } else { "" };
    let summary = match notice.drill {
        // Its words are our own.
        true => notice.subject(EffectKind::Page),
        false => format!("[{}] {sample}{}", notice.priority, minimal::kind(notice)),
    };
    Payload {
        summary: clean(&summary, SUMMARY_LENGTH),
        source: "watchfire",
        severity: severity(notice.priority),
        timestamp: None,
        component: None,
        group: None,
        class: None,
        custom_details: Map::new(),
    }
}

fn payload<'n>(effect: &Effect, notice: &'n Notice, form: &Form) -> Payload<'n> {
    let words = form.wording_of(effect).own_words(notice, effect.kind);
    let source =
        fact(notice, "cluster").or_else(|| fact(notice, "account")).or_else(|| fact(notice, "region"));
    let group =
        fact(notice, "namespace").or_else(|| fact(notice, "cluster")).or(Some(notice.family.as_str()));
    Payload {
        summary: clean(&said(&words.title, effect, notice, form), SUMMARY_LENGTH),
        source: short(source.unwrap_or("watchfire")),
        timestamp: notice.at.map(|at| at.to_string()),
        component: component(&effect.notice, notice).map(short),
        group: group.filter(|group| !group.is_empty()).map(short),
        class: Some(short(&notice.kind)).filter(|kind| !kind.is_empty()),
        custom_details: details(effect, notice, form, &words),
        ..required(notice)
    }
}

/// The summary. That of an update says what has changed, where the title by itself does not.
fn said(title: &str, effect: &Effect, notice: &Notice, form: &Form) -> String {
    let is_ours = form.wording_of(effect).own().all(|(part, _)| part != Part::Title);
    match effect.kind == EffectKind::Update && notice.head.lead.is_empty() && is_ours {
        true => format!("{title} ({})", notice.why),
        false => title.to_owned(),
    }
}

/// What is affected: its name; or what kind of thing it is, where no name is told.
fn component<'n>(whole: &Notice, told: &'n Notice) -> Option<&'n str> {
    const LABELS: [&str; 6] = ["workload", "pod", "node", "instance", "principal", "resource"];
    let named = LABELS.into_iter().find_map(|label| fact(told, label));
    named.or_else(|| LABELS.into_iter().find(|label| fact(whole, label).is_some()))
}

/// What is told of the page by name; what is ours first, so that no fact of an event takes its name.
fn details(effect: &Effect, notice: &Notice, form: &Form, words: &Worded) -> Map<String, Value> {
    let mut details = Details(Map::new());
    details.add("priority", notice.priority.as_str());
    details.add("incident", notice.incident.as_str());
    details.add("respond_within", notice.priority.respond_within());
    for (label, value) in notice.head_rows(effect.kind) {
        details.add(&label.to_lowercase().replace(' ', "_"), value.as_str());
    }
    details.add("approval", &waiting(&notice.head).unwrap_or_default());
    let (being_done, done) = doing(effect, notice);
    details.add("being_done", &being_done);
    details.add("done", &done);
    details.add("not_done", &notice.withheld.iter().map(Undone::as_str).collect::<Vec<_>>().join("\n"));
    details.add("playbook", &notice.to_do(effect.kind).join("\n"));
    details.add("why", &notice.why);
    details.add("sent", &RouteName::clause(&notice.routes).unwrap_or_default());
    details.add("description", &notice.description);
    details.add("severity", &notice.severity);
    details.add("not_known", &notice.unknown.join("\n"));
    details.add("link", notice.head.link.as_deref().unwrap_or_default());
    details.add("rule", notice.rule.as_str());
    details.add("family", &notice.family);
    details.add("found_by", &notice.source);
    details.add("finding", notice.finding.as_ref().map_or("", |finding| finding.as_str()));
    details.add("event", &notice.event.shown());
    for (part, text) in [(Part::Head, &words.head), (Part::Body, &words.body)] {
        if form.wording_of(effect).own().any(|(own, _)| own == part) {
            details.add(part.as_str(), text);
        }
    }
    details.add("templates", &words.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    for Fact { group: _, label, value } in &notice.facts {
        details.add(&label.to_lowercase(), value);
    }
    notice.lists.iter().for_each(|list| details.add_list(list));
    details.0
}

struct Details(Map<String, Value>);

impl Details {
    /// Nothing where there is nothing to say, or the name is taken.
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() && !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), visible(value).into());
        }
    }

    fn add_list(&mut self, List { head, lines, more }: &List) {
        let more = match (more, lines.is_empty()) {
            (0, _) => None,
            (more, true) => Some(more.to_string()),
            (more, false) => Some(format!("and {more} more")),
        };
        let lines: Vec<_> = lines.iter().cloned().chain(more).collect();
        self.add(head.trim_end_matches(':'), &lines.join("\n"));
    }
}

/// `an approval waits until 02:14 CET, in 14 min`; none where none does.
fn waiting(head: &Head) -> Option<String> {
    let now = head.at?;
    let until = head.measures.iter().filter_map(|measure| match measure.state {
        MeasureState::Waits { until, .. } => Some(until),
        _ => None,
    });
    let until = until.min()?;
    Some(format!("an approval waits until {}, {}", moment(&head.zone, until, now), relative(until, now)))
}

/// What is being done, and what was done. A plan is not done until its act says so.
fn doing(effect: &Effect, notice: &Notice) -> (String, String) {
    let Head { measures, zone, at, .. } = &notice.head;
    let told = notice.doing.join("\n");
    let standing = |is_so: fn(&MeasureState) -> bool| {
        let so = measures.iter().filter(|measure| is_so(&measure.state));
        let clauses = at.iter().flat_map(|now| so.clone().map(|measure| measure.clause("", zone, *now)));
        clauses.collect::<Vec<_>>().join("\n")
    };
    let being_done = standing(|state| matches!(state, MeasureState::UnderWay));
    let done = standing(|state| matches!(state, MeasureState::Done { .. }));
    match notice.is_planned(effect.kind) {
        true => (if told.is_empty() { being_done } else { told }, done),
        false => (being_done, if told.is_empty() { done } else { told }),
    }
}

/// No limit is documented for these; what is longer than any name or type can be is not one.
fn short(text: &str) -> &str {
    text.char_indices().nth(PLACE_LENGTH).map_or(text, |(end, _)| &text[..end])
}

fn fact<'a>(notice: &'a Notice, name: &str) -> Option<&'a str> {
    let fact =
        notice.facts.iter().find(|fact| fact.label.eq_ignore_ascii_case(name) && !fact.value.is_empty());
    fact.map(|fact| fact.value.as_str())
}

fn links(notice: &Notice) -> Vec<Link<'_>> {
    let incident = notice.head.link.iter().map(|link| ("Incident", link.as_str()));
    let others = notice.links.iter().map(|(text, address)| (text.as_str(), address.as_str()));
    let links = incident.chain(others).filter(|(_, address)| address.starts_with("https://"));
    links.map(|(text, href)| Link { href, text }).collect()
}

fn severity(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "critical",
        Priority::P1 => "error",
        Priority::P2 => "warning",
        Priority::P3 => "info",
    }
}

#[cfg(test)]
mod tests;
