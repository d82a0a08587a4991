//! Whether there is a text that each of these lists takes, and none of those: all of them are followed at once,
//! letter by letter.

use std::collections::{BTreeSet, VecDeque};

use super::is_taken;
use crate::pattern::operator::{Excluded, Operator};
use crate::pattern::wildcard::Wildcard;

/// Whether there is; where that takes more than these steps, which it uses up, there counts as one.
pub(super) fn any_text(wanted: &[&[Operator]], refused: &[&[Operator]], steps: &mut usize) -> bool {
    if refused.iter().any(|refused| wanted.contains(refused)) {
        return false;
    }
    // Where one asks for texts by name, there are no others to try.
    if let Some(named) = wanted.iter().copied().find_map(all_named) {
        let asked: usize = wanted.iter().chain(refused).map(|operators| operators.len()).sum();
        *steps = steps.saturating_sub(named.len() * asked);
        return *steps == 0 || named.into_iter().flatten().any(|text| is_taken(text, wanted, refused));
    }
    let mut globs = Globs(Vec::new());
    let mut lists = |lists: &[&[Operator]]| lists.iter().map(|list| globs.list(list)).collect();
    let (wanted, refused): (Option<Vec<List>>, Option<Vec<List>>) = (lists(wanted), lists(refused));
    let (Some(wanted), Some(refused)) = (wanted, refused) else { return true };
    !globs.end_apart(&wanted) && globs.meet(&wanted, &refused, steps)
}

fn all_named(operators: &[Operator]) -> Option<Vec<Option<&str>>> {
    operators.iter().map(named).collect()
}

/// The text it asks for, or that it asks for none; `None` where it may ask for others.
fn named(operator: &Operator) -> Option<Option<&str>> {
    match operator {
        Operator::Text(text) => Some(Some(text)),
        Operator::Wildcard(wildcard) => wildcard.as_text().map(Some),
        Operator::Null
        | Operator::Bool(_)
        | Operator::Number(..)
        | Operator::Numeric(_)
        | Operator::Absent => Some(None),
        Operator::Address(..)
        | Operator::Prefix(_)
        | Operator::Suffix(_)
        | Operator::EqualsIgnoringCase(_)
        | Operator::PrefixIgnoringCase(_)
        | Operator::SuffixIgnoringCase(_)
        | Operator::Cidr(_)
        | Operator::Present
        | Operator::AnythingBut(_) => None,
    }
}

/// One of a list will do.
type List = Vec<Part>;

enum Part {
    /// One that fits that glob.
    Fits(usize),
    /// One that fits none of these.
    FitsNone(Vec<usize>),
}

/// A letter, or a gap.
type Glob = Vec<Option<char>>;

struct Globs(Vec<Glob>);

/// Where in each glob a text may stand, once it is read so far.
type State = Vec<BTreeSet<usize>>;

impl Globs {
    fn add(&mut self, pieces: &[&str]) -> usize {
        let letters = |piece: &&str| piece.chars().map(Some).collect::<Vec<_>>();
        self.0.push(pieces.iter().map(letters).collect::<Vec<_>>().join(&None));
        self.0.len() - 1
    }

    fn list(&mut self, operators: &[Operator]) -> Option<List> {
        let mut list = Vec::new();
        for operator in operators {
            list.push(match operator {
                Operator::Text(text) => Part::Fits(self.add(&[text])),
                Operator::Prefix(prefix) => Part::Fits(self.add(&[prefix, ""])),
                Operator::Suffix(suffix) => Part::Fits(self.add(&["", suffix])),
                Operator::Wildcard(wildcard) => Part::Fits(self.wildcard(wildcard)),
                Operator::Present => Part::FitsNone(Vec::new()),
                Operator::AnythingBut(excluded) => Part::FitsNone(self.excluded(excluded)?),
                // No text is one of these.
                Operator::Null
                | Operator::Bool(_)
                | Operator::Number(..)
                | Operator::Numeric(_)
                | Operator::Absent => continue,
                Operator::Address(..)
                | Operator::EqualsIgnoringCase(_)
                | Operator::PrefixIgnoringCase(_)
                | Operator::SuffixIgnoringCase(_)
                | Operator::Cidr(_) => return None,
            });
        }
        Some(list)
    }

