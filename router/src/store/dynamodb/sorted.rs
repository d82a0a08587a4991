//! What stands in several partitions, in one order.

use std::collections::VecDeque;

use futures_util::future::try_join_all;

use super::item::Item;
use super::places::SHARDS;
use super::request::{Order, Query, Range};
use super::table::Table;
use crate::store::Error;

/// Of each partition a page at most is kept.
pub(super) struct Sorted {
    partitions: Vec<Partition>,
    sort_key: String,
    order: Order,
}

struct Partition {
    query: Query,
    items: VecDeque<Item>,
    next: Next,
}

/// What of a partition was not read yet.
enum Next {
    /// All of it.
    First,
    /// What comes after that.
    After(Item),
    /// Nothing.
    Nothing,
}

impl Sorted {
    /// Of all partitions whose names begin so.
    pub(super) fn all(
        index: Option<&'static str>,
        beginning: &str,
        range: &Range,
        order: Order,
        page: usize,
    ) -> Self {
        let partitions = SHARDS.chars().map(|shard| format!("{beginning}{shard}"));
        Self::of(partitions.collect(), index, range, order, page)
    }

    /// Of these.
    pub(super) fn of(
        partitions: Vec<String>,
        index: Option<&'static str>,
        range: &Range,
        order: Order,
        page: usize,
    ) -> Self {
        let page = page.clamp(1, 1_000);
        let query = |partition| Query { index, partition, range: range.clone(), order, page };
        let queries: Vec<Query> = partitions.into_iter().map(query).collect();
        let sort_key = queries.first().map_or_else(String::new, Query::sort_key);
        let partitions =
            queries.into_iter().map(|query| Partition { query, items: VecDeque::new(), next: Next::First });
        Self { partitions: partitions.collect(), sort_key, order }
    }

    /// The next of all.
    pub(super) async fn next(&mut self, table: &Table) -> Result<Option<Item>, Error> {
        let Self { partitions, sort_key, order } = self;
        let empty = partitions.iter_mut().filter(|partition| partition.items.is_empty());
        try_join_all(empty.map(|partition| partition.fill(table))).await?;
        let place = |partition: &Partition| partition.items.front()?.text(sort_key).map(str::to_owned);
        let begun = partitions.iter_mut().filter(|partition| !partition.items.is_empty());
        let first = match order {
            Order::Forward => begun.min_by_key(|partition| place(partition)),
            Order::Backward => begun.max_by_key(|partition| place(partition)),
        };
        Ok(first.and_then(|partition| partition.items.pop_front()))
    }

    /// The next so many of all, or those that are left.
    pub(super) async fn take(&mut self, most: usize, table: &Table) -> Result<Vec<Item>, Error> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(item) = self.next(table).await?
        {
            taken.push(item);
        }
        Ok(taken)
    }
}

impl Partition {
    async fn fill(&mut self, table: &Table) -> Result<(), Error> {
        while self.items.is_empty() {
            let after = match &self.next {
                Next::First => None,
                Next::After(last) => Some(last),
                Next::Nothing => return Ok(()),
            };
            let page = table.query(self.query.request(after)).await?;
            self.items = page.items.into();
            self.next = page.last_evaluated_key.map_or(Next::Nothing, Next::After);
        }
        Ok(())
    }
}
