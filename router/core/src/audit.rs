//! The audit trail: who changed what, when, and how it was before and after; each entry with the sum of the one before.
//!
//! An entry is a record of the decision that made the change, so that there is neither without the other. Its sum is that of
//! its text as it is kept; what was altered, left out or put in between does not follow.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::hash::sha256;
use crate::ids::EventId;

/// What an entry holds of how something was, or is, is no longer than this, in bytes; of more, its sum.
const MOST_BYTES: usize = 16 * 1024;

/// What somebody did, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// 1 for the first.
    pub number: u64,
    /// The sum of the entry before; zeros for the first.
    pub previous: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Actor,
    /// What, such as `acknowledge`.
    pub what: String,
    /// To what: an incident, a plan, a silence, a pod; empty where it is about everything.
    pub on: String,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// Why it was not done; none where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
    /// The decision, which has the rest.
    pub decision: EventId,
    /// How what was changed was before, by record, as far as it is different now.
    pub before: Map<String, Value>,
    /// And how it is after.
    pub after: Map<String, Value>,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The name that they are known by.
    pub name: String,
    /// How they are known, such as `token`, `iam`, `pagerduty`.
    pub how: String,
    /// What whoever vouches for them calls them, such as an ARN; none where that is the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What they call themselves, where that is another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Where they asked from; none where nobody connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// An entry as it is kept: the text that its sum is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The entry, as JSON.
    pub line: String,
}

/// The newest entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditHead {
    /// Its number; 0 where there is none.
    pub number: u64,
    /// Its sum; zeros where there is none.
    pub sha256: String,
}

impl Default for AuditHead {
    fn default() -> Self {
        Self { number: 0, sha256: "0".repeat(64) }
    }
}

/// Why an entry does not follow another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// It is not there.
    Missing {
        /// Its number.
        number: u64,
    },
    /// It cannot be read.
    Unreadable {
        /// Its number.
        number: u64,
    },
    /// It says that it is another.
    Misplaced {
        /// The number that it has to have.
        number: u64,
        /// The one that it has.
        found: u64,
    },
    /// The one before it was altered, or is another.
    Altered {
        /// The number of the one before.
        number: u64,
        /// The sum that it has to have.
        expected: String,
        /// The one that it has.
        found: String,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Missing { number } => write!(out, "entry {number} is not there"),
            Broken::Unreadable { number } => write!(out, "entry {number} cannot be read"),
            Broken::Misplaced { number, found } => {
                write!(out, "where entry {number} belongs, there is entry {found}")
            }
            Broken::Altered { number, expected, found } => {
                write!(out, "entry {number} was altered: expected SHA-256 {expected}, found {found}")
            }
        }
    }
}

impl AuditHead {
    /// The entry that comes next, and what is the newest then.
    ///
    /// # Panics
    /// Never.
    pub fn next(&self, entry: AuditEntry) -> (AuditRecord, AuditHead) {
        let entry = AuditEntry { number: self.number + 1, previous: self.sha256.clone(), ..entry };
        let line = serde_json::to_string(&entry).expect("texts, numbers and maps of them");
        let head = AuditHead { number: entry.number, sha256: sha256(&line) };
        (AuditRecord { line }, head)
    }

    /// The newest entry with that line behind this one, and the entry in it.
    ///
    /// # Errors
    /// Why it does not follow.
    pub fn follow(&self, line: &str) -> Result<(AuditEntry, AuditHead), Broken> {
        let number = self.number + 1;
        let entry: AuditEntry = serde_json::from_str(line).map_err(|_| Broken::Unreadable { number })?;
        if entry.number != number {
            return Err(Broken::Misplaced { number, found: entry.number });
        }
        if entry.previous != self.sha256 {
            let (expected, found) = (entry.previous, self.sha256.clone());
            return Err(Broken::Altered { number: self.number, expected, found });
        }
        Ok((entry, AuditHead { number, sha256: sha256(line) }))
    }
}

/// What is different of two values: as it was, and as it is; none of either where nothing is. Of objects their members,
/// of lists the elements that the other has not; where both have the same in another order or number, all of both.
pub fn difference(before: &Value, after: &Value) -> Option<(Value, Value)> {
    if before == after {
        return None;
    }
    let different = match (before, after) {
        (Value::Object(before), Value::Object(after)) => members(before, after),
        (Value::Array(before), Value::Array(after)) => {
            let without = |one: &[Value], other: &[Value]| {
                Value::Array(one.iter().filter(|element| !other.contains(element)).cloned().collect())
            };
            match (without(before, after), without(after, before)) {
                (was, is) if was == is => (Value::from(before.as_slice()), Value::from(after.as_slice())),
                different => different,
            }
        }
        (before, after) => (before.clone(), after.clone()),
    };
    Some(different)
}

