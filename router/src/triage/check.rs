//! What can be wrong about the part `triage` by itself.

use watchfire_core::yaml::{Mistake, expected};

use super::{BedrockConfig, BudgetConfig, GuardrailConfig, OpenAiConfig, PricesConfig, TriageConfig};

/// Where mistakes go, each with its path below the part.
type Mistakes<'m> = &'m mut dyn FnMut(&str, Mistake);

impl TriageConfig {
    /// What is wrong about it by itself.
    pub(crate) fn check(&self, mistake: Mistakes<'_>) {
        let Self {
            bedrock,
            openai,
            priorities,
            to: _,
            leave_out: _,
            timeout_seconds,
            most_answer_tokens,
            at_once,
            budget,
            prices,
        } = self;
        if bedrock.is_some() == openai.is_some() {
            let found = if bedrock.is_some() { "both" } else { "neither" };
            mistake("", expected("one of bedrock and openai").found(found));
        }
        if let Some(bedrock) = bedrock {
            bedrock.check(mistake);
        }
        if let Some(openai) = openai {
            openai.check(mistake);
        }
        if priorities.is_empty() {
            mistake(".priorities", expected("at least one priority").found("none"));
        }
        let ranges = [
            (".timeout_seconds", *timeout_seconds, 1..=60),
            (".most_answer_tokens", *most_answer_tokens, 100..=4_000),
            (".at_once", u32::from(*at_once), 1..=16),
        ];
        for (member, found, range) in ranges {
            if !range.contains(&found) {
                let range = format!("{} to {}", range.start(), range.end());
                mistake(member, expected(range).found(found.to_string()));
            }
        }
        budget.check(prices.as_ref(), mistake);
    }
}

impl BudgetConfig {
    fn check(&self, prices: Option<&PricesConfig>, mistake: Mistakes<'_>) {
        match self {
            BudgetConfig { tokens_per_day: None, cost_per_day: None } => {
                mistake(".budget", expected("tokens_per_day or cost_per_day").found("neither"));
            }
            BudgetConfig { tokens_per_day: Some(0), .. } => {
                mistake(".budget.tokens_per_day", expected("at least 1").found("0"));
            }
            BudgetConfig { cost_per_day: Some(_), .. } if prices.is_none() => {
                mistake(".budget.cost_per_day", expected("`prices`").hint("nobody can count without them"));
            }
            BudgetConfig { .. } => {}
        }
    }
}

impl OpenAiConfig {
    fn check(&self, mistake: Mistakes<'_>) {
        let Self { url, model, token: _ } = self;
        let url = url.url();
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            let plain = expected("an address without a query, a user or a password");
            mistake(".openai.url", plain.hint("a secret belongs into `token`"));
        }
        if !(1..=200).contains(&model.len()) {
            mistake(".openai.model", expected("the name of a model").found(format!("`{model}`")));
        }
    }
}

impl BedrockConfig {
    fn check(&self, mistake: Mistakes<'_>) {
        let Self { model, region, guardrail } = self;
        let is_region =
            |region: &str| region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if let Some(region) = region.as_ref().filter(|region| region.is_empty() || !is_region(region)) {
            mistake(
                ".bedrock.region",
                expected("a region such as us-gov-west-1").found(format!("`{region}`")),
            );
        }
        let is_gov = region.as_ref().is_some_and(|region| region.starts_with("us-gov-"));
        let elsewhere = ["us.", "eu.", "apac.", "jp.", "au.", "global."];
        let found = || format!("`{}`", model.as_str());
        if is_gov && elsewhere.iter().any(|prefix| model.as_str().starts_with(prefix)) {
            let profile = expected("an inference profile of GovCloud, which begins with us-gov.");
            mistake(".bedrock.model", profile.found(found()));
        }
        if let (Some((partition, of)), Some(region)) = (model.place(), region) {
            let is_of_gov = partition == "aws-us-gov";
            if of != region {
                let there = expected(format!("`{of}`, where the model is"));
                mistake(".bedrock.region", there.found(format!("`{region}`")));
            } else if is_gov != is_of_gov {
                let partition = if is_gov { "arn:aws-us-gov:…" } else { "a model outside of GovCloud" };
                mistake(".bedrock.model", expected(partition).found(found()));
            }
        }
        if let Some(guardrail) = guardrail {
            guardrail.check(mistake);
        }
    }
}

impl GuardrailConfig {
    fn check(&self, mistake: Mistakes<'_>) {
        let Self { id, version } = self;
        let is_id =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let of_arn = id.strip_prefix("arn:aws").and_then(|rest| rest.rsplit_once(":guardrail/"));
        if !is_id(id) && !of_arn.is_some_and(|(_, id)| is_id(id)) {
            let guardrail = expected("the id or the ARN of a guardrail");
            mistake(".bedrock.guardrail.id", guardrail.found(format!("`{id}`")));
        }
        let is_number = (1..=8).contains(&version.len())
            && !version.starts_with('0')
            && version.bytes().all(|b| b.is_ascii_digit());
        if !is_number && version != "DRAFT" {
            let found = format!("`{version}`");
            mistake(".bedrock.guardrail.version", expected("a number or DRAFT").found(found));
        }
    }
}
