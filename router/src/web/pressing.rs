//! What comes of a button in Slack: a command by whoever pressed it, and what they are told.

use axum::body::to_bytes;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::Value;
use watchfire_core::attributes::{Attributes, matchers};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::IncidentKey;
use watchfire_core::silence::SilenceDraft;
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;

use super::commanding::{Wanting, commanded};
use super::commands::Operator;
use crate::api::{params, views};
use crate::channel::{Press, Span, actions};
use crate::identity::Identity;
use crate::router::Sight;
use crate::slack::{Pressed, Said};
use crate::telemetry;

/// What the journal has as the reason.
const REASON: &str = "by a button in Slack";
/// What of an answer is read.
const MOST_READ: usize = 16 * 1024 * 1024;

/// Somebody who is known, and what they pressed.
struct Presser<'p> {
    operator: &'p Operator,
    identity: Identity,
    pressed: &'p Pressed,
    from: Option<String>,
}

/// Does what was asked for, if they may; what is to be said of it.
pub(super) async fn pressing(operator: &Operator, pressed: &Pressed, from: Option<String>) -> Vec<Said> {
    let Some(identity) = operator.access.in_slack(&pressed.user) else {
        operator.router.metrics.pressed("unknown");
        telemetry::press_of_a_stranger(&pressed.user);
        let user = clean(&pressed.user, 40);
        return vec![private(format!(
            "Nothing was done: Watchfire does not know you. Whoever configures it can add you, {user}, under access.slack."
        ))];
    };
    let presser = Presser { operator, identity, pressed, from };
    match &pressed.press {
        Press::Ack { of, episode } => {
            presser.does(CommandKind::Acknowledge(of.clone()), Some(*episode), None).await
        }
        Press::Silence { of, episode, span } => presser.asks(of, *episode, *span).await,
        Press::SilenceNow { of: _, matches, span, thread: _ } => {
            presser.does(presser.silence(matches, *span), None, None).await
        }
        Press::Approve { of, plan } => {
            presser.does(CommandKind::Approve(of.clone()), None, Some(plan.clone())).await
        }
        Press::Deny { of, plan } => {
            presser.does(CommandKind::Deny(of.clone()), None, Some(plan.clone())).await
        }
    }
}

