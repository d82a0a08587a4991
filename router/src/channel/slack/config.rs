//! A Slack channel in the configuration: by a bot or by an incoming webhook, and what of it cannot work.

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::notice::{ByRoute, Templates};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::button::Buttons;
use crate::channel::payload::{Form, Place, Profile};
use crate::channel::{Address, PerMinute, Settings, is_address};
use crate::secret::{Secret, SecretSource, SecretUse};

/// Slack's have 32.
const LEAST_SECRET: usize = 16;

/// A Slack channel in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Slack", extend("oneOf" = [{"required": ["bot"]}, {"required": ["url"]}]))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A bot, which keeps its messages up to date.
    pub bot: Option<BotConfig>,
    /// An incoming webhook instead, whose address is a secret.
    pub url: Option<SecretSource>,
    /// Slack's Web API; plain HTTP only on this machine.
    #[serde(default = "web_api")]
    pub api: Address,
    /// Where Slack takes what is said to whoever presses a button, and nothing else is sent to; plain HTTP only on this
    /// machine.
    #[serde(default = "hooks")]
    pub hooks: Address,
    /// How much of the page leaves for Slack.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most messages in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its messages are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

/// A bot, and where it writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "SlackBot")]
#[serde(deny_unknown_fields)]
pub struct BotConfig {
    /// Its token, which begins with `xoxb-`.
    pub token: SecretSource,
    /// The id of a channel, such as `C0123ABCDEF`.
    pub channel: ChannelId,
    /// The signing secret of its app, by which it is known who presses a button; without it there are none.
    #[serde(default)]
    pub signing_secret: Option<SecretSource>,
}

impl BotConfig {
    pub(super) fn buttons(&self) -> Buttons {
        if self.signing_secret.is_some() { Buttons::Shown } else { Buttons::Hidden }
    }
}

/// The id of a channel in Slack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ChannelId(pub(super) String);

value_schema!(ChannelId, {
    "type": "string",
    "description": "The id of a channel, such as C0123ABCDEF.",
    "pattern": "^[CDG][A-Z0-9]{6,}$"
});

impl TryFrom<String> for ChannelId {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let is_id = text.len() >= 7
            && text.starts_with(['C', 'D', 'G'])
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match is_id {
            true => Ok(Self(text)),
            false => {
                let is_token = text.starts_with("xox");
                let found = if is_token { "a token".to_owned() } else { format!("`{text}`") };
                let mistake = expected("the id of a channel such as C0123ABCDEF").found(found);
                Err(mistake.hint("it stands at the end of the channel's details in Slack"))
            }
        }
    }
}

fn web_api() -> Address {
    Address::known("https://slack.com/api/")
}

fn hooks() -> Address {
    Address::known("https://hooks.slack.com/")
}

fn default_pace() -> PerMinute {
    PerMinute::new(50)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let Config { bot, url, .. } = self;
        let of_bot = bot.iter_mut().flat_map(|BotConfig { token, channel: _, signing_secret }| {
            let token = SecretUse { path: ".slack.bot.token".to_owned(), source: token, fits };
            let signing = signing_secret.iter_mut().map(|source| SecretUse {
                path: ".slack.bot.signing_secret".to_owned(),
                source,
                fits: fits_buttons,
            });
            [token].into_iter().chain(signing).collect::<Vec<_>>()
        });
        let url = url.iter_mut().map(|source| SecretUse {
            path: ".slack.url".to_owned(),
            source,
            fits: is_address,
        });
        of_bot.chain(url).collect()
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        match (&self.bot, &self.url) {
            (None, None) => mistake("", expected("`bot`, or `url` of an incoming webhook").found("neither")),
            (Some(_), Some(_)) => mistake(".url", expected("either `bot` or `url`").found("both")),
            (Some(_), None) | (None, Some(_)) => {}
        }
        for (member, address) in [(".api", &self.api), (".hooks", &self.hooks)] {
            if !address.url().path().ends_with('/') {
                mistake(member, expected("an address that ends in /").found(format!("`{}`", address.url())));
            }
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

/// Whether it can be a bot's token.
pub(super) fn fits(token: &Secret) -> Result<(), Mistake> {
    let is_token =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match token.expose().strip_prefix("xoxb-").is_some_and(is_token) {
        true => Ok(()),
        false => Err(expected("a bot's token, which begins with xoxb-").found("another text")),
    }
}

/// Whether it can sign what buttons ask.
fn fits_buttons(secret: &Secret) -> Result<(), Mistake> {
    let secret = secret.expose();
    let is_secret = secret.len() >= LEAST_SECRET && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let wrong = || expected(format!("a signing secret of at least {LEAST_SECRET} letters and digits"));
    is_secret.then_some(()).ok_or_else(|| wrong().found("another text"))
}
