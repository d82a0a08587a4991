//! The part `triage`: which model is asked about a page that was handed over, what it is told, and what it may cost.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::ids::ChannelName;
use watchfire_core::priority::Priority;
use watchfire_core::triage::{Budget, Cost, Model, Prices, Settings};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::channel::{Address, Place};
use crate::secret::{SecretSource, SecretUse, fits_token};

/// Which model is asked, about what, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Triage", extend("oneOf" = [{"required": ["bedrock"]}, {"required": ["openai"]}]))]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of bedrock, openai, priorities, to, leave_out, timeout_seconds, most_answer_tokens, \
                 at_once, budget, prices"
)]
pub struct TriageConfig {
    /// A model of Amazon Bedrock, by the Converse API.
    pub bedrock: Option<BedrockConfig>,
    /// A model behind any other side that has OpenAI's chat completions.
    pub openai: Option<OpenAiConfig>,
    /// It is asked about pages of these.
    #[serde(default = "urgent")]
    #[schemars(length(min = 1))]
    pub priorities: BTreeSet<Priority>,
    /// Channels of type slack, with a bot, in whose threads its text is said.
    #[serde(default)]
    pub to: Vec<String>,
    /// What of the little that `minimal` tells it is not told.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// How long an answer may take with whatever is tried again, 1 to 60.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 60))]
    pub timeout_seconds: u32,
    /// How long an answer may be, in tokens, 100 to 4,000.
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 100, max = 4_000))]
    pub most_answer_tokens: u32,
    /// How many are asked at once, 1 to 16.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 16))]
    pub at_once: u16,
    /// What may be used on a day.
    pub budget: BudgetConfig,
    /// What its tokens cost; without them no cost is counted.
    pub prices: Option<PricesConfig>,
}

/// A model of Amazon Bedrock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Bedrock")]
#[serde(deny_unknown_fields, expecting = "a mapping of model, region, guardrail")]
pub struct BedrockConfig {
    /// The id or the ARN of a model or of an inference profile, as Bedrock's console shows it.
    pub model: ModelId,
    /// The region; by default the one of the environment.
    #[schemars(regex(pattern = "^[a-z0-9-]+$"))]
    pub region: Option<String>,
    /// What Bedrock looks at question and answer with; the page is marked for it as what is to be guarded.
    pub guardrail: Option<GuardrailConfig>,
}

/// A guardrail of Amazon Bedrock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Guardrail")]
#[serde(deny_unknown_fields, expecting = "a mapping of id, version")]
pub struct GuardrailConfig {
    /// Its id or its ARN.
    #[schemars(regex(
        pattern = "^([a-z0-9]+|arn:aws[^:]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+)$"
    ))]
    pub id: String,
    /// Its version, a number or `DRAFT`.
    #[schemars(regex(pattern = "^([1-9][0-9]{0,7}|DRAFT)$"))]
    pub version: String,
}

/// A model behind another side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "OpenAi")]
#[serde(deny_unknown_fields, expecting = "a mapping of url, model, token")]
pub struct OpenAiConfig {
    /// What comes before `/chat/completions`, such as `https://models.example.com/v1`; plain HTTP only on this machine.
    pub url: Address,
    /// What that side calls the model.
    #[schemars(length(min = 1, max = 200))]
    pub model: String,
    /// The bearer token; none where that side wants none.
    pub token: Option<SecretSource>,
}

/// What may be used on a day, in the time zone of `business`: at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "TriageBudget", extend("anyOf" = [{"required": ["tokens_per_day"]}, {"required": ["cost_per_day"]}]))]
#[serde(deny_unknown_fields, expecting = "a mapping of tokens_per_day, cost_per_day")]
pub struct BudgetConfig {
    /// Tokens, of questions and of answers.
    #[schemars(range(min = 1))]
    pub tokens_per_day: Option<u64>,
    /// Money, in whatever the prices are in.
    pub cost_per_day: Option<Amount>,
}

