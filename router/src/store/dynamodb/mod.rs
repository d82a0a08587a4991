//! The store in one table of DynamoDB, for many workers and for Lambda. Its README says what stands where, and what it takes.

mod checkup;
mod commit;
mod definition;
#[cfg(feature = "cli")]
mod fill;
mod format;
mod hands;
mod item;
mod leases;
mod merging;
mod objects;
mod places;
mod prune;
mod read;
mod request;
mod rows;
mod settle;
mod sorted;
mod stream;
mod table;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
use watchfire_core::yaml::{Mistake, expected};

pub(crate) use self::checkup::checkup;
use self::hands::Hands;
use self::leases::Seen;
use self::merging::Combined;
use self::objects::Objects;
use self::request::Write;
use self::table::Table;
pub use self::table::Units;
use super::parsed::Parsed;
use super::{Error, SIGN};
use crate::aws::call::{Caller, Service};
use crate::clients::Clients;

/// What is due: next tries of decisions, and records that something is due about.
const DUE: &str = "due";
/// The timelines of incidents, and the records of which it is asked when they are old whether they are still needed.
const TIMELINE: &str = "timeline";
/// The records that are open.
const OPEN: &str = "open";

/// Under `store.dynamodb`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "DynamoDb")]
#[serde(deny_unknown_fields, expecting = "a mapping of table, region, bucket, prefix")]
pub struct Config {
    /// The table's name, 3 to 255 letters, digits, `_`, `-` and `.`.
    #[schemars(regex(pattern = "^[a-zA-Z0-9_.-]{3,255}$"))]
    pub table: String,
    /// The region that it is in, if it is another than everything else's.
    #[serde(default)]
    pub region: Option<String>,
    /// A bucket in that region, for decisions about events that are too large for a row; without one they are refused.
    #[serde(default)]
    pub bucket: Option<String>,
    /// What every key in the bucket begins with, such as `watchfire/`.
    #[serde(default)]
    #[schemars(regex(pattern = "^([^/].*/)?$"))]
    pub prefix: String,
}

/// As what a table is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenAs {
    /// One who works on it: a worker, a Lambda.
    Worker,
    /// An operator's command, which does itself what it decides.
    Operator,
    /// An operator's command, which leaves what it decides to workers.
    Recorder,
}

/// The store in a table.
#[derive(Clone)]
pub struct DynamoDb(Arc<Inner>);

struct Inner {
    table: Table,
    /// How long decisions are kept.
    keep: SignedDuration,
    parsed: Parsed,
    combined: Combined,
    /// This worker, as others know it.
    worker: String,
    hands: Hands,
    seen: Seen,
    /// Whether what it commits is in its hands.
    keeps: bool,
    objects: Objects,
    given_up: watch::Sender<Option<Error>>,
}

impl Config {
    /// What is wrong with it.
    pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { table, region: _, bucket, prefix } = self;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if !(3..=255).contains(&table.len()) || !table.bytes().all(is_plain) {
            let name = expected("the name of a table, 3 to 255 letters, digits, `_`, `-` and `.`");
            mistake(".table", name.found(format!("`{}`", table.escape_debug())));
        }
        let is_bucket = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
        if let Some(bucket) = bucket.as_deref().filter(|bucket| !is_bucket(bucket)) {
            mistake(".bucket", expected("a bucket's name").found(format!("`{}`", bucket.escape_debug())));
        }
        let is_folder = prefix.is_empty() || prefix.ends_with('/') && !prefix.starts_with('/');
        if !is_folder || prefix.split('/').any(|part| part == "." || part == "..") {
            let folder =
                expected("a prefix that ends in `/`, does not begin with it and has no `.` or `..` between");
            mistake(".prefix", folder.found(format!("`{}`", prefix.escape_debug())));
        }
    }
}

