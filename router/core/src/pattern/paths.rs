//! All paths that a set of patterns looks at, as one tree, so that an event is walked along them once.

/// The tree of paths; each path that is looked at has a slot, counted from 0.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    slots: usize,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(usize);

#[derive(Clone, Debug, Default)]
struct Node {
    /// By length, then text: most keys of an event differ from the wanted ones in length already.
    children: Vec<(Box<str>, At)>,
    slot: Option<usize>,
}

impl Paths {
    /// Where every path begins.
    pub(super) const ROOT: At = At(0);

    pub(super) fn new() -> Self {
        Paths { nodes: vec![Node::default()], slots: 0 }
    }

    /// How many paths there are.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The slot of a dotted path, a new one if it has none.
    pub(super) fn intern(&mut self, path: &str) -> usize {
        let mut at = Self::ROOT;
        for key in path.split('.') {
            at = match self.find(at, key) {
                Ok(child) => child,
                Err(index) => {
                    let child = At(self.nodes.len());
                    self.nodes.push(Node::default());
                    self.nodes[at.0].children.insert(index, (key.into(), child));
                    child
                }
            };
        }
        let slots = &mut self.slots;
        *self.nodes[at.0].slot.get_or_insert_with(|| {
            *slots += 1;
            *slots - 1
        })
    }

    /// One key of an event further. A dot in the key counts as a step, as it does in a pattern.
    pub(super) fn step(&self, at: At, key: &str) -> Option<At> {
        if !key.as_bytes().contains(&b'.') {
            return self.find(at, key).ok();
        }
        key.split('.').try_fold(at, |at, key| self.find(at, key).ok())
    }

    /// The slot of the path that ends here, if one does.
    pub(super) fn slot(&self, at: At) -> Option<usize> {
        self.nodes[at.0].slot
    }

    /// Whether paths go on from here.
    pub(super) fn goes_on(&self, at: At) -> bool {
        !self.nodes[at.0].children.is_empty()
    }

    fn find(&self, at: At, key: &str) -> Result<At, usize> {
        let children = &self.nodes[at.0].children;
        let found = children
            .binary_search_by(|(child, _)| child.len().cmp(&key.len()).then_with(|| (**child).cmp(key)));
        found.map(|index| children[index].1)
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
