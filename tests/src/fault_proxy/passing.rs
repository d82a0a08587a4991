//! A request through the proxy: counted, refused or passed on, its answer given or lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde_json::{Value, json};

use super::faults::Faults;
use super::hold::Holds;
use super::locked;
use super::refusal::Refusal;
use super::state::State;
use super::table::Table;
use super::upstream::{Answer, Passing, Upstream};
use super::write::Write;

#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) upstream: Upstream,
    state: Mutex<State>,
    pub(super) holds: Arc<Holds>,
    /// One at a time gets to know a table.
    knowing: tokio::sync::Mutex<()>,
}

/// What DynamoDB is asked.
pub(super) struct Asked {
    pub(super) operation: String,
    pub(super) body: Value,
    pub(super) passing: Passing,
}

impl Proxy {
    pub(super) fn new(upstream: &str, faults: Faults) -> Self {
        let state = Mutex::new(State::new(faults));
        let (holds, knowing) = Default::default();
        Self { upstream: Upstream::new(upstream), state, holds, knowing }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The answer; none where it is lost and the connection with it.
    pub(super) async fn pass(&self, passing: Passing) -> Option<Answer> {
        let Some(operation) = passing.operation() else { return Some(self.upstream.forward(&passing).await) };
        if self.state().faults.is_away {
            return None;
        }
        let asked = Asked { operation, body: passing.json(), passing };
        self.state().counts.asked(&asked.operation);
        let answer = match asked.operation.as_str() {
            "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" => self.read(&asked).await,
            "BatchWriteItem" | "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction" => {
                Refusal::invalid("the fault proxy knows no writes like this").into()
            }
            _ => match Write::of(&asked.operation, &asked.body) {
                Some(writes) => self.write(&asked, &writes).await,
                None => return Some(self.administer(&asked).await),
            },
        };
        self.count_refusal(&answer);
        self.lose(answer)
    }

    fn lose(&self, answer: Answer) -> Option<Answer> {
        let mut state = self.state();
        let percent = state.faults.lost_answers_percent;
        if !state.falls(percent) {
            return Some(answer);
        }
        state.counts.lost += 1;
        state.falls(50).then(|| Refusal::internal().into())
    }

    fn count_refusal(&self, answer: &Answer) {
        if answer.is_success() {
            return;
        }
        let body = answer.json();
        let named = body["__type"].as_str().unwrap_or_default();
        let code = |reason: &Value| reason["Code"].as_str().unwrap_or_default().to_owned();
        let reasons = body["CancellationReasons"].as_array().into_iter().flatten().map(code);
        let mut codes: BTreeSet<String> = reasons.filter(|code| code != "None").collect();
        if codes.is_empty() {
            codes.insert(named.rsplit('#').next().unwrap_or_default().to_owned());
        }
        let mut state = self.state();
        codes.iter().for_each(|code| state.counts.refused(code));
    }

    /// What is about tables, not about items; a table that changes is looked at anew.
    async fn administer(&self, asked: &Asked) -> Answer {
        let answer = self.upstream.forward(&asked.passing).await;
        if matches!(asked.operation.as_str(), "CreateTable" | "UpdateTable" | "DeleteTable") {
            self.state().tables.remove(asked.body["TableName"].as_str().unwrap_or_default());
        }
        answer
    }

    /// Looks at a table, and at all that is in it, when it is first named.
    pub(super) async fn know(&self, table: &str, by: &Passing) {
        if self.state().tables.contains_key(table) {
            return;
        }
        let _one = self.knowing.lock().await;
        if self.state().tables.contains_key(table) {
            return;
        }
        let described =
            self.upstream.forward(&by.asking("DescribeTable", &json!({"TableName": table}))).await;
        let Some(mut known) = Table::read(&described.json()["Table"]) else { return };
        let mut scan = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let page = self.upstream.forward(&by.asking("Scan", &scan)).await.json();
            let items = page["Items"].as_array().into_iter().flatten().filter_map(Value::as_object);
            for item in items {
                if let Some(key) = known.key(item) {
                    known.put(&key, Some(item.clone()), Instant::now());
                }
            }
            match &page["LastEvaluatedKey"] {
                Value::Null => break,
                last => scan["ExclusiveStartKey"] = last.clone(),
            }
        }
        self.state().tables.insert(table.to_owned(), known);
    }
}
