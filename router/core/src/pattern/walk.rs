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
    let mut walk = Walk { text, bytes: text.as_bytes(), paths, leaves };
    let (at, next) = walk.peek(0)?;
    if next != b'{' {
        return None;
    }
    walk.object(at, Paths::ROOT, 0, 1)?;
    walk.leaves.close();
    Some(())
}

/// Each step begins at a byte, and answers with the one behind what it read.
struct Walk<'e, 'w> {
    text: &'e str,
    bytes: &'e [u8],
    paths: &'w Paths,
    leaves: &'w mut Leaves<'e>,
}

impl Walk<'_, '_> {
    /// The next byte that is no white space, and where it is.
    #[inline(always)]
    fn peek(&self, at: usize) -> Option<(usize, u8)> {
        match *self.bytes.get(at)? {
            byte if byte > b' ' => Some((at, byte)),
            _ => self.behind_white_space(at),
        }
    }

    #[inline(never)]
    fn behind_white_space(&self, mut at: usize) -> Option<(usize, u8)> {
        loop {
            match *self.bytes.get(at)? {
                b' ' | b'\n' | b'\r' | b'\t' => at += 1,
                byte if byte > b' ' => return Some((at, byte)),
                _ => return None,
            }
        }
    }

    /// The object that begins here, so many of them deep.
    fn object(&mut self, at: usize, node: At, place: Place, depth: usize) -> Option<usize> {
        let (mut at, mut next) = self.peek(at + 1)?;
        if next == b'}' {
            return Some(at + 1);
        }
        loop {
            if next != b'"' {
                return None;
            }
            let (wanted, behind) = self.key(at + 1, node)?;
            let (colon, b':') = self.peek(behind)? else { return None };
            (at, next) = self.peek(colon + 1)?;
            let behind = match wanted {
                Some(node) => self.value((at, next), node, place, depth)?,
                None => self.pass(at, next)?,
            };
            (at, next) = self.peek(behind)?;
            match next {
                b',' => (at, next) = self.peek(at + 1)?,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The key whose text begins here: where it leads to, if anywhere.
    #[inline]
    fn key(&self, from: usize, node: At) -> Option<(Option<At>, usize)> {
        let (end, is_plain) = scan::key_end(self.bytes, from)?;
        let step = if is_plain {
            self.paths.step_without_dot(node, &self.bytes[from..end])
        } else {
            self.paths.step(node, &unescaped(self.text, from - 1)?)
        };
        Some((step, end + 1))
    }

    fn value(&mut self, (at, next): (usize, u8), node: At, place: Place, depth: usize) -> Option<usize> {
        match next {
            b'{' | b'[' if depth == MAX_DEPTH => None,
            b'{' if self.paths.goes_on(node) => self.object(at, node, place, depth + 1),
            b'[' => self.array(at, node, place, depth + 1),
            _ => match self.paths.slot(node) {
                Some(slot) if next != b'{' => self.scalar((at, next), slot, place),
                _ => self.pass(at, next),
            },
        }
    }

    fn array(&mut self, at: usize, node: At, place: Place, depth: usize) -> Option<usize> {
        let (mut at, mut next) = self.peek(at + 1)?;
        if next == b']' {
            return Some(at + 1);
        }
        let mut array = self.leaves.array();
        loop {
            let behind = if matches!(next, b'{' | b'[') {
                let element = self.leaves.element(&mut array);
                let behind = self.value((at, next), node, element, depth)?;
                self.leaves.element_ends(element);
                behind
            } else {
                self.value((at, next), node, place, depth)?
            };
            (at, next) = self.peek(behind)?;
            match next {
                b',' => (at, next) = self.peek(at + 1)?,
                b']' => break,
                _ => return None,
            }
        }
        self.leaves.array_ends(array, place);
        Some(at + 1)
    }

    /// The scalar that begins here, under a path.
    fn scalar(&mut self, (from, next): (usize, u8), slot: usize, place: Place) -> Option<usize> {
        if next == b'"' {
            let scan::StringEnd { at: end, is_escaped } = scan::string_end(self.bytes, from + 1)?;
            if is_escaped {
                self.leaves.unescaped(slot, unescaped(self.text, from)?.into_owned(), place);
            } else {
                self.leaves.leaf(slot, Scalar::Text(self.text.get(from + 1..end)?), place);
            }
            return Some(end + 1);
        }
        let end = scan::word_end(self.bytes, from);
        let scalar = match self.text.get(from..end)? {
            "null" => Scalar::Null,
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            text if is_number(text.as_bytes()) => Scalar::Number(text, number::comparable(text)),
            _ => return None,
        };
        self.leaves.leaf(slot, scalar, place);
        Some(end)
    }

    /// The value that begins here is none that is asked for.
    #[inline]
    fn pass(&self, at: usize, next: u8) -> Option<usize> {
        match next {
            b'"' => Some(scan::string_end(self.bytes, at + 1)?.at + 1),
            b'{' | b'[' => scan::container_end(self.bytes, at),
            b'-' | b'0'..=b'9' | b'a'..=b'z' => Some(scan::word_end(self.bytes, at)),
            _ => None,
        }
    }
}
