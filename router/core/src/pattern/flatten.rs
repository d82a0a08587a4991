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
    value: Value<'e>,
    /// The innermost element around it. A scalar that is itself an element stands in none of its own:
    /// AWS lets it go together with any other element.
    pub(super) place: Place,
    /// Which of the paths leads to it.
    pub(super) slot: u32,
    next: u32,
}

/// A scalar; a string that had to be unescaped stands elsewhere.
#[derive(Clone, Copy, Debug)]
enum Value<'e> {
    Written(Scalar<'e>),
    Unescaped(u32),
}

/// An object or array in an array that holds several of them; in an array that holds one, it is no choice.
#[derive(Clone, Copy, Debug)]
struct Element {
    end: Place,
    /// Where the array ends: the next element of it, if any, begins at `end`.
    array_end: Place,
}

/// The values of one event, by path.
#[derive(Debug, Default)]
pub(super) struct Leaves<'e> {
    leaves: Vec<Leaf<'e>>,
    unescaped: Vec<String>,
    /// Of each slot: its first and its last leaf.
    ends: Vec<(u32, u32)>,
    elements: Vec<Element>,
}

/// An array that is being walked.
#[derive(Clone, Copy)]
pub(super) struct Array {
    /// How many leaves and elements there were before it.
    leaves: usize,
    first: Place,
    /// How many objects and arrays it holds so far.
    pub(super) nested: u32,
}

const NONE: u32 = u32::MAX;

impl<'e> Leaves<'e> {
    /// None yet, of so many paths, in the room of those of another event.
    pub(super) fn within(room: Leaves<'_>, slots: usize) -> Self {
        let Leaves { mut leaves, mut unescaped, mut ends, mut elements } = room;
        leaves.clear();
        unescaped.clear();
        ends.clear();
        ends.resize(slots, (NONE, NONE));
        elements.clear();
        elements.push(Element { end: 0, array_end: 0 });
        Leaves {
            leaves: leaves.into_iter().map(|_| -> Leaf<'e> { unreachable!("it is empty") }).collect(),
            unescaped,
            ends,
            elements,
        }
    }

    /// Their room, with nothing of the event in it.
    pub(super) fn room(self) -> Leaves<'static> {
        Leaves::within(self, 0)
    }

    /// Walks the event once, along the paths only. What is not an object has no values.
    pub(super) fn of(event: &'e Json<'_>, paths: &Paths) -> Self {
        let mut leaves = Leaves::within(Leaves::default(), paths.slots());
        leaves.object(event, paths, Paths::ROOT, 0);
        leaves.close();
        leaves
    }

    /// All values, in the order in which they come.
    pub(super) fn all(&self) -> &[Leaf<'e>] {
        &self.leaves
    }

    /// The value itself.
    #[inline]
    pub(super) fn value<'l>(&'l self, leaf: &Leaf<'l>) -> Scalar<'l> {
        match leaf.value {
            Value::Written(scalar) => scalar,
            Value::Unescaped(index) => Scalar::Text(&self.unescaped[index as usize]),
        }
    }

    /// The values under a path, in the order in which they come.
    pub(super) fn under(&self, slot: usize) -> impl Iterator<Item = &Leaf<'e>> {
        let first = self.leaves.get(self.ends[slot].0 as usize);
        std::iter::successors(first, |leaf| self.leaves.get(leaf.next as usize))
    }

    /// Whether that leaf is the first of its path.
    #[inline]
    pub(super) fn is_first(&self, index: usize, slot: u32) -> bool {
        self.ends[slot as usize].0 as usize == index
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
                self.tree(json, paths, at, place);
            }
        }
    }

    fn tree(&mut self, json: &'e Json<'_>, paths: &Paths, at: At, place: Place) {
        let scalar = match json {
            Json::Object(_) if paths.goes_on(at) => return self.object(json, paths, at, place),
            Json::Object(_) => return,
            Json::Array(elements) => {
                let mut array = self.array();
                for json in elements {
                    if matches!(json, Json::Object(_) | Json::Array(_)) {
                        let element = self.element(&mut array);
                        self.tree(json, paths, at, element);
                        self.element_ends(element);
                    } else {
                        self.tree(json, paths, at, place);
                    }
                }
                return self.array_ends(array, place);
            }
            Json::Null => Scalar::Null,
            Json::Bool(truth) => Scalar::Bool(*truth),
            Json::Number(text) => Scalar::Number(text, number::comparable(text)),
            Json::String(text) => Scalar::Text(text),
        };
        if let Some(slot) = paths.slot(at) {
            self.leaf(slot, scalar, place);
        }
    }

    /// One value more.
    #[inline]
    pub(super) fn leaf(&mut self, slot: usize, value: Scalar<'e>, place: Place) {
        self.push(slot, Value::Written(value), place);
    }

    /// One string more, which is not in the text as it reads.
    pub(super) fn unescaped(&mut self, slot: usize, text: String, place: Place) {
        let index = self.unescaped.len() as u32;
        self.unescaped.push(text);
        self.push(slot, Value::Unescaped(index), place);
    }

    #[inline]
    fn push(&mut self, slot: usize, value: Value<'e>, place: Place) {
        let index = self.leaves.len() as u32;
        self.leaves.push(Leaf { value, place, slot: slot as u32, next: NONE });
        match &mut self.ends[slot] {
            (first @ NONE, last) => (*first, *last) = (index, index),
            (_, last) => {
                self.leaves[*last as usize].next = index;
                *last = index;
            }
        }
    }

    /// An array begins.
    pub(super) fn array(&self) -> Array {
        Array { leaves: self.leaves.len(), first: self.next_place(), nested: 0 }
    }

    /// An object or array begins in an array: the place of what is in it.
    pub(super) fn element(&mut self, array: &mut Array) -> Place {
        let element = self.next_place();
        array.nested += 1;
        self.elements.push(Element { end: element, array_end: element });
        element
    }

    /// It ends.
    pub(super) fn element_ends(&mut self, element: Place) {
        self.elements[element as usize].end = self.next_place();
    }

    /// The array ends, which stands at that place.
    pub(super) fn array_ends(&mut self, array: Array, place: Place) {
        if array.nested == 1 {
            return self.no_choice(array, place);
        }
        let array_end = self.next_place();
        let mut element = array.first;
        while element < array_end {
            let Element { end, array_end: known } = &mut self.elements[element as usize];
            *known = array_end;
            element = *end;
        }
    }

    /// What is in the only element of an array stands where the array does. It is looked at once for each such array
    /// around it, of which there are at most [`crate::json::MAX_DEPTH`].
    fn no_choice(&mut self, array: Array, place: Place) {
        let Array { leaves, first, nested: _ } = array;
        self.elements.remove(first as usize);
        for element in &mut self.elements[first as usize..] {
            element.end -= 1;
            element.array_end -= 1;
        }
        for leaf in &mut self.leaves[leaves..] {
            if leaf.place == first {
                leaf.place = place;
            } else if leaf.place > first {
                leaf.place -= 1;
            }
        }
    }

    /// The event ends.
    pub(super) fn close(&mut self) {
        let end = self.next_place();
        self.elements[0] = Element { end, array_end: end };
    }

    fn next_place(&self) -> Place {
        self.elements.len() as Place
    }
}
