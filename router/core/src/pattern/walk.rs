//! An event's text, walked once along the paths in use: what no path leads to is passed unread.
//!
//! It gives the values that the tree of the same text would give. Whatever is not plainly JSON where it is looked at, or
//! nests too deep, is left to the tree; what is passed is not looked at.

use crate::json::{MAX_DEPTH, is_number, scan, unescaped};

use super::flatten::{Leaves, Place};
use super::number;
use super::operator::Scalar;
use super::paths::{At, Paths};

/// The values of an object under the paths, put into `leaves`, which are empty. None: it takes the tree.
pub(super) fn walk<'e>(text: &'e str, paths: &Paths, leaves: &mut Leaves<'e>) -> Option<()> {
    let mut walk = Walk { text, bytes: text.as_bytes(), at: 0, paths, leaves };
    if walk.peek()? != b'{' {
        return None;
    }
    walk.object(Paths::ROOT, 0, 1)?;
    walk.leaves.close();
    Some(())
}

struct Walk<'e, 'w> {
    text: &'e str,
    bytes: &'e [u8],
    at: usize,
    paths: &'w Paths,
    leaves: &'w mut Leaves<'e>,
}

/// Where a key leads to.
enum Step {
    Wanted(At),
    Passed,
}

impl Walk<'_, '_> {
    /// The next byte that is no white space.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match *self.bytes.get(self.at)? {
            byte if byte > b' ' => Some(byte),
            _ => self.behind_white_space(),
        }
    }

    #[inline(never)]
    fn behind_white_space(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte if byte > b' ' => return Some(byte),
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The object that begins here, so many of them deep.
    fn object(&mut self, at: At, place: Place, depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let step = self.key(at)?;
            self.expect(b':')?;
            let next = self.peek()?;
            match step {
                Step::Wanted(at) => self.value(next, at, place, depth)?,
                Step::Passed => self.pass(next)?,
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        Some(())
    }

    /// The key that begins here.
    #[inline]
    fn key(&mut self, at: At) -> Option<Step> {
        self.expect(b'"')?;
        let from = self.at;
        let (end, is_plain) = scan::key_end(self.bytes, from)?;
        self.at = end + 1;
        let step = if is_plain {
            self.paths.step_without_dot(at, &self.bytes[from..end])
        } else {
            self.paths.step(at, &unescaped(self.text, from - 1)?)
        };
        Some(step.map_or(Step::Passed, Step::Wanted))
    }

    fn value(&mut self, next: u8, at: At, place: Place, depth: usize) -> Option<()> {
        match next {
            b'{' | b'[' if depth == MAX_DEPTH => None,
            b'{' if self.paths.goes_on(at) => self.object(at, place, depth + 1),
            b'[' => self.array(at, place, depth + 1),
            _ => match self.paths.slot(at) {
                Some(slot) if next != b'{' => self.scalar(next, slot, place),
                _ => self.pass(next),
            },
        }
    }

    fn array(&mut self, at: At, place: Place, depth: usize) -> Option<()> {
        self.at += 1;
        let mut next = self.peek()?;
        if next == b']' {
            self.at += 1;
            return Some(());
        }
        let mut array = self.leaves.array();
        loop {
            if matches!(next, b'{' | b'[') {
                let element = self.leaves.element(&mut array);
                self.value(next, at, element, depth)?;
                self.leaves.element_ends(element);
            } else {
                self.value(next, at, place, depth)?;
            }
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
            next = self.peek()?;
        }
        self.at += 1;
        self.leaves.array_ends(array, place);
        Some(())
    }

    /// The scalar that begins here, under a path.
    fn scalar(&mut self, next: u8, slot: usize, place: Place) -> Option<()> {
        let from = self.at;
        if next == b'"' {
            let scan::StringEnd { at: end, is_escaped } = scan::string_end(self.bytes, from + 1)?;
            self.at = end + 1;
            if is_escaped {
                self.leaves.unescaped(slot, unescaped(self.text, from)?.into_owned(), place);
            } else {
                self.leaves.leaf(slot, Scalar::Text(self.text.get(from + 1..end)?), place);
            }
            return Some(());
        }
        self.at = scan::word_end(self.bytes, from);
        let scalar = match self.text.get(from..self.at)? {
            "null" => Scalar::Null,
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            text if is_number(text.as_bytes()) => Scalar::Number(text, number::comparable(text)),
            _ => return None,
        };
        self.leaves.leaf(slot, scalar, place);
        Some(())
    }

    /// The value that begins here is none that is asked for.
    #[inline]
    fn pass(&mut self, next: u8) -> Option<()> {
        self.at = match next {
            b'"' => scan::string_end(self.bytes, self.at + 1)?.at + 1,
            b'{' | b'[' => scan::container_end(self.bytes, self.at)?,
            b'-' | b'0'..=b'9' | b'a'..=b'z' => scan::word_end(self.bytes, self.at),
            _ => return None,
        };
        Some(())
    }
}