fn members(before: &Map<String, Value>, after: &Map<String, Value>) -> (Value, Value) {
    let (mut was, mut is) = (Map::new(), Map::new());
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let different = match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) => difference(before, after),
            (before, after) => {
                let of = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
                Some((of(before), of(after)))
            }
        };
        if let Some((before, after)) = different {
            was.insert(name.clone(), before);
            is.insert(name.clone(), after);
        }
    }
    (Value::Object(was), Value::Object(is))
}

/// The value, or what tells it from another where it is long.
pub fn short(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= MOST_BYTES {
        return value;
    }
    let (bytes, sum) = (text.len().into(), sha256(&text).into());
    Value::Object(Map::from_iter([("bytes".to_owned(), bytes), ("sha256".to_owned(), sum)]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(what: &str) -> AuditEntry {
        AuditEntry {
            number: 0,
            previous: String::new(),
            at: Timestamp::UNIX_EPOCH,
            who: Actor { name: "ana".to_owned(), how: "token".to_owned(), ..Actor::default() },
            what: what.to_owned(),
            on: "wf1-5f".to_owned(),
            reason: String::new(),
            declined: None,
            decision: EventId::new("command:1"),
            before: Map::new(),
            after: Map::new(),
        }
    }

    /// Three entries, one after the other.
    fn lines() -> Vec<String> {
        let mut head = AuditHead::default();
        let mut lines = Vec::new();
        for what in ["acknowledge", "approve", "resolve"] {
            let (record, next) = head.next(entry(what));
            lines.push(record.line);
            head = next;
        }
        lines
    }

    fn followed(lines: &[String]) -> Result<AuditHead, Broken> {
        lines.iter().try_fold(AuditHead::default(), |head, line| head.follow(line).map(|(_, head)| head))
    }

    #[test]
    fn entries_follow_each_other_and_what_was_altered_left_out_or_moved_does_not() {
        let lines = lines();
        let head = followed(&lines).expect("they follow");
        assert_eq!(head, AuditHead { number: 3, sha256: sha256(&lines[2]) });

        let mut altered = lines.clone();
        altered[1] = altered[1].replace("ana", "bob");
        let (expected, found) = (sha256(&lines[1]), sha256(&altered[1]));
        assert_eq!(followed(&altered), Err(Broken::Altered { number: 2, expected, found }));
        assert_eq!(
            followed(&[lines[0].clone(), lines[2].clone()]),
            Err(Broken::Misplaced { number: 2, found: 3 })
        );
        assert_eq!(followed(&lines[1..]), Err(Broken::Misplaced { number: 1, found: 2 }));
        let cut = [lines[0].clone(), lines[1][..20].to_owned()];
        assert_eq!(followed(&cut), Err(Broken::Unreadable { number: 2 }));
        // The last one has nobody behind it: the head tells.
        let mut last = lines.clone();
        last[2] = last[2].replace("ana", "bob");
        assert_ne!(followed(&last).expect("they follow"), head);
    }

    #[test]
    fn only_what_is_different_is_told() {
        let before =
            json!({"open": true, "by": null, "inner": {"a": 1, "b": 2}, "list": [1, 2, 3], "gone": 7});
        let after =
            json!({"open": true, "by": "ana", "inner": {"a": 1, "b": 3}, "list": [1, 3, 4], "new": 8});
        let was = json!({"by": null, "inner": {"b": 2}, "list": [2], "gone": 7, "new": null});
        let is = json!({"by": "ana", "inner": {"b": 3}, "list": [4], "gone": null, "new": 8});
        assert_eq!(difference(&before, &after), Some((was, is)));
        assert_eq!(difference(&before, &before), None);
        for (before, after) in
            [(json!(["oncall", "chat"]), json!(["chat", "oncall"])), (json!([1, 1]), json!([1]))]
        {
            assert_eq!(
                difference(&before, &after),
                Some((before.clone(), after.clone())),
                "an order is told, too"
            );
        }
        assert_eq!(difference(&Value::Null, &json!(1)), Some((Value::Null, json!(1))));
    }

    #[test]
    fn what_is_long_is_told_by_its_sum() {
        let long = json!("x".repeat(MOST_BYTES));
        let text = long.to_string();
        assert_eq!(short(long), json!({"bytes": text.len(), "sha256": sha256(&text)}));
        assert_eq!(short(json!("x")), json!("x"));
    }
}
