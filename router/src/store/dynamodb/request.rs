//! Writes and queries as DynamoDB's expressions.

use serde_json::{Map, Value, json};

use super::item::{Attribute, Item};
use super::places::Place;

/// What a write asks of the item that is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// There is none.
    Absent,
    /// There is none, or what there is has expired by that second: what expires is not deleted at once.
    AbsentAt(i64),
    /// There is one.
    Present,
    /// An attribute is just so.
    Is(&'static str, Attribute),
    /// It has no such attribute.
    Lacks(&'static str),
    /// It has that attribute, a number that is greater.
    Above(&'static str, i64),
    /// It is in nobody's hands, or in that worker's.
    FreeFor(Free),
    /// The same of a head, which is in the hands of whoever committed it for a while after it was decided.
    HeadFreeFor {
        free: Free,
        /// What was decided before is in those no longer.
        before: i64,
        /// This worker's commit of it.
        commit: Option<String>,
    },
}

/// Who asks whether something is free, and when, in microseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Free {
    /// Who.
    pub(super) worker: String,
    /// What was held until before is free.
    pub(super) now: i64,
    /// What is held until after was taken by a clock that was ahead.
    pub(super) latest: i64,
}

/// What is done to an item.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    /// It is that from now on.
    Put(Item),
    /// These of its attributes are so from now on, and those it has no longer.
    Update { set: Vec<(&'static str, Attribute)>, remove: Vec<&'static str> },
    /// It is removed.
    Delete,
    /// It stays as it is.
    Check,
}

/// A write of one item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    place: Place,
    change: Change,
    conditions: Vec<Condition>,
    /// Whether a condition that does not hold is answered with the item.
    tells: bool,
}

/// Names and values of an expression.
#[derive(Default)]
struct Named {
    names: Map<String, Value>,
    values: Map<String, Value>,
}

impl Write {
    fn new(place: &Place, change: Change) -> Self {
        Self { place: place.clone(), change, conditions: Vec::new(), tells: false }
    }

    pub(super) fn put(place: &Place, item: Item) -> Self {
        Self::new(place, Change::Put(item))
    }

    pub(super) fn update(place: &Place) -> Self {
        let set = place.name.iter().map(|name| ("name", name.as_str().into())).collect();
        Self::new(place, Change::Update { set, remove: Vec::new() })
    }

    pub(super) fn delete(place: &Place) -> Self {
        Self::new(place, Change::Delete)
    }

    pub(super) fn check(place: &Place) -> Self {
        Self::new(place, Change::Check)
    }

    pub(super) fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// A condition that does not hold is answered with the item as it is.
    pub(super) fn telling(mut self) -> Self {
        self.tells = true;
        self
    }

    pub(super) fn set(mut self, name: &'static str, to: impl Into<Attribute>) -> Self {
        if let Change::Update { set, remove: _ } = &mut self.change {
            set.push((name, to.into()));
        }
        self
    }