/// What 1,000 tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "TriagePrices")]
#[serde(deny_unknown_fields, expecting = "a mapping of input_per_1000, output_per_1000")]
pub struct PricesConfig {
    /// Of questions.
    pub input_per_1000: Amount,
    /// Of answers.
    pub output_per_1000: Amount,
}

/// An amount of money, to a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Amount(Cost);

value_schema!(Amount, { "type": "number", "minimum": 0, "maximum": 1_000_000 });

impl TryFrom<f64> for Amount {
    type Error = Mistake;

    fn try_from(amount: f64) -> Result<Self, Mistake> {
        let wrong = || expected("an amount of 0 to 1000000").found(amount.to_string());
        Cost::of(amount).map(Self).ok_or_else(wrong)
    }
}

/// The id or the ARN of a model of Bedrock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ModelId(String);

value_schema!(ModelId, {
    "type": "string",
    "description": "The id or the ARN of a model or of an inference profile of Amazon Bedrock.",
    "pattern": "^(arn:aws[^:]*:(bedrock|sagemaker):[a-z0-9-]+:([0-9]{12})?:[a-zA-Z0-9/.:_-]+|[a-zA-Z0-9.:_-]+)$",
    "maxLength": 2048
});

impl TryFrom<String> for ModelId {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b".:_-/".contains(&byte);
        let is_arn = text.starts_with("arn:");
        let is_id = !text.contains('/') || is_arn;
        if (1..=2_048).contains(&text.len()) && text.bytes().all(is_fit) && is_id {
            return Ok(Self(text));
        }
        let id = expected("the id or the ARN of a model, such as anthropic.claude-sonnet-4-20250514-v1:0");
        Err(id.found(format!("`{text}`")))
    }
}

impl ModelId {
    /// As Bedrock takes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The region that it names, and the partition.
    pub(super) fn place(&self) -> Option<(&str, &str)> {
        let mut parts = self.0.strip_prefix("arn:")?.split(':');
        let partition = parts.next()?;
        Some((partition, parts.nth(1)?))
    }
}

fn urgent() -> BTreeSet<Priority> {
    BTreeSet::from([Priority::P0, Priority::P1])
}

fn twenty() -> u32 {
    20
}

fn five_hundred() -> u32 {
    500
}

fn two() -> u16 {
    2
}

impl TriageConfig {
    /// How long an answer may take in all.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// Its secrets, by their paths below the part.
    pub(crate) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let token = self.openai.as_mut().and_then(|openai| openai.token.as_mut());
        let path = ".openai.token".to_owned();
        token.map(|source| SecretUse { path, source, fits: fits_token }).into_iter().collect()
    }

    /// The files that it names.
    pub(crate) fn file_paths(&mut self) -> Vec<&mut PathBuf> {
        self.secrets().into_iter().filter_map(|secret| secret.source.file()).collect()
    }

    /// What people call the model.
    fn model(&self) -> Model {
        match (&self.bedrock, &self.openai) {
            (Some(bedrock), _) => Model::new(bedrock.model.as_str()),
            (None, Some(openai)) => Model::new(&openai.model),
            (None, None) => Model::default(),
        }
    }

    /// What deciding needs of it.
    pub(crate) fn settings(&self) -> Settings {
        let Self { priorities, to, leave_out, most_answer_tokens, budget, prices, .. } = self;
        let BudgetConfig { tokens_per_day, cost_per_day } = *budget;
        let prices = prices.map(|PricesConfig { input_per_1000, output_per_1000 }| Prices {
            input: input_per_1000.0,
            output: output_per_1000.0,
        });
        Settings {
            model: self.model(),
            priorities: priorities.clone(),
            leave_out: leave_out.clone(),
            most_answer_tokens: *most_answer_tokens,
            budget: Budget { tokens: tokens_per_day, cost: cost_per_day.map(|Amount(cost)| cost) },
            prices,
            to: to.iter().cloned().map(ChannelName::new).collect(),
        }
    }
}
