//! Writes through the proxy: what meets a transaction, is too much or finds no room is refused.

use serde_json::{Value, json};

use super::hold::{Held, Holder};
use super::item::ItemKey;
use super::passing::{Asked, Proxy};
use super::refusal::{Reason, Refusal};
use super::upstream::Answer;
use super::write::{Image, Write, too_large, too_many};

/// Whether a transaction with a token is a new one.
enum Begun {
    New,
    Doing,
    Done,
}

impl Asked {
    fn is_transaction(&self) -> bool {
        self.operation == "TransactWriteItems"
    }

    /// What everything is paid for that often.
    fn factor(&self) -> f64 {
        if self.is_transaction() { 2.0 } else { 1.0 }
    }
}

impl Proxy {
    pub(super) async fn write(&self, asked: &Asked, writes: &[Write]) -> Answer {
        for write in writes {
            self.know(&write.table, &asked.passing).await;
        }
        let keys = self.state().keys(writes);
        // The emulator says what is wrong with it.
        let Some(keys) = keys else { return self.upstream.forward(&asked.passing).await };
        let is_limited = self.state().faults.limits && asked.is_transaction();
        if let Some(refusal) = is_limited.then(|| too_many(&asked.body, &keys)).flatten() {
            return refusal.into();
        }
        let token = asked.body["ClientRequestToken"].as_str();
        match token.map_or(Begun::New, |token| self.begin(token)) {
            Begun::New => {}
            Begun::Doing => return Refusal::in_progress().into(),
            Begun::Done => return self.upstream.forward(&asked.passing).await,
        }
        let answer = self.enter(asked, writes, &keys).await;
        if let Some(token) = token {
            self.end(token, &answer);
        }
        answer
    }

    fn begin(&self, token: &str) -> Begun {
        let tokens = &mut self.state().tokens;
        if tokens.done.contains(token) {
            Begun::Done
        } else if tokens.doing.insert(token.to_owned()) {
            Begun::New
        } else {
            Begun::Doing
        }
    }

    fn end(&self, token: &str, answer: &Answer) {
        let tokens = &mut self.state().tokens;
        tokens.doing.remove(token);
        if answer.is_success() {
            tokens.done.insert(token.to_owned());
        }
    }

    async fn enter(&self, asked: &Asked, writes: &[Write], keys: &[ItemKey]) -> Answer {
        let holds = self.state().faults.holds.filter(|_| asked.is_transaction());
        let holder = if holds.is_some() { Holder::Transaction } else { Holder::Write };
        match self.holds.enter(keys, holder).await {
            Ok(held) => self.write_held(asked, writes, &held).await,
            Err(_) if !asked.is_transaction() => Refusal::conflict().into(),
            Err(meets) => {
                let reasons = meets.into_iter().map(|meets| meets.then(Reason::conflict));
                Refusal::cancelled(&reasons.collect::<Vec<_>>()).into()
            }
        }
    }

    async fn write_held(&self, asked: &Asked, writes: &[Write], held: &Held) -> Answer {
        let (images, wait) = {
            let mut state = self.state();
            let images = state.images(writes, held.keys());
            let is_limited = state.faults.limits;
            if let Some(refusal) =
                is_limited.then(|| too_large(writes, &images, asked.is_transaction())).flatten()
            {
                return refusal.into();
            }
            let full = state.no_room(&images);
            if let Some(first) = full.iter().flatten().next() {
                let reasons = full.iter().map(|full| full.as_ref().map(Reason::throttled));
                return match asked.is_transaction() {
                    true => Refusal::cancelled(&reasons.collect::<Vec<_>>()).into(),
                    false => Refusal::throttled(first).into(),
                };
            }
            let holds = state.faults.holds.filter(|_| asked.is_transaction());
            (images, holds.map(|holds| state.between(holds)))
        };
        if let Some(wait) = wait {
            // First every item is asked for its condition, then every item is written.
            tokio::time::sleep(wait / 2).await;
            if let Some(refused) = self.prepare(asked, writes).await {
                self.settle(asked, writes, images, &refused).await;
                return refused;
            }
            tokio::time::sleep(wait / 2).await;
        }
        let answer = self.upstream.forward(&asked.passing).await;
        self.settle(asked, writes, images, &answer).await;
        answer
    }

    /// The answer where a condition does not hold.
    async fn prepare(&self, asked: &Asked, writes: &[Write]) -> Option<Answer> {
        let checks = {
            let state = self.state();
            let check = |write: &Write| {
                let key = state.tables.get(&write.table)?.key_item(write.about()?);
                Some(json!({"ConditionCheck": write.check(key)}))
            };
            writes.iter().map(check).collect::<Option<Vec<_>>>()?
        };
        let checks = json!({"TransactItems": checks});
        let answer = self.upstream.forward(&asked.passing.asking("TransactWriteItems", &checks)).await;
        is_condition(&answer.json()).then_some(answer)
    }

    async fn settle(&self, asked: &Asked, writes: &[Write], mut images: Vec<Image>, answer: &Answer) {
        let factor = asked.factor();
        if answer.is_success() {
            for (write, image) in writes.iter().zip(&mut images).filter(|(_, image)| !image.is_sure) {
                let get = json!({"TableName": write.table, "Key": write.about(), "ConsistentRead": true});
                let found = self.upstream.forward(&asked.passing.asking("GetItem", &get)).await;
                image.after = found.json()["Item"].as_object().cloned();
            }
            self.state().written(writes, images, factor);
        } else if is_condition(&answer.json()) {
            self.state().refused(images, factor);
        }
    }
}

/// Whether it is a condition that did not hold.
fn is_condition(body: &Value) -> bool {
    let of_one =
        body["__type"].as_str().is_some_and(|kind| kind.ends_with("ConditionalCheckFailedException"));
    let mut reasons = body["CancellationReasons"].as_array().into_iter().flatten();
    of_one || reasons.any(|reason| reason["Code"] == "ConditionalCheckFailed")
}
