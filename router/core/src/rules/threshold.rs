//! `after`: how many there have to be, within which time and of what, before anybody hears of them.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::event::Subject;
use crate::near::near;
use crate::value_schema;
use crate::yaml::{Mistake, expected};

/// As it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "After")]
#[serde(deny_unknown_fields, expecting = "a mapping of count, within, per")]
pub(super) struct AfterText {
    /// How many, 2 to 100.
    #[schemars(range(min = 2, max = 100))]
    pub(super) count: u32,
    /// Within which time, such as 10m, at most 7d.
    pub(super) within: Within,
    /// Equal values here are counted together, such as subject.principal; left out, those of one incident are.
    #[serde(default)]
    pub(super) per: Per,
}

/// How many there have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// So many, the one that is decided among them.
    pub count: u32,
    /// Within that time.
    pub within: SignedDuration,
    /// Paths of the subject whose values have to be equal, and known; none: those of one incident are counted.
    pub per: Vec<String>,
}

impl Threshold {
    /// The most that may be asked for: each is remembered.
    pub const MOST: u32 = 100;

    /// In words: `5 within 10 minutes with the same subject.principal`.
    pub fn sentence(&self) -> String {
        let Self { count, within, per } = self;
        let of = match per.is_empty() {
            true => "of one incident".to_owned(),
            false => format!("with the same {}", per.join(" and ")),
        };
        format!("{count} within {} {of}", length(*within))
    }
}

fn length(time: SignedDuration) -> String {
    match time.as_secs() {
        seconds if seconds % 86_400 == 0 => format!("{} d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

impl From<AfterText> for Threshold {
    fn from(AfterText { count, within: Within(within), per: Per(per) }: AfterText) -> Self {
        Self { count, within, per }
    }
}

/// A length of time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Within(SignedDuration);

value_schema!(Within, {
    "type": "string",
    "description": "A length of time such as 10m, 1h30m or 1d, at most 7d.",
    "pattern": "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
});

impl TryFrom<String> for Within {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let length = crate::span::parse(&text).map_err(|said| Mistake::of_sentence(&said))?;
        let longest = SignedDuration::from_hours(7 * 24);
        match length > longest {
            true => Err(expected("at most 7d").found(format!("`{text}`"))),
            false => Ok(Self(length)),
        }
    }
}

/// A path, or a list of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Per(Vec<String>);

value_schema!(Per, {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    "description": "A part of the subject such as subject.principal, or several."
});

impl<'de> Deserialize<'de> for Per {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Per;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a part of the subject such as subject.principal, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Per, E> {
                Ok(Per(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Per, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = all.next_element()? {
                    paths.push(path);
                }
                Ok(Per(paths))
            }
        }

        deserializer.deserialize_any(OneOrSeveral)
    }
}

impl AfterText {
    /// What is wrong with it, each with the member that it is about.
    pub(super) fn mistakes(&self) -> Vec<(String, Mistake)> {
        let Self { count, within: _, per: Per(per) } = self;
        let mut mistakes = Vec::new();
        if !(2..=Threshold::MOST).contains(count) {
            let mistake = expected(format!("2 to {}", Threshold::MOST)).found(count.to_string());
            mistakes.push(("count".to_owned(), mistake));
        }
        let known = || Subject::MEMBERS.iter().flat_map(|member| member.paths).copied();
        for (index, path) in per.iter().enumerate().filter(|(_, path)| known().all(|known| known != **path)) {
            let mistake =
                expected("a part of the subject").found(format!("`{path}`")).hint(near(path, known()));
            let member = if per.len() == 1 { "per".to_owned() } else { format!("per[{index}]") };
            mistakes.push((member, mistake));
        }
        mistakes
    }
}
