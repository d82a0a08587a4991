//! Everything that stands between an event and a page, looked at part by part: nothing is changed, nobody is paged.

mod arrival;
mod aws;
mod bucket;
mod channels;
mod clocks;
mod cluster;
mod configuration;
mod dead_letters;
mod mapping;
mod on_call;
mod queue;
mod rules;
mod sending;
mod topic;
mod triage;

use std::path::Path;
use std::time::Duration;

use futures_util::future::{OptionFuture, join_all};
use serde::Serialize;
use tokio::time::timeout;

use crate::aws::call::Patience;
use crate::clients::Clients;
use crate::evidence::{Config as EvidenceConfig, To};
use crate::finding::{Finding, Grade};
use crate::store::checkup as table_checkup;
use arrival::Queues;
use configuration::Read;
use queue::Queue;

/// One section, whatever it asks.
const LIMIT: Duration = Duration::from_secs(20);
/// One call of AWS.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    in_all: Duration::from_secs(8),
    attempts: 3,
    wait: Duration::from_millis(200),
};
/// Questions of one kind that are open at the same time.
const AT_ONCE: usize = 8;

/// A part, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Section {
    /// What it is about, such as `queue watchfire-alerts`.
    pub(crate) name: String,
    /// In the order in which it was looked at.
    pub(crate) findings: Vec<Finding>,
}

/// Looks at all that a configuration leads to. By that kubeconfig, where one is given, instead of `cluster.access`.
///
/// # Errors
/// This machine cannot make TLS connections.
pub(crate) async fn examine(config: &Path, kubeconfig: Option<&Path>) -> anyhow::Result<Vec<Section>> {
    let clients = Clients::new(None)?;
    let (configuration, read) = configuration::look(config, &clients).await;
    let Some(read) = read else { return Ok(vec![configuration]) };
    let (in_aws, cluster, clocks, on_call, triage) = tokio::join!(
        in_aws(&read, &clients),
        cluster::look(&read, kubeconfig, &clients),
        clocks::look(&read, kubeconfig, &clients),
        on_call::look(&read, &clients),
        triage::look(&read, &clients),
    );
    let mut sections = vec![configuration];
    sections.extend(in_aws);
    sections.extend([cluster, on_call, triage, clocks]);
    sections.retain(|section| !section.findings.is_empty());
    Ok(sections)
}

/// Who we are there, and what that shows.
async fn in_aws(read: &Read, clients: &Clients) -> Vec<Section> {
    let (caller, us) = aws::look(&read.config, clients).await;
    let mut sections = vec![caller];
    sections.extend(parts(read, us.as_ref(), clients).await);
    sections
}

/// Queues, what brings events to them, the table, the bucket, and the channels, of which some are topics.
async fn parts(read: &Read, us: Option<&aws::Us>, clients: &Clients) -> Vec<Section> {
    let config = &read.config;
    let queues = async {
        let all = config.queues.iter().enumerate().map(async |(index, queue)| {
            let path =
                if read.written.has("queue") { "queue".to_owned() } else { format!("queues[{index}]") };
            let mut known = None;
            let section = section(format!("queue {}", queue.name()), async |findings| {
                known = queue::look(queue, &path, clients, findings).await;
            });
            (section.await, known)
        });
        let (mut sections, known): (Vec<_>, Vec<_>) = join_all(all).await.into_iter().unzip();
        let known: Vec<Queue> = known.into_iter().flatten().collect();
        sections.push(
            section("events".to_owned(), async |findings| {
                let in_part = known.len() < config.queues.len();
                arrival::look(Queues { known: &known, in_part }, us, clients, findings).await;
            })
            .await,
        );
        sections
    };
    let table: OptionFuture<_> = config
        .store
        .dynamodb
        .as_ref()
        .map(|table| {
            section(format!("table {}", table.table), async |findings| {
                findings.extend(table_checkup(clients, table).await);
            })
        })
        .into();
    let bucket: OptionFuture<_> = match &config.evidence {
        Some(EvidenceConfig { to: To::S3(bucket), .. }) => {
            Some(section("evidence".to_owned(), async |findings| {
                bucket::look(bucket, clients, findings).await;
            }))
        }
        Some(EvidenceConfig { to: To::Directory(_), .. }) | None => None,
    }
    .into();
    let channels = section("channels".to_owned(), async |findings| {
        channels::look(read, us, clients, findings).await;
    });
    // Whom AWS does not know is told nothing.
    let (mut sections, table, bucket, channels) = match us {
        Some(_) => tokio::join!(queues, table, bucket, channels),
        None => (Vec::new(), None, None, channels.await),
    };
    sections.extend(table.into_iter().chain(bucket));
    sections.push(channels);
    sections
}

/// A section, as far as it comes in time.
async fn section(name: String, look: impl AsyncFnOnce(&mut Vec<Finding>)) -> Section {
    let mut findings = Vec::new();
    if timeout(LIMIT, look(&mut findings)).await.is_err() {
        let late = format!("the rest is not answered within {} s", LIMIT.as_secs());
        findings.push(Finding::fail(late, "see why it does not answer, and look again"));
    }
    Section { name, findings }
}

/// The worst that was found.
pub(crate) fn worst(sections: &[Section]) -> Grade {
    let grades = sections.iter().flat_map(|section| &section.findings).map(|finding| finding.grade);
    grades.max().unwrap_or(Grade::NotAsked)
}
