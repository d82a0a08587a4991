//! The format of a table: an item that says which versions of Watchfire understand what stands in it.

use super::item::Item;
use super::places::Place;
use super::request::{Condition, Write};
use super::table::{Table, Written};
use crate::store::Error;

/// The newest that this version can read, and the one that its workers write.
///
/// 2: a decision may stand in a bucket.
const FORMAT: i64 = 2;
/// That of a table which does not say: there was no such item yet.
const UNSAID: i64 = 1;
/// The attribute that a copy leaves until all of it is there: what it is a copy of.
pub(super) const COPYING: &str = "copying";
/// The attribute with the last version that a copied file had given to a record.
pub(super) const VERSION: &str = "version";

/// Where it stands.
pub(super) fn place() -> Place {
    let [pk, sk] = ["format", "-"].map(str::to_owned);
    Place { pk, sk, name: None }
}

/// Refuses a table that this version would misunderstand. Whoever works on it raises an older one to this format, so
/// that older versions refuse it from then on; whoever only looks leaves it as it is.
pub(super) async fn agree(table: &Table, is_worker: bool) -> Result<(), Error> {
    let mut found = table.get(&place()).await?;
    loop {
        let said = found.as_ref().and_then(|item| item.number("format"));
        let format = said.unwrap_or(UNSAID);
        if let Some(of) = found.as_ref().and_then(|item| item.text(COPYING)) {
            let unfinished = format!(
                "a copy of {of} into it is not finished; `watchfire store copy {of} dynamodb:{}` goes on with it",
                table.name
            );
            return Err(Error::Table { table: table.name.clone(), wrong: vec![unfinished] });
        }
        if format > FORMAT {
            let (found, known) = (format.unsigned_abs(), FORMAT.unsigned_abs());
            return Err(Error::NewerTable { table: table.name.clone(), found, known });
        }
        if format == FORMAT && said.is_some() || !is_worker {
            return Ok(());
        }
        let as_found = match said {
            Some(said) => Condition::Is("format", said.into()),
            None => Condition::Lacks("format"),
        };
        let raise = Write::update(&place()).set("format", FORMAT).when(as_found).telling();
        match table.write(&raise).await? {
            Written::Yes => return Ok(()),
            // Another one was there first.
            Written::No(now) => found = now,
        }
    }
}

/// The item of a table into which a copy is begun.
pub(super) fn copying(of: &str, version: u64) -> Item {
    let item = place().item().with("format", FORMAT).with(COPYING, of);
    item.with(VERSION, version)
}

/// The last version that is known to have been given to a record: no record of a copy gets one up to it.
pub(super) fn version(item: Option<&Item>) -> u64 {
    item.and_then(|item| item.number(VERSION)).unwrap_or_default().unsigned_abs()
}
