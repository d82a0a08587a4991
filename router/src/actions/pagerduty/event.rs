//! The events as PagerDuty wants them: the full one by profile, and the barest that still pages.
//!
//! Limits: FACTS.md, section 4. Summary 1,024 characters, dedup key 255, the whole 512 KB.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use watchfire_core::decision::{Effect, EffectKind};
use watchfire_core::notice::{List, Notice, clean, visible};
use watchfire_core::priority::Priority;

use super::{Profile, opaque};

const SUMMARY_LENGTH: usize = 1024;
const DEDUP_KEY_LENGTH: usize = 255;
const PLACE_LENGTH: usize = 255;
/// 512 KB, by the smaller meaning of KB.
const MOST_BYTES: usize = 512_000;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
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
pub(super) fn full(effect: &Effect, routing_key: &str, profile: Profile) -> Vec<u8> {
    let notice = &effect.notice;
    let payload = match (effect.kind, profile) {
        (EffectKind::Resolve | EffectKind::Acknowledge, _) => None,
        (EffectKind::Page | EffectKind::Update | EffectKind::Digest, Profile::Minimal) => {
            Some(minimal(notice))
        }
        (EffectKind::Page | EffectKind::Update | EffectKind::Digest, Profile::Standard) => {
            Some(standard(notice))
        }
    };
    let links = match (effect.kind, profile) {
        (EffectKind::Resolve | EffectKind::Acknowledge, _) => Vec::new(),
        (EffectKind::Page | EffectKind::Update | EffectKind::Digest, Profile::Minimal) => {
            links(notice, |address| !opaque::reveals(notice, address))
        }
        (EffectKind::Page | EffectKind::Update | EffectKind::Digest, Profile::Standard) => {
            links(notice, |_| true)
        }
    };
    let body = encode(effect, routing_key, payload, links);
    if body.len() > MOST_BYTES { bare(effect, routing_key) } else { body }
}

/// What PagerDuty requires, and nothing else that it could refuse.
pub(super) fn bare(effect: &Effect, routing_key: &str) -> Vec<u8> {
    let payload = match effect.kind {
        EffectKind::Resolve | EffectKind::Acknowledge => None,
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => Some(required(&effect.notice)),
    };
    encode(effect, routing_key, payload, Vec::new())
}

/// A change event, which only proves that the key is one.
pub(super) fn change(routing_key: &str) -> Vec<u8> {
    let payload =
        json!({"summary": "watchfire check: this integration can be reached", "source": "watchfire"});
    json!({"routing_key": routing_key, "payload": payload}).to_string().into_bytes()
}

fn encode(effect: &Effect, routing_key: &str, payload: Option<Payload<'_>>, links: Vec<Link<'_>>) -> Vec<u8> {
    let (event_action, client) = match effect.kind {
        // On the same dedup key it is another entry in the log of the alert.
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => ("trigger", Some("Watchfire")),
        EffectKind::Resolve => ("resolve", None),
        EffectKind::Acknowledge => ("acknowledge", None),
    };
    let dedup_key = dedup_key(effect.dedup_key.as_str());
    let event = Event { routing_key, event_action, dedup_key, payload, links, client };
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
    let summary = format!("[{}] {sample}{}", notice.priority, opaque::kind(notice));
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

fn minimal(notice: &Notice) -> Payload<'_> {
    let mut details = Map::new();
    let mut add = |name: &str, value: &str| details.insert(name.to_owned(), value.into());
    add("priority", notice.priority.as_str());
    add("respond_within", notice.priority.respond_within());
    add("why", &notice.why);
    add("rule", notice.rule.as_str());
    add("incident", notice.incident.as_str());
    if let Some(event) = opaque::id(&notice.event.shown()) {
        add("event", event);
    }
    Payload {
        timestamp: notice.at.map(|at| at.to_string()),
        group: Some(&notice.family),
        class: Some(opaque::kind(notice)),
        custom_details: details,
        ..required(notice)
    }
}

fn standard(notice: &Notice) -> Payload<'_> {
    let mut details = Map::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            details.insert(name.to_owned(), visible(value).into());
        }
    };
    add("priority", notice.priority.as_str());
    add("respond_within", notice.priority.respond_within());
    add("why", &notice.why);
    add("description", &notice.description);
    add("severity", &notice.severity);
    for (name, value) in &notice.facts {
        add(&name.to_lowercase(), value);
    }
    add("done", &notice.doing.join("\n"));
    add("not_known", &notice.unknown.join("\n"));
    add("not_done", &notice.withheld.join("\n"));
    for List { head, lines, more } in &notice.lists {
        let more = (*more > 0).then(|| format!("and {more} more"));
        add(head.trim_end_matches(':'), &lines.iter().cloned().chain(more).collect::<Vec<_>>().join("\n"));
    }
    add("rule", notice.rule.as_str());
    add("family", &notice.family);
    add("found_by", &notice.source);
    add("incident", notice.incident.as_str());
    add("finding", notice.finding.as_ref().map_or("", |finding| finding.as_str()));
    add("event", &notice.event.shown());
    let source = fact(notice, "cluster").or_else(|| fact(notice, "account"));
    Payload {
        summary: clean(&notice.subject(EffectKind::Page), SUMMARY_LENGTH),
        source: short(source.unwrap_or("watchfire")),
        timestamp: notice.at.map(|at| at.to_string()),
        component: fact(notice, "pod").or_else(|| fact(notice, "workload")).map(short),
        group: fact(notice, "namespace").map(short),
        class: Some(short(&notice.kind)).filter(|kind| !kind.is_empty()),
        custom_details: details,
        ..required(notice)
    }
}

/// No limit is documented for these; what is longer than any name or type can be is not one.
fn short(text: &str) -> &str {
    text.char_indices().nth(PLACE_LENGTH).map_or(text, |(end, _)| &text[..end])
}

fn fact<'a>(notice: &'a Notice, name: &str) -> Option<&'a str> {
    let fact =
        notice.facts.iter().find(|(label, value)| label.eq_ignore_ascii_case(name) && !value.is_empty());
    fact.map(|(_, value)| value.as_str())
}

fn links(notice: &Notice, allowed: impl Fn(&str) -> bool) -> Vec<Link<'_>> {
    let links =
        notice.links.iter().filter(|(_, address)| address.starts_with("https://") && allowed(address));
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
