//! Buttons under a message: what each of them asks for, and how Slack shows it.
//!
//! <https://docs.slack.dev/reference/block-kit/block-elements/button-element>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};
use watchfire_core::decision::Effect;
use watchfire_core::ids::{ApprovalId, IncidentKey, incident_of};
use watchfire_core::notice::{Measure, MeasureState, Notice};
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

/// Slack's limit of a title in a confirmation.
const MOST_TITLE: usize = 100;
/// Slack's limit of its text.
const MOST_TEXT: usize = 300;
/// More plans than this have no buttons of their own: the incident's page has them.
const MOST_PLANS: usize = 5;

/// Whether a channel's messages have buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buttons {
    /// They do: who presses one is known by what Slack signs.
    Shown,
    /// They do not: nobody could say who presses one.
    Hidden,
}

/// What a button asks for. Slack gives its value back as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Press {
    /// Whoever presses it has the incident, in the episode that the message is about.
    Ack {
        /// The incident.
        of: IncidentKey,
        /// Its episode.
        episode: u32,
    },
    /// To be shown first what silencing what is like it would hold.
    Silence {
        /// The incident.
        of: IncidentKey,
        /// Its episode.
        episode: u32,
        /// For how long.
        span: Span,
    },
    /// It is silenced, as it was shown.
    SilenceNow {
        /// The incident.
        of: IncidentKey,
        /// What is silenced, an event pattern.
        matches: String,
        /// For how long.
        span: Span,
        /// The message that it was asked by.
        thread: String,
    },
    /// A plan is carried out.
    Approve {
        /// What waits.
        of: ApprovalId,
        /// The plan's hash, in short.
        plan: String,
    },
    /// A plan is not.
    Deny {
        /// What waits.
        of: ApprovalId,
        /// The plan's hash, in short.
        plan: String,
    },
}

/// For how long something is silenced by a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
pub(crate) enum Span {
    /// An hour.
    #[serde(rename = "1h")]
    #[strum(serialize = "1 h")]
    Hour,
    /// A shift.
    #[serde(rename = "8h")]
    #[strum(serialize = "8 h")]
    Shift,
}

impl Span {
    /// In words.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// In hours.
    pub(crate) fn hours(self) -> i64 {
        match self {
            Span::Hour => 1,
            Span::Shift => 8,
        }
    }
}

impl Press {
    /// A button that asks for it.
    pub(crate) fn button(&self, text: &str) -> Value {
        let value = serde_json::to_string(self).expect("texts and numbers");
        json!({"type": "button", "action_id": self.action_id(), "text": plain(text), "value": value})
    }

    /// No two in one row have the same.
    fn action_id(&self) -> String {
        match self {
            Press::Ack { .. } => "ack".to_owned(),
            Press::Silence { span, .. } => format!("silence-{}h", span.hours()),
            Press::SilenceNow { .. } => "silence-now".to_owned(),
            Press::Approve { .. } => "approve".to_owned(),
            Press::Deny { .. } => "deny".to_owned(),
        }
    }
}

/// The rows under a message; `notice` is what may leave of the effect's.
pub(super) fn rows(effect: &Effect, notice: &Notice) -> Vec<Value> {
    match effect.kind {
        EffectKind::Page | EffectKind::Update | EffectKind::Acknowledge => {}
        EffectKind::Resolve | EffectKind::Digest => return Vec::new(),
    }
    let Some((of, episode)) = incident_of(effect.dedup_key.as_str()).filter(|_| notice.head.open) else {
        return Vec::new();
    };
    let mut row = Vec::new();
    if notice.head.taken.is_none() {
        row.push(Press::Ack { of: of.clone(), episode }.button("Acknowledge"));
    }
    // A P0 is not silenced in passing.
    if notice.priority != Priority::P0 {
        row.extend(Span::VARIANTS.iter().map(|span| {
            let silence = Press::Silence { of: of.clone(), episode, span: *span };
            silence.button(&format!("Silence {}…", span.as_str()))
        }));
    }
    let plans = notice.head.measures.iter().filter_map(plan).take(MOST_PLANS);
    let first = (!row.is_empty()).then_some(row);
    first.into_iter().chain(plans).map(actions).collect()
}

pub(crate) fn actions(elements: Vec<Value>) -> Value {
    json!({"type": "actions", "elements": elements})
}

