//! One entry of a pattern's value list, and whether one value of an event satisfies it.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;

use super::cidr::{self, Block};
use super::fold::Folded;
use super::number::Range;
use super::wildcard::Wildcard;

/// A value of an event as operators see it: objects and arrays have none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'e> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number: its text and, if that says no more than a double, the double.
    Number(&'e str, Option<f64>),
    /// A string, unescaped.
    Text(&'e str),
}

/// What one entry of a value list asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operator {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number: the same double, or the same text.
    Number(Box<str>, Option<f64>),
    /// That string, byte for byte: `"…"` or `{"exactly": …}`.
    Text(Box<str>),
    /// A string that spells this address, however: `"10.0.0.1"`.
    Address(IpAddr, Box<str>),
    /// `{"prefix": …}`
    Prefix(Box<str>),
    /// `{"suffix": …}`
    Suffix(Box<str>),
    /// `{"equals-ignore-case": …}`
    EqualsIgnoringCase(Folded),
    /// `{"prefix": {"equals-ignore-case": …}}`
    PrefixIgnoringCase(Folded),
    /// `{"suffix": {"equals-ignore-case": …}}`
    SuffixIgnoringCase(Folded),
    /// `{"wildcard": …}`
    Wildcard(Wildcard),
    /// `{"numeric": […]}`
    Numeric(Range),
    /// `{"cidr": …}`
    Cidr(Block),
    /// `{"exists": true}`
    Present,
    /// `{"exists": false}`
    Absent,
    /// `{"anything-but": …}`
    AnythingBut(Excluded),
}

/// What `{"anything-but": …}` leaves out; everything else that is there satisfies it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Excluded {
    Texts(Listed),
    Numbers(Box<[f64]>),
    Prefixes(Box<[Box<str>]>),
    Suffixes(Box<[Box<str>]>),
    IgnoringCase(Box<[Folded]>),
    Wildcards(Box<[Wildcard]>),
}

/// Texts as they were written, of which one is found without comparing it to all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    written: Box<[Box<str>]>,
    /// Their places, by their texts.
    sorted: Box<[u32]>,
}

impl Listed {
    pub(super) fn new(written: Box<[Box<str>]>) -> Self {
        let mut sorted: Vec<u32> = (0..written.len() as u32).collect();
        sorted.sort_by_key(|place| &written[*place as usize]);
        Listed { written, sorted: sorted.into() }
    }

    fn holds(&self, text: &str) -> bool {
        self.sorted.binary_search_by(|place| (*self.written[*place as usize]).cmp(text)).is_ok()
    }
}

impl Deref for Listed {
    type Target = [Box<str>];

    fn deref(&self) -> &[Box<str>] {
        &self.written
    }
}

impl Operator {
    /// Whether a value that is there satisfies it; so never for `{"exists": false}`.
    pub(super) fn accepts(&self, value: &Scalar<'_>) -> bool {
        match (self, value) {
            (Operator::Present, _) => true,
            (Operator::Null, Scalar::Null) => true,
            (Operator::Bool(wanted), Scalar::Bool(truth)) => wanted == truth,
            (Operator::Number(wanted, number), Scalar::Number(text, value)) => {
                number.is_some() && number == value || **wanted == **text
            }
            (Operator::Numeric(range), Scalar::Number(_, value)) => {
                value.is_some_and(|value| range.contains(value))
            }
            (Operator::Text(wanted), Scalar::Text(text)) => **wanted == **text,
            (Operator::Address(wanted, _), Scalar::Text(text)) => cidr::address(text) == Some(*wanted),
            (Operator::Prefix(prefix), Scalar::Text(text)) => text.starts_with(&**prefix),
            (Operator::Suffix(suffix), Scalar::Text(text)) => text.ends_with(&**suffix),
            (Operator::EqualsIgnoringCase(folded), Scalar::Text(text)) => folded.equals(text),
            (Operator::PrefixIgnoringCase(folded), Scalar::Text(text)) => folded.starts(text),
            (Operator::SuffixIgnoringCase(folded), Scalar::Text(text)) => folded.ends(text),
            (Operator::Wildcard(wildcard), Scalar::Text(text)) => wildcard.matches(text),
            (Operator::Cidr(block), Scalar::Text(text)) => {
                cidr::address(text).is_some_and(|address| block.contains(address))
            }
            (Operator::AnythingBut(excluded), value) => !excluded.contains(value),
            // What is left is a value of another type than the one asked for.
            (
                Operator::Null
                | Operator::Bool(_)
                | Operator::Number(..)
                | Operator::Numeric(_)
                | Operator::Text(_)
                | Operator::Address(..)
                | Operator::Prefix(_)
                | Operator::Suffix(_)
                | Operator::EqualsIgnoringCase(_)
                | Operator::PrefixIgnoringCase(_)
                | Operator::SuffixIgnoringCase(_)
                | Operator::Wildcard(_)
                | Operator::Cidr(_)
                | Operator::Absent,
                _,
            ) => false,
        }
    }
}

