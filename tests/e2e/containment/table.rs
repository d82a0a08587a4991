//! The table of containments: owner kinds, enforcement, guards, and faults in each step; whole results.
//!
//! What each row has to come to stands in `table.txt`. `WATCHFIRE_WRITE_TABLE=1` writes it anew from what
//! happened: read every line of the difference before you keep it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use watchfire_tests::cluster::{Fault, Match, Template};
use watchfire_tests::{Configuration, repository};

use super::stage::Stage;

const LABELS: [(&str, &str); 2] = [("app", "pay"), ("tier", "web")];

/// Whose pod the suspect is.
#[derive(Clone, Copy)]
enum Owner {
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Nobody,
}

#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    owner: Owner,
    replicas: i32,
    kind: &'static str,
    pods: fn(Template) -> Template,
    configure: fn(Configuration) -> Configuration,
    disturb: fn(&Stage),
    /// It changes what all tests of a shared cluster share: the switch of network policies, a node.
    needs_a_cluster_of_its_own: bool,
}

const MINER: &str = "CryptoCurrency:Runtime/BitcoinTool.B";

const PLAIN: Row = Row {
    name: "",
    owner: Owner::Deployment,
    replicas: 4,
    kind: MINER,
    pods: |template| template,
    configure: |configuration| configuration,
    disturb: |_| {},
    needs_a_cluster_of_its_own: false,
};

fn isolate() -> Match {
    Match::any().method("PATCH").path("/pods/")
}

fn restart() -> Match {
    Match::any().method("PATCH").path("/deployments/")
}

fn deny() -> Match {
    Match::any().method("PATCH").path("/networkpolicies/")
}

