//! Refusals as DynamoDB words them.

use serde_json::{Value, json};

/// An error's name, and what else is in its body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) body: Value,
}

/// Why one of a transaction's writes is in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What has no room, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// Such as `TableWriteKeyRangeThroughputExceeded`.
    pub(super) reason: &'static str,
    pub(super) arn: String,
}

const CONFLICT: &str = "Transaction is ongoing for the item";

impl Refusal {
    fn new(code: &'static str, message: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self { status: 400, code, body: json!({"__type": kind, "message": message}) }
    }

    pub(super) fn invalid(message: &str) -> Self {
        let mut refusal = Self::new("ValidationException", message);
        refusal.body["__type"] = json!("com.amazon.coral.validate#ValidationException");
        refusal
    }

    /// A write beside a transaction.
    pub(super) fn conflict() -> Self {
        Self::new("TransactionConflictException", CONFLICT)
    }

    /// The same transaction, by its token, is still being done.
    pub(super) fn in_progress() -> Self {
        let message = "The transaction with the given request token is already in progress";
        Self::new("TransactionInProgressException", message)
    }

    /// The answer that is given instead of one that is lost.
    pub(super) fn internal() -> Self {
        Self { status: 500, ..Self::new("InternalServerError", "Internal server error") }
    }

    pub(super) fn throttled(full: &Full) -> Self {
        let mut refusal = Self::new("ThrottlingException", &full.message());
        let Full { reason, arn } = full;
        refusal.body["throttlingReasons"] = json!([{"reason": reason, "resource": arn}]);
        refusal
    }

    /// A transaction of which not all can be done; for each of its items why, if it is because of it.
    pub(super) fn cancelled(reasons: &[Option<Reason>]) -> Self {
        let code = |reason: &Option<Reason>| reason.as_ref().map_or("None", |reason| reason.code);
        let codes: Vec<_> = reasons.iter().map(code).collect();
        let told = reasons.iter().map(|reason| match reason {
            Some(Reason { code, message }) => json!({"Code": code, "Message": message}),
            None => json!({"Code": "None"}),
        });
        let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
        let mut refusal =
            Self::new("TransactionCanceledException", &format!("{message} [{}]", codes.join(", ")));
        refusal.body["Message"] = refusal.body["message"].take();
        refusal.body["CancellationReasons"] = told.collect();
        refusal
    }
}

impl Reason {
    pub(super) fn conflict() -> Self {
        Self { code: "TransactionConflict", message: CONFLICT.to_owned() }
    }

    pub(super) fn throttled(full: &Full) -> Self {
        Self { code: "ThrottlingError", message: full.message() }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self { code: "ValidationError", message: message.to_owned() }
    }
}

impl Full {
    fn message(&self) -> String {
        let Self { reason, arn } = self;
        let what = if reason.starts_with("Index") {
            "Throughput exceeds the current capacity for one or more global secondary indexes. DynamoDB is \
             automatically scaling your index so please try again shortly."
        } else {
            "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your \
             table or index so please try again shortly. If exceptions persist, check if you have a hot key."
        };
        format!("{what} ({reason}: {arn})")
    }
}
