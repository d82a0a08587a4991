//! `watchfire demo --tour`: a miner in a bundled cluster, from the page to the release, by the commands that people type.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::watch;
use watchfire_kubernetes::{Eks, KubernetesServer, Machine};

use super::{Demo, Folder, PATIENCE, handled, prepare, stay};
use crate::app::App;
use crate::cli::{Failed, plain_policy};
use crate::clients::Clients;
use crate::config::Config;
use crate::router::{Among, Router, shortest};
use crate::rules_files::demo_events;
use crate::secret::Secret;

/// As the sample events have them.
const CLUSTER: &str =
    "{name: payments-prod, arn: \"arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments-prod\"";
const NAMESPACE: &str = "shop";
/// The sample event that is a miner.
const MINER: &str = "09-miner.json";
/// So long a step stands on a terminal before the next.
const READ: Duration = Duration::from_secs(2);

/// The steps: what one does there, and the command; `ID` is the incident, `PLAN` the quarantine that waits.
const STEPS: [(&str, &str); 10] = [
    ("What is open? One line each, the most urgent first", "incidents list"),
    ("Why was it paged, and what comes next?", "why ID"),
    ("Say that you have it: nobody else is woken", "incidents ack ID --reason 'on it'"),
    ("What waits for an answer? In mode approve nothing is done without one", "approvals"),
    ("Look at what would be done; the API server is asked, nothing is changed", "approve PLAN --dry-run"),
    (
        "Approve: evidence first, then the pod is cut off, then it is verified",
        "approve PLAN --reason 'seen in the flow logs, too'",
    ),
    ("What is contained, and what a release would put back", "contained"),
    ("And why, now that it was answered", "why ID"),
    ("A false alarm after all: one command undoes it", "release ID --reason 'a load test'"),
    ("And it is over", "incidents resolve ID --reason 'a load test'"),
];

pub(super) async fn tour(folder: &Folder, keep: bool) -> Result<(), Failed> {
    // Also names the provider of TLS.
    let clients = Clients::new(None)?;
    drop(clients);
    let server = KubernetesServer::start().await;
    (1..=3).for_each(|number| server.node(&Machine::number(number)));
    server.demonstration();
    let config = kube::Config::new(server.url().parse().context("an address of our own")?);
    let client = kube::Client::try_from(config).context("a client for the bundled cluster")?;
    let _eks = Eks::controller(client.clone());
    let suspect = suspect(&client).await?;
    let (app, token) = worker(folder, &server, keep).await?;
    let spool = app.spool.clone().context("its store is a file")?;
    let (http, router) = (app.http, app.router.clone());
    let demo = Demo::of(&app, token.clone());
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(app.serve(stopped));
    let name = suspect.metadata.name.clone().unwrap_or_default();
    say!("A small cluster like EKS runs in this process, and Watchfire follows it, in mode approve.");
    say!("\n── GuardDuty reports a miner in {NAMESPACE}/{name}, and this is the page:");
    handled(&spool, MINER, &miner(&suspect)?).await?;
    let incidents = router.incidents(1, Among::Open, |_, _| true).await.map_err(anyhow::Error::from)?;
    let (_, _, incident) = incidents.incidents.first().context("the miner is no incident")?;
    let plan = waiting(&router).await?;
    for (what, line) in STEPS {
        let line = line.replace("ID", incident).replace("PLAN", &plan);
        say!("\n── {what}\n$ watchfire {line}");
        run(&line, http.port(), &token).await?;
        if line.starts_with("approve") || line.starts_with("release") {
            say!("({})", how_it_is(&client, &name).await?);
        }
        if std::io::stdout().is_terminal() {
            tokio::time::sleep(READ).await;
        }
    }
    say!("\nThat was all of it. The same on your own cluster begins with README.md, \"Run it\".");
    if keep {
        stay(&demo).await?;
    }
    stop.send_replace(true);
    serving.await.context("the worker")??;
    Ok(())
}

