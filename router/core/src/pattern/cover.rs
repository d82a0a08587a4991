//! Whether one pattern takes everything that another does: proven or not, and never wrong.

use super::compile::{Alternative, Compiled, Field};
use super::number::{Bound, Range};
use super::operator::{Excluded, Operator, Scalar};

/// Whether every alternative of `narrow` is covered by one of the others.
pub(super) fn cover<'a>(wide: impl Iterator<Item = &'a Alternative> + Clone, narrow: &Compiled) -> bool {
    let covered = |narrow: &Alternative| wide.clone().any(|wide| covers(wide, narrow));
    narrow.alternatives.iter().all(covered)
}

/// Each field that is asked for is asked for as narrowly there. What the narrow one chooses among the elements of
/// arrays then serves the wide one, too.
fn covers(wide: &Alternative, narrow: &Alternative) -> bool {
    let asked = |wide: &Field| {
        let same = narrow.iter().find(|narrow| narrow.path == wide.path);
        same.is_some_and(|narrow| {
            let takes = |narrow: &Operator| wide.operators.iter().any(|wide| takes(wide, narrow));
            narrow.operators.iter().all(takes)
        })
    };
    wide.iter().all(|field| asked(field))
}

/// Whether every value that satisfies `narrow` satisfies `wide`.
fn takes(wide: &Operator, narrow: &Operator) -> bool {
    if wide == narrow {
        return true;
    }
    match (wide, narrow) {
        (_, Operator::Absent) => false,
        (Operator::Present, _) => true,
        (_, Operator::Null) => wide.accepts(&Scalar::Null),
        (_, Operator::Bool(truth)) => wide.accepts(&Scalar::Bool(*truth)),
        (_, Operator::Number(text, value)) => wide.accepts(&Scalar::Number(text, *value)),
        (_, Operator::Text(text)) => wide.accepts(&Scalar::Text(text)),
        (Operator::Cidr(block), Operator::Address(address, _)) => block.contains(*address),
        (Operator::Cidr(wide), Operator::Cidr(narrow)) => wide.holds(narrow),
        (Operator::Numeric(wide), Operator::Numeric(narrow)) => range(wide, narrow),
        (Operator::Prefix(wide), Operator::Prefix(narrow)) => narrow.starts_with(&**wide),
        (Operator::PrefixIgnoringCase(wide), Operator::Prefix(narrow)) => wide.starts(narrow),
        (Operator::Suffix(wide), Operator::Suffix(narrow)) => narrow.ends_with(&**wide),
        (Operator::SuffixIgnoringCase(wide), Operator::Suffix(narrow)) => wide.ends(narrow),
        (Operator::Wildcard(wide), Operator::Prefix(narrow)) => wide.ends_open() && wide.matches(narrow),
        (Operator::Wildcard(wide), Operator::Suffix(narrow)) => wide.begins_open() && wide.matches(narrow),
        (Operator::Prefix(wide), Operator::Wildcard(narrow)) => narrow.begins_with(wide),
        (Operator::AnythingBut(excluded), narrow) => leaves(excluded, narrow),
        // What is left is not proven.
        (
            Operator::Null
            | Operator::Bool(_)
            | Operator::Number(..)
            | Operator::Text(_)
            | Operator::Address(..)
            | Operator::Prefix(_)
            | Operator::Suffix(_)
            | Operator::EqualsIgnoringCase(_)
            | Operator::PrefixIgnoringCase(_)
            | Operator::SuffixIgnoringCase(_)
            | Operator::Wildcard(_)
            | Operator::Numeric(_)
            | Operator::Cidr(_)
            | Operator::Absent,
            _,
        ) => false,
    }
}

/// Whether nothing that satisfies `narrow` is among what is excluded.
fn leaves(excluded: &Excluded, narrow: &Operator) -> bool {
    match (excluded, narrow) {
        (Excluded::Texts(texts), Operator::Prefix(prefix)) => {
            !texts.iter().any(|text| text.starts_with(&**prefix))
        }
        (Excluded::Texts(texts), Operator::Suffix(suffix)) => {
            !texts.iter().any(|text| text.ends_with(&**suffix))
        }
        (Excluded::Prefixes(prefixes), Operator::Prefix(prefix)) => {
            let meets = |other: &str| other.starts_with(&**prefix) || prefix.starts_with(other);
            !prefixes.iter().any(|other| meets(other))
        }
        (Excluded::Texts(wide), Operator::AnythingBut(Excluded::Texts(narrow))) => {
            wide.iter().all(|text| narrow.contains(text))
        }
        (Excluded::Texts(wide), Operator::AnythingBut(Excluded::Prefixes(narrow))) => {
            wide.iter().all(|text| narrow.iter().any(|prefix| text.starts_with(&**prefix)))
        }
        (Excluded::Prefixes(wide), Operator::AnythingBut(Excluded::Prefixes(narrow))) => {
            wide.iter().all(|text| narrow.iter().any(|prefix| text.starts_with(&**prefix)))
        }
        (Excluded::Numbers(wide), Operator::AnythingBut(Excluded::Numbers(narrow))) => {
            wide.iter().all(|number| narrow.contains(number))
        }
        (
            Excluded::Texts(_)
            | Excluded::Prefixes(_)
            | Excluded::Suffixes(_)
            | Excluded::IgnoringCase(_)
            | Excluded::Wildcards(_),
            Operator::Numeric(_),
        ) => true,
        (
            Excluded::Texts(_)
            | Excluded::Numbers(_)
            | Excluded::Prefixes(_)
            | Excluded::Suffixes(_)
            | Excluded::IgnoringCase(_)
            | Excluded::Wildcards(_),
            _,
        ) => false,
    }
}

fn range(wide: &Range, narrow: &Range) -> bool {
    let (wide_lower, wide_upper) = bounds(wide);
    let (lower, upper) = bounds(narrow);
    let within =
        |wide: Option<Bound>, narrow: Option<Bound>, below: fn(f64, f64) -> bool| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => {
                below(wide.value, narrow.value)
                    || (wide.value == narrow.value && (wide.inclusive || !narrow.inclusive))
            }
        };
    within(wide_lower, lower, |wide, narrow| wide < narrow)
        && within(wide_upper, upper, |wide, narrow| wide > narrow)
}

/// Lower and upper; none where it is open.
fn bounds(range: &Range) -> (Option<Bound>, Option<Bound>) {
    match range {
        Range::Equal(value) => {
            let bound = Bound { value: *value, inclusive: true };
            (Some(bound), Some(bound))
        }
        Range::Above(lower) => (Some(*lower), None),
        Range::Below(upper) => (None, Some(*upper)),
        Range::Between(lower, upper) => (Some(*lower), Some(*upper)),
    }
}
