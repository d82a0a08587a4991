//! A page as alerts of Alertmanager's API: the one that fires, and those that it takes the place of.
//!
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::{Notice, Worded};
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::Form;
use super::identity::Identity;

/// Alertmanager has no limit; the channels behind it have.
const MOST_SUMMARY: usize = 1_000;
const MOST_DESCRIPTION: usize = 8_000;
/// A digest is read once, and nobody ends it.
const DIGEST_FIRES_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What all alerts of a channel have in common.
#[derive(Debug)]
pub(super) struct Alerts {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) fires_for: SignedDuration,
    pub(super) form: Form,
}

/// What is sent, and what of it fires.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) identity: Identity,
    pub(super) whole: Value,
}

impl Told {
    /// Without a text.
    pub(super) fn bare(&self) -> Value {
        let mut alerts = self.whole.clone();
        for alert in alerts.as_array_mut().into_iter().flatten() {
            alert["annotations"] = json!({});
            alert["generatorURL"] = "".into();
        }
        alerts
    }
}

impl Alerts {
    /// `known`: what has fired under its key, the oldest first.
    pub(super) fn of(&self, effect: &Effect, known: &[Identity], now: Timestamp) -> Told {
        let (notice, words) = self.form.worded(effect);
        let own = Identity::of(&notice);
        let last = known.last().filter(|last| effect.kind != EffectKind::Page || last.is_like(&own));
        let identity = last.cloned().unwrap_or(own);
        let others = known
            .iter()
            .enumerate()
            .filter(|(index, other)| **other != identity && !known[..*index].contains(other));
        let ends_at = match effect.kind {
            EffectKind::Resolve => now,
            EffectKind::Digest => now + DIGEST_FIRES_FOR,
            EffectKind::Page | EffectKind::Update | EffectKind::Acknowledge => now + self.fires_for,
        };
        let begun = notice.head.at.or(notice.at).unwrap_or(now).min(now);
        let alert = |identity: &Identity, ends_at: Timestamp| {
            json!({
                "labels": self.labels(effect, identity),
                "annotations": annotations(&notice, &words),
                "startsAt": begun.to_string(),
                "endsAt": ends_at.to_string(),
                "generatorURL": link(&notice),
            })
        };
        let mut whole = vec![alert(&identity, ends_at)];
        whole.extend(others.map(|(_, other)| alert(other, now)));
        Told { identity, whole: whole.into() }
    }

    fn labels(&self, effect: &Effect, identity: &Identity) -> Map<String, Value> {
        let mut labels = Map::new();
        let mut add = |name: &str, value: &str| {
            labels.insert(name.to_owned(), value.into());
        };
        self.labels.iter().for_each(|(name, value)| add(name, value));
        add("alertname", "Watchfire");
        add("dedup_key", effect.dedup_key.as_str());
        for (name, value) in identity.labels() {
            add(name, value);
            if name == "priority" {
                add("severity", severity(value));
            }
        }
        labels
    }
}

/// By the words that most routes of Alertmanager know.
fn severity(priority: &str) -> &'static str {
    match Priority::ALL.into_iter().find(|known| known.as_str() == priority) {
        Some(Priority::P0) => "critical",
        Some(Priority::P1) => "error",
        Some(Priority::P2) => "warning",
        Some(Priority::P3) | None => "info",
    }
}

fn annotations(notice: &Notice, words: &Worded) -> Map<String, Value> {
    let text = words.text();
    let rest = text.strip_prefix(words.title.as_str()).unwrap_or(&text).trim();
    let description: String = rest.chars().take(MOST_DESCRIPTION).collect();
    let runbook = notice.links.iter().find(|(label, _)| label == "Runbook");
    let runbook = runbook.map_or("", |(_, address)| address.as_str());
    let pairs = [
        ("summary", clean(&words.title, MOST_SUMMARY)),
        ("description", description),
        ("why", notice.why.clone()),
        ("incident", notice.incident.to_string()),
        ("rule", notice.rule.to_string()),
        ("kind", notice.kind.clone()),
        ("runbook_url", runbook.to_owned()),
    ];
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn link(notice: &Notice) -> &str {
    notice.head.link.as_deref().filter(|link| link.starts_with("https://")).unwrap_or_default()
}
