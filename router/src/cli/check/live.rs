//! Asking everybody whom a configuration names whether they are there, all at once; nobody is paged.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use watchfire_core::text::clean;
use watchfire_core::yaml::Mistake;

use crate::channel::Asked;
use crate::clients::{Clients, chain};
use crate::cluster;
use crate::config::Ready;
use crate::source::QueueConfig;
use crate::source::sqs::Sqs;
use crate::store::{DynamoDbConfig, OpenAs, Store};

/// How long each of them has.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is shown of an answer.
const ANSWER_LENGTH: usize = 400;

/// What one of them said.
pub(super) struct Answer {
    /// The part of the configuration that names it.
    path: String,
    /// Where that stands, for one that failed.
    place: String,
    /// None where there was nobody to ask.
    said: Option<Asked>,
    took: Duration,
}

impl Answer {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self.said, Some(Asked::WouldNot(_)))
    }

    pub(super) fn line(&self) -> String {
        let Self { path, place, said, took } = self;
        match said {
            None => format!("-     {path}: nobody to ask"),
            Some(Asked::Would(said)) => format!("ok    {path}: {said} ({} ms)", took.as_millis()),
            Some(Asked::Unsure { said, means }) => format!("warn  {place}: {said}: {means}"),
            Some(Asked::WouldNot(reason)) => format!("FAIL  {place}: {reason}"),
        }
    }

    pub(super) fn json(&self) -> Value {
        let Self { path, place: _, said, took } = self;
        match said {
            None => json!({"path": path, "result": "not_asked"}),
            Some(Asked::Would(said)) => {
                json!({"path": path, "result": "ok", "said": said, "milliseconds": took.as_millis()})
            }
            Some(Asked::Unsure { said, means }) => {
                json!({"path": path, "result": "unsure", "said": said, "means": means})
            }
            Some(Asked::WouldNot(reason)) => json!({"path": path, "result": "failed", "said": reason}),
        }
    }
}

type Asking<'a> = BoxFuture<'a, Option<Asked>>;

/// Asks queues, channels and the cluster.
pub(super) async fn ask(ready: &Ready, clients: &Clients) -> Vec<Answer> {
    let mut asked: Vec<(String, Asking<'_>)> = Vec::new();
    for (index, queue) in ready.config.queues.iter().enumerate() {
        let path = if ready.written.has("queue") { "queue".to_owned() } else { format!("queues[{index}]") };
        asked.push((path, self::queue(queue, clients).map(answered).boxed()));
    }
    if let Some(config) = &ready.config.store.dynamodb {
        asked.push(("store.dynamodb.table".to_owned(), self::table(config, clients).map(answered).boxed()));
    }
    for (name, channel) in &ready.channels {
        asked.push((format!("channels.{name}"), channel.ask().boxed()));
    }
    if let Some(cluster) = &ready.config.cluster {
        asked.push(("cluster".to_owned(), self::cluster(cluster, clients).map(answered).boxed()));
    }
    let answers = asked.into_iter().map(async |(path, asking)| {
        let begun = Instant::now();
        let said = timeout(PATIENCE, asking).await;
        let said = said
            .unwrap_or_else(|_| Some(Asked::WouldNot(format!("no answer within {} s", PATIENCE.as_secs()))));
        let place = ready.written.mistake(&path, Mistake::default()).place();
        Answer { path, place, said, took: begun.elapsed() }
    });
    join_all(answers).await
}

fn answered(said: Option<Result<String, String>>) -> Option<Asked> {
    said.map(Asked::from)
}

async fn queue(queue: &QueueConfig, clients: &Clients) -> Option<Result<String, String>> {
    let opened = Sqs::open(clients.aws().await, queue).await;
    Some(match opened {
        Ok(_) => Ok(format!("the queue {} can be read", queue.name())),
        Err(error) => Err(clean(&format!("{error:#}"), ANSWER_LENGTH)),
    })
}

async fn table(config: &DynamoDbConfig, clients: &Clients) -> Option<Result<String, String>> {
    let keep = SignedDuration::ZERO;
    let opened = Store::open_dynamodb_as(OpenAs::Operator, clients, config, keep).await;
    Some(match opened {
        Ok(_) => Ok(format!("the table {} is as it must be", config.table)),
        Err(error) => Err(clean(&chain(&error), ANSWER_LENGTH)),
    })
}

async fn cluster(config: &cluster::Config, clients: &Clients) -> Option<Result<String, String>> {
    let client = match cluster::reach(config, clients).await {
        Ok(client) => client,
        Err(error) => return Some(Err(clean(&format!("{error:#}"), ANSWER_LENGTH))),
    };
    Some(match client.apiserver_version().await {
        Ok(version) => Ok(format!("Kubernetes {}", clean(&version.git_version, 60))),
        Err(error) => Err(clean(&format!("the API server: {error}"), ANSWER_LENGTH)),
    })
}
