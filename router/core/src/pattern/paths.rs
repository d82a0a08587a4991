//! All paths that a set of patterns looks at, as one tree, so that an event is walked along them once.

use super::texts::Texts;

/// The tree of paths; each path that is looked at has a slot, counted from 0.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    /// From a place and a key to the place that it leads to.
    steps: Texts,
    slots: usize,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(u32);

#[derive(Clone, Debug, Default)]
struct Node {
    slot: Option<u32>,
    /// A bit for each key that goes on from here, shared by keys that look alike: most keys of an event have none.
    keys: u64,
}

#[inline]
fn bit(key: &[u8]) -> u64 {
    let (first, last) = (key.first().copied().unwrap_or(0), key.last().copied().unwrap_or(0));
    let mixed =
        (key.len() as u32).wrapping_mul(0x9e5).wrapping_add(u32::from(first) * 37 + u32::from(last) * 11);
    1 << (mixed & 63)
}

impl Paths {
    /// Where every path begins.
    pub(super) const ROOT: At = At(0);

    pub(super) fn new() -> Self {
        Paths { nodes: vec![Node::default()], steps: Texts::default(), slots: 0 }
    }

    /// How many paths there are.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The slot of a dotted path, a new one if it has none.
    pub(super) fn intern(&mut self, path: &str) -> usize {
        let mut at = Self::ROOT;
        for key in path.split('.') {
            let new = self.nodes.len() as u32;
            let child = self.steps.intern(at.0, key.as_bytes(), new);
            if child == new {
                self.nodes[at.0 as usize].keys |= bit(key.as_bytes());
                self.nodes.push(Node::default());
            }
            at = At(child);
        }
        let slots = &mut self.slots;
        let slot = self.nodes[at.0 as usize].slot.get_or_insert_with(|| {
            *slots += 1;
            *slots as u32 - 1
        });
        *slot as usize
    }

    /// One key of an event further. A dot in the key counts as a step, as it does in a pattern.
    pub(super) fn step(&self, at: At, key: &str) -> Option<At> {
        if !key.as_bytes().contains(&b'.') {
            return self.step_without_dot(at, key.as_bytes());
        }
        key.split('.').try_fold(at, |at, key| self.step_without_dot(at, key.as_bytes()))
    }

    /// One key of an event further, in which there is no dot.
    #[inline]
    pub(super) fn step_without_dot(&self, at: At, key: &[u8]) -> Option<At> {
        if self.nodes[at.0 as usize].keys & bit(key) == 0 {
            return None;
        }
        self.steps.get(at.0, key).map(At)
    }

    /// The slot of the path that ends here, if one does.
    #[inline]
    pub(super) fn slot(&self, at: At) -> Option<usize> {
        self.nodes[at.0 as usize].slot.map(|slot| slot as usize)
    }

    /// Whether paths go on from here.
    #[inline]
    pub(super) fn goes_on(&self, at: At) -> bool {
        self.nodes[at.0 as usize].keys != 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_slot_however_its_keys_are_cut() {
        let mut paths = Paths::new();
        assert_eq!(
            [paths.intern("a.b"), paths.intern("a"), paths.intern("a.b"), paths.intern("")],
            [0, 1, 0, 2]
        );
        assert_eq!(paths.slots(), 3);
        let a = paths.step(Paths::ROOT, "a").unwrap();
        assert_eq!(paths.slot(a), Some(1));
        assert_eq!(paths.step(a, "b").and_then(|at| paths.slot(at)), Some(0));
        assert_eq!(paths.step(Paths::ROOT, "a.b").and_then(|at| paths.slot(at)), Some(0));
        assert!(paths.step(Paths::ROOT, "a.b.c").is_none() && paths.step(Paths::ROOT, "b").is_none());
        assert!(paths.goes_on(a) && !paths.goes_on(paths.step(a, "b").unwrap()));
    }
}
