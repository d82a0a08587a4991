//! What a text says that no model can know, and whose words it repeats.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a reader has to know of a model's text.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::VariantArray,
)]
#[schemars(rename = "TriageWarning")]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// It says that nothing is the matter, or that nothing is to be done.
    ClaimsAnEnd,
    /// It repeats what stands in the event, which an attacker may have written.
    Repeats,
    /// It has letters that are not those of plain English, and may be other words than they seem.
    OtherLetters,
    /// Parts of it were commands.
    CommandsLeftOut,
    /// Addresses in it were left out.
    AddressesLeftOut,
    /// It was longer.
    Cut,
}

impl Warning {
    /// The same in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Warning::ClaimsAnEnd => {
                "It says that this is harmless, handled or can wait. It cannot know that: go by what the page rests on."
            }
            Warning::Repeats => "It repeats words of the event, which an attacker may have written.",
            Warning::OtherLetters => {
                "It has letters that are not plain English: words may be others than they seem."
            }
            Warning::CommandsLeftOut => "A part of it was a command, and is left out.",
            Warning::AddressesLeftOut => "An address in it is left out.",
            Warning::Cut => "It was longer, and is cut.",
        }
    }
}

/// What is said where nothing is to be done, in words with a space between them.
const CLAIMS: [&str; 69] = [
    "false alarm",
    "false positive",
    "false detection",
    "benign",
    "harmless",
    "no threat",
    "not a threat",
    "no risk",
    "no danger",
    "not dangerous",
    "no action",
    "no further action",
    "no response",
    "ignore",
    "be ignored",
    "disregard",
    "disregarded",
    "is safe",
    "safe to",
    "can safely",
    "be closed",
    "can close",
    "close this",
    "close it",
    "close the incident",
    "close the alert",
    "closed as",
    "been closed",
    "is closed",
    "already closed",
    "already handled",
    "been handled",
    "is over",
    "be resolved",
    "resolve this",
    "been resolved",
    "dismiss",
    "dismissed",
    "silence this",
    "silence the",
    "be silenced",
    "mute",
    "be suppressed",
    "suppress this",
    "suppress the",
    "no need",
    "need not",
    "do not respond",
    "do not investigate",
    "nothing to worry",
    "not malicious",
    "not an attack",
    "no attack",
    "legitimate activity",
    "expected behavior",
    "expected behaviour",
    "expected activity",
    "authorized test",
    "authorised test",
    "penetration test",
    "only a test",
    "just a test",
    "a drill",
    "an exercise",
    "low priority",
    "downgrade",
    "can wait",
    "stand down",
    "has been contained",
];
/// The same where spaces are missing or stand between letters.
const RUN_TOGETHER: [&str; 12] = [
    "falsealarm",
    "falsepositive",
    "benign",
    "harmless",
    "noaction",
    "ignorethis",
    "safetoclose",
    "safetoignore",
    "closethis",
    "nothreat",
    "standdown",
    "notmalicious",
];
/// So many words in a row are no coincidence: types and names have fewer.
const IN_A_ROW: usize = 6;

/// Whether it says that nothing is the matter. Words that are hidden well enough are not found: what the page rests on
/// is shown in any case.
pub(super) fn claims_an_end(text: &str) -> bool {
    let words = words(text);
    let line = format!(" {} ", words.join(" "));
    let together = words.concat();
    CLAIMS.iter().any(|claim| line.contains(&format!(" {claim} ")))
        || RUN_TOGETHER.iter().any(|claim| together.contains(claim))
}

/// Whether it has many words in a row that one of those texts has, too.
pub(super) fn repeats(text: &str, theirs: &[String]) -> bool {
    let line = format!(" {} ", words(text).join(" "));
    theirs
        .iter()
        .any(|their| words(their).windows(IN_A_ROW).any(|run| line.contains(&format!(" {} ", run.join(" ")))))
}

/// Whether it has letters that plain English does not.
pub(super) fn has_other_letters(text: &str) -> bool {
    text.chars().any(|c| c.is_alphanumeric() && !c.is_ascii())
}

/// In lower case; whatever is no letter and no digit stands between two, an apostrophe does not.
fn words(text: &str) -> Vec<String> {
    let text: String = text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}')).collect();
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(str::to_lowercase).collect()
}
