//! Messages that a Lambda has not done: without a word of it their queue keeps them for all of its visibility.

use std::time::Duration;

use super::sqs::Sqs;
use super::{Handle, QueueConfig};
use crate::clients::Clients;
use crate::telemetry;

/// Has each come again after its time. What the queue does not take comes again by its visibility.
pub async fn give_back(clients: &Clients, queue: &QueueConfig, left: Vec<(Handle, Duration)>) {
    let messages = left.len();
    if messages == 0 {
        return;
    }
    if let Err(error) = Sqs::give_back(clients.aws().await, queue, left).await {
        telemetry::not_given_back(messages, &error);
    }
}
