//! A table as it is behind the proxy: its keys, its items, and what its indexes have of them.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::entries::Entries;
use super::item::{Item, ItemKey, index_units};

/// A table and all that is in it.
#[derive(Debug)]
pub(super) struct Table {
    name: String,
    pub(super) arn: String,
    keys: Keys,
    pub(super) indexes: Vec<Index>,
    /// All of it by its own keys, as an index has it.
    pub(super) own: Index,
    items: HashMap<ItemKey, Item>,
}

/// An index, and what it shows.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) arn: String,
    keys: Keys,
    projected: Projected,
    pub(super) entries: Entries,
}

#[derive(Clone, Debug, Default)]
struct Keys {
    partition: String,
    sort: Option<String>,
}

#[derive(Debug)]
enum Projected {
    Keys,
    These(Vec<String>),
    All,
}

/// What a write does to one index: which of its partitions have to write, and what that takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IndexChange {
    pub(super) arn: String,
    pub(super) partition: String,
    pub(super) units: f64,
}

impl Table {
    /// As `DescribeTable` has it.
    pub(super) fn read(described: &Value) -> Option<Self> {
        let arn = described["TableArn"].as_str()?.to_owned();
        let indexes = described["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        let indexes = indexes.filter_map(|index| Index::read(index, &arn)).collect();
        let name = described["TableName"].as_str()?.to_owned();
        let keys = Keys::read(described)?;
        let own = Index::own(&name, &arn, keys.clone());
        Some(Self { name, arn, keys, indexes, own, items: HashMap::new() })
    }

    /// Which item that is, by an item or by its key.
    pub(super) fn key(&self, of: &Item) -> Option<ItemKey> {
        let value = |name: &str| of.get(name).map(ToString::to_string);
        let sort = self.keys.sort.as_ref().map_or(Some(String::new()), |name| value(name))?;
        Some(ItemKey { table: self.name.clone(), partition: value(&self.keys.partition)?, sort })
    }

    /// The key of an item, as the API has it.
    pub(super) fn key_item(&self, of: &Item) -> Item {
        let kept = of.iter().filter(|(name, _)| self.keys.has(name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(super) fn item(&self, key: &ItemKey) -> Option<&Item> {
        self.items.get(key)
    }

    /// What the indexes have to write.
    pub(super) fn index_changes(&self, before: Option<&Item>, after: Option<&Item>) -> Vec<IndexChange> {
        let changes = self.indexes.iter().flat_map(|index| {
            let [old, new] = [before, after].map(|item| item.and_then(|item| index.entry(&self.keys, item)));
            let has_moved = match (&old, &new) {
                (Some((old, _)), Some((new, _))) => old != new,
                (None, _) | (_, None) => false,
            };
            let entry = |of: &Option<([String; 2], Item)>| of.as_ref().map(|(_, entry)| entry.clone());
            let units = index_units(entry(&old).as_ref(), entry(&new).as_ref(), has_moved);
            let partition = new.or(old).map(|([partition, _], _)| partition);
            let arn = index.arn.clone();
            partition.filter(|_| units > 0.0).map(|partition| IndexChange { arn, partition, units })
        });
        changes.collect()
    }

    /// The item is that one from now on, or there is none; the indexes show it from that moment on.
    pub(super) fn put(&mut self, key: &ItemKey, item: Option<Item>, shown_at: Instant) {
        let Self { keys, indexes, own, items, .. } = self;
        for index in indexes {
            let entry = item.as_ref().and_then(|item| index.entry(keys, item));
            index.entries.change(key, entry, shown_at);
        }
        // The table itself is never late.
        own.entries.change(key, item.as_ref().and_then(|item| own.entry(keys, item)), Instant::now());
        match item {
            Some(item) => items.insert(key.clone(), item),
            None => items.remove(key),
        };
    }
}

impl Index {
    fn read(described: &Value, table_arn: &str) -> Option<Self> {
        let name = described["IndexName"].as_str()?.to_owned();
        let projection = &described["Projection"];
        let projected = match projection["ProjectionType"].as_str()? {
            "KEYS_ONLY" => Projected::Keys,
            "INCLUDE" => {
                let names = projection["NonKeyAttributes"].as_array().into_iter().flatten();
                Projected::These(names.filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => Projected::All,
        };
        let (arn, keys) = (format!("{table_arn}/index/{name}"), Keys::read(described)?);
        Some(Self { name, arn, keys, projected, entries: Entries::default() })
    }

    fn own(table: &str, arn: &str, keys: Keys) -> Self {
        let entries = Entries::default();
        Self { name: table.to_owned(), arn: arn.to_owned(), keys, projected: Projected::All, entries }
    }

    /// By which its entries are sorted.
    pub(super) fn sort_key(&self) -> &str {
        self.keys.sort.as_deref().unwrap_or_default()
    }

    /// Where an item stands in it, and what it has of it; none where the item has not its keys.
    fn entry(&self, of_table: &Keys, item: &Item) -> Option<([String; 2], Item)> {
        let text =
            |name: &str| item.get(name).map(|value| value["S"].as_str().unwrap_or_default().to_owned());
        let sort = self.keys.sort.as_ref().map_or(Some(String::new()), |name| text(name))?;
        let place = [text(&self.keys.partition)?, sort];
        let is_kept = |name: &&String| match &self.projected {
            Projected::All => true,
            Projected::Keys => self.keys.has(name) || of_table.has(name),
            Projected::These(names) => self.keys.has(name) || of_table.has(name) || names.contains(name),
        };
        let kept = item.iter().filter(|(name, _)| is_kept(name));
        Some((place, kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
    }
}

impl Keys {
    fn read(described: &Value) -> Option<Self> {
        let named = |kind: &str| {
            let all = described["KeySchema"].as_array()?;
            let key = all.iter().find(|key| key["KeyType"] == json!(kind))?;
            key["AttributeName"].as_str().map(str::to_owned)
        };
        Some(Self { partition: named("HASH")?, sort: named("RANGE") })
    }

    fn has(&self, name: &str) -> bool {
        self.partition == name || self.sort.as_deref() == Some(name)
    }
}
