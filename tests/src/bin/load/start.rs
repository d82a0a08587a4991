//! From the start of the program to its being ready, and to the first line of the demo.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;
use watchfire_tests::{Configuration, Watchfire, binary};

use crate::alerts;
use crate::cost::rules_of_their_own;
use crate::drive::{self, Connection};
use crate::measure::{Receiver, port_of, until_decided};
use crate::report::Spans;

const TIMES: usize = 20;

/// With the shipped rules and a new store; with 1,000 rules and a store in which so many incidents are open; the demo.
pub(crate) async fn measure(incidents: usize) -> anyhow::Result<()> {
    let receiver = Receiver::start()?;
    let mut table = Spans::new();
    let mut shipped = Watchfire::start(&Configuration::new(&receiver.url()), None).await;
    table.add("start to ready: shipped rules, a new store", starts(&mut shipped).await?);

    let folder = tempfile::tempdir()?;
    rules_of_their_own(folder.path(), 1000)?;
    let configuration = Configuration::new(&receiver.url()).set("rules.directory", json!(folder.path()));
    let mut full = Watchfire::start(&configuration, None).await;
    let bodies = Arc::new((0..incidents).map(alerts::quiet_event).collect::<Vec<_>>());
    drive::post_all(port_of(&full.ingest)?, "/v1/events", bodies, 32, None).await?;
    until_decided(&mut Connection::to(port_of(&full.health)?).await?, incidents).await?;
    full.terminate().await;
    let size = std::fs::metadata(full.path("data/watchfire.redb"))?.len() >> 20;
    full.restart().await;
    table.add(
        &format!("start to ready: 1,000 rules, {incidents} open, a store of {size} MiB"),
        starts(&mut full).await?,
    );

    let demo = (0..TIMES).map(|_| first_line()).collect::<anyhow::Result<_>>()?;
    table.add("demo: to its first line", demo);
    println!("{table}");
    Ok(())
}

/// Ended and started again, over the same store; the time is from the new process to its saying that it is ready.
async fn starts(watchfire: &mut Watchfire) -> anyhow::Result<Vec<Duration>> {
    let mut spans = Vec::new();
    for _ in 0..TIMES {
        watchfire.terminate().await;
        let folder = watchfire.path("");
        let mut child = run(&folder).spawn()?;
        let begun = Instant::now();
        let stderr = BufReader::new(child.stderr.take().context("it is piped")?);
        let ready = stderr.lines().map_while(Result::ok).any(|line| line.contains(r#""message":"ready""#));
        spans.push(begun.elapsed());
        child.kill()?;
        child.wait()?;
        if !ready {
            bail!("it ended before it was ready");
        }
        watchfire.restart().await;
    }
    Ok(spans)
}

fn run(folder: &Path) -> Command {
    let mut command = Command::new(binary("watchfire"));
    command.args(["run", "--config", "watchfire.yaml", "--log", "json"]).current_dir(folder);
    command
        .env("PD_KEY", Configuration::ROUTING_KEY)
        .env("AWS_REGION", "us-gov-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn first_line() -> anyhow::Result<Duration> {
    let mut command = Command::new(binary("watchfire"));
    let begun = Instant::now();
    let mut child =
        command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut line)?;
    let took = begun.elapsed();
    child.kill()?;
    child.wait()?;
    if line.is_empty() {
        bail!("the demo printed nothing");
    }
    Ok(took)
}
