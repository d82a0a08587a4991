//! Writes as they are asked for, by themselves or in a transaction, and what becomes of their items.

use serde_json::{Map, Value, json};

use super::item::{Item, ItemKey, size};
use super::refusal::{Reason, Refusal};

/// So many writes are in a transaction at most.
const MOST_WRITES: usize = 100;
/// In bytes, of the items of a transaction together.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// In bytes, of one item.
const LARGEST: usize = 400 * 1024;

/// What is done to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Put,
    Update,
    Delete,
    Check,
}

/// A write of one item.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) action: Action,
    pub(super) table: String,
    body: Value,
}

/// An item before and after a write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Image {
    pub(super) key: ItemKey,
    pub(super) before: Option<Item>,
    pub(super) after: Option<Item>,
    /// False where the expression is more than is understood here: then `after` has to be looked up.
    pub(super) is_sure: bool,
}

impl Write {
    fn new(action: Action, body: Value) -> Self {
        let table = body["TableName"].as_str().unwrap_or_default().to_owned();
        Self { action, table, body }
    }

    /// The writes of an operation; none where it is no write.
    pub(super) fn of(operation: &str, body: &Value) -> Option<Vec<Self>> {
        let one = |action| Some(vec![Self::new(action, body.clone())]);
        match operation {
            "PutItem" => one(Action::Put),
            "UpdateItem" => one(Action::Update),
            "DeleteItem" => one(Action::Delete),
            "TransactWriteItems" => {
                let actions = [
                    ("Put", Action::Put),
                    ("Update", Action::Update),
                    ("Delete", Action::Delete),
                    ("ConditionCheck", Action::Check),
                ];
                let all = body["TransactItems"].as_array()?.iter();
                let known = all.filter_map(|item| {
                    let (name, action) = actions.iter().find(|(name, _)| !item[name].is_null())?;
                    Some(Self::new(*action, item[name].clone()))
                });
                Some(known.collect())
            }
            _ => None,
        }
    }

    /// The item, or the key of the item, that it is about.
    pub(super) fn about(&self) -> Option<&Item> {
        let member = if self.action == Action::Put { "Item" } else { "Key" };
        self.body[member].as_object()
    }

    /// Its condition alone; one that always holds where it has none.
    pub(super) fn check(&self, key: Item) -> Value {
        let Some(condition) = self.body["ConditionExpression"].as_str() else {
            let name = key.keys().next().cloned().unwrap_or_default();
            return json!({"TableName": self.table, "Key": key, "ExpressionAttributeNames": {"#k": name},
                "ConditionExpression": "attribute_exists(#k) OR attribute_not_exists(#k)"});
        };
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '#' | ':');
        let used: Vec<&str> = condition.split(|letter| !is_part(letter)).collect();
        let mut check = json!({"TableName": self.table, "Key": key, "ConditionExpression": condition});
        for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            let all = self.body[member].as_object().into_iter().flatten();
            let kept: Map<String, Value> = all
                .filter(|(alias, _)| used.contains(&alias.as_str()))
                .map(|(alias, meant)| (alias.clone(), meant.clone()))
                .collect();
            if !kept.is_empty() {
                check[member] = Value::Object(kept);
            }
        }
        if let Some(told) = self.body["ReturnValuesOnConditionCheckFailure"].as_str() {
            check["ReturnValuesOnConditionCheckFailure"] = json!(told);
        }
        check
    }

    /// What becomes of the item if nothing is in the way.
    pub(super) fn image(&self, key: ItemKey, before: Option<Item>) -> Image {
        let after = match self.action {
            Action::Put => Some(self.about().cloned()),
            Action::Delete => Some(None),
            Action::Check => Some(before.clone()),
            Action::Update => {
                let begun = before.clone().or_else(|| self.about().cloned()).unwrap_or_default();
                updated(begun, &self.body).map(Some)
            }
        };
        let is_sure = after.is_some();
        Image { key, before, after: after.flatten(), is_sure }
    }
}

