//! An event cut down to the values under the paths in use, each with its place among the arrays.

use crate::json::Json;

use super::number;
use super::operator::Scalar;
use super::paths::{At, Paths};

/// Which array element a value stands in: 0 is the event itself, the others are counted as they begin.
/// Everything inside an element comes between it and its `end`.
pub(super) type Place = u32;

/// One value of the event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf<'e> {
    pub(super) value: Scalar<'e>,
    /// The innermost element around it. A scalar that is itself an element stands in none of its own:
    /// AWS lets it go together with any other element.
    pub(super) place: Place,
    next: u32,
}

/// An object or array in an array that holds several of them; in an array that holds one, it is no choice.
#[derive(Clone, Copy, Debug)]
struct Element {
    end: Place,
    /// Where the array ends: the next element of it, if any, begins at `end`.
    array_end: Place,
}

/// The values of one event, by path.
#[derive(Debug)]
pub(super) struct Leaves<'e> {
    leaves: Vec<Leaf<'e>>,
    /// Of each slot: its first and its last leaf.
    ends: Vec<(u32, u32)>,
    elements: Vec<Element>,
}

const NONE: u32 = u32::MAX;

impl<'e> Leaves<'e> {
    /// Walks the event once, along the paths only. What is not an object has no values.
    pub(super) fn of(event: &'e Json<'_>, paths: &Paths) -> Self {
        let root = Element { end: 0, array_end: 0 };
        let mut leaves = Leaves {
            leaves: Vec::with_capacity(32),
            ends: vec![(NONE, NONE); paths.slots()],
            elements: vec![root],
        };
        leaves.object(event, paths, Paths::ROOT, 0);
        let end = leaves.next_place();
        leaves.elements[0] = Element { end, array_end: end };
        leaves
    }

    /// The values under a path, in the order in which they come.
    pub(super) fn under(&self, slot: usize) -> impl Iterator<Item = &Leaf<'e>> {
        let first = self.leaves.get(self.ends[slot].0 as usize);
        std::iter::successors(first, |leaf| self.leaves.get(leaf.next as usize))
    }

    /// Where an element ends.
    pub(super) fn end(&self, element: Place) -> Place {
        self.elements[element as usize].end
    }

    /// The arrays directly inside an element, each as the place of its first element and its end.
    pub(super) fn arrays_in(&self, element: Place) -> impl Iterator<Item = (Place, Place)> {
        let end = self.end(element);
        let array =
            move |first: Place| (first < end).then(|| (first, self.elements[first as usize].array_end));
        std::iter::successors(array(element + 1), move |(_, array_end)| array(*array_end))
    }

    fn object(&mut self, json: &'e Json<'_>, paths: &Paths, at: At, place: Place) {
        for (key, json) in json.members() {
            if let Some(at) = paths.step(at, key) {
                self.value(json, paths, at, place);
            }
        }
    }

    fn value(&mut self, json: &'e Json<'_>, paths: &Paths, at: At, place: Place) {
        let scalar = match json {
            Json::Object(_) if paths.goes_on(at) => return self.object(json, paths, at, place),
            Json::Array(elements) => return self.array(elements, paths, at, place),
            Json::Object(_) => return,
            Json::Null => Scalar::Null,
            Json::Bool(truth) => Scalar::Bool(*truth),
            Json::Number(text) => Scalar::Number(text, number::comparable(text)),
            Json::String(text) => Scalar::Text(text),
        };
        if let Some(slot) = paths.slot(at) {
            self.leaf(slot, scalar, place);
        }
    }

    fn array(&mut self, elements: &'e [Json<'_>], paths: &Paths, at: At, place: Place) {
        let nested = |json: &&Json<'_>| matches!(json, Json::Object(_) | Json::Array(_));
        let is_a_choice = elements.iter().filter(nested).nth(1).is_some();
        let first = self.next_place();
        for json in elements {
            if !is_a_choice || !nested(&json) {
                self.value(json, paths, at, place);
                continue;
            }
            let element = self.next_place();
            self.elements.push(Element { end: element, array_end: element });
            self.value(json, paths, at, element);
            self.elements[element as usize].end = self.next_place();
        }
        let array_end = self.next_place();
        let mut element = first;
        while element < array_end {
            let Element { end, array_end: known } = &mut self.elements[element as usize];
            *known = array_end;
            element = *end;
        }
    }

    fn leaf(&mut self, slot: usize, value: Scalar<'e>, place: Place) {
        let index = self.leaves.len() as u32;
        self.leaves.push(Leaf { value, place, next: NONE });
        match &mut self.ends[slot] {
            (first @ NONE, last) => (*first, *last) = (index, index),
            (_, last) => {
                self.leaves[*last as usize].next = index;
                *last = index;
            }
        }
    }

    fn next_place(&self) -> Place {
        self.elements.len() as Place
    }
}
