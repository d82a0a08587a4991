//! What is read again, and what is not.

use std::cell::RefCell;

use watchfire_core::containment::SwitchRecord;

use super::*;

/// Rows by name, and what was read of them.
#[derive(Default)]
struct Table {
    rows: BTreeMap<String, u64>,
    last: u64,
    read: RefCell<Vec<String>>,
    is_broken: bool,
}

impl Table {
    /// Gives them versions, as a commit does.
    fn write(&mut self, names: &[&str]) -> Vec<Changed> {
        let mut changed = Vec::new();
        for name in names {
            self.last += 1;
            self.rows.insert((*name).to_owned(), self.last);
            changed.push((self.last, format!("incident/{name}")));
        }
        changed
    }

    /// It is not open any more.
    fn close(&mut self, name: &str) -> Vec<Changed> {
        self.last += 1;
        self.rows.remove(name);
        vec![(self.last, format!("incident/{name}"))]
    }

    fn record(&self, name: &str) -> Option<Record> {
        self.read.borrow_mut().push(name.to_owned());
        (name != "torn").then(|| Record::Switch(SwitchRecord::default()))
    }
}

impl Rows for Table {
    fn last(&self) -> Result<u64, Error> {
        Ok(self.last)
    }

    fn each(&self, show: &mut Show<'_>) -> Result<(), Error> {
        self.rows.iter().for_each(|(name, version)| show(name, *version, &|| self.record(name)));
        if self.is_broken { Err(Error::Closed) } else { Ok(()) }
    }

    fn one(&self, name: &str) -> Result<Option<Known>, Error> {
        let known = |version: &u64| Some(Known { version: *version, record: self.record(name)? });
        Ok(self.rows.get(name).and_then(known))
    }
}

/// The names of those that were looked at, and of those that were read for it.
fn look(open: &OpenRecords, table: &Table) -> (Vec<String>, Vec<String>) {
    table.read.take();
    let mut seen = Vec::new();
    open.look("incident/", table, |name, _| seen.push(name.to_owned())).expect("it can be read");
    (seen, table.read.take())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_what_has_changed_is_read_again_and_what_was_closed_is_gone() {
    let (open, mut table) = (OpenRecords::default(), Table::default());
    open.changed(table.write(&["a", "b", "d"]));
    assert_eq!(look(&open, &table), (names(&["a", "b", "d"]), names(&["a", "b", "d"])));
    assert_eq!(look(&open, &table), (names(&["a", "b", "d"]), names(&[])));
    open.changed(table.write(&["b", "c", "b"]));
    open.changed(table.close("d"));
    assert_eq!(look(&open, &table), (names(&["a", "b", "c"]), names(&["b", "c"])));
    open.changed(vec![(table.last + 1, "target/a".to_owned())]);
    table.last += 1;
    assert_eq!(look(&open, &table), (names(&["a", "b", "c"]), names(&[])));
    open.forget();
    assert_eq!(look(&open, &table), (names(&["a", "b", "c"]), names(&["a", "b", "c"])));
}

#[test]
fn what_is_not_understood_is_not_shown_and_takes_nothing_else_with_it() {
    let (open, mut table) = (OpenRecords::default(), Table::default());
    open.changed(table.write(&["a", "torn"]));
    assert_eq!(look(&open, &table).0, names(&["a"]));
    open.changed(table.write(&["torn", "b"]));
    assert_eq!(look(&open, &table).0, names(&["a", "b"]));
}

#[test]
fn where_a_change_is_not_known_every_row_is_looked_at() {
    let (open, mut table) = (OpenRecords::default(), Table::default());
    open.changed(table.write(&["a", "b"]));
    look(&open, &table);
    // A commit that whoever looks sees before it is told of.
    let late = table.write(&["b"]);
    assert_eq!(look(&open, &table), (names(&["a", "b"]), names(&["b"])));
    open.changed(late);
    assert_eq!(look(&open, &table), (names(&["a", "b"]), names(&[])));
    // More changes than are remembered.
    for number in 0..CHANGES + 1 {
        let name = if number == 0 { "a" } else { "b" };
        open.changed(table.write(&[name]));
    }
    assert_eq!(look(&open, &table), (names(&["a", "b"]), names(&["a", "b"])));
    // Whoever looks at an earlier moment sees that moment.
    let earlier = Table { rows: [("a".to_owned(), 1)].into(), last: 1, ..Table::default() };
    assert_eq!(look(&open, &earlier), (names(&["a"]), names(&["a"])));
    assert_eq!(look(&open, &table).0, names(&["a", "b"]));
}

#[test]
fn no_more_are_kept_than_there_is_room_for() {
    let (open, mut table) = (OpenRecords::default(), Table::default());
    let all: Vec<_> = (0..MOST + 2).map(|number| format!("{number:06}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    open.changed(table.write(&all[..MOST]));
    look(&open, &table);
    open.changed(table.write(&all[MOST..]));
    assert_eq!(look(&open, &table), (names(&all), names(&all[MOST..])));
    // What has no room is forgotten by the next look, and read by each after that.
    assert_eq!(look(&open, &table), (names(&all), names(&[])));
    assert_eq!(look(&open, &table), (names(&all), names(&all[MOST..])));
}

#[test]
fn a_look_that_fails_leaves_nothing_behind() {
    let (open, mut table) = (OpenRecords::default(), Table::default());
    open.changed(table.write(&["a"]));
    table.is_broken = true;
    assert!(open.look("incident/", &table, |_, _| {}).is_err());
    table.is_broken = false;
    assert_eq!(look(&open, &table), (names(&["a"]), names(&["a"])));
}
