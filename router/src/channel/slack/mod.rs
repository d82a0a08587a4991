//! Pages in Slack: by a bot one message for each alert, kept up to date in place, with what happened in its thread; or by
//! an incoming webhook, which can only say something new.
//!
//! ```yaml
//! chat:
//!   slack:
//!     bot: {token: {env: SLACK_BOT_TOKEN}, channel: C0123ABCDEF}   # the scope chat:write, and the bot in the channel
//!     #      signing_secret: {env: SLACK_SIGNING_SECRET}            # buttons, for those whom `access.slack` knows
//!     # url: {env: SLACK_WEBHOOK_URL}  # instead of `bot`: an incoming webhook
//!     api: https://slack.com/api/
//!     hooks: https://hooks.slack.com/  # where what is said to who presses a button goes
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 50         # and no two within a second: Slack takes one a second in a channel
//!     templates: {}                   # title, head, body; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to Slack.
//! - Idempotency: Slack has none. Where a worker dies between Slack's answer and the journal, a message is there twice.
//! - Where a message is, its receipt says: what comes after it on the same dedup key is given that, by whichever worker.
//! - Text is `rich_text` and `plain_text`, in which Slack reads no mention and no link; the line of a notification is
//!   escaped and not parsed. Only our own links are links.
//! - Transient: 429, 5xx, no connection, no answer, and what refuses us or is not Slack's answer: a token, a scope, a channel can
//!   be mended while the page waits. What refuses the message is sent once more as a line, and is permanent after that.

mod answer;
mod button;
mod config;
mod message;
mod posted;

use std::time::Duration;

use anyhow::{bail, ensure};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Fault;
use watchfire_core::verdict::EffectKind;

use super::payload::Form;
use super::reply::{Reply, secret_parts};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings as _, is_address};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::Secret;
use answer::Answer;
use button::Buttons;
pub(crate) use button::{Press, Span, actions, plain};
pub use config::{BotConfig, Config};
use config::{ChannelId, fits};
use message::Message;
pub(crate) use message::escape;
use posted::Posted;

/// Slack takes a message a second in a channel; the rest is for those that are longer on their way than the one after them.
const APART: Duration = Duration::from_millis(1_200);

/// Writes to one channel of Slack.
#[derive(Debug)]
pub struct Slack {
    http: reqwest::Client,
    way: Way,
    doubt: Doubt,
    form: Form,
    pace: PerMinute,
}

#[derive(Debug)]
enum Way {
    Bot { api: reqwest::Url, token: Secret, channel: ChannelId, buttons: Buttons },
    Hook(Secret),
}

