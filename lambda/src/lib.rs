//! A batch of SQS records through the same router; each record that is not done is reported, no other.

use std::sync::Arc;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use watchfire::router::Router;

/// Handles every record in a task of its own, and names those that have to come again: the event source
/// mapping (with `ReportBatchItemFailures`) deletes the others.
///
/// A record whose task panics has to come again too, and takes no other with it. A record without a message
/// id cannot be named, so it is reported with an empty one: Lambda then brings the whole batch again, which
/// repeats nothing but work, because every event is decided once.
pub async fn handle(router: Arc<Router>, batch: SqsEvent) -> SqsBatchResponse {
    let tasks: Vec<_> = batch.records.into_iter().map(|record| begin(&router, record)).collect();
    let mut response = SqsBatchResponse::default();
    for (item_identifier, task) in tasks {
        let is_done = matches!(task.await, Ok(Ok(())));
        if !is_done {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = item_identifier;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

type Task = tokio::task::JoinHandle<Result<(), watchfire::failure::Nack>>;

fn begin(router: &Arc<Router>, record: SqsMessage) -> (String, Task) {
    let router = router.clone();
    let body = record.body.unwrap_or_default();
    let task = tokio::spawn(async move { router.handle(&body).await.map(|_| ()) });
    (record.message_id.unwrap_or_default(), task)
}