impl Presser<'_> {
    fn counted(&self, outcome: &'static str) {
        self.operator.router.metrics.pressed(outcome);
    }

    /// What is silenced from the press on, so that it is the same however often it is told.
    fn silence(&self, matches: &str, span: Span) -> CommandKind {
        let ends_at = self.pressed.at + SignedDuration::from_hours(span.hours());
        CommandKind::Silence(SilenceDraft {
            matches: matches.to_owned(),
            starts_at: None,
            ends_at,
            ticket: None,
            yes_cover_p0: false,
        })
    }

    async fn does(&self, wish: CommandKind, episode: Option<u32>, plan: Option<String>) -> Vec<Said> {
        match self.carried_out(wish, episode, plan, Mode::ForReal).await {
            Ok(result) if result.decision.why == Why::Declined => {
                self.counted("declined");
                vec![private(not_done(&result))]
            }
            Ok(result) => {
                self.counted("decided");
                self.told(&result)
            }
            Err(why) => {
                self.counted("refused");
                vec![private(format!("Nothing was done: {why}."))]
            }
        }
    }

    /// The same way as what is asked for by the command line or the board.
    async fn carried_out(
        &self,
        wish: CommandKind,
        episode: Option<u32>,
        plan: Option<String>,
        mode: Mode,
    ) -> Result<views::CommandResult, String> {
        let command = params::Command {
            by: String::new(),
            reason: REASON.to_owned(),
            wish,
            on: None,
            dry_run: matches!(mode, Mode::Rehearse),
            id: Some(self.pressed.id.clone()),
        };
        let (identity, from) = (self.identity.clone(), self.from.clone());
        let wanting = Wanting { identity, from, command, episode, plan };
        read(commanded(self.operator, wanting).await).await
    }

    /// What it would hold, and a button that has it done.
    async fn asks(&self, of: &IncidentKey, episode: u32, span: Span) -> Vec<Said> {
        self.counted("asked");
        let sentence = match self.shown(of, episode, span).await {
            Ok((text, press)) => {
                let button = press.button(&format!("Silence {}", span.as_str()));
                return vec![Said::Privately(text, vec![actions(vec![button])])];
            }
            Err(why) => why,
        };
        vec![private(sentence)]
    }

    async fn shown(&self, of: &IncidentKey, episode: u32, span: Span) -> Result<(String, Press), String> {
        let not = |why: String| format!("Nothing was done: {why}.");
        let known = self.operator.router.incident_now(of, Sight::from(&self.identity)).await;
        let known = known.map_err(|_| not("the store does not answer".to_owned()))?;
        let (record, face) = known.ok_or_else(|| not(format!("there is no incident {of} any more")))?;
        if !record.open {
            return Err(not(format!("{of} is over")));
        }
        if record.episode != episode {
            return Err(not(format!(
                "{of} is in its episode {} by now, and this message is about an earlier one",
                record.episode
            )));
        }
        let words = face.map(|face| like(&face)).unwrap_or_default();
        let pattern = matchers::pattern(&words).ok().filter(|_| !words.is_empty());
        let matches = pattern.ok_or_else(|| not("what is like it cannot be said".to_owned()))?.to_string();
        let (wish, words) = (self.silence(&matches, span), words.join(" "));
        let result = self.carried_out(wish, None, None, Mode::Rehearse).await.map_err(not)?;
        if result.decision.why == Why::Declined {
            let how = "In Slack it cannot be confirmed: the board and watchfire silence add can";
            return Err(format!("{} {how}.", not_done(&result)));
        }
        let until = self.until(span);
        let effect = result.effect.map(|effect| format!(" It {}.", effect.sentence())).unwrap_or_default();
        let text = format!("Silence {words} until {until}?{effect} What it holds is told when it ends.");
        let (of, thread) = (of.clone(), self.pressed.ts.clone());
        Ok((clean(&text, 2_000), Press::SilenceNow { of, matches, span, thread }))
    }

    fn until(&self, span: Span) -> String {
        let ends_at = self.pressed.at + SignedDuration::from_hours(span.hours());
        self.operator.router.in_force().policy.zone().minute(ends_at)
    }

    /// What is said of what is done. Whatever changes the message by itself, or is told in its thread, is not told twice.
    fn told(&self, result: &views::CommandResult) -> Vec<Said> {
        let (name, thread) = (&self.identity.name, self.pressed.ts.clone());
        match &self.pressed.press {
            Press::Ack { .. } | Press::Silence { .. } => vec![private("You have it.".to_owned())],
            Press::SilenceNow { matches, span, thread, of: _ } => {
                let until = self.until(*span);
                vec![
                    Said::Instead(format!("Silenced until {until}.")),
                    Said::InThread(thread.clone(), format!("{name} silenced {matches} until {until}")),
                ]
            }
            Press::Approve { .. } if result.decision.acts.is_empty() => {
                let waits: Vec<_> = result.decision.withheld.iter().map(ToString::to_string).collect();
                let waits = clean(&waits.join("; "), 500);
                vec![
                    private(format!("You have approved it, and it waits for others. {waits}")),
                    Said::InThread(thread, format!("{name} approved it; {waits}")),
                ]
            }
            Press::Approve { .. } => {
                vec![
                    private("Approved: it is being done, and the message tells what comes of it.".to_owned()),
                    Said::InThread(thread, format!("{name} approved it")),
                ]
            }
            Press::Deny { plan, .. } => {
                let text = self.pressed.message.0.clone();
                vec![
                    Said::Changed(text, self.pressed.without_its_row()),
                    Said::InThread(thread, format!("{name} denied plan {plan}: it is not carried out")),
                ]
            }
        }
    }
}

/// Whether it is done.
enum Mode {
    ForReal,
    Rehearse,
}

fn private(text: String) -> Said {
    Said::Privately(text, Vec::new())
}

fn not_done(result: &views::CommandResult) -> String {
    let reasons: Vec<_> = result.decision.withheld.iter().map(|not| not.reason.to_string()).collect();
    format!("Nothing was done: {}.", clean(&reasons.join("; "), 600))
}

/// What news like it would be silenced by: its rule, in its namespace and cluster.
fn like(face: &Attributes) -> Vec<String> {
    let Attributes { rule, subject, .. } = face;
    let named = [("namespace", &subject.namespace), ("cluster", &subject.cluster)];
    let within = named.into_iter().filter_map(|(name, value)| Some(matchers::word(name, value.as_ref()?)));
    let all = [matchers::word("rule", rule.as_str())].into_iter().chain(within);
    // Without one of them it would be much more that is silenced.
    all.collect::<Option<_>>().unwrap_or_default()
}

/// What the API answers.
async fn read(answer: Response) -> Result<views::CommandResult, String> {
    let status = answer.status();
    let unread = |_| "the answer cannot be read".to_owned();
    let body =
        to_bytes(answer.into_body(), MOST_READ).await.map_err(|_| "the answer is too long".to_owned())?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(unread);
    }
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let error = said["error"].as_str().unwrap_or("the worker could not do it");
    Err(clean(error, 600))
}
