//! The pods of the storm: Deployments in three accounts with a cluster each.

use super::SUBJECTS;
use super::random::Random;

/// A pod.
#[derive(Debug, PartialEq, Eq)]
pub struct Pod {
    /// The account that its cluster is in.
    pub account: &'static str,
    /// Its cluster's name.
    pub cluster: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name; no other pod has it, in no account.
    pub name: String,
    /// The container's name, which is the Deployment's.
    pub container: &'static str,
    /// Its UID.
    pub uid: String,
    /// The id of its container.
    pub container_id: String,
}

const CLUSTERS: [(&str, &str); 3] =
    [("111122223333", "payments-prod"), ("444455556666", "web-prod"), ("777788889999", "data-prod")];

const DEPLOYMENTS: [(&str, &str); 12] = [
    ("checkout", "checkout"),
    ("checkout", "cart"),
    ("ledger", "ledger-sync"),
    ("ledger", "ledger-api"),
    ("reports", "report-builder"),
    ("reports", "mailer"),
    ("search", "indexer"),
    ("search", "query"),
    ("media", "thumbnailer"),
    ("media", "uploader"),
    ("platform", "edge-proxy"),
    ("platform", "session-store"),
];

/// All of them: half in the first account, less in each of the others.
pub(super) fn all(random: &mut Random) -> Vec<Pod> {
    (0..SUBJECTS).map(|number| pod(number, random)).collect()
}

fn pod(number: usize, random: &mut Random) -> Pod {
    let (account, cluster) = match random.below(10) {
        0..5 => CLUSTERS[0],
        5..8 => CLUSTERS[1],
        _ => CLUSTERS[2],
    };
    let (namespace, container) = DEPLOYMENTS[random.place(DEPLOYMENTS.len())];
    let (replica_set, uid, container_id) = (random.next(), random.next(), random.next());
    Pod {
        account,
        cluster,
        namespace,
        // The number keeps it apart from all others, whatever chance says.
        name: format!("{container}-{:09x}-{number:05}", replica_set >> 28),
        container,
        uid: format!("{:08x}-0000-4000-8000-{number:012}", uid >> 32),
        container_id: format!("{container_id:064x}"),
    }
}