impl Excluded {
    fn contains(&self, value: &Scalar<'_>) -> bool {
        match (self, value) {
            (Excluded::Numbers(numbers), Scalar::Number(_, value)) => {
                value.is_some_and(|value| numbers.contains(&value))
            }
            (Excluded::Texts(texts), Scalar::Text(text)) => texts.holds(text),
            (Excluded::Prefixes(prefixes), Scalar::Text(text)) => {
                prefixes.iter().any(|prefix| text.starts_with(&**prefix))
            }
            (Excluded::Suffixes(suffixes), Scalar::Text(text)) => {
                suffixes.iter().any(|suffix| text.ends_with(&**suffix))
            }
            (Excluded::IgnoringCase(folded), Scalar::Text(text)) => {
                folded.iter().any(|folded| folded.equals(text))
            }
            (Excluded::Wildcards(wildcards), Scalar::Text(text)) => {
                wildcards.iter().any(|wildcard| wildcard.matches(text))
            }
            (
                Excluded::Numbers(_)
                | Excluded::Texts(_)
                | Excluded::Prefixes(_)
                | Excluded::Suffixes(_)
                | Excluded::IgnoringCase(_)
                | Excluded::Wildcards(_),
                _,
            ) => false,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operator::Null => out.write_str("null"),
            Operator::Bool(truth) => write!(out, "{truth}"),
            Operator::Number(text, _) => out.write_str(text),
            Operator::Text(text) => write!(out, "{text:?}"),
            Operator::Address(_, text) => write!(out, "the address {text}"),
            Operator::Prefix(prefix) => write!(out, "prefix {prefix:?}"),
            Operator::Suffix(suffix) => write!(out, "suffix {suffix:?}"),
            Operator::EqualsIgnoringCase(folded) => write!(out, "{folded} in any case"),
            Operator::PrefixIgnoringCase(folded) => write!(out, "prefix {folded} in any case"),
            Operator::SuffixIgnoringCase(folded) => write!(out, "suffix {folded} in any case"),
            Operator::Wildcard(wildcard) => write!(out, "wildcard {wildcard}"),
            Operator::Numeric(range) => write!(out, "{range}"),
            Operator::Cidr(block) => write!(out, "an address in {block}"),
            Operator::Present => out.write_str("anything"),
            Operator::Absent => out.write_str("nothing"),
            Operator::AnythingBut(excluded) => write!(out, "anything but {excluded}"),
        }
    }
}

impl fmt::Display for Excluded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excluded::Texts(texts) => alternatives(out, texts.iter().map(|text| format!("{text:?}"))),
            Excluded::Numbers(numbers) => alternatives(out, numbers),
            Excluded::Prefixes(prefixes) => {
                alternatives(out, prefixes.iter().map(|prefix| format!("prefix {prefix:?}")))
            }
            Excluded::Suffixes(suffixes) => {
                alternatives(out, suffixes.iter().map(|suffix| format!("suffix {suffix:?}")))
            }
            Excluded::IgnoringCase(folded) => {
                alternatives(out, folded.iter().map(|text| format!("{text} in any case")))
            }
            Excluded::Wildcards(wildcards) => {
                alternatives(out, wildcards.iter().map(|text| format!("wildcard {text}")))
            }
        }
    }
}

/// How many alternatives are spelled out before the rest is counted.
const SPELLED_OUT: usize = 6;

/// Joins alternatives with "or"; many are cut short.
pub(super) fn alternatives<T: fmt::Display>(
    out: &mut impl fmt::Write,
    all: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
) -> fmt::Result {
    let all = all.into_iter();
    let more = all.len().saturating_sub(SPELLED_OUT);
    for (index, one) in all.take(SPELLED_OUT).enumerate() {
        write!(out, "{}{one}", if index == 0 { "" } else { " or " })?;
    }
    if more > 0 {
        write!(out, " or {more} more")?;
    }
    Ok(())
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => out.write_str("null"),
            Scalar::Bool(truth) => write!(out, "{truth}"),
            Scalar::Number(text, _) => out.write_str(text),
            Scalar::Text(text) => write!(out, "{text:?}"),
        }
    }
}