/// Yes and no to a plan that waits; none where it does not wait.
fn plan(measure: &Measure) -> Option<Vec<Value>> {
    let Measure { action, target, state } = measure;
    let MeasureState::Waits { approval: of, plan, .. } = state else { return None };
    let on = if target.is_empty() { String::new() } else { format!(" of {target}") };
    let what = format!("{}{on}", action.as_str());
    let asks = |verb: &str, press: Press, style: &str, text: &str| {
        let mut button = press.button(&clean(&format!("{verb} {}", action.as_str()), 75));
        button["style"] = style.into();
        button["confirm"] = json!({
            "title": plain(&clean(&format!("{verb} {what}?"), MOST_TITLE)),
            "text": plain(&clean(text, MOST_TEXT)),
            "confirm": plain(verb),
            "deny": plain("Cancel"),
        });
        button
    };
    let done = format!("Plan {plan} is carried out as it was shown: {what}. The incident tells each step.");
    let not_done = format!("Plan {plan} is not carried out: {what}. Nobody can approve it afterwards.");
    let (of, plan) = (of.clone(), plan.clone());
    let approve = Press::Approve { of: of.clone(), plan: plan.clone() };
    Some(vec![
        asks("Approve", approve, "primary", &done),
        asks("Deny", Press::Deny { of, plan }, "danger", &not_done),
    ])
}

pub(crate) fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

#[cfg(test)]
mod tests {
    use watchfire_core::action::ActionName;
    use watchfire_core::builders::page;
    use watchfire_core::ids::DedupKey;
    use watchfire_core::notice::ByWhom;

    use super::*;

    fn open(priority: Priority) -> Effect {
        let mut effect = Effect { dedup_key: DedupKey::new("wf1-00ff-3"), ..page() };
        effect.notice.priority = priority;
        effect.notice.head.open = true;
        effect
    }

    fn ids(effect: &Effect) -> Vec<String> {
        let of = |row: &Value| {
            row["elements"].as_array().expect("buttons").iter().map(|it| it["action_id"].clone()).collect()
        };
        let all: Vec<Vec<Value>> = rows(effect, &effect.notice).iter().map(of).collect();
        let text = |id: &Value| id.as_str().expect("text").to_owned();
        all.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
    }

    fn waits(effect: &mut Effect, target: &str) {
        effect.notice.head.measures.push(Measure {
            action: ActionName::Quarantine,
            target: target.to_owned(),
            state: MeasureState::Waits {
                approval: ApprovalId::new("3f9c0a11d2e4"),
                plan: "0123456789ab".to_owned(),
                until: "2026-11-20T03:14:30Z".parse().expect("a time"),
                because: "the mode is approve".to_owned(),
            },
        });
    }

    #[test]
    fn there_is_a_button_for_whatever_can_be_done_and_for_nothing_else() {
        let mut effect = open(Priority::P1);
        assert_eq!(ids(&effect), ["ack silence-1h silence-8h"]);
        effect.notice.head.taken =
            Some(ByWhom { by: "ana".to_owned(), at: "2026-11-20T03:14:30Z".parse().expect("a time") });
        assert_eq!(ids(&effect), ["silence-1h silence-8h"]);
        waits(&mut effect, "pod shop/pay-1");
        assert_eq!(ids(&effect), ["silence-1h silence-8h", "approve deny"]);
        let mut urgent = open(Priority::P0);
        assert_eq!(ids(&urgent), ["ack"]);
        urgent.notice.head.open = false;
        assert_eq!(ids(&urgent), Vec::<String>::new());
        for kind in [EffectKind::Resolve, EffectKind::Digest] {
            assert_eq!(ids(&Effect { kind, ..effect.clone() }), Vec::<String>::new(), "{kind:?}");
        }
    }

    #[test]
    fn a_plan_is_approved_by_its_hash_and_only_after_a_question_that_slack_can_show() {
        let mut effect = open(Priority::P0);
        waits(&mut effect, &"pod shop/pay-1 ".repeat(40));
        let rows = rows(&effect, &effect.notice);
        let [approve, deny] = rows[1]["elements"].as_array().expect("buttons").as_slice() else {
            panic!("{rows:?}")
        };
        let value = |button: &Value| {
            serde_json::from_str::<Press>(button["value"].as_str().expect("text")).expect("one of ours")
        };
        let (of, plan) = (ApprovalId::new("3f9c0a11d2e4"), "0123456789ab".to_owned());
        assert_eq!(value(approve), Press::Approve { of: of.clone(), plan: plan.clone() });
        assert_eq!(value(deny), Press::Deny { of, plan });
        for button in [approve, deny] {
            let length = |part: &str| button["confirm"][part]["text"].as_str().expect("text").chars().count();
            assert!(length("title") <= 100 && length("text") <= 300 && length("confirm") <= 30, "{button}");
            assert!(
                button["confirm"]["text"]["text"].as_str().is_some_and(|text| text.contains("0123456789ab"))
            );
        }
    }

    #[test]
    fn what_stands_in_a_value_is_kept_by_messages_that_are_there() {
        let of = IncidentKey::new("wf1-00ff");
        let press = Press::Silence { of, episode: 3, span: Span::Shift };
        let value = press.button("Silence")["value"].as_str().expect("text").to_owned();
        assert_eq!(value, r#"{"do":"silence","of":"wf1-00ff","episode":3,"span":"8h"}"#);
        assert_eq!(serde_json::from_str::<Press>(&value).expect("one of ours"), press);
    }
}
