//! What an index shows: what was written some time ago, in its order.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::item::{Item, ItemKey};

/// Partition, sort key, and which item it is.
type Place = (String, String, ItemKey);

/// Of which item, and its entry from then on, if it has one.
type Change = (ItemKey, Option<(Place, Item)>);

/// The entries of an index as they are shown, and those that are on their way.
#[derive(Debug, Default)]
pub(super) struct Entries {
    shown: BTreeMap<Place, Item>,
    places: HashMap<ItemKey, Place>,
    coming: BTreeMap<(Instant, u64), Change>,
    /// When the last change of an item is shown, which none after it overtakes.
    last: HashMap<ItemKey, Instant>,
    number: u64,
}

/// What a query asks of one partition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) partition: String,
    range: Range,
    is_forward: bool,
    most: usize,
    after: Option<(String, ItemKey)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Range {
    All,
    From(String),
    Above(String),
    Before(String),
    Until(String),
    Is(String),
    Beginning(String),
}

impl Entries {
    /// An item's entry is that one from that moment on, or there is none.
    pub(super) fn change(&mut self, key: &ItemKey, entry: Option<([String; 2], Item)>, at: Instant) {
        let at = self.last.get(key).map_or(at, |last| at.max(*last));
        self.last.insert(key.clone(), at);
        self.number += 1;
        let entry = entry.map(|([partition, sort], entry)| ((partition, sort, key.clone()), entry));
        self.coming.insert((at, self.number), (key.clone(), entry));
    }

    fn show(&mut self, now: Instant) {
        while let Some(next) = self.coming.first_entry().filter(|next| next.key().0 <= now) {
            let (key, entry) = next.remove();
            if let Some(place) = self.places.remove(&key) {
                self.shown.remove(&place);
            }
            if let Some((place, entry)) = entry {
                self.places.insert(key, place.clone());
                self.shown.insert(place, entry);
            }
        }
    }

    /// A page as it is shown at that moment, and whether it is full: then there may be more.
    pub(super) fn page(&mut self, wanted: &Wanted, now: Instant) -> (Vec<Item>, bool) {
        self.show(now);
        let first = |partition| (partition, String::new(), ItemKey::default());
        // No text is between a text and itself with the least letter behind it.
        let next = format!("{}\0", wanted.partition);
        let of_it = self.shown.range(first(wanted.partition.clone())..first(next));
        let of_it = of_it.filter(|(place, _)| wanted.takes(place)).map(|(_, entry)| entry);
        let found: Vec<Item> = match wanted.is_forward {
            true => of_it.take(wanted.most).cloned().collect(),
            false => of_it.rev().take(wanted.most).cloned().collect(),
        };
        let is_full = found.len() == wanted.most;
        (found, is_full)
    }
}

impl Wanted {
    /// What a `Query` asks; none where it is asked in a way that is not known here.
    pub(super) fn read(
        query: &Value,
        sort_key: &str,
        key_of: impl Fn(&Item) -> Option<ItemKey>,
    ) -> Option<Self> {
        let known = ["FilterExpression", "ProjectionExpression", "KeyConditions", "Select"];
        if known.iter().any(|member| !query[member].is_null()) {
            return None;
        }
        let condition = query["KeyConditionExpression"].as_str()?;
        let text =
            |alias: &str| query["ExpressionAttributeValues"][alias.trim()]["S"].as_str().map(str::to_owned);
        let (first, second) = match condition.split_once(" AND ") {
            Some((first, second)) => (first, Some(second)),
            None => (condition, None),
        };
        let partition = text(first.split_once('=')?.1)?;
        let range = second.map_or(Some(Range::All), |second| Range::read(second, text))?;
        let after = match &query["ExclusiveStartKey"] {
            Value::Object(after) => Some((after.get(sort_key)?["S"].as_str()?.to_owned(), key_of(after)?)),
            _ => None,
        };
        let most = query["Limit"].as_u64().map_or(usize::MAX, |most| most as usize);
        let is_forward = query["ScanIndexForward"].as_bool().unwrap_or(true);
        Some(Self { partition, range, is_forward, most, after })
    }

    fn takes(&self, (partition, sort, key): &Place) -> bool {
        let is_after = |(after, last): &(String, ItemKey)| match self.is_forward {
            true => (sort, key) > (after, last),
            false => (sort, key) < (after, last),
        };
        *partition == self.partition && self.range.takes(sort) && self.after.as_ref().is_none_or(is_after)
    }

    /// The answer to it.
    pub(super) fn answer(items: Vec<Item>, last: Option<Item>) -> Value {
        let count = items.len();
        let mut answer: Map<String, Value> = Map::from_iter([
            ("Count".to_owned(), json!(count)),
            ("ScannedCount".to_owned(), json!(count)),
            ("Items".to_owned(), json!(items)),
        ]);
        if let Some(last) = last {
            answer.insert("LastEvaluatedKey".to_owned(), json!(last));
        }
        Value::Object(answer)
    }
}

impl Range {
    fn read(condition: &str, text: impl Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(inside) = condition.strip_prefix("begins_with(") {
            return text(inside.split_once(',')?.1.trim_end_matches(')')).map(Self::Beginning);
        }
        let mut words = condition.split_whitespace();
        let (_, operator, value) = (words.next()?, words.next()?, text(words.next()?)?);
        match operator {
            ">=" => Some(Self::From(value)),
            ">" => Some(Self::Above(value)),
            "<" => Some(Self::Before(value)),
            "<=" => Some(Self::Until(value)),
            "=" => Some(Self::Is(value)),
            _ => None,
        }
    }

    fn takes(&self, sort: &str) -> bool {
        match self {
            Range::All => true,
            Range::From(text) => sort >= text.as_str(),
            Range::Above(text) => sort > text.as_str(),
            Range::Before(text) => sort < text.as_str(),
            Range::Until(text) => sort <= text.as_str(),
            Range::Is(text) => sort == text,
            Range::Beginning(text) => sort.starts_with(text),
        }
    }
}