    /// Sets all of these.
    pub(super) fn set_all(self, all: impl IntoIterator<Item = (&'static str, Attribute)>) -> Self {
        all.into_iter().fold(self, |write, (name, to)| write.set(name, to))
    }

    /// Sets both, or removes both.
    pub(super) fn set_both(
        self,
        names: [&'static str; 2],
        to: Option<[(&'static str, Attribute); 2]>,
    ) -> Self {
        match to {
            Some(both) => self.set_all(both),
            None => names.into_iter().fold(self, Self::remove),
        }
    }

    pub(super) fn remove(mut self, name: &'static str) -> Self {
        if let Change::Update { set: _, remove } = &mut self.change {
            remove.push(name);
        }
        self
    }

    /// Whether an item is what this write would have made of one that was not there.
    pub(super) fn has_made(&self, item: &Item) -> bool {
        match &self.change {
            Change::Put(put) => put == item,
            Change::Update { set, remove: _ } => {
                let made = set.iter().fold(self.place.item(), |made, (name, to)| made.with(name, to.clone()));
                made == *item
            }
            Change::Delete | Change::Check => false,
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// In bytes: of what it carries.
    pub(super) fn size(&self) -> usize {
        match &self.change {
            Change::Put(item) => item.size(),
            Change::Update { set, remove: _ } => {
                let set = set.iter().fold(self.place.item(), |item, (name, to)| item.with(name, to.clone()));
                set.size()
            }
            Change::Delete | Change::Check => 0,
        }
    }

    /// In a transaction.
    pub(super) fn action(&self) -> &'static str {
        match self.change {
            Change::Put(_) => "Put",
            Change::Update { .. } => "Update",
            Change::Delete => "Delete",
            Change::Check => "ConditionCheck",
        }
    }

    /// By itself.
    pub(super) fn operation(&self) -> &'static str {
        match self.change {
            Change::Put(_) => "PutItem",
            Change::Update { .. } | Change::Check => "UpdateItem",
            Change::Delete => "DeleteItem",
        }
    }

    pub(super) fn request(&self, table: &str) -> Map<String, Value> {
        let mut named = Named::default();
        let mut request = Map::from_iter([("TableName".to_owned(), json!(table))]);
        match &self.change {
            Change::Put(item) => {
                request.insert("Item".to_owned(), json!(item));
            }
            Change::Update { set, remove } => {
                request.insert("Key".to_owned(), json!(self.place.key()));
                request.insert("UpdateExpression".to_owned(), json!(named.update(set, remove)));
            }
            Change::Delete | Change::Check => {
                request.insert("Key".to_owned(), json!(self.place.key()));
            }
        }
        if !self.conditions.is_empty() {
            let all: Vec<String> =
                self.conditions.iter().map(|condition| named.condition(condition)).collect();
            request.insert("ConditionExpression".to_owned(), json!(all.join(" AND ")));
            if self.tells {
                request.insert("ReturnValuesOnConditionCheckFailure".to_owned(), json!("ALL_OLD"));
            }
        }
        named.finish(request)
    }
}

impl Named {
    fn name(&mut self, name: &str) -> String {
        let known = self.names.iter().find(|(_, known)| *known == name).map(|(alias, _)| alias.clone());
        known.unwrap_or_else(|| {
            let alias = format!("#n{}", self.names.len());
            self.names.insert(alias.clone(), json!(name));
            alias
        })
    }

    fn value(&mut self, value: &Attribute) -> String {
        let alias = format!(":v{}", self.values.len());
        self.values.insert(alias.clone(), json!(value));
        alias
    }

    fn update(&mut self, set: &[(&'static str, Attribute)], remove: &[&'static str]) -> String {
        let set: Vec<_> =
            set.iter().map(|(name, to)| format!("{} = {}", self.name(name), self.value(to))).collect();
        let remove: Vec<_> = remove.iter().map(|name| self.name(name)).collect();
        let part = |word: &str, parts: Vec<String>| {
            (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")))
        };
        let parts = [part("SET", set), part("REMOVE", remove)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Condition::AbsentAt(second) => {
                let (pk, ttl, second) =
                    (self.name("pk"), self.name("ttl"), self.value(&Attribute::from(*second)));
                format!("(attribute_not_exists({pk}) OR {ttl} <= {second})")
            }
            Condition::Present => format!("attribute_exists({})", self.name("pk")),
            Condition::Is(name, value) => format!("{} = {}", self.name(name), self.value(value)),
            Condition::Lacks(name) => format!("attribute_not_exists({})", self.name(name)),
            Condition::Above(name, number) => {
                format!("{} > {}", self.name(name), self.value(&Attribute::from(*number)))
            }
            Condition::FreeFor(free) => {
                let taken = self.free(free);
                format!("(attribute_not_exists({}) OR {taken})", self.name("holder"))
            }
            Condition::HeadFreeFor { free, before, commit } => {
                let taken = self.free(free);
                let (holder, decided) = (self.name("holder"), self.name("decided"));
                let [before, latest] = [before, &free.latest].map(|at| self.value(&Attribute::from(*at)));
                let own = commit.as_ref().map(|commit| {
                    format!(" OR {} = {}", self.name("commit"), self.value(&Attribute::from(commit.as_str())))
                });
                let own = own.unwrap_or_default();
                let old = format!("{decided} < {before} OR {decided} > {latest}{own}");
                format!("((attribute_not_exists({holder}) AND ({old})) OR {taken})")
            }
        }
    }

    /// That what somebody has taken is this worker's, or over.
    fn free(&mut self, free: &Free) -> String {
        let Free { worker, now, latest } = free;
        let (holder, held) = (self.name("holder"), self.name("held"));
        let worker = self.value(&Attribute::from(worker.as_str()));
        let [now, latest] = [now, latest].map(|at| self.value(&Attribute::from(*at)));
        format!("{holder} = {worker} OR {held} < {now} OR {held} > {latest}")
    }

    fn finish(self, mut request: Map<String, Value>) -> Map<String, Value> {
        let Self { names, values } = self;
        for (member, map) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
            if !map.is_empty() {
                request.insert(member.to_owned(), Value::Object(map));
            }
        }
        request
    }
}

/// Which items of a partition are wanted, by their sort keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Range {
    /// All of them.
    All,
    /// From that text on.
    From(String),
    /// Before that text.
    Before(String),
    /// That begin so.
    Beginning(String),
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The first first.
    Forward,
    /// The last first.
    Backward,
}

/// Items of one partition, of the table itself or of one of its indexes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// None for the table.
    pub(super) index: Option<&'static str>,
    pub(super) partition: String,
    pub(super) range: Range,
    pub(super) order: Order,
    /// So many at a time.
    pub(super) page: usize,
}

impl Query {
    /// The name of the sort key.
    pub(super) fn sort_key(&self) -> String {
        self.index.map_or("sk".to_owned(), |index| format!("{index}_sk"))
    }

    /// The page that begins after that one.
    pub(super) fn request(&self, after: Option<&Item>) -> Map<String, Value> {
        let mut named = Named::default();
        let partition = self.index.map_or("pk".to_owned(), |index| format!("{index}_pk"));
        let wanted = format!("{} = {}", named.name(&partition), named.value(&self.partition.as_str().into()));
        let sort_key = named.name(&self.sort_key());
        let wanted = match &self.range {
            Range::All => {
                named.names.remove(&sort_key);
                wanted
            }
            Range::From(text) => format!("{wanted} AND {sort_key} >= {}", named.value(&text.as_str().into())),
            Range::Before(text) => {
                format!("{wanted} AND {sort_key} < {}", named.value(&text.as_str().into()))
            }
            Range::Beginning(text) => {
                let text = named.value(&text.as_str().into());
                format!("{wanted} AND begins_with({sort_key}, {text})")
            }
        };
        let mut request = Map::from_iter([
            ("KeyConditionExpression".to_owned(), json!(wanted)),
            ("ScanIndexForward".to_owned(), json!(self.order == Order::Forward)),
            ("Limit".to_owned(), json!(self.page)),
        ]);
        match self.index {
            Some(index) => request.insert("IndexName".to_owned(), json!(index)),
            None => request.insert("ConsistentRead".to_owned(), json!(true)),
        };
        if let Some(after) = after {
            request.insert("ExclusiveStartKey".to_owned(), json!(after));
        }
        named.finish(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let [pk, sk] = ["R#incident#a", "wf1-00"].map(str::to_owned);
        Place { pk, sk, name: None }
    }

    #[test]
    fn a_change_is_an_expression_with_its_conditions() {
        let write = Write::update(&place())
            .set("version", 7_u64)
            .set_both(["due_pk", "due_sk"], None)
            .when(Condition::Is("version", 6_u64.into()))
            .when(Condition::Lacks("pending"))
            .telling();
        let expected = json!({
            "TableName": "t", "Key": {"pk": {"S": "R#incident#a"}, "sk": {"S": "wf1-00"}},
            "UpdateExpression": "SET #n0 = :v0 REMOVE #n1, #n2",
            "ConditionExpression": "#n0 = :v1 AND attribute_not_exists(#n3)",
            "ExpressionAttributeNames": {"#n0": "version", "#n1": "due_pk", "#n2": "due_sk", "#n3": "pending"},
            "ExpressionAttributeValues": {":v0": {"N": "7"}, ":v1": {"N": "6"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        assert_eq!((write.action(), json!(write.request("t"))), ("Update", expected));
        let write = Write::put(&place(), place().item()).when(Condition::AbsentAt(5));
        let expected = json!({
            "TableName": "t", "Item": {"pk": {"S": "R#incident#a"}, "sk": {"S": "wf1-00"}},
            "ConditionExpression": "(attribute_not_exists(#n0) OR #n1 <= :v0)",
            "ExpressionAttributeNames": {"#n0": "pk", "#n1": "ttl"},
            "ExpressionAttributeValues": {":v0": {"N": "5"}},
        });
        assert_eq!((write.action(), json!(write.request("t"))), ("Put", expected));
    }

    #[test]
    fn a_query_is_strong_in_the_table_and_names_its_index() {
        let query = Query {
            index: None,
            partition: "T#a".to_owned(),
            range: Range::All,
            order: Order::Backward,
            page: 9,
        };
        let expected = json!({
            "KeyConditionExpression": "#n0 = :v0", "ScanIndexForward": false, "Limit": 9, "ConsistentRead": true,
            "ExpressionAttributeNames": {"#n0": "pk"}, "ExpressionAttributeValues": {":v0": {"S": "T#a"}},
        });
        assert_eq!(json!(query.request(None)), expected);
        let range = Range::Before("5".to_owned());
        let query = Query { index: Some("due"), range, order: Order::Forward, ..query };
        let expected = json!({
            "KeyConditionExpression": "#n0 = :v0 AND #n1 < :v1", "ScanIndexForward": true, "Limit": 9,
            "IndexName": "due", "ExclusiveStartKey": {"sk": {"S": "4"}},
            "ExpressionAttributeNames": {"#n0": "due_pk", "#n1": "due_sk"},
            "ExpressionAttributeValues": {":v0": {"S": "T#a"}, ":v1": {"S": "5"}},
        });
        assert_eq!(json!(query.request(Some(&Item::default().with("sk", "4")))), expected);
    }
}