fn rows() -> Vec<Row> {
    let row = |name, row: Row| Row { name, ..row };
    let fault = |name, disturb: fn(&Stage)| Row { name, disturb, ..PLAIN };
    let configured = |name, configure: fn(Configuration) -> Configuration| Row { name, configure, ..PLAIN };
    vec![
        // Whose pod it is.
        row("deployment", PLAIN),
        row("stateful set behind a service", Row { owner: Owner::StatefulSet, ..PLAIN }),
        row("daemon set", Row { owner: Owner::DaemonSet, needs_a_cluster_of_its_own: true, ..PLAIN }),
        row("job", Row { owner: Owner::Job, replicas: 1, ..PLAIN }),
        row("cron job", Row { owner: Owner::CronJob, replicas: 1, ..PLAIN }),
        row("bare pod", Row { owner: Owner::Nobody, replicas: 1, ..PLAIN }),
        row("host network", Row { pods: Template::host_network, needs_a_cluster_of_its_own: true, ..PLAIN }),
        row("privileged", Row { pods: Template::privileged, needs_a_cluster_of_its_own: true, ..PLAIN }),
        row("host PID", Row { pods: Template::host_pid, needs_a_cluster_of_its_own: true, ..PLAIN }),
        row("the only pod, P0", Row { replicas: 1, ..PLAIN }),
        // Whether policies have any effect.
        Row { name: "enforcement switched off", disturb: |_| {}, needs_a_cluster_of_its_own: true, ..PLAIN },
        fault("the controller does not list the pod", |stage| stage.eks.stop_enforcing()),
        Row {
            name: "the controller does not list the pod, then scale to zero",
            configure: |c| c.set("mitigation.if_not_verified", json!("scale-to-zero")),
            disturb: |stage| stage.eks.stop_enforcing(),
            ..PLAIN
        },
        Row {
            name: "the controller does not list the pod, then cordon",
            configure: |c| c.set("mitigation.if_not_verified", json!("cordon")),
            disturb: |stage| stage.eks.stop_enforcing(),
            needs_a_cluster_of_its_own: true,
            ..PLAIN
        },
        Row {
            name: "the controller does not list the pod, then delete",
            configure: |c| c.set("mitigation.if_not_verified", json!("delete-pod")),
            disturb: |stage| stage.eks.stop_enforcing(),
            ..PLAIN
        },
        // The guards.
        configured("observe", |c| c.set("mitigation.mode", json!("observe"))),
        configured("approve", |c| c.set("mitigation.mode", json!("approve"))),
        configured("a protected label", |c| {
            c.set("mitigation.protected", json!({"labels": {"tier": "web"}}))
        }),
        configured("another cluster", |c| {
            c.set("cluster.name", json!("staging"))
                .set("cluster.arn", json!("arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/staging"))
        }),
        configured("no budget left", |c| {
            c.set("mitigation.budget", json!({"containments": 1, "minutes": 10}))
        }),
        configured("a kill switch that cannot be read", |c| {
            c.set("mitigation.kill_switch", json!({"namespace": "kube-system", "name": "watchfire-off"}))
        }),
        configured("one pod may always be missing", |c| c.set("mitigation.workload_percent", json!(10))),
        // Faults: the evidence.
        fault("logs cannot be had", |stage| {
            stage.cluster.proxy().fault(Match::any().path("/log?"), Fault::status(500));
        }),
        fault("logs may not be read", |stage| {
            stage.cluster.proxy().fault(Match::any().path("/log?"), Fault::status(403));
        }),
        // Faults: the policy.
        fault("policy: server error once", |stage| {
            stage.cluster.proxy().fault(deny(), Fault::status(500)).times(1);
        }),
        fault("policy: forbidden", |stage| {
            stage.cluster.proxy().fault(deny(), Fault::status(403));
        }),
        fault("policy: answer lost", |stage| {
            stage.cluster.proxy().fault(deny(), Fault::DropAfter).times(1);
        }),
        // Faults: the patch.
        fault("patch: server error once", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::status(500)).times(1);
        }),
        fault("patch: too many requests once", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::too_many(1)).times(1);
        }),
        fault("patch: conflict once", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::status(409)).times(1);
        }),
        fault("patch: forbidden", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::status(403));
        }),
        fault("patch: connection lost before", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::Drop).times(1);
        }),
        fault("patch: answer lost", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::DropAfter).times(1);
        }),
        fault("patch: unauthorized once", |stage| {
            stage.cluster.proxy().fault(isolate(), Fault::status(401)).times(1);
        }),
        // Faults: the restart.
        fault("restart: server error once", |stage| {
            stage.cluster.proxy().fault(restart(), Fault::status(503)).times(1);
        }),
        fault("restart: forbidden", |stage| {
            stage.cluster.proxy().fault(restart(), Fault::status(403));
        }),
        fault("restart: answer lost", |stage| {
            stage.cluster.proxy().fault(restart(), Fault::DropAfter).times(1);
        }),
        // Faults: the proof.
        fault("proof: endpoints cannot be read once", |stage| {
            stage.cluster.proxy().fault(Match::any().path("/endpointslices"), Fault::status(500)).times(1);
        }),
        fault("proof: policy endpoints may not be read", |stage| {
            stage.cluster.proxy().fault(Match::any().path("/policyendpoints"), Fault::status(403));
        }),
        // What is asked before.
        fault("services may not be read", |stage| {
            stage.cluster.proxy().fault(Match::any().path("/services"), Fault::status(403));
        }),
        fault("policies may not be read", |stage| {
            stage
                .cluster
                .proxy()
                .fault(Match::any().method("GET").path("/networkpolicies"), Fault::status(403));
        }),
        // Other actions.
        Row {
            name: "suspicious tool: evidence alone by rule",
            kind: "Execution:Runtime/SuspiciousTool",
            ..PLAIN
        },
        Row {
            name: "escape: quarantine and cordon",
            kind: "PrivilegeEscalation:Runtime/RuncContainerEscape",
            needs_a_cluster_of_its_own: true,
            ..PLAIN
        },
    ]
}

