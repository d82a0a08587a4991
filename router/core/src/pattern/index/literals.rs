//! Texts that are looked for within another, all of them in one pass over it.

use aho_corasick::automaton::Automaton;
use aho_corasick::{Anchored, dfa, nfa};

use super::{Posting, Postings};

/// One automaton of all that is looked for under a path.
#[derive(Clone, Debug)]
pub(super) struct Literals {
    automaton: Machine,
    /// Of each literal.
    postings: Vec<Postings>,
}

#[derive(Clone, Debug)]
enum Machine {
    /// A step a byte; a table of up to 256 columns for each byte that is looked for.
    Dense(dfa::DFA),
    /// Two steps a byte at most, and little memory.
    Sparse(nfa::contiguous::NFA),
}

/// With more bytes than these to look for the dense one takes too much memory.
const MOST_DENSE: usize = 40_000;

impl Literals {
    /// None where there is nothing to look for.
    pub(super) fn new(entries: Vec<(Vec<u8>, Posting)>) -> Option<Self> {
        let (texts, postings): (Vec<_>, Vec<_>) = super::grouped(entries).unzip();
        if texts.is_empty() {
            return None;
        }
        let few = "patterns hold less than gigabytes";
        let automaton = if texts.iter().map(Vec::len).sum::<usize>() <= MOST_DENSE {
            Machine::Dense(dfa::Builder::new().prefilter(false).build(&texts).expect(few))
        } else {
            Machine::Sparse(nfa::contiguous::Builder::new().prefilter(false).build(&texts).expect(few))
        };
        Some(Literals { automaton, postings })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.postings.len()
    }

    /// What is posted under each that is in the text, once for each: `seen`, one for each literal, is `now` where it was.
    pub(super) fn each(&self, text: &str, seen: &mut [u32], now: u32, posted: &mut impl FnMut(Posting)) {
        let mut found = |literal: usize| {
            if std::mem::replace(&mut seen[literal], now) != now {
                self.postings[literal].iter().for_each(|posting| posted(*posting));
            }
        };
        match &self.automaton {
            Machine::Dense(automaton) => search(automaton, text, &mut found),
            Machine::Sparse(automaton) => search(automaton, text, &mut found),
        }
    }
}

fn search(automaton: &impl Automaton, text: &str, found: &mut impl FnMut(usize)) {
    let mut state = automaton.start_state(Anchored::No).expect("it is built for searches from anywhere");
    for byte in text.bytes() {
        state = automaton.next_state(Anchored::No, state, byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            for index in 0..automaton.match_len(state) {
                found(automaton.match_pattern(state, index).as_usize());
            }
        }
    }
}