impl DynamoDb {
    /// Looks whether the table is as it must be.
    pub(super) async fn open(
        open_as: OpenAs,
        clients: &Clients,
        config: &Config,
        keep: SignedDuration,
    ) -> Result<Self, Error> {
        let opened = Self::reach(clients, config, keep).await?;
        let store = Self(Arc::new(Inner { keeps: open_as != OpenAs::Recorder, ..opened }));
        store.look_at_its_table(open_as).await?;
        Ok(store)
    }

    pub(super) async fn look_at_its_table(&self, open_as: OpenAs) -> Result<(), Error> {
        definition::look_at(&self.0.table).await?;
        format::agree(&self.0.table, open_as == OpenAs::Worker).await
    }

    /// The table, whatever it is, for a worker.
    pub(super) async fn unseen(
        clients: &Clients,
        config: &Config,
        keep: SignedDuration,
    ) -> Result<Self, Error> {
        Self::reach(clients, config, keep).await.map(|opened| Self(Arc::new(opened)))
    }

    async fn reach(clients: &Clients, config: &Config, keep: SignedDuration) -> Result<Inner, Error> {
        let Config { table, region, bucket, prefix } = config;
        let caller = Caller::new(clients, Service::DynamoDb, region.as_deref()).await;
        let caller =
            caller.map_err(|error| Error::Table { table: table.clone(), wrong: vec![error.to_string()] })?;
        let (parsed, combined, hands, seen) = Default::default();
        let worker = format!("{:016x}", table::random());
        let table = Table::new(caller, table.clone());
        let to = bucket.clone().map(|bucket| (bucket, prefix.clone()));
        let objects = Objects::new(clients, region.as_deref(), to).await;
        let given_up = watch::Sender::new(None);
        Ok(Inner { table, keep, parsed, combined, worker, hands, seen, keeps: true, objects, given_up })
    }

    /// What `CreateTable` is to be asked for, without what is particular to a place.
    pub fn definition(table: &str) -> serde_json::Value {
        definition::definition(table)
    }

    /// What this process has taken of the table's capacity.
    pub fn units(&self) -> Units {
        self.0.table.units()
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        self.0
            .table
            .write(&Write::update(&places::ping()).set("at", Timestamp::now().as_microsecond()))
            .await?;
        Ok(())
    }

    pub(super) async fn last_sign(&self) -> Result<Option<Timestamp>, Error> {
        let item = self.0.table.get(&places::ping()).await?;
        let micros = item.and_then(|item| item.number(SIGN));
        Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    pub(super) async fn leave_sign(&self, now: Timestamp) -> Result<(), Error> {
        let sign = Write::update(&places::ping()).set(SIGN, now.as_microsecond());
        self.0.table.write(&sign).await.map(|_| ())
    }

    pub(super) fn in_words(&self) -> String {
        let table = &self.0.table;
        format!("the table {} in {}", table.name, table.region())
    }

    /// It is not what a worker can work on, which a new start says.
    pub(super) fn give_up(&self, error: Error) {
        self.0.given_up.send_replace(Some(error));
    }

    pub(super) fn broken(&self) -> Option<Error> {
        self.0.given_up.borrow().clone()
    }

    pub(super) async fn breaks(&self) -> Error {
        let mut given_up = self.0.given_up.subscribe();
        match given_up.wait_for(Option::is_some).await.map(|error| error.clone()) {
            Ok(Some(error)) => error,
            // It lives as long as this store does.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.0.table.is_healthy()
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DynamoDb").field("table", &self.0.table.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_name_that_tables_can_have() {
        let wrong = |table: &str| {
            let mut wrong = Vec::new();
            let config =
                Config { table: table.to_owned(), region: None, bucket: None, prefix: String::new() };
            config.check(&mut |member, message| wrong.push(format!("{member}: {message}")));
            wrong
        };
        assert_eq!(wrong("watchfire-2.a_b"), Vec::<String>::new());
        let expected = "expected the name of a table, 3 to 255 letters, digits, `_`, `-` and `.`, found";
        for name in ["", "ab", "a/b", "arn:aws:dynamodb", &"x".repeat(256)] {
            assert_eq!(wrong(name), [format!(".table: {expected} `{name}`")]);
        }
    }
}