/// The item with what `SET` sets and without what `REMOVE` removes; none where there is more in the expression.
fn updated(mut item: Item, body: &Value) -> Option<Item> {
    let Some(expression) = body["UpdateExpression"].as_str() else { return Some(item) };
    let (set, remove) = match expression.split_once("REMOVE ") {
        Some((set, remove)) => (set, remove),
        None => (expression, ""),
    };
    let parts = |text: &str| -> Vec<String> {
        let parts = text.split(',').map(|part| part.trim().to_owned());
        parts.filter(|part| !part.is_empty()).collect()
    };
    let set = match set.trim() {
        "" => "",
        set => set.strip_prefix("SET ")?,
    };
    for part in parts(set) {
        let (name, value) = part.split_once('=')?;
        let value = body["ExpressionAttributeValues"].get(value.trim())?;
        item.insert(named(name, body)?, value.clone());
    }
    for name in parts(remove) {
        item.remove(&named(&name, body)?);
    }
    Some(item)
}

/// The attribute of that name or alias; none for a path into one.
fn named(name: &str, body: &Value) -> Option<String> {
    let name = name.trim();
    if name.starts_with('#') {
        return body["ExpressionAttributeNames"][name].as_str().map(str::to_owned);
    }
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_plain.then(|| name.to_owned())
}

/// What DynamoDB refuses of a request before it looks at any item.
pub(super) fn too_many(body: &Value, keys: &[ItemKey]) -> Option<Refusal> {
    let count = body["TransactItems"].as_array().map_or(0, Vec::len);
    if count > MOST_WRITES {
        let items = "Value '[...]' at 'transactItems' failed to satisfy constraint";
        let bound = format!("Member must have length less than or equal to {MOST_WRITES}");
        return Some(Refusal::invalid(&format!("1 validation error detected: {items}: {bound}")));
    }
    let has_twice = keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key));
    has_twice.then(|| Refusal::invalid("Transaction request cannot include multiple operations on one item"))
}

/// What it refuses because of what the items would be.
pub(super) fn too_large(writes: &[Write], images: &[Image], is_transaction: bool) -> Option<Refusal> {
    let sizes = || images.iter().map(|image| image.after.as_ref().map_or(0, size));
    let is_over = |action: Action| {
        writes.iter().zip(sizes()).any(|(write, size)| write.action == action && size > LARGEST)
    };
    if is_over(Action::Put) {
        return Some(Refusal::invalid("Item size has exceeded the maximum allowed size"));
    }
    if is_over(Action::Update) {
        let message = "Item size to update has exceeded the maximum allowed size";
        if !is_transaction {
            return Some(Refusal::invalid(message));
        }
        let reason = |size| (size > LARGEST).then(|| Reason::invalid(message));
        return Some(Refusal::cancelled(&sizes().map(reason).collect::<Vec<_>>()));
    }
    let is_over = is_transaction && sizes().sum::<usize>() > MOST_BYTES;
    is_over.then(|| Refusal::invalid("Transaction request exceeds the 4MB transaction size limit"))
}

/// The keys and tables that are read by `BatchGetItem` or `TransactGetItems`.
pub(super) fn keys_read(operation: &str, body: &Value) -> Vec<(String, Map<String, Value>)> {
    let named = |get: &Value| {
        let table = get["TableName"].as_str().unwrap_or_default().to_owned();
        get["Key"].as_object().map(|key| (table, key.clone()))
    };
    match operation {
        "GetItem" => named(body).into_iter().collect(),
        "TransactGetItems" => {
            let all = body["TransactItems"].as_array().into_iter().flatten();
            all.filter_map(|item| named(&item["Get"])).collect()
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.flat_map(|(table, asked)| {
                let keys = asked["Keys"].as_array().into_iter().flatten();
                keys.filter_map(|key| Some((table.clone(), key.as_object()?.clone())))
            });
            keys.collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: Value) -> Item {
        text.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn an_update_is_understood_where_it_only_sets_and_removes() {
        let before = item(json!({"pk": {"S": "a"}, "x": {"N": "1"}, "y": {"S": "old"}}));
        let body = |expression: &str| {
            json!({"UpdateExpression": expression, "ExpressionAttributeNames": {"#a": "x", "#b": "y"},
                "ExpressionAttributeValues": {":v": {"N": "2"}}})
        };
        let table = [
            (
                "SET #a = :v, z = :v REMOVE #b",
                Some(json!({"pk": {"S": "a"}, "x": {"N": "2"}, "z": {"N": "2"}})),
            ),
            ("REMOVE #a, #b", Some(json!({"pk": {"S": "a"}}))),
            ("SET #a = #a + :v", None),
            ("SET #a.b = :v", None),
            ("ADD #a :v", None),
        ];
        for (expression, expected) in table {
            let found = updated(before.clone(), &body(expression)).map(Value::Object);
            assert_eq!(found, expected, "{expression}");
        }
    }
}