/// A worker that follows the bundled cluster and may contain what somebody approves.
async fn worker(folder: &Folder, server: &KubernetesServer, keep: bool) -> Result<(App, Secret), Failed> {
    let kubeconfig = server.kubeconfig(folder.path());
    let text = format!(
        "{channels}cluster: {CLUSTER}, access: {{kubeconfig: {{path: {kubeconfig:?}}}}}, urgent_deadline_ms: 10000}}\n\
         evidence: {{to: {{directory: {{path: {evidence:?}}}}}}}\n\
         mitigation: {{mode: approve, verify_within_seconds: 5}}\n",
        channels = super::CONFIGURATION,
        evidence = folder.path().join("evidence"),
    );
    let mut config = Config::parse("tour", &text)?;
    let token = prepare(&mut config, folder, keep)?;
    let policy = config.policy(plain_policy(None)?.rules);
    let app = App::start(config, policy, None).await.context("the tour cannot start")?;
    Ok((app, token))
}

/// A pod of the shop, once it runs.
async fn suspect(client: &kube::Client) -> anyhow::Result<Pod> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let of_checkout = ListParams::default().labels("app=checkout");
    let running = async {
        loop {
            let found = pods.list(&of_checkout).await.context("the bundled cluster")?;
            let runs = |pod: &Pod| container_id(pod).is_some();
            if found.items.len() > 1 && found.items.iter().all(runs) {
                return found.items.into_iter().next().context("there is one");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, running).await.context("the bundled cluster does not come up")?
}

fn container_id(pod: &Pod) -> Option<String> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let id = statuses.first().filter(|status| status.ready)?.container_id.as_ref()?;
    Some(id.trim_start_matches("containerd://").to_owned())
}

/// The sample event of a miner, about that pod.
fn miner(pod: &Pod) -> anyhow::Result<String> {
    let (_, text) =
        demo_events().iter().find(|(name, _)| *name == MINER).context("the sample is not there")?;
    let mut event: Value = serde_json::from_str(text).context("the sample")?;
    event["time"] = json!(jiff::Timestamp::now());
    let workload = &mut event["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
    workload["name"] = json!(pod.metadata.name);
    workload["uid"] = json!(pod.metadata.uid);
    workload["namespace"] = json!(NAMESPACE);
    workload["containers"][0]["id"] = json!(container_id(pod));
    Ok(event.to_string())
}

/// The quarantine that waits for an answer.
async fn waiting(router: &Router) -> anyhow::Result<String> {
    let approvals = router.approvals().await?;
    let quarantine = approvals.iter().find(|(_, record)| record.act.action.as_str() == "quarantine");
    let (id, _) = quarantine.context("no quarantine waits for an approval")?;
    let ids: Vec<String> = approvals.iter().map(|(id, _)| id.clone()).collect();
    Ok(shortest(&ids, id))
}

/// This very program, with those words, at our own worker; it prints for itself.
async fn run(line: &str, port: u16, token: &Secret) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("where this program is")?;
    let status = Command::new(program)
        .args(words(line))
        .env("WATCHFIRE_SERVER", format!("http://127.0.0.1:{port}"))
        .env("WATCHFIRE_TOKEN", token.expose().as_str())
        .env_remove("WATCHFIRE_TOKEN_FILE")
        .env_remove("WATCHFIRE_CONTEXT")
        .kill_on_drop(true)
        .status();
    let status = tokio::time::timeout(PATIENCE, status).await.with_context(|| format!("`{line}` hangs"))?;
    ensure!(status?.success(), "`watchfire {line}` failed");
    Ok(())
}

/// The words of a line, as a shell would read them: what stands between quotes is one.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts
        .flat_map(|(place, part)| if place % 2 == 0 { part.split_whitespace().collect() } else { vec![part] })
        .collect()
}

/// What the API server says of the pod.
async fn how_it_is(client: &kube::Client, name: &str) -> anyhow::Result<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let found = pods.get_opt(name).await.context("the bundled cluster")?;
    let Some(pod) = found.filter(|pod| pod.metadata.deletion_timestamp.is_none()) else {
        return Ok(
            "back at its Deployment, which has a replacement by now: one too many, and it ends".to_owned()
        );
    };
    let labels = pod.metadata.labels.unwrap_or_default();
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(format!("the pod's labels: {}", labels.join(", ")))
}