impl Action for Slack {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let mut mistakes = Vec::new();
        config.check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
        ensure!(mistakes.is_empty(), "{}", mistakes.join("; "));
        let form = config.form();
        let Config {
            bot,
            url,
            api,
            // Of who presses buttons.
            hooks: _,
            // In the form.
            payload: _,
            leave_out: _,
            templates: _,
            messages_per_minute: pace,
        } = config;
        let way = match (bot, url) {
            (Some(bot), _) => {
                let buttons = bot.buttons();
                let BotConfig { token, channel, signing_secret: _ } = bot;
                let token = token.resolve_fit(clients, fits).await?;
                Way::Bot { api: api.url().clone(), token, channel, buttons }
            }
            (None, Some(url)) => Way::Hook(url.resolve_fit(clients, is_address).await?),
            (None, None) => bail!("expected `bot` or `url`, found neither"),
        };
        Ok(Self { http: clients.http()?, way, doubt: clients.doubt.clone(), form, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let buttons = match &self.way {
            Way::Bot { buttons, .. } => *buttons,
            Way::Hook(_) => Buttons::Hidden,
        };
        let message = Message::of(dispatch.effect, &self.form, buttons);
        if dispatch.effect.notice.beside.is_some() {
            return self.say_beside(&message, self.place_of(dispatch)).await;
        }
        match (&self.way, self.place_of(dispatch)) {
            (Way::Hook(_), _) => {
                self.say(&json!({}), &message).await.map(|_| Done { receipt: "taken".to_owned() })
            }
            (Way::Bot { .. }, Some(posted)) => self.go_on(dispatch.effect, &message, posted).await,
            // Without a message there is no thread.
            (Way::Bot { .. }, None) if dispatch.effect.notice.note.is_some() => {
                Ok(Done { receipt: "nothing: there is no message to which it belongs".to_owned() })
            }
            (Way::Bot { channel, .. }, None) => self.post(channel.0.as_str(), &message).await,
        }
    }

    /// Who the token is; of a webhook, whether it is there: it refuses a message without a text.
    async fn ask(&self) -> Option<Asked> {
        let asked = match &self.way {
            Way::Bot { .. } => self.call("auth.test", &json!({})).await,
            Way::Hook(_) => self.call("", &json!({"text": ""})).await,
        };
        Some(match asked {
            Ok(Answer::Taken(_)) if matches!(self.way, Way::Hook(_)) => {
                Asked::WouldNot("it takes a message without a text, as Slack does not".to_owned())
            }
            Ok(Answer::Taken(said)) => Asked::Would(format!(
                "Slack knows the bot {} of {}",
                said["user"].as_str().unwrap_or("?"),
                said["team"].as_str().unwrap_or("?")
            )),
            Ok(Answer::Refused(reason)) if reason.ends_with("no_text") => {
                Asked::Would("the webhook is there".to_owned())
            }
            Ok(Answer::Refused(reason) | Answer::Gone(reason)) => Asked::WouldNot(format!("Slack: {reason}")),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        let bound = match &self.way {
            Way::Bot { api, token, channel, buttons: _ } => {
                Bound::of(self.pace, &["slack", api.as_str(), &token.expose(), &channel.0])
            }
            Way::Hook(url) => Bound::of(self.pace, &["slack", &url.expose()]),
        };
        Some(bound.apart(APART))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.form.faults(effect)
    }

    fn goes_on(&self) -> bool {
        matches!(self.way, Way::Bot { .. })
    }
}

impl Slack {
    fn place_of(&self, dispatch: &Dispatch<'_>) -> Option<Posted> {
        dispatch.receipts.iter().find_map(|receipt| receipt.parse().ok())
    }

    /// A message of its own, which is gone on with later.
    async fn post(&self, channel: &str, message: &Message) -> Result<Done, NotTaken> {
        let said = self.say(&json!({"channel": channel}), message).await?;
        let posted = Posted::of(&said).ok_or_else(|| NotTaken::ForNow {
            reason: "Slack took it, and did not say where it is".to_owned(),
            retry_after: None,
        })?;
        Ok(Done { receipt: posted.to_string() })
    }

    /// The message as it is now, and what is new in its thread; what is paged again is shown in the channel, too. The
    /// thread comes last: whatever is repeated before it does no harm.
    async fn go_on(&self, effect: &Effect, message: &Message, posted: Posted) -> Result<Done, NotTaken> {
        if effect.notice.note.is_some() {
            return self.note(message, &posted).await;
        }
        let place = json!({"channel": posted.channel, "ts": posted.ts});
        match self.call("chat.update", &message.whole(place.clone())).await? {
            Answer::Taken(_) => {}
            Answer::Refused(_) => match self.call("chat.update", &message.line(place)).await? {
                Answer::Taken(_) => {}
                Answer::Refused(reason) => return Err(NotTaken::ForGood { reason }),
                Answer::Gone(_) => return self.post(&posted.channel, message).await,
            },
            // Somebody has deleted it.
            Answer::Gone(_) => return self.post(&posted.channel, message).await,
        }
        let is_news = matches!(effect.kind, EffectKind::Page);
        let thread = json!({"channel": posted.channel, "thread_ts": posted.ts, "reply_broadcast": is_news});
        match self.call("chat.postMessage", &message.news(thread)).await? {
            Answer::Taken(_) | Answer::Gone(_) => Ok(Done { receipt: format!("{posted}, updated") }),
            Answer::Refused(reason) => {
                Ok(Done { receipt: format!("{posted}, updated; its thread: {reason}") })
            }
        }
    }

    /// A note changes nothing about the message: it stands in its thread.
    async fn note(&self, message: &Message, posted: &Posted) -> Result<Done, NotTaken> {
        let thread = json!({"channel": posted.channel, "thread_ts": posted.ts});
        match self.call("chat.postMessage", &message.news(thread)).await? {
            Answer::Taken(_) => Ok(Done { receipt: format!("{posted}, noted") }),
            Answer::Gone(reason) => Ok(Done { receipt: format!("{posted}, not noted: {reason}") }),
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// In the thread of its page, which stays as it is. Where there is no thread, or it may not be told, nobody is told.
    async fn say_beside(&self, message: &Message, posted: Option<Posted>) -> Result<Done, NotTaken> {
        let thread = posted.as_ref().map(|posted| json!({"channel": posted.channel, "thread_ts": posted.ts}));
        let Some(said) = thread.and_then(|thread| message.beside(thread)) else {
            return Ok(Done {
                receipt: "left out: it has no thread here, or tells what is left out".to_owned(),
            });
        };
        match self.call("chat.postMessage", &said).await? {
            Answer::Taken(_) | Answer::Gone(_) => {
                Ok(Done { receipt: "in the thread of its page".to_owned() })
            }
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// Says it at that place; what Slack refuses, as a line.
    async fn say(&self, place: &Value, message: &Message) -> Result<Value, NotTaken> {
        let refusal = match self.call("chat.postMessage", &message.whole(place.clone())).await? {
            Answer::Taken(said) => return Ok(said),
            Answer::Refused(refusal) | Answer::Gone(refusal) => refusal,
        };
        match self.call("chat.postMessage", &message.line(place.clone())).await? {
            Answer::Taken(said) => Ok(said),
            Answer::Refused(reason) | Answer::Gone(reason) => {
                Err(NotTaken::ForGood { reason: format!("{reason}; all of it: {refusal}") })
            }
        }
    }

    /// The method of the Web API; a webhook has only one.
    async fn call(&self, method: &str, body: &Value) -> Result<Answer, NotTaken> {
        let no_address = || NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None };
        let (request, hide) = match &self.way {
            Way::Bot { api, token, channel: _, buttons: _ } => {
                let url = api.join(method).map_err(|_| no_address())?;
                let token = token.expose().as_str().to_owned();
                (self.http.post(url).bearer_auth(&token), vec![token])
            }
            Way::Hook(url) => {
                let url: reqwest::Url = url.expose().parse().map_err(|_| no_address())?;
                let hide = secret_parts(&url);
                (self.http.post(url), hide)
            }
        };
        let request = request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string());
        let hide: Vec<_> = hide.iter().map(String::as_str).collect();
        let reply = Reply::to(request, "Slack", &hide).await?;
        let answer = match &self.way {
            Way::Bot { .. } => answer::of_api(&reply),
            Way::Hook(_) => answer::of_hook(&reply),
        };
        if answer::may_be_by_the_secret(&answer) {
            self.doubt.raise();
        }
        answer
    }
}

/// The message that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = config.form();
    let (to, place) = match &config.bot {
        Some(BotConfig { token: _, channel, signing_secret: _ }) => {
            (format!("POST {}chat.postMessage", config.api.url()), json!({"channel": channel.0}))
        }
        None => ("POST to an incoming webhook".to_owned(), json!({})),
    };
    let buttons = config.bot.as_ref().map_or(Buttons::Hidden, BotConfig::buttons);
    let message = Message::of(effect, &form, buttons);
    let preview = Preview::of(&to, &config.faults(effect));
    let (title, text) = message.sizes();
    preview
        .size(title, "characters of the title", Some(message::MOST_TITLE))
        .size(text, "characters of the text", Some(message::MOST_TEXT))
        .part("body", message.whole(place).to_string())
}

#[cfg(test)]
mod tests;
