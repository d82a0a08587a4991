//! Array consistency: the values one match uses may not come from different elements of one array.
//!
//! Fields are not tried against each other: from the event inwards, every array is asked for one element
//! that holds all the fields which only that array can supply. Each element is looked at once, so the
//! time is linear in the event. Only where one path leads into several arrays (a repeated key, or `a.b`
//! beside `a`) the fields have to be shared out among them, and that is bounded by [`MOST_CHOICES`].

use std::collections::{BTreeMap, BTreeSet};

use super::flatten::{Leaves, Place};

/// How many ways of sharing fields out among arrays of one path are tried. No event of an AWS service
/// needs any; past the bound the pattern does not match.
const MOST_CHOICES: u32 = 20_000;

/// A field that holds by itself, and where.
#[derive(Debug, Default)]
pub(super) struct Contender {
    /// Whether it may also hold by being absent.
    pub(super) may_be_absent: bool,
    /// Where its path has a value, ascending.
    pub(super) present: Vec<Place>,
    /// Where that value is a wanted one, ascending.
    pub(super) wanted: Vec<Place>,
}

/// Whether the fields, in their order of evaluation, can hold together. Each element that is looked at is a step more.
pub(super) fn consistent(leaves: &Leaves<'_>, contenders: &[Contender], steps: &mut u64) -> bool {
    let mut search =
        Search { leaves, contenders, absent: Vec::new(), known: BTreeMap::new(), choices: 0, steps: 0 };
    let consistent = search.settle(&mut Vec::new());
    *steps += search.steps + u64::from(search.choices);
    consistent
}

/// Indices of contenders, ascending.
type Fields = Vec<usize>;

struct Search<'a> {
    leaves: &'a Leaves<'a>,
    contenders: &'a [Contender],
    /// Those that are to hold by being absent.
    absent: Fields,
    known: BTreeMap<(Place, Fields), bool>,
    choices: u32,
    steps: u64,
}

impl Search<'_> {
    /// Settles, one field after the other, which hold by a value and which by being absent.
    fn settle(&mut self, by_value: &mut Fields) -> bool {
        let next = by_value.len() + self.absent.len();
        let Some(contender) = self.contenders.get(next) else {
            self.known.clear();
            return self.inside(0, by_value);
        };
        // A value outside all arrays is always there.
        let may_be_absent = contender.may_be_absent && contender.present.first() != Some(&0);
        let may_have_value = !contender.wanted.is_empty();
        if may_be_absent && may_have_value && !self.may_choose() {
            return false;
        }
        if may_have_value {
            by_value.push(next);
            if self.settle(by_value) {
                return true;
            }
            by_value.pop();
        }
        if may_be_absent {
            self.absent.push(next);
            if self.settle(by_value) {
                return true;
            }
            self.absent.pop();
        }
        false
    }

    /// Whether the fields find their values inside one element, and the absent ones find none there.
    fn inside(&mut self, element: Place, fields: &[usize]) -> bool {
        if self.absent.is_empty() && fields.len() <= 1 {
            return true;
        }
        if let Some(known) = self.known.get(&(element, fields.to_vec())) {
            return *known;
        }
        let holds = self.shared_out(element, fields);
        self.known.insert((element, fields.to_vec()), holds);
        holds
    }

    fn shared_out(&mut self, element: Place, fields: &[usize]) -> bool {
        let here = |places: &[Place]| places.binary_search(&element).is_ok();
        if self.absent.iter().any(|field| here(&self.contenders[*field].present)) {
            return false;
        }
        let (direct, inner): (Fields, Fields) =
            fields.iter().partition(|field| here(&self.contenders[**field].wanted));
        // With nothing to be absent a value outside the inner arrays is the freest choice. Otherwise an
        // element chosen by an earlier field may be what makes a later one absent.
        let mut open = BTreeSet::from([inner]);
        if !self.absent.is_empty() && !self.offer(&direct, &mut open) {
            return false;
        }
        let arrays: Vec<(Place, Place)> = self.leaves.arrays_in(element).collect();
        let contenders = self.contenders;
        let last_supplier = |field: &usize| {
            let supplies = |array: &&(Place, Place)| within(&contenders[*field].wanted, array.0, array.1);
            arrays.iter().rfind(supplies).map(|array| array.0)
        };
        let last: BTreeMap<usize, Option<Place>> =
            fields.iter().map(|field| (*field, last_supplier(field))).collect();
        for (first, end) in arrays {
            let mut left = BTreeSet::new();
            for open in &open {
                let supplied = open.iter().filter(|field| within(&contenders[**field].wanted, first, end));
                let (forced, free): (Fields, Fields) =
                    supplied.partition(|field| last[*field] == Some(first));
                if !self.take(open, &forced, &free, (first, end), &mut left) {
                    return false;
                }
            }
            open = left;
        }
        open.contains(&Vec::new())
    }

    /// Lets each of the fields with a direct value look for one in the inner arrays instead.
    fn offer(&mut self, direct: &[usize], open: &mut BTreeSet<Fields>) -> bool {
        for field in direct {
            for fields in open.clone() {
                if !self.may_choose() {
                    return false;
                }
                let mut fields = fields;
                fields.push(*field);
                fields.sort_unstable();
                open.insert(fields);
            }
        }
        true
    }

    /// Tries every share of the open fields that one array can take, the largest first, and collects what
    /// is then left open. False when there were too many choices.
    fn take(
        &mut self,
        open: &[usize],
        forced: &[usize],
        free: &[usize],
        array: (Place, Place),
        left: &mut BTreeSet<Fields>,
    ) -> bool {
        if free.len() >= 20 {
            return false;
        }
        let mut taken: Vec<u32> = Vec::new();
        for share in (0..1_u32 << free.len()).rev() {
            // Taking less than is possible is of use only where something has to be absent.
            if self.absent.is_empty() && taken.iter().any(|taken| taken & share == share) {
                continue;
            }
            if !free.is_empty() && !self.may_choose() {
                return false;
            }
            let chosen =
                free.iter().enumerate().filter(|(bit, _)| share >> bit & 1 == 1).map(|(_, field)| *field);
            let mut fields: Fields = chosen.chain(forced.iter().copied()).collect();
            fields.sort_unstable();
            if self.one_element(array, &fields) {
                taken.push(share);
                left.insert(open.iter().copied().filter(|field| !fields.contains(field)).collect());
            }
        }
        true
    }

    /// Whether one element of the array holds all the fields, and the absent ones are absent as AWS sees
    /// it: a field sees only the elements that fields before it have chosen, so until then all of them.
    fn one_element(&mut self, (first, end): (Place, Place), fields: &[usize]) -> bool {
        let sees_all = |absent: &&usize| fields.first().is_none_or(|earliest| **absent < *earliest);
        if self
            .absent
            .iter()
            .filter(sees_all)
            .any(|field| within(&self.contenders[*field].present, first, end))
        {
            return false;
        }
        if fields.is_empty() {
            return true;
        }
        let mut element = first;
        while element < end {
            self.steps += 1;
            let next = self.leaves.end(element);
            let has_all = fields.iter().all(|field| within(&self.contenders[*field].wanted, element, next));
            if has_all && self.inside(element, fields) {
                return true;
            }
            element = next;
        }
        false
    }

    fn may_choose(&mut self) -> bool {
        self.choices += 1;
        self.choices <= MOST_CHOICES
    }
}

/// Whether one of the places lies in the range.
fn within(places: &[Place], first: Place, end: Place) -> bool {
    places.get(places.partition_point(|place| *place < first)).is_some_and(|place| *place < end)
}
