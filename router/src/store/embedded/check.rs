//! Whether a file is whole: every page against its sum, every row understood, every row where another says it is.

use std::fmt::Debug;
use std::path::Path;

use redb::{ReadOnlyTable, ReadableDatabase as _, ReadableTable as _};
use serde::Serialize;
use watchfire_core::decision::Decision;
use watchfire_core::hash::sha256;
use watchfire_core::state::{Key, Record};

use super::file::{at, prepare};
use super::overlay;
use super::tables::{Size, Snapshot, Unsettled};
use crate::store::Error;
use crate::store::error::{chain, sound};
use crate::store::row::{Kept, from_row};

/// So many things that are wrong are said one by one.
const MOST: usize = 1_000;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    /// Of the file.
    pub(crate) bytes: u64,
    pub(crate) tables: Vec<Size>,
    /// What is wrong, each in a line; at most so many.
    pub(crate) wrong: Vec<String>,
}

/// Looks at all of a file that no worker has open; it stays as it is.
pub(crate) fn check(path: &Path) -> Result<Checked, Error> {
    let bytes = path.metadata().map_or(0, |file| file.len());
    let mut checked = Checked { bytes, tables: Vec::new(), wrong: Vec::new() };
    match overlay::look_at(path) {
        Ok(mut looking) => match sound(|| Ok(looking.database().check_integrity()?)) {
            Ok(true) => {}
            Ok(false) => checked.wrong.push("pages: some differ from their sums, or are lost".to_owned()),
            Err(error) => checked.wrong.push(format!("pages: {}", chain(&error))),
        },
        Err(error @ Error::DamagedFile { .. }) => {
            checked.wrong.push(format!("the file cannot be opened: {}", chain(&error)));
            return Ok(checked);
        }
        Err(error) => return Err(error),
    }
    // Afresh: what was just looked at may have been mended in memory.
    let mut looking = overlay::look_at(path)?;
    let looked = sound(|| {
        let database = looking.database();
        prepare(database, path)?;
        let tables = Snapshot::new(database.begin_read()?);
        rows(&tables, &mut checked.wrong);
        checked.tables = sound(|| tables.sizes()).unwrap_or_default();
        Ok(())
    });
    match looked {
        Ok(()) => {}
        Err(error @ (Error::Damaged(_) | Error::Corrupt { .. })) => checked.wrong.push(chain(&error)),
        Err(error) => return Err(at(error, path)),
    }
    checked.wrong.truncate(MOST);
    Ok(checked)
}

fn rows(tables: &Snapshot, wrong: &mut Vec<String>) {
    each("events", tables.events(), wrong, |event, decided| {
        is_there(tables.entries()?.get((decided, event))?, "its decision is not there")
    });
    each("entries", tables.entries(), wrong, |(_, event), row| {
        let Kept { decision, raw, sha256: sum } = from_row::<Kept<Decision, String>>(row, String::new)?;
        if sha256(&raw) != sum {
            return Ok(Some("the event's text differs from its sum".to_owned()));
        }
        if decision.event.as_str() != event {
            return Ok(Some(format!("it is about event {}", decision.event)));
        }
        is_there(tables.events()?.get(event)?, "it is not found by its event")
    });
    each("outcomes", tables.outcomes(), wrong, |key, row| {
        from_row::<std::collections::BTreeMap<String, watchfire_core::journal::Outcome>>(row, String::new)?;
        is_there(tables.entries()?.get(key)?, "its decision is not there")
    });
    each("unsettled", tables.unsettled(), wrong, |event, row| {
        let unsettled: Unsettled = from_row(row, String::new)?;
        is_there(tables.due()?.get((unsettled.next_try, event))?, "nothing says when it is due")
    });
    each("due", tables.due(), wrong, |(_, event), ()| {
        is_there(tables.unsettled()?.get(event)?, "nothing is left to do")
    });
    each("records", tables.records(), wrong, |key, (_, _, row)| {
        from_row::<Record>(row, String::new)?;
        Ok(Key::parse(key).is_none().then(|| "no such key in this version".to_owned()))
    });
    each("open", tables.open(), wrong, |key, ()| {
        is_there(tables.records()?.get(key)?, "its record is not there")
    });
    each("aging", tables.aging(), wrong, |(_, key), ()| {
        is_there(tables.records()?.get(key)?, "its record is not there")
    });
    each("wake_of", tables.wake_of(), wrong, |key, at| {
        is_there(tables.wakes()?.get((at, key))?, "nothing wakes it")
    });
    each("wakes", tables.wakes(), wrong, |(_, key), ()| {
        is_there(tables.wake_of()?.get(key)?, "nothing is to be woken")
    });
    each("timeline", tables.timeline(), wrong, |(_, decided, event), ()| {
        is_there(tables.entries()?.get((decided, event))?, "its decision is not there")
    });
    each("spool", tables.spool(), wrong, |_, _| Ok(None));
    each("express", tables.express(), wrong, |number, ()| {
        is_there(tables.spool()?.get(number)?, "its message is not there")
    });
}

fn is_there<T>(row: Option<T>, otherwise: &str) -> Result<Option<String>, Error> {
    Ok(row.is_none().then(|| otherwise.to_owned()))
}

/// Looks at every row of a table, from both ends where there is a hole in it.
fn each<K: redb::Key + 'static, V: redb::Value + 'static>(
    name: &str,
    table: Result<&ReadOnlyTable<K, V>, Error>,
    wrong: &mut Vec<String>,
    mut look: impl for<'r> FnMut(K::SelfType<'r>, V::SelfType<'r>) -> Result<Option<String>, Error>,
) where
    for<'r> K::SelfType<'r>: Debug + Clone,
{
    let table = match table {
        Ok(table) => table,
        Err(error) => return wrong.push(format!("{name}: {}", chain(&error))),
    };
    let mut last = "the beginning".to_owned();
    let walked = sound(|| {
        for row in table.iter()? {
            let (key, value) = row?;
            last = format!("{:?}", key.value());
            let found = sound(|| look(key.value(), value.value()));
            let found = found.unwrap_or_else(|error| Some(chain(&error).trim_start().to_owned()));
            wrong.extend(found.map(|what| format!("{name} {last}: {what}")));
        }
        Ok(())
    });
    let Err(error) = walked else { return };
    let mut first = "the end".to_owned();
    let _ = sound(|| {
        for row in table.iter()?.rev() {
            first = format!("{:?}", row?.0.value());
        }
        Ok(())
    });
    wrong.push(format!("{name}: between {last} and {first} nothing can be read: {}", chain(&error)));
}
