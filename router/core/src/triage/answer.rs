//! What is taken of a model's answer: two bounded fields, without addresses and commands, and what is to be said beside them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Prompt;
use super::claims::{Warning, claims_an_end, has_other_letters, repeats};
use crate::text::clean;

/// A model's text, fit to be shown beside a page and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageAnswer")]
pub struct Answer {
    /// At most 600 characters.
    pub summary: String,
    /// At most five, of at most 240 characters each.
    pub next_steps: Vec<String>,
    /// What a reader has to know of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub warnings: BTreeSet<Warning>,
}

/// An answer that is not of the form that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its answer was not of the form that was asked for: it is in the journal, and not shown")]
pub struct Unreadable;

const LONGEST_SUMMARY: usize = 600;
const LONGEST_STEP: usize = 240;
const MOST_STEPS: usize = 5;
/// In place of an address.
const LEFT_OUT: &str = "[address left out]";
/// What begins a command; in a sentence they are not needed.
const COMMANDS: [&str; 16] = [
    "kubectl",
    "aws",
    "curl",
    "wget",
    "eksctl",
    "helm",
    "ssh",
    "sudo",
    "rm",
    "chmod",
    "watchfire",
    "terraform",
    "nc",
    "base64",
    "powershell",
    "python3",
];
/// What only commands have.
const SIGNS: [&str; 5] = ["`", "$(", "${", "&&", " | "];

#[derive(Deserialize)]
struct Said {
    summary: String,
    #[serde(default)]
    next_steps: Vec<String>,
}

impl Answer {
    /// What is shown of what a model said to that prompt.
    ///
    /// # Errors
    /// [`Unreadable`]: nothing of it is shown.
    pub fn read(text: &str, prompt: &Prompt) -> Result<Self, Unreadable> {
        let Said { summary, next_steps } = serde_json::from_str(object(text)).map_err(|_| Unreadable)?;
        // What is judged is all that was said, not what is left of it.
        let whole = [summary.as_str()].into_iter().chain(next_steps.iter().map(String::as_str));
        let whole = whole.collect::<Vec<_>>().join(" \n ");
        let mut warnings = BTreeSet::new();
        let mut warn = |warning, is_so: bool| {
            warnings.extend(is_so.then_some(warning));
        };
        warn(Warning::ClaimsAnEnd, claims_an_end(&whole));
        warn(Warning::Repeats, repeats(&whole, &prompt.theirs));
        warn(Warning::OtherLetters, has_other_letters(&whole));
        let steps: Vec<_> = next_steps.iter().filter(|step| !step.trim().is_empty()).collect();
        let (commands, kept): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| has_command(step));
        let is_command = has_command(&summary);
        warn(Warning::CommandsLeftOut, is_command || !commands.is_empty());
        let summary = if is_command { String::new() } else { summary };
        let addresses = [&summary].into_iter().chain(kept.iter().copied()).any(|text| has_address(text));
        warn(Warning::AddressesLeftOut, addresses);
        warn(Warning::Cut, is_long(&summary, LONGEST_SUMMARY) || kept.len() > MOST_STEPS);
        let next_steps = kept.into_iter().take(MOST_STEPS).map(|step| fit(step, LONGEST_STEP)).collect();
        let answer = Self { summary: fit(&summary, LONGEST_SUMMARY), next_steps, warnings };
        let is_empty =
            answer.summary.is_empty() && answer.next_steps.is_empty() && answer.warnings.is_empty();
        if is_empty { Err(Unreadable) } else { Ok(answer) }
    }
}

/// The JSON object in it, without what models like to put around it.
fn object(text: &str) -> &str {
    match (text.find('{'), text.rfind('}')) {
        (Some(from), Some(to)) if from < to => &text[from..=to],
        (_, _) => text,
    }
}

fn is_long(text: &str, most: usize) -> bool {
    text.chars().count() > most
}

/// One line, no address in it.
fn fit(text: &str, most: usize) -> String {
    let text = clean(text, most.saturating_mul(2));
    let words = text.split(' ').map(|word| if is_address(word) { LEFT_OUT } else { word });
    clean(&words.collect::<Vec<_>>().join(" "), most)
}

fn has_address(text: &str) -> bool {
    text.split_whitespace().any(is_address)
}

/// Something that a screen makes a link of, or that a tired reader would type: a URL, a host, an IP address, mail.
fn is_address(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    if word.contains("://") || word.contains("www.") || word.contains("mailto:") || word.contains("](") {
        return true;
    }
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let host = bare.rsplit_once('@').map_or(bare, |(_, host)| host);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let labels: Vec<_> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if labels.len() < 2 || !labels.iter().all(is_label) {
        return false;
    }
    let is_number = |label: &&str| label.parse::<u8>().is_ok();
    let is_ip = labels.len() == 4 && labels.iter().all(is_number);
    let top = labels.last().copied().unwrap_or_default();
    let is_name = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_ip || is_name && labels.iter().any(|label| label.len() > 1)
}

fn has_command(text: &str) -> bool {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let is_sign = SIGNS.iter().any(|sign| text.contains(sign));
    is_sign || text.split_whitespace().any(|word| COMMANDS.contains(&bare(word).as_str()))
}
