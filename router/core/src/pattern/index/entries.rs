//! Under what conditions are posted, collected by path.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Posting;
use crate::pattern::cidr::Block;
use crate::pattern::fold::Folded;
use crate::pattern::operator::Operator;
use crate::pattern::wildcard::Wildcard;

/// Kinds of what is looked up whole.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// In lower case.
    Folded,
    /// A double's bits.
    Number,
    /// The spelling of a number that no double holds.
    Spelling,
    Address,
}

/// What was collected to be looked up under a path.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) exact: Vec<(Kind, Vec<u8>, Posting)>,
    pub(super) prefixes: Vec<(Vec<u8>, Posting)>,
    pub(super) folded_prefixes: Vec<(Vec<u8>, Posting)>,
    /// Turned round, as the next.
    pub(super) suffixes: Vec<(Vec<u8>, Posting)>,
    pub(super) folded_suffixes: Vec<(Vec<u8>, Posting)>,
    pub(super) literals: Vec<(Vec<u8>, Posting)>,
    wildcards: Vec<(Wildcard, u32, u32)>,
    pub(super) numbers: Vec<(f64, f64, Posting)>,
    pub(super) v4: Vec<(u128, u128, Posting)>,
    pub(super) v6: Vec<(u128, u128, Posting)>,
    pub(super) null: Vec<Posting>,
    pub(super) truth: [Vec<Posting>; 2],
}

impl Entries {
    /// Posts a condition under each of its operators, all of which are looked up.
    pub(super) fn post(&mut self, condition: u32, operators: &[Operator]) {
        for (check, operator) in (0..).zip(operators) {
            let sure = Posting { condition, check: None };
            let maybe = Posting { condition, check: Some(check) };
            let bytes = |text: &str| text.as_bytes().to_vec();
            let folded = |folded: &Folded| folded.in_lower_case().unwrap_or_default().into_bytes();
            match operator {
                Operator::Null => self.null.push(sure),
                Operator::Bool(truth) => self.truth[usize::from(*truth)].push(sure),
                Operator::Number(_, Some(value)) => {
                    self.exact.push((Kind::Number, number(*value).to_vec(), sure))
                }
                Operator::Number(text, None) => self.exact.push((Kind::Spelling, bytes(text), sure)),
                Operator::Text(text) => self.exact.push((Kind::Text, bytes(text), sure)),
                Operator::Address(address, _) => self.exact.push((Kind::Address, octets(*address), sure)),
                Operator::Prefix(prefix) => self.prefixes.push((bytes(prefix), sure)),
                Operator::Suffix(suffix) => self.suffixes.push((turned_round(bytes(suffix)), sure)),
                Operator::EqualsIgnoringCase(text) => self.exact.push((Kind::Folded, folded(text), sure)),
                Operator::PrefixIgnoringCase(text) => self.folded_prefixes.push((folded(text), sure)),
                Operator::SuffixIgnoringCase(text) => {
                    self.folded_suffixes.push((turned_round(folded(text)), sure))
                }
                Operator::Wildcard(wildcard) => self.wildcards.push((wildcard.clone(), condition, check)),
                Operator::Numeric(range) => {
                    let (least, most) = range.ends();
                    self.numbers.push((least, most, maybe));
                }
                Operator::Cidr(block) => {
                    let (first, last) = block.ends();
                    let blocks = if matches!(block, Block::V4(..)) { &mut self.v4 } else { &mut self.v6 };
                    blocks.push((first, last, sure));
                }
                // These are not looked up.
                Operator::Present | Operator::Absent | Operator::AnythingBut(_) => {}
            }
        }
    }

    /// Posts each wildcard under that of its literals that fewest others have, of these the longest: what it begins with,
    /// ends with, or holds.
    pub(super) fn wildcards(&mut self) {
        let wildcards = std::mem::take(&mut self.wildcards);
        let mut uses: BTreeMap<String, u32> = BTreeMap::new();
        for (wildcard, ..) in &wildcards {
            literals(wildcard).for_each(|(_, text)| *uses.entry(text.to_owned()).or_default() += 1);
        }
        for (wildcard, condition, check) in wildcards {
            let rarest = literals(&wildcard)
                .min_by_key(|(_, text)| (uses.get(*text).copied(), std::cmp::Reverse(text.len())));
            // With nothing but a gap any text will do.
            let (place, text) = rarest.unwrap_or((Place::Head, ""));
            let is_all = wildcard.as_text().is_none() && literals(&wildcard).count() <= 1;
            let posting = Posting { condition, check: (!is_all).then_some(check) };
            let text = text.as_bytes().to_vec();
            match place {
                Place::Head => self.prefixes.push((text, posting)),
                Place::Within => self.literals.push((text, posting)),
                Place::Tail => self.suffixes.push((turned_round(text), posting)),
            }
        }
    }
}

/// Where in a text that fits a literal of a wildcard stands.
#[derive(Clone, Copy)]
enum Place {
    Head,
    Within,
    Tail,
}

/// What is not empty of what a wildcard asks for.
fn literals(wildcard: &Wildcard) -> impl Iterator<Item = (Place, &str)> {
    let (head, pieces, tail) = wildcard.literals();
    let pieces = pieces.iter().map(|piece| (Place::Within, &**piece));
    let all = std::iter::once((Place::Head, head)).chain(pieces).chain([(Place::Tail, tail)]);
    all.filter(|(_, text)| !text.is_empty())
}

/// Where a kind of a path is looked up.
pub(super) fn scope(slot: u32, kind: Kind) -> u32 {
    slot << 3 | kind as u32
}

/// A double as it is looked up; both zeros are one.
pub(super) fn number(value: f64) -> [u8; 8] {
    (value + 0.0).to_bits().to_le_bytes()
}

/// An address as it is looked up.
pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn turned_round(mut text: Vec<u8>) -> Vec<u8> {
    text.reverse();
    text
}
