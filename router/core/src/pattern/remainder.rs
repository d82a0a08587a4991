//! Whether anything is left of what some patterns take together, once others have taken what they do.
//!
//! Exact where values are texts, absent, or of a closed set, and paths do not depend on each other; where an operator
//! is not reasoned about, or the search is long, something counts as left.

mod globs;

use std::collections::BTreeMap;

use super::Pattern;
use super::compile::{Alternative, Field};
use super::operator::{Operator, Scalar};

/// What may stand at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// These texts and no others; none: any text.
    pub closed: Option<Vec<&'static str>>,
    /// Whether there may be nothing.
    pub may_be_absent: bool,
    /// Whether there may be several texts, of which any that is asked for will do.
    pub may_be_several: bool,
}

/// So much is tried before something counts as left: a text by one that is asked for, or a letter of one that may be.
const MOST_STEPS: usize = 20_000;
/// What a case within others costs, so that a thousand are the deepest.
const DEEPER: usize = 20;

impl Pattern {
    /// Whether something may match all of `within` and none of `before`; `domain` says what may stand at a path.
    /// Only that nothing is left is proven.
    pub fn leaves(within: &[&Pattern], before: &[&Pattern], domain: &dyn Fn(&str) -> Domain) -> bool {
        let before: Vec<_> = before.iter().flat_map(|pattern| &pattern.compiled.alternatives).collect();
        let mut search = Search { asked: BTreeMap::new(), domain, steps: MOST_STEPS };
        search.within(within, &before)
    }

    /// A path at which nothing is what all of these patterns ask for together; none where that is not proven.
    pub fn clash(within: &[&Pattern], domain: &dyn Fn(&str) -> Domain) -> Option<String> {
        let mut search = Search { asked: BTreeMap::new(), domain, steps: MOST_STEPS };
        for pattern in within {
            let [alternative] = &pattern.compiled.alternatives[..] else { return None };
            alternative.iter().for_each(|field| search.at(field).wanted.push(&field.operators));
        }
        let paths: Vec<&str> = search.asked.keys().copied().collect();
        paths.into_iter().find(|path| !search.may_be(path)).map(str::to_owned)
    }
}

/// What is asked of one path: a value that each of `wanted` takes, and none of `refused`.
#[derive(Default)]
struct Asked<'p> {
    wanted: Vec<&'p [Operator]>,
    refused: Vec<&'p [Operator]>,
}

struct Search<'p, 'd> {
    asked: BTreeMap<&'p str, Asked<'p>>,
    domain: &'d dyn Fn(&str) -> Domain,
    steps: usize,
}

impl<'p> Search<'p, '_> {
    fn at(&mut self, field: &'p Field) -> &mut Asked<'p> {
        self.asked.entry(&field.path).or_default()
    }

    /// Any way through all of the patterns will do.
    fn within(&mut self, within: &[&'p Pattern], before: &[&'p Alternative]) -> bool {
        let Some((first, rest)) = within.split_first() else { return self.after(before) };
        first.compiled.alternatives.iter().any(|alternative| {
            alternative.iter().for_each(|field| self.at(field).wanted.push(&field.operators));
            let is_left =
                alternative.iter().all(|field| self.may_be(&field.path)) && self.within(rest, before);
            for field in alternative {
                self.at(field).wanted.pop();
            }
            is_left
        })
    }

    /// Something is left of an alternative where one of its fields does not hold.
    fn after(&mut self, before: &[&'p Alternative]) -> bool {
        let mut before = before.iter();
        let Some(first) = before.find(|alternative| !alternative.iter().any(|field| self.clashes(field)))
        else {
            return true;
        };
        self.steps = self.steps.saturating_sub(DEEPER);
        if self.steps == 0 {
            return true;
        }
        let rest = before.as_slice();
        first.iter().any(|field| {
            self.at(field).refused.push(&field.operators);
            let is_left = self.may_be(&field.path) && self.after(rest);
            self.at(field).refused.pop();
            is_left
        })
    }

    /// Whether the field does not hold anyway.
    fn clashes(&mut self, field: &'p Field) -> bool {
        self.at(field).wanted.push(&field.operators);
        let clashes = !self.may_be(&field.path);
        self.at(field).wanted.pop();
        clashes
    }

    fn may_be(&mut self, path: &str) -> bool {
        let Some(Asked { wanted, refused }) = self.asked.get(path) else { return true };
        let Domain { closed, may_be_absent, may_be_several } = (self.domain)(path);
        let has_absent = |operators: &&[Operator]| operators.contains(&Operator::Absent);
        if may_be_absent && wanted.iter().all(has_absent) && !refused.iter().any(has_absent) {
            return true;
        }
        let steps = &mut self.steps;
        let mut is = |wanted: &[&[Operator]]| match &closed {
            Some(texts) => texts.iter().any(|text| is_taken(text, wanted, refused)),
            None => globs::any_text(wanted, refused, steps),
        };
        // Of several texts each may be what another asks for; that nothing is there is not among them.
        if may_be_several { wanted.iter().all(|wanted| is(&[*wanted])) && is(&[]) } else { is(wanted) }
    }
}

fn is_taken(text: &str, wanted: &[&[Operator]], refused: &[&[Operator]]) -> bool {
    let text = Scalar::Text(text);
    let takes = |operators: &&[Operator]| operators.iter().any(|operator| operator.accepts(&text));
    wanted.iter().all(takes) && !refused.iter().any(takes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
