//! What is said to whoever pressed a button, or under the message that it stands under: to Slack, and to nowhere else.
//!
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::{App, Apps};
use crate::channel::{escape, plain};
use crate::clients::chain;

/// Slack's limit of a section.
const MOST_TEXT: usize = 3_000;
/// An answer is a courtesy: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// To whoever has pressed it alone, with these rows of buttons under it.
    Privately(String, Vec<Value>),
    /// The same in place of what was said to them alone before.
    Instead(String),
    /// For all, in the thread of that message.
    InThread(String, String),
    /// The message itself, with other blocks under the same text.
    Changed(String, Vec<Value>),
}

impl Said {
    fn body(self) -> Value {
        let line = |text: &str| json!({"text": escape(text), "parse": "none", "mrkdwn": false});
        let with = |mut body: Value, members: Value| {
            for (name, value) in members.as_object().into_iter().flatten() {
                body[name] = value.clone();
            }
            body
        };
        match self {
            Said::Privately(text, rows) => {
                let shown: String = text.chars().take(MOST_TEXT).collect();
                let section = json!({"type": "section", "text": plain(&shown)});
                let blocks: Vec<_> = [section].into_iter().chain(rows).collect();
                let to = json!({"response_type": "ephemeral", "replace_original": false, "blocks": blocks});
                with(line(&text), to)
            }
            Said::Instead(text) => with(line(&text), json!({"replace_original": true})),
            Said::InThread(ts, text) => {
                let to = json!({"response_type": "in_channel", "replace_original": false, "thread_ts": ts});
                with(line(&text), to)
            }
            // It was escaped when it was sent.
            Said::Changed(text, blocks) => json!({
                "text": text, "parse": "none", "mrkdwn": false, "replace_original": true, "blocks": blocks,
            }),
        }
    }
}

/// Says it where the request wants to be answered, if that is Slack.
///
/// # Errors
/// Why it could not be said.
pub(crate) async fn say(apps: &Apps, app: &App, response_url: &str, said: Said) -> Result<(), String> {
    let url = app.answerable(response_url).ok_or("Slack wants to be answered where Slack is not")?;
    let request = apps.http.post(url).timeout(PATIENCE).json(&said.body());
    let answer = request.send().await.map_err(|error| chain(&error.without_url()).to_string())?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("Slack answered {status}")) }
}

impl App {
    /// The address, if it is below the one where Slack takes answers.
    fn answerable(&self, response_url: &str) -> Option<Url> {
        let url: Url = response_url.parse().ok()?;
        let is_there = url.origin() == self.hooks.origin() && url.path().starts_with(self.hooks.path());
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_there && is_plain).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn an_answer_goes_to_slack_and_to_nobody_else() {
        let app = |hooks: &str| App { secret: Secret::new("x"), hooks: hooks.parse().expect("an address") };
        let slack = app("https://hooks.slack.com/");
        for right in ["https://hooks.slack.com/actions/T1/2/abc", "https://HOOKS.slack.com:443/commands/x"] {
            assert!(slack.answerable(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            "hooks.slack.com/actions",
            "http://hooks.slack.com/actions/T1/2/abc",
            "https://hooks.slack.com.evil.example/actions",
            "https://hooks.slack.com:8443/actions",
            "https://hooks.slack.com@evil.example/actions",
            "https://evil.example/https://hooks.slack.com/",
            "https://user:pw@hooks.slack.com/actions",
            "https://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "https://slack.com/actions",
        ] {
            assert_eq!(slack.answerable(wrong), None, "{wrong}");
        }
        let below = app("http://127.0.0.1:9/actions/");
        assert!(below.answerable("http://127.0.0.1:9/actions/x").is_some());
        for wrong in [
            "http://127.0.0.1:9/other",
            "http://127.0.0.1:9/actions/../other",
            "http://127.0.0.1:8/actions/x",
        ] {
            assert_eq!(below.answerable(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_said_is_text_and_never_a_mention() {
        let hostile = "<!channel> & <https://evil.example|x>";
        let escaped = "&lt;!channel&gt; &amp; &lt;https://evil.example|x&gt;";
        let body = Said::Privately(hostile.to_owned(), Vec::new()).body();
        let expected = json!({
            "text": escaped, "parse": "none", "mrkdwn": false,
            "response_type": "ephemeral", "replace_original": false,
            "blocks": [{"type": "section", "text": {"type": "plain_text", "text": hostile, "emoji": false}}],
        });
        assert_eq!(body, expected);
        let thread = Said::InThread("1.2".to_owned(), hostile.to_owned()).body();
        let expected = json!({
            "text": escaped, "parse": "none", "mrkdwn": false,
            "response_type": "in_channel", "replace_original": false, "thread_ts": "1.2",
        });
        assert_eq!(thread, expected);
    }
}