    fn wildcard(&mut self, wildcard: &Wildcard) -> usize {
        if let Some(text) = wildcard.as_text() {
            return self.add(&[text]);
        }
        let (head, pieces, tail) = wildcard.literals();
        let pieces: Vec<&str> =
            [head].into_iter().chain(pieces.iter().map(|piece| &**piece)).chain([tail]).collect();
        self.add(&pieces)
    }

    fn excluded(&mut self, excluded: &Excluded) -> Option<Vec<usize>> {
        Some(match excluded {
            Excluded::Texts(texts) => texts.iter().map(|text| self.add(&[text])).collect(),
            Excluded::Numbers(_) => Vec::new(),
            Excluded::Prefixes(prefixes) => prefixes.iter().map(|prefix| self.add(&[prefix, ""])).collect(),
            Excluded::Suffixes(suffixes) => suffixes.iter().map(|suffix| self.add(&["", suffix])).collect(),
            Excluded::Wildcards(wildcards) => {
                wildcards.iter().map(|wildcard| self.wildcard(wildcard)).collect()
            }
            Excluded::IgnoringCase(_) => return None,
        })
    }

    /// Whether two of these lists ask for texts that begin or end otherwise: most that have none in common do.
    fn end_apart(&self, wanted: &[List]) -> bool {
        let globs = wanted.iter().filter_map(|list| match list[..] {
            [Part::Fits(glob)] => Some(&self.0[glob]),
            _ => None,
        });
        let letters = |glob: &mut dyn Iterator<Item = &Option<char>>| -> Vec<char> {
            glob.map_while(|letter| *letter).collect()
        };
        let apart = |one: &[char], other: &[char]| one.iter().zip(other).any(|(one, other)| one != other);
        let ends: Vec<_> =
            globs.map(|glob| (letters(&mut glob.iter()), letters(&mut glob.iter().rev()))).collect();
        ends.iter().enumerate().any(|(index, (head, tail))| {
            ends[..index].iter().any(|(other, end)| apart(head, other) || apart(tail, end))
        })
    }

    /// Whether some text is in all of these lists and in none of those.
    fn meet(&self, wanted: &[List], refused: &[List], steps: &mut usize) -> bool {
        let letters = self.letters();
        let start: State = self.0.iter().map(|glob| onward(glob, [0])).collect();
        let mut seen = BTreeSet::from([start.clone()]);
        let mut open = VecDeque::from([start]);
        while let Some(state) = open.pop_front() {
            let ends = |glob: &usize| state[*glob].contains(&self.0[*glob].len());
            let is_in = |list: &List| {
                list.iter().any(|part| match part {
                    Part::Fits(glob) => ends(glob),
                    Part::FitsNone(globs) => !globs.iter().any(ends),
                })
            };
            if wanted.iter().all(is_in) && !refused.iter().any(is_in) {
                return true;
            }
            *steps = steps.saturating_sub(letters.len() * self.0.len());
            if *steps == 0 {
                return true;
            }
            let can_be = |list: &List| {
                list.iter().any(|part| match part {
                    Part::Fits(glob) => !state[*glob].is_empty(),
                    Part::FitsNone(_) => true,
                })
            };
            if !wanted.iter().all(can_be) {
                continue;
            }
            for letter in &letters {
                let next: State =
                    self.0.iter().zip(&state).map(|(glob, at)| step(glob, at, *letter)).collect();
                if seen.insert(next.clone()) {
                    open.push_back(next);
                }
            }
        }
        false
    }

    /// Those that globs tell apart, and one that is in none of them.
    fn letters(&self) -> BTreeSet<char> {
        let mut letters: BTreeSet<char> = self.0.iter().flatten().flatten().copied().collect();
        letters.extend(('a'..=char::MAX).find(|letter| !letters.contains(letter)));
        letters
    }
}

fn step(glob: &Glob, at: &BTreeSet<usize>, letter: char) -> BTreeSet<usize> {
    let next = at.iter().filter_map(|place| match glob.get(*place)? {
        None => Some(*place),
        Some(own) => (*own == letter).then_some(place + 1),
    });
    onward(glob, next)
}

/// These places, and those behind gaps that may be empty.
fn onward(glob: &Glob, places: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for mut place in places {
        all.insert(place);
        while glob.get(place) == Some(&None) {
            place += 1;
            all.insert(place);
        }
    }
    all
}
