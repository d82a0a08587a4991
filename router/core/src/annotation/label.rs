//! Labels of an incident: what people sort incidents by, and ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::within;
use crate::value_schema;

/// The name of a label, such as `team` or `example.com/cause`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelName(String);

/// What a label says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelValue(String);

value_schema!(LabelName, {
    "type": "string",
    "pattern": "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$"
});

value_schema!(LabelValue, {
    "type": "string",
    "description": "One line without a comma.",
    "pattern": "^[^,]+$",
    "maxLength": 100
});

impl LabelName {
    const LONGEST: usize = 63;
    const EXPECTED: &str = "expected a label's name: at most 63 letters, digits, `.`, `_`, `/` or `-`, a letter or digit \
                            first and last";
}

impl LabelValue {
    const LONGEST: usize = 100;
}

impl TryFrom<String> for LabelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
        let ends = [text.bytes().next(), text.bytes().last()];
        let is_name = text.len() <= Self::LONGEST
            && text.bytes().all(is_ours)
            && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
        if is_name { Ok(Self(text)) } else { Err(Self::EXPECTED.to_owned()) }
    }
}

impl TryFrom<String> for LabelValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.contains(',') {
            true => Err("expected a label's value without a comma".to_owned()),
            false => within("a label's value", Self::LONGEST, &text).map(Self),
        }
    }
}

impl From<LabelName> for String {
    fn from(LabelName(text): LabelName) -> Self {
        text
    }
}

impl From<LabelValue> for String {
    fn from(LabelValue(text): LabelValue) -> Self {
        text
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for LabelValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The labels of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Labels(pub BTreeMap<LabelName, LabelValue>);

impl Labels {
    /// An incident has no more.
    pub const MOST: usize = 16;

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each as it is typed, `name=value`.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// With these in place of those of the same names, and without those.
    ///
    /// # Errors
    /// Why it is not so, in a clause.
    pub(crate) fn changed(&self, set: &Labels, remove: &BTreeSet<LabelName>) -> Result<Self, String> {
        if let Some(both) = remove.iter().find(|name| set.0.contains_key(name)) {
            return Err(format!("{both} is both set and taken away"));
        }
        let mut labels = self.clone();
        labels.0.retain(|name, _| !remove.contains(name));
        labels.0.extend(set.0.clone());
        if labels == *self {
            return Err("its labels say so already".to_owned());
        }
        match labels.0.len() {
            length if length > Self::MOST => {
                Err(format!("it would have {length} labels, and takes {}: take some away", Self::MOST))
            }
            _ => Ok(labels),
        }
    }
}

/// One label that is set or taken away, as it is typed: `team=payments`, `team-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelChange {
    /// It says that from now on.
    Set(LabelName, LabelValue),
    /// It is there no longer.
    Remove(LabelName),
}

impl FromStr for LabelChange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.split_once('='), text.strip_suffix('-')) {
            (Some((name, value)), _) => {
                Ok(Self::Set(LabelName::try_from(name.to_owned())?, LabelValue::try_from(value.to_owned())?))
            }
            (None, Some(name)) => Ok(Self::Remove(LabelName::try_from(name.to_owned())?)),
            (None, None) => Err("expected NAME=VALUE, or NAME- to take a label away".to_owned()),
        }
    }
}

impl LabelChange {
    /// Several, those that are set and those that are taken away.
    ///
    /// # Errors
    /// There is none, or a label is among them twice.
    pub fn sorted(
        changes: impl IntoIterator<Item = LabelChange>,
    ) -> Result<(Labels, BTreeSet<LabelName>), String> {
        let (mut set, mut remove) = (Labels::default(), BTreeSet::new());
        for change in changes {
            let is_said = match change {
                Self::Set(name, value) => set.0.insert(name.clone(), value).map(|_| name),
                Self::Remove(name) => (!remove.insert(name.clone())).then_some(name),
            };
            if let Some(name) = is_said {
                return Err(format!("expected each label once, found {name} twice"));
            }
        }
        match set.is_empty() && remove.is_empty() {
            true => Err("expected a label, found none".to_owned()),
            false => Ok((set, remove)),
        }
    }
}

/// Labels as they are asked for: `team=payments,cause`: each has to be there, with that value where one is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelFilter(BTreeMap<LabelName, Option<LabelValue>>);

value_schema!(LabelFilter, {
    "type": "string",
    "description": "Labels with a comma between them, each a name, or a name and its value: team=payments,cause"
});

impl LabelFilter {
    /// Whether these are as asked for.
    pub fn takes(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let found = labels.0.get(name);
            found.is_some_and(|found| wanted.as_ref().is_none_or(|wanted| wanted == found))
        })
    }
}

impl FromStr for LabelFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let label = |part: &str| {
            let (name, value) =
                part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            let value = value.map(|value| LabelValue::try_from(value.to_owned())).transpose()?;
            Ok::<_, String>((LabelName::try_from(name.trim().to_owned())?, value))
        };
        let mut labels = BTreeMap::new();
        for (name, value) in text.split(',').map(label).collect::<Result<Vec<_>, _>>()? {
            if labels.insert(name.clone(), value.clone()).is_some_and(|before| before != value) {
                return Err(format!("expected each label once, found {name} twice"));
            }
        }
        Ok(Self(labels))
    }
}

impl TryFrom<String> for LabelFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<LabelFilter> for String {
    fn from(filter: LabelFilter) -> Self {
        filter.to_string()
    }
}

impl fmt::Display for LabelFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match value {
                Some(value) => write!(out, "{comma}{name}={value}")?,
                None => write!(out, "{comma}{name}")?,
            }
        }
        Ok(())
    }
}
