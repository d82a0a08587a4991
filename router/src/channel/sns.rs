//! Pages through an SNS topic: its subscribers get the plain text.
//!
//! ```yaml
//! topic:
//!   sns:
//!     topic_arn: arn:aws:sns:us-east-1:123456789012:security-pages
//!     messages_per_minute: 60
//!     templates: {}                    # title is the subject; as ships
//! ```
//!
//! - Role: notify. Permissions: `sns:Publish` on the topic, and `kms:GenerateDataKey` and `kms:Decrypt`
//!   on its key where it is encrypted.
//! - Idempotency: a standard topic has none; the attribute `dedup_key` tells subscribers.
//! - Attributes for filter policies: `priority`, `rule`, `effect` (`page` or `resolve`), `dedup_key`.
//! - Transient: 5xx, throttling, no connection, no credentials, expired credentials or a clock that is
//!   off, and a missing permission (403), which can be mended while the page waits. Permanent: every
//!   other 4xx, such as a topic that does not exist.

use std::time::Duration;

use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates, Wording};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::Form;
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings};
use crate::clients::{Arn, Clients, explain};
use crate::failure::{Done, NotTaken};

/// SNS refuses 100.
const SUBJECT_LENGTH: usize = 99;
/// All that SNS takes; attributes count, and need less than is left over for them.
const MOST_BYTES: usize = 262_144;
const BODY_BYTES: usize = MOST_BYTES - 2_048;

/// An SNS channel in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Sns")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A standard topic, in any partition; its region is the one to call.
    pub topic_arn: TopicArn,
    /// Most messages in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its pages are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

impl Settings for Config {
    fn form(&self) -> Form {
        Form::whole(self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

/// The ARN of a standard topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TopicArn(Arn);

value_schema!(TopicArn, {
    "type": "string",
    "description": "The ARN of a standard topic.",
    "pattern": "^arn:aws[^:]*:sns:[^:]+:[0-9]{12}:.+$",
    "not": {"pattern": "\\.fifo$"}
});

impl TopicArn {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn region(&self) -> aws_config::Region {
        self.0.region()
    }
}

impl TryFrom<String> for TopicArn {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        if text.ends_with(".fifo") {
            let mistake = expected("a standard topic").found(format!("the FIFO topic `{text}`"));
            return Err(mistake.hint("those cannot e-mail"));
        }
        Arn::parse(&text, "sns").map(Self)
    }
}

/// Publishes to one topic.
#[derive(Debug)]
pub struct Sns {
    client: aws_sdk_sns::Client,
    topic: Arn,
    pace: PerMinute,
    wording: Wording,
}

impl Action for Sns {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let Config { topic_arn: TopicArn(topic), messages_per_minute: pace, templates } = config;
        let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(10)).build();
        let config = aws_sdk_sns::config::Builder::from(clients.aws().await)
            .region(topic.region())
            .timeout_config(timeouts)
            // The channel repeats, at its own pace.
            .retry_config(RetryConfig::disabled())
            .build();
        Ok(Self { client: aws_sdk_sns::Client::from_conf(config), topic, pace, wording: templates.into() })
    }

    async fn perform(&self, Dispatch { effect, .. }: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let message = Message::of(effect, &self.wording);
        let attributes = message.attributes.iter().map(|(name, value)| attribute(name, value));
        let answer = self
            .client
            .publish()
            .topic_arn(self.topic.as_str())
            .set_message_attributes(Some(attributes.collect()))
            .subject(message.subject)
            .message(message.body)
            .send()
            // Of no type that is known: those within it are too deep for the compiler.
            .boxed()
            .await;
        match answer {
            Ok(answer) => Ok(Done { receipt: answer.message_id.unwrap_or_default() }),
            Err(error) => Err(not_taken(&error)),
        }
    }