impl Stage {
    /// The suspect, and a Service `svc` that routes to it and its like.
    async fn suspect(&self, row: &Row) -> Pod {
        let template = (row.pods)(Template::of(&LABELS));
        self.cluster.service(&self.namespace, "svc", &[("app", "pay")]).await;
        let (cluster, namespace) = (&self.cluster, &self.namespace);
        let mut pods = match row.owner {
            Owner::Deployment => cluster.deployment(namespace, "pay", row.replicas, template).await,
            Owner::StatefulSet => cluster.statefulset(namespace, "pay", row.replicas, template).await,
            Owner::DaemonSet => cluster.daemonset(namespace, "pay", template).await,
            Owner::Job => cluster.job(namespace, "pay", 1, template).await,
            Owner::CronJob => {
                let cronjob = cluster.cronjob(namespace, "pay", template).await;
                cluster.cronjob_run(namespace, &cronjob, "pay-run").await
            }
            Owner::Nobody => vec![cluster.bare_pod(namespace, "pay", template).await],
        };
        pods.remove(0)
    }
}

/// None where it cannot be played on a cluster that is shared.
async fn play(row: Row) -> Option<(&'static str, String)> {
    let stage = Stage::set_with("row", row.configure).await;
    if row.needs_a_cluster_of_its_own && stage.cluster.fake().is_none() {
        println!("skipped on a shared cluster: {}", row.name);
        return None;
    }
    let suspect = stage.suspect(&row).await;
    match row.name {
        "enforcement switched off" => stage.cluster.enforcement(false).await,
        "a kill switch that cannot be read" => {
            stage.cluster.proxy().fault(Match::any().path("/configmaps/watchfire-off"), Fault::status(403));
        }
        "no budget left" => {
            let other =
                stage.cluster.bare_pod(&stage.namespace, "other", Template::of(&[("app", "other")])).await;
            stage.handle(&stage.miner(&other, "first")).await;
        }
        _ => {}
    }
    stage.known(&suspect).await;
    (row.disturb)(&stage);
    stage.cluster.proxy().clear();
    let finding = stage.finding(row.kind, &suspect, "event-1");
    let given_up = stage.give_up_soon(&finding).await;
    if !given_up {
        stage.handle(&finding).await;
    }
    // The restart has its time.
    stage.clock.advance(jiff::SignedDuration::from_secs(10));
    stage
        .router
        .tick(stage.clock.now(), jiff::SignedDuration::from_hours(24))
        .await
        .expect("the store answers");
    let mut lines = stage.world(&suspect).await;
    lines.extend(stage.writes(&suspect).into_iter().map(|line| format!("call: {line}")));
    Some((row.name, lines.join("\n") + "\n"))
}

impl Stage {
    /// What is transient for good is given up after ten minutes: they pass at once.
    async fn give_up_soon(&self, finding: &serde_json::Value) -> bool {
        let message = finding.to_string();
        for _ in 0..6 {
            if self.router.handle(&message).await.is_ok() {
                return true;
            }
        }
        self.clock.advance(jiff::SignedDuration::from_mins(11));
        false
    }
}

fn file() -> PathBuf {
    repository().join("tests/e2e/containment/table.txt")
}

fn read(text: &str) -> BTreeMap<String, String> {
    let sections = text.split("\n## ").map(|section| section.trim_start_matches("## "));
    let sections = sections.filter_map(|section| section.split_once('\n'));
    sections.map(|(name, lines)| (name.to_owned(), lines.trim_end().to_owned() + "\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_containment_comes_to_what_the_table_says() {
    let rows = rows();
    let order: Vec<_> = rows.iter().map(|row| row.name).collect();
    assert!(order.len() >= 40, "{}", order.len());
    let played: Vec<_> = stream::iter(rows).map(play).buffer_unordered(4).collect().await;
    let played: BTreeMap<_, _> = played.into_iter().flatten().collect();
    if std::env::var_os("WATCHFIRE_WRITE_TABLE").is_some() {
        let sections = order.iter().filter_map(|name| Some(format!("## {name}\n{}", played.get(name)?)));
        std::fs::write(file(), sections.collect::<Vec<_>>().join("\n")).expect("the table can be written");
        return;
    }
    let expected = read(&std::fs::read_to_string(file()).expect("the table is there"));
    for name in order {
        let Some(found) = played.get(name) else { continue };
        let expected = expected.get(name).map(String::as_str).unwrap_or("(no such section)");
        assert_eq!(found.trim_end(), expected.trim_end(), "\n## {name}\n{found}");
    }
}
