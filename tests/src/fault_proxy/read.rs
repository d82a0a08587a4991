//! Reads through the proxy: by an index that is late, from a partition that has room, paid for by what is found.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::counts::Consumed;
use super::entries::Wanted;
use super::faults::Faults;
use super::item::{Item, ItemKey, read_units, size};
use super::passing::{Asked, Proxy};
use super::refusal::{Full, Reason, Refusal};
use super::state::State;
use super::upstream::Answer;
use super::write::keys_read;

/// A partition that is read.
#[derive(Clone, Debug, PartialEq)]
struct Partition {
    arn: String,
    name: String,
}

impl Proxy {
    pub(super) async fn read(&self, asked: &Asked) -> Answer {
        let keys = keys_read(&asked.operation, &asked.body);
        let named = asked.body["TableName"].as_str().map(str::to_owned);
        for table in keys.iter().map(|(table, _)| table).chain(&named) {
            self.know(table, &asked.passing).await;
        }
        match asked.operation.as_str() {
            "TransactGetItems" => self.transact_get(asked, &keys).await,
            "BatchGetItem" => self.batch_get(asked).await,
            "Query" => self.query(asked).await,
            _ => self.get(asked, &keys).await,
        }
    }

    async fn get(&self, asked: &Asked, keys: &[(String, Item)]) -> Answer {
        let partition = keys.first().and_then(|(table, key)| self.state().partition_of(table, key));
        if let Some(full) = partition.as_ref().and_then(|partition| self.state().is_full(partition)) {
            return Refusal::throttled(&full).into();
        }
        let copied = self.state().copied(&asked.operation, &asked.body);
        let answer = match copied {
            Some(answer) => answer,
            None => self.upstream.forward(&asked.passing).await,
        };
        let found = answer.json()["Item"].as_object().map_or(0, size);
        self.state().pay_read(partition.as_ref(), strength(&asked.body) * read_units(found));
        answer
    }

    async fn transact_get(&self, asked: &Asked, keys: &[(String, Item)]) -> Answer {
        let of = |(table, key): &(String, Item)| self.state().tables.get(table)?.key(key);
        let items: Option<Vec<ItemKey>> = keys.iter().map(of).collect();
        let meets = self.holds.meets(&items.unwrap_or_default());
        if meets.contains(&true) {
            let reasons = meets.into_iter().map(|meets| meets.then(Reason::conflict));
            return Refusal::cancelled(&reasons.collect::<Vec<_>>()).into();
        }
        let answer = self.upstream.forward(&asked.passing).await;
        let body = answer.json();
        let found = body["Responses"].as_array().into_iter().flatten();
        let units = found.map(|found| read_units(found["Item"].as_object().map_or(0, size))).sum::<f64>();
        self.state().pay_read(None, 2.0 * units);
        answer
    }

    /// Keys whose partition has no room are left unprocessed.
    async fn batch_get(&self, asked: &Asked) -> Answer {
        let (mut body, mut left) = (asked.body.clone(), Map::new());
        let mut full = None;
        for (table, asked) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let Some(keys) = asked["Keys"].as_array_mut() else { continue };
            let mut out = Vec::new();
            keys.retain(|key| {
                let mut state = self.state();
                let partition = key.as_object().and_then(|key| state.partition_of(table, key));
                let is_full = partition.and_then(|partition| state.is_full(&partition));
                full = full.take().or(is_full.clone());
                if is_full.is_some() {
                    out.push(key.clone());
                }
                is_full.is_none()
            });
            if keys.is_empty()
                && let Some(full) = &full
            {
                return Refusal::throttled(full).into();
            }
            if !out.is_empty() {
                let mut rest = asked.clone();
                rest["Keys"] = json!(out);
                left.insert(table.clone(), rest);
            }
        }
        let copied = self.state().copied("BatchGetItem", &body);
        let answer = match copied {
            Some(answer) => answer,
            None if left.is_empty() => self.upstream.forward(&asked.passing).await,
            None => self.upstream.forward(&asked.passing.asking("BatchGetItem", &body)).await,
        };
        let answer = self.batch_paid(&body, answer);
        if left.is_empty() {
            return answer;
        }
        let mut told = answer.json();
        if answer.is_success() {
            told["UnprocessedKeys"] = Value::Object(left);
        }
        Answer::of(answer.status, &told)
    }

    fn batch_paid(&self, asked: &Value, answer: Answer) -> Answer {
        let body = answer.json();
        for (table, items) in body["Responses"].as_object().into_iter().flatten() {
            let asked = &asked["RequestItems"][table];
            let items: Vec<_> = items.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
            let mut state = self.state();
            let absent = asked["Keys"].as_array().map_or(0, Vec::len).saturating_sub(items.len());
            state.pay_read(None, strength(asked) * absent as f64);
            for item in items {
                let partition = state.partition_of(table, item);
                state.pay_read(partition.as_ref(), strength(asked) * read_units(size(item)));
            }
        }
        answer
    }

    async fn query(&self, asked: &Asked) -> Answer {
        let partition = self.state().partition_asked(&asked.body);
        if let Some(full) = partition.as_ref().and_then(|partition| self.state().is_full(partition)) {
            return Refusal::throttled(&full).into();
        }
        let known = self.state().known(&asked.body);
        let answer = match known {
            Some(answer) => answer,
            None => self.upstream.forward(&asked.passing).await,
        };
        if answer.is_success() {
            let body = answer.json();
            let found = body["Items"].as_array().into_iter().flatten().filter_map(Value::as_object);
            let units = strength(&asked.body) * read_units(found.map(size).sum());
            self.state().pay_read(partition.as_ref(), units);
        }
        answer
    }
}