    /// Needs `sns:GetTopicAttributes`, which paging does not.
    async fn ask(&self) -> Option<Asked> {
        let answer = self.client.get_topic_attributes().topic_arn(self.topic.as_str()).send().await;
        Some(match answer {
            Ok(answer) => {
                let subscribers = answer.attributes().and_then(|all| all.get("SubscriptionsConfirmed"));
                let subscribers = subscribers.map_or("an unknown number of", String::as_str);
                Asked::Would(format!("the topic is there, with {subscribers} confirmed subscriptions"))
            }
            Err(error) => Asked::WouldNot(format!("SNS (sns:GetTopicAttributes): {}", explain(&error))),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["sns", self.topic.as_str()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        if self.wording.has_own() {
            self.wording.words(&effect.notice, effect.kind).faults
        } else {
            Vec::new()
        }
    }
}

/// What is published.
struct Message {
    subject: String,
    body: String,
    attributes: Vec<(&'static str, String)>,
    faults: Vec<Fault>,
}

impl Message {
    fn of(effect: &Effect, wording: &Wording) -> Self {
        let Effect { id: _, kind, channel: _, when: _, dedup_key, notice } = effect;
        let words = wording.words(notice, *kind);
        // SNS refuses an empty value.
        let filled = |value: &str| if value.is_empty() { "-".to_owned() } else { value.to_owned() };
        Self {
            subject: subject(&words.title),
            body: body(words.text()),
            attributes: vec![
                ("priority", filled(notice.priority.as_str())),
                ("rule", filled(notice.rule.as_str())),
                ("effect", filled(kind.as_str())),
                ("dedup_key", filled(dedup_key.as_str())),
            ],
            faults: words.faults,
        }
    }
}

/// What would be published.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let Config { topic_arn: TopicArn(topic), messages_per_minute: _, templates } = config;
    let Message { subject, body, attributes, faults } = Message::of(effect, &templates.clone().into());
    let lines: Vec<_> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let bytes =
        attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum::<usize>();
    Preview::of(&format!("Publish to {}", topic.as_str()), &faults)
        .size(subject.chars().count(), "characters of the subject", Some(SUBJECT_LENGTH))
        .size(body.len() + bytes, "bytes of the message with its attributes", Some(MOST_BYTES))
        .part("subject", subject)
        .part("message", body)
        .part("attributes", lines.join("\n"))
}

fn attribute(name: &str, value: &str) -> (String, MessageAttributeValue) {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    (name.to_owned(), value.expect("the data type is set"))
}

/// Printable ASCII, at most 99 characters; what is not becomes `?`.
pub(super) fn subject(text: &str) -> String {
    let text = text.replace('…', "...");
    let printable = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    printable.take(SUBJECT_LENGTH).collect()
}

/// Cut where SNS would refuse it, and saying so.
pub(super) fn body(mut text: String) -> String {
    const NOTE: &str = "\n[cut: the page is larger than SNS takes]\n";
    if text.len() > BODY_BYTES {
        text.truncate(text.floor_char_boundary(BODY_BYTES - NOTE.len()));
        text.push_str(NOTE);
    }
    text
}

fn not_taken(error: &SdkError<PublishError>) -> NotTaken {
    let reason = format!("SNS: {}", explain(error));
    match error {
        SdkError::ServiceError(answer) => {
            fate(answer.raw().status().as_u16(), answer.err().code().unwrap_or_default(), reason)
        }
        // No connection, no credentials, no answer in time, or one that is not SNS's.
        _ => NotTaken::ForNow { reason, retry_after: None },
    }
}

fn fate(status: u16, code: &str, reason: String) -> NotTaken {
    let clock = ["RequestExpired", "RequestTimeTooSkewed", "ExpiredToken", "ExpiredTokenException"];
    if status == 429 || code.contains("Throttl") {
        NotTaken::Busy { reason, retry_after: None }
    } else if matches!(status, 403 | 408 | 500..) || clock.contains(&code) {
        NotTaken::ForNow { reason, retry_after: None }
    } else {
        NotTaken::ForGood { reason }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::channel::ChannelConfig;

    fn config(yaml: &str) -> Result<Config, String> {
        match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
            ChannelConfig::Sns(config) => Ok(config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_example_is_the_defaults_spelled_out() {
        let arn = "arn:aws:sns:us-east-1:123456789012:security-pages";
        let example = format!("sns:\n  topic_arn: {arn}\n  messages_per_minute: 60\n");
        assert_eq!(config(&example), config(&format!("sns: {{topic_arn: '{arn}'}}")));
    }

    #[test]
    fn what_is_no_standard_topic_is_refused() {
        let error = config("sns: {topic_arn: 'arn:aws:sqs:us-east-1:123456789012:q'}").unwrap_err();
        assert!(error.contains("expected an ARN such as arn:aws:sns:"), "{error}");
        let error = config("sns: {topic_arn: 'arn:aws:sns:us-east-1:123456789012:q.fifo'}").unwrap_err();
        assert!(error.contains("FIFO"), "{error}");
    }

    #[test]
    fn a_subject_is_printable_ascii_of_at_most_99() {
        assert_eq!(subject("[P0] Größe\r\n…"), "[P0] Gr??e??...");
        assert_eq!(subject(&"é".repeat(200)), "?".repeat(99));
    }

    #[test]
    fn a_body_is_cut_between_characters_and_says_so() {
        assert_eq!(body("short".to_owned()), "short");
        for start in ["", "a"] {
            let cut = body(format!("{start}{}", "é".repeat(200_000)));
            assert!(cut.len() <= BODY_BYTES && cut.len() > BODY_BYTES - 3, "{}", cut.len());
            assert!(cut.ends_with("é\n[cut: the page is larger than SNS takes]\n"));
        }
    }

    #[test]
    fn every_answer_has_its_fate() {
        let busy = |reason: String| NotTaken::Busy { reason, retry_after: None };
        let later = |reason: String| NotTaken::ForNow { reason, retry_after: None };
        let never = |reason: String| NotTaken::ForGood { reason };
        type Fate = fn(String) -> NotTaken;
        let table: [(u16, &str, Fate); 14] = [
            (400, "InvalidParameter", never),
            (400, "InvalidParameterValue", never),
            (404, "NotFound", never),
            (400, "KMSDisabled", never),
            (400, "Throttling", busy),
            (400, "ThrottlingException", busy),
            (400, "KMSThrottling", busy),
            (429, "Throttled", busy),
            (400, "ExpiredToken", later),
            (400, "RequestExpired", later),
            (403, "AuthorizationError", later),
            (403, "InvalidClientTokenId", later),
            (500, "InternalError", later),
            (503, "ServiceUnavailable", later),
        ];
        for (status, code, expected) in table {
            assert_eq!(fate(status, code, "r".to_owned()), expected("r".to_owned()), "{status} {code}");
        }
    }
}
