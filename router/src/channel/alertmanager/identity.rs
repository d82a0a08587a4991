//! The labels that an alert is known by, and how a receipt remembers them.

use std::fmt;
use std::str::FromStr;

use watchfire_core::notice::Notice;
use watchfire_core::text::clean;

/// How such a receipt begins. It is kept in the journal.
const PREFIX: &str = "firing ";
/// A receipt has 200 characters, and something may come after this.
const MOST_RECEIPT: usize = 150;
/// Longer names are none of a cluster's.
const MOST_VALUE: usize = 64;
/// The labels that we set.
pub(super) const OURS: [&str; 9] =
    ["alertname", "dedup_key", "severity", "priority", "family", "namespace", "cluster", "account", "region"];
/// Those that a receipt remembers, by a letter each.
const REMEMBERED: [(char, &str); 6] = [
    ('p', "priority"),
    ('f', "family"),
    ('n', "namespace"),
    ('c', "cluster"),
    ('a', "account"),
    ('r', "region"),
];

/// Whether a label can have that name.
pub(super) fn is_label(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What tells an alert from others under the same key: `(letter, value)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity(Vec<(char, String)>);

impl Identity {
    /// Of a page; places that a receipt has no room for are left out.
    pub(super) fn of(notice: &Notice) -> Self {
        let fact = |name: &str| {
            let fact = notice.facts.iter().find(|fact| fact.label.eq_ignore_ascii_case(name));
            fact.map_or("", |fact| fact.value.as_str())
        };
        let mut identity = Self(Vec::new());
        for (letter, name) in REMEMBERED {
            let value = match name {
                "priority" => notice.priority.as_str(),
                "family" => notice.family.as_str(),
                place => fact(place),
            };
            let value = clean(value, MOST_VALUE).replace([',', ';', '='], "_");
            identity.0.push((letter, value));
            let is_long = identity.to_string().chars().count() > MOST_RECEIPT;
            if is_long || identity.0.last().is_some_and(|(_, value)| value.is_empty()) {
                identity.0.pop();
            }
        }
        identity
    }

    /// Name and value of each.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().filter_map(|(letter, value)| {
            let (_, name) = REMEMBERED.into_iter().find(|(known, _)| known == letter)?;
            Some((name, value.as_str()))
        })
    }

    /// Whether it is as urgent and of the same family: then it is the same alert, whatever else is known by now.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let told =
            |of: &Self| of.0.iter().filter(|(letter, _)| "pf".contains(*letter)).cloned().collect::<Vec<_>>();
        told(self) == told(other)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(PREFIX)?;
        for (index, (letter, value)) in self.0.iter().enumerate() {
            write!(out, "{}{letter}={value}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Identity {
    type Err = ();

    /// Of a receipt; what comes after the labels is for people.
    fn from_str(receipt: &str) -> Result<Self, ()> {
        let labels = receipt.strip_prefix(PREFIX).ok_or(())?.split(';').next().unwrap_or_default();
        let pair = |pair: &str| {
            let (letter, value) = pair.split_once('=')?;
            let (letter, _) = REMEMBERED.into_iter().find(|(known, _)| letter == known.to_string())?;
            Some((letter, value.to_owned()))
        };
        labels.split(',').map(pair).collect::<Option<Vec<_>>>().map(Self).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use watchfire_core::builders::notice;
    use watchfire_core::notice::{Fact, Group};

    use super::*;

    #[test]
    fn a_receipt_says_which_labels_fire_and_one_of_another_channel_does_not() {
        let identity = Identity::of(&notice());
        let said = "firing p=P0,f=crypto-mining,c=prod-1,a=123456789012,r=us-gov-west-1";
        assert_eq!(identity.to_string(), said);
        for receipt in [said.to_owned(), format!("{said}; 1 of 2 did not take it: 503, a=b")] {
            assert_eq!(receipt.parse(), Ok(identity.clone()), "{receipt}");
        }
        for other in ["", "ended", "taken with 202", "firing", "firing x=1", "firing p"] {
            assert_eq!(other.parse::<Identity>(), Err(()), "{other}");
        }
    }

    #[test]
    fn what_a_receipt_has_no_room_for_is_no_label_and_no_value_ends_another() {
        let mut page = notice();
        page.family = "a,b=c;d".to_owned();
        page.facts =
            ["namespace", "cluster"].map(|place| Fact::new(Group::Where, place, "x".repeat(90))).to_vec();
        page.facts.push(Fact::new(Group::Where, "account", "123456789012"));
        let identity = Identity::of(&page);
        let labels: Vec<_> = identity.labels().map(|(name, _)| name).collect();
        assert_eq!(labels, ["priority", "family", "namespace", "account"]);
        assert_eq!(identity.to_string().parse(), Ok(identity));
    }
}
