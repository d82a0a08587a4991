//! Rows that are found by any of their keys, and are remembered for a while after they are gone.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use jiff::{SignedDuration, Timestamp};

/// How long what is gone can still be found.
pub const REMEMBERED: SignedDuration = SignedDuration::from_mins(15);
/// How many rows of one table are remembered at most after they are gone; the oldest go first.
pub const MOST_REMEMBERED: usize = 20_000;

/// What a table holds.
pub(super) trait Keyed<const KEYS: usize> {
    /// Unique among all rows, now and ever.
    fn uid(&self) -> &str;
    /// Says every key: the number of its map, and the text.
    fn each_key(&self, say: &mut dyn FnMut(usize, &str));
    fn gone_at(&self) -> Option<Timestamp>;
    fn set_gone_at(&mut self, at: Timestamp);
}

#[derive(Debug)]
pub(super) struct Table<T, const KEYS: usize> {
    // Each by itself: a map keeps room for twice as many as it has.
    rows: HashMap<u32, Box<T>>,
    by_uid: HashMap<Sum, u32>,
    by_key: [HashMap<Sum, Ids>; KEYS],
    sums: [RandomState; 2],
    next: u32,
    gone: VecDeque<(Timestamp, u32)>,
}

/// What stands for the text of a key, which its row has: 128 bits by secrets of this process, which no two texts share.
type Sum = [u64; 2];

/// Most keys have one row.
#[derive(Debug)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

impl<T: Keyed<KEYS>, const KEYS: usize> Table<T, KEYS> {
    pub(super) fn new() -> Self {
        Self {
            rows: HashMap::new(),
            by_uid: HashMap::new(),
            by_key: std::array::from_fn(|_| HashMap::new()),
            sums: [RandomState::new(), RandomState::new()],
            next: 0,
            gone: VecDeque::new(),
        }
    }

    /// How many rows are not gone.
    pub(super) fn living(&self) -> usize {
        self.rows.len() - self.gone.len()
    }

    /// A row as it is now, in place of the one of the same UID.
    pub(super) fn put(&mut self, row: T, now: Timestamp) {
        self.forget(now);
        let uid = self.sum(row.uid());
        if let Some(id) = self.by_uid.get(&uid).copied() {
            self.remove(id);
        }
        // Four billion changes later the numbers begin anew, around those that are taken.
        while self.rows.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.by_uid.insert(uid, id);
        row.each_key(&mut |map, key| {
            let key = self.sum(key);
            self.by_key[map].entry(key).and_modify(|ids| ids.add(id)).or_insert(Ids::One(id));
        });
        self.rows.insert(id, Box::new(row));
    }

    /// The row of that UID is gone; it is remembered.
    pub(super) fn gone(&mut self, uid: &str, now: Timestamp) {
        self.forget(now);
        let Some(id) = self.by_uid.get(&self.sum(uid)).copied() else { return };
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.gone_at().is_none()) else { return };
        row.set_gone_at(now);
        self.gone.push_back((now, id));
        self.forget(now);
    }

    /// These are all that there are: any other is gone.
    pub(super) fn only(&mut self, uids: &HashSet<String>, now: Timestamp) {
        let living = self.rows.values().filter(|row| row.gone_at().is_none());
        let missing: Vec<_> =
            living.map(|row| row.uid()).filter(|uid| !uids.contains(*uid)).map(str::to_owned).collect();
        for uid in missing {
            self.gone(&uid, now);
        }
    }

    pub(super) fn of_uid(&self, uid: &str, now: Timestamp) -> Option<&T> {
        let row = self.rows.get(self.by_uid.get(&self.sum(uid))?)?;
        Some(&**row).filter(|row| is_remembered(row.gone_at(), now))
    }

    /// All rows with that key, in no order.
    pub(super) fn of_key<'a>(
        &'a self,
        map: usize,
        key: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a T> + use<'a, T, KEYS> {
        let ids: &[u32] = match self.by_key[map].get(&self.sum(key)) {
            None => &[],
            Some(Ids::One(id)) => std::slice::from_ref(id),
            Some(Ids::Many(ids)) => ids,
        };
        let rows = ids.iter().filter_map(|id| self.rows.get(id)).map(Box::as_ref);
        rows.filter(move |row| is_remembered(row.gone_at(), now))
    }

    pub(super) fn all(&self, now: Timestamp) -> impl Iterator<Item = &T> {
        self.rows.values().map(Box::as_ref).filter(move |row| is_remembered(row.gone_at(), now))
    }

    /// Lets go of what has been gone for long enough, and of the oldest where there are too many.
    fn forget(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.gone.front().copied() {
            if is_remembered(Some(at), now) && self.gone.len() <= MOST_REMEMBERED {
                return;
            }
            self.gone.pop_front();
            self.take(id);
        }
    }

    fn remove(&mut self, id: u32) {
        if self.take(id).is_some_and(|row| row.gone_at().is_some()) {
            // It was gone and is back: a list that came out of order.
            self.gone.retain(|(_, gone)| *gone != id);
        }
    }

    fn take(&mut self, id: u32) -> Option<Box<T>> {
        let row = self.rows.remove(&id)?;
        self.by_uid.remove(&self.sum(row.uid()));
        row.each_key(&mut |map, key| {
            let key = self.sum(key);
            let is_empty = self.by_key[map].get_mut(&key).is_some_and(|ids| ids.remove(id));
            if is_empty {
                self.by_key[map].remove(&key);
            }
        });
        Some(row)
    }

    fn sum(&self, text: &str) -> Sum {
        self.sums.each_ref().map(|secret| secret.hash_one(text))
    }
}