impl State {
    fn partition_of(&self, table: &str, item: &Item) -> Option<Partition> {
        let table = self.tables.get(table)?;
        Some(Partition { arn: table.arn.clone(), name: table.key(item)?.partition })
    }

    /// The one that a query is about.
    fn partition_asked(&self, query: &Value) -> Option<Partition> {
        let table = self.tables.get(query["TableName"].as_str()?)?;
        let condition = query["KeyConditionExpression"].as_str()?;
        let value = condition.split(" AND ").next()?.split_once('=')?.1.trim();
        let value = &query["ExpressionAttributeValues"][value];
        match query["IndexName"].as_str() {
            Some(name) => {
                let index = table.indexes.iter().find(|index| index.name == name)?;
                Some(Partition { arn: index.arn.clone(), name: value["S"].as_str()?.to_owned() })
            }
            None => Some(Partition { arn: table.arn.clone(), name: value.to_string() }),
        }
    }

    /// Why nothing can be read of it, if nothing can.
    fn is_full(&mut self, Partition { arn, name }: &Partition) -> Option<Full> {
        let rate = self.faults.partition?.read;
        // Reads and writes have each their own room.
        if self.buckets.has_room(&format!("read of {arn}"), name, rate) {
            return None;
        }
        let is_index = arn.contains("/index/");
        let reason = if is_index {
            "IndexReadKeyRangeThroughputExceeded"
        } else {
            "TableReadKeyRangeThroughputExceeded"
        };
        Some(Full { reason, arn: arn.clone() })
    }

    fn pay_read(&mut self, partition: Option<&Partition>, units: f64) {
        self.counts.units.add(&Consumed { read: units, ..Consumed::default() });
        if let (Some(Partition { arn, name }), Some(rate)) = (partition, self.faults.partition) {
            self.buckets.takes(&format!("read of {arn}"), name, (units, rate.read));
        }
    }

    /// The answer of an index that is late, or of the proxy's copy; none where the emulator is to answer.
    fn known(&mut self, query: &Value) -> Option<Answer> {
        let Faults { index_lag, reads_its_copy, .. } = self.faults;
        let name = query["IndexName"].as_str();
        if !reads_its_copy && (index_lag.is_zero() || name.is_none()) {
            return None;
        }
        let table = self.tables.get_mut(query["TableName"].as_str()?)?;
        let place = name.map(|name| table.indexes.iter().position(|index| index.name == name));
        let index = match place {
            Some(place) => &table.indexes[place?],
            None => &table.own,
        };
        let Some(wanted) = Wanted::read(query, index.sort_key(), |key| table.key(key)) else {
            return Some(Refusal::invalid("the fault proxy knows no such query of an index").into());
        };
        let index = match place.flatten() {
            Some(place) => &mut table.indexes[place],
            None => &mut table.own,
        };
        let (items, is_full) = index.entries.page(&wanted, Instant::now());
        let units = strength(query) * read_units(items.iter().map(size).sum());
        let last = items.last().filter(|_| is_full);
        let last = last.map(|last| if name.is_some() { last.clone() } else { table.key_item(last) });
        let mut answer = Wanted::answer(items, last);
        tell(&mut answer, query, units);
        Some(Answer::of(200, &answer))
    }

    /// What of that is in the proxy's copy; none where the emulator is to answer.
    fn copied(&self, operation: &str, asked: &Value) -> Option<Answer> {
        if !self.faults.reads_its_copy {
            return None;
        }
        let found = |table: &str, key: &Value| {
            let table = self.tables.get(table)?;
            table.item(&table.key(key.as_object()?)?).cloned()
        };
        let mut answer = json!({});
        if operation == "GetItem" {
            let item = found(asked["TableName"].as_str()?, &asked["Key"]);
            tell(&mut answer, asked, strength(asked) * read_units(item.as_ref().map_or(0, size)));
            if let Some(item) = item {
                answer["Item"] = Value::Object(item);
            }
            return Some(Answer::of(200, &answer));
        }
        answer["UnprocessedKeys"] = json!({});
        for (table, wanted) in asked["RequestItems"].as_object()? {
            let keys = wanted["Keys"].as_array()?.iter();
            answer["Responses"][table] =
                keys.filter_map(|key| found(table, key)).map(Value::Object).collect();
        }
        Some(Answer::of(200, &answer))
    }
}

/// Says what it took, where that was asked for.
fn tell(answer: &mut Value, asked: &Value, units: f64) {
    if asked["ReturnConsumedCapacity"].as_str().is_some_and(|told| told != "NONE") {
        answer["ConsumedCapacity"] = json!({"TableName": asked["TableName"], "CapacityUnits": units});
    }
}

/// Half of it is paid for what need not be the latest.
fn strength(asked: &Value) -> f64 {
    if asked["ConsistentRead"] == true { 1.0 } else { 0.5 }
}