impl Ids {
    fn add(&mut self, id: u32) {
        match self {
            // The same key twice of one row, such as two containers of one image.
            Ids::One(one) if *one == id => {}
            Ids::One(one) => *self = Ids::Many(vec![*one, id]),
            Ids::Many(many) if many.last() == Some(&id) => {}
            Ids::Many(many) => many.push(id),
        }
    }

    /// Whether nothing is left.
    fn remove(&mut self, id: u32) -> bool {
        match self {
            Ids::One(one) => *one == id,
            Ids::Many(many) => {
                if let Some(at) = many.iter().position(|one| *one == id) {
                    many.swap_remove(at);
                }
                many.is_empty()
            }
        }
    }
}

fn is_remembered(gone_at: Option<Timestamp>, now: Timestamp) -> bool {
    gone_at.is_none_or(|gone| now.duration_since(gone) < REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Row {
        uid: &'static str,
        color: &'static str,
        gone_at: Option<Timestamp>,
    }

    impl Keyed<1> for Row {
        fn uid(&self) -> &str {
            self.uid
        }

        fn each_key(&self, say: &mut dyn FnMut(usize, &str)) {
            say(0, self.color);
            say(0, self.color);
        }

        fn gone_at(&self) -> Option<Timestamp> {
            self.gone_at
        }

        fn set_gone_at(&mut self, at: Timestamp) {
            self.gone_at = Some(at);
        }
    }

    fn row(uid: &'static str, color: &'static str) -> Row {
        Row { uid, color, gone_at: None }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn red(table: &Table<Row, 1>, minutes: i64) -> Vec<&'static str> {
        let mut found: Vec<_> = table.of_key(0, "red", at(minutes)).map(|row| row.uid).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_row_is_found_by_its_keys_as_they_are_now() {
        let mut table = Table::new();
        table.put(row("a", "red"), at(0));
        table.put(row("b", "red"), at(0));
        table.put(row("c", "red"), at(0));
        table.put(row("a", "blue"), at(0));
        assert_eq!((red(&table, 0), table.living()), (vec!["b", "c"], 3));
        assert_eq!(table.of_uid("a", at(0)), Some(&row("a", "blue")));
    }

    #[test]
    fn what_is_gone_is_found_for_fifteen_minutes_and_no_longer() {
        let mut table = Table::new();
        table.put(row("a", "red"), at(0));
        table.put(row("b", "red"), at(0));
        table.gone("a", at(1));
        table.gone("a", at(5));
        assert_eq!(table.of_uid("a", at(15)), Some(&Row { gone_at: Some(at(1)), ..row("a", "red") }));
        assert_eq!((red(&table, 15), red(&table, 16), table.living()), (vec!["a", "b"], vec!["b"], 1));
        table.put(row("c", "blue"), at(16));
        assert_eq!((table.rows.len(), table.by_key[0].len(), table.gone.len()), (2, 2, 0));
    }

    #[test]
    fn what_a_new_list_lacks_is_gone_and_what_comes_back_is_not() {
        let mut table = Table::new();
        for uid in ["a", "b", "c"] {
            table.put(row(uid, "red"), at(0));
        }
        table.only(&HashSet::from(["b".to_owned()]), at(1));
        assert_eq!((red(&table, 2), table.living()), (vec!["a", "b", "c"], 1));
        table.put(row("a", "red"), at(3));
        assert_eq!((red(&table, 17), table.living()), (vec!["a", "b"], 2));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut table = Table::new();
        let uids: Vec<&'static str> = (0..MOST_REMEMBERED + 10)
            .map(|number| &*Box::leak(format!("u{number}").into_boxed_str()))
            .collect();
        for uid in &uids {
            table.put(row(uid, "red"), at(0));
            table.gone(uid, at(0));
        }
        assert_eq!((table.rows.len(), table.living()), (MOST_REMEMBERED, 0));
        assert!(table.of_uid("u9", at(0)).is_none() && table.of_uid("u10", at(0)).is_some());
    }
}
