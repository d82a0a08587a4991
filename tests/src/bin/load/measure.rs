//! The measurements: how many a second, how long one takes, how much memory.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;
use watchfire_tests::{Configuration, Watchfire};

use crate::alerts;
use crate::drive::{self, Connection};
use crate::report::Figures;
use crate::started::Started;

/// No measurement takes longer.
pub(crate) const MOST: Duration = Duration::from_secs(120);

/// How much is sent, and how.
pub(crate) struct Run {
    /// Alerts of a rate measurement.
    pub(crate) events: usize,
    /// Alerts sent one at a time.
    pub(crate) single: usize,
    /// Alerts a second where they are paced.
    pub(crate) pace: u32,
    /// Connections that post at the same time.
    pub(crate) connections: usize,
}

impl Run {
    /// So many alerts for the rates, 500 for the latency, 1,000 a second where paced, 32 connections.
    pub(crate) fn new(events: usize) -> Self {
        Self { events: events.min(100_000), single: 500.min(events), pace: 1000, connections: 32 }
    }
}

/// A program that takes alerts over HTTP and pages a receiver.
pub(crate) trait Pager {
    /// Keeps the program running; it ends when this is dropped.
    type Running;
    /// Starts it afresh: its process id, its port, and what keeps it running.
    async fn start(&self, receiver: u16) -> anyhow::Result<(Self::Running, u32, u16)>;
    /// Where alerts are posted.
    const PATH: &'static str;
    /// One alert in its form.
    fn alert(&self, index: usize) -> String;
}

/// Ours.
pub(crate) struct Watchfires;

impl Pager for Watchfires {
    type Running = Watchfire;
    const PATH: &'static str = "/v1/events";

    async fn start(&self, receiver: u16) -> anyhow::Result<(Watchfire, u32, u16)> {
        let url = format!("http://127.0.0.1:{receiver}/v2/enqueue");
        let configuration = Configuration::new(&url);
        let watchfire = Watchfire::start(&configuration, None).await;
        let (pid, port) = (watchfire.pid(), port_of(&watchfire.ingest)?);
        Ok((watchfire, pid, port))
    }

    fn alert(&self, index: usize) -> String {
        alerts::paged_event(index)
    }
}

/// Distinct events that page nobody, until each is decided and journalled.
pub(crate) async fn decided(run: &Run) -> anyhow::Result<Figures> {
    let receiver = Receiver::start()?;
    let bodies = Arc::new((0..run.events).map(alerts::quiet_event).collect::<Vec<_>>());
    decided_by(run, &Configuration::new(&receiver.url()), bodies, |_| JoinSet::new()).await
}

/// Those events, until each is decided and journalled by a Watchfire of that configuration, while others have it work, too.
pub(crate) async fn decided_by(
    run: &Run,
    configuration: &Configuration,
    bodies: Arc<Vec<String>>,
    beside: impl FnOnce(&Watchfire) -> JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<Figures> {
    let watchfire = Watchfire::start(configuration, None).await;
    let (pid, port) = (watchfire.pid(), port_of(&watchfire.ingest)?);
    let idle = settled_memory(pid).await?;
    let count = bodies.len();
    let mut health = Connection::to(port_of(&watchfire.health)?).await?;
    let mut beside = beside(&watchfire);
    let start = Instant::now();
    drive::post_all(port, Watchfires::PATH, bodies, run.connections, None).await?;
    until_decided(&mut health, count).await?;
    if let Some(ended) = beside.try_join_next() {
        bail!("who was at work beside it has ended: {ended:?}");
    }
    Ok(Figures { count, took: start.elapsed(), latencies: Vec::new(), idle, peak: peak_memory(pid)? })
}

/// Waits until so many events were decided since the program's start, by its metrics.
pub(crate) async fn until_decided(health: &mut Connection, count: usize) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        let page = health.get("/metrics").await?;
        let decided = watchfire_tests::Metrics::parse(&page).sum("watchfire_decisions_total", &[]);
        if decided >= count as f64 {
            return Ok(());
        }
        if start.elapsed() > MOST {
            bail!("only {decided} of {count} were decided within {MOST:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Distinct alerts as fast as they are taken, until the last of their pages has arrived. The latencies
/// are those of a program that is behind: how long an alert waits in its queue.
pub(crate) async fn all_at_once<P: Pager>(run: &Run, pager: &P) -> anyhow::Result<Figures> {
    pages(run, pager, None).await
}

/// Distinct alerts at a pace that a program can keep.
pub(crate) async fn at_a_pace<P: Pager>(run: &Run, pager: &P) -> anyhow::Result<Figures> {
    pages(run, pager, Some(run.pace)).await
}

async fn pages<P: Pager>(run: &Run, pager: &P, pace: Option<u32>) -> anyhow::Result<Figures> {
    let receiver = Receiver::start()?;
    let (_running, pid, port) = pager.start(receiver.port).await?;
    let idle = idle_memory(pid).await?;
    let bodies = Arc::new((0..run.events).map(|index| pager.alert(index)).collect::<Vec<_>>());
    let start = Instant::now();
    let sent = drive::post_all(port, P::PATH, bodies, run.connections, pace).await?;
    let mut asked = Connection::to(receiver.port).await?;
    loop {
        let count = asked.get("/count").await?;
        let arrived: usize = count.split(' ').next().unwrap_or_default().parse()?;
        if arrived == run.events {
            break;
        }
        if start.elapsed() > MOST {
            bail!("only {arrived} of {} pages arrived within {MOST:?}", run.events);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut latencies = Vec::with_capacity(run.events);
    let mut last = 0;
    for line in asked.get("/all").await?.lines() {
        let (index, at) = line.split_once(' ').context("a line has two words")?;
        let (index, at): (usize, u64) = (index.parse()?, at.parse()?);
        latencies.push(Duration::from_nanos(at.saturating_sub(sent[index])));
        last = last.max(at);
    }
    let first = sent.iter().min().copied().unwrap_or_default();
    let took = Duration::from_nanos(last.saturating_sub(first));
    Ok(Figures { count: run.events, took, latencies, idle, peak: peak_memory(pid)? })
}

/// Alerts one by one: the next is sent when the page of the one before has arrived.
pub(crate) async fn one_by_one<P: Pager>(run: &Run, pager: &P) -> anyhow::Result<Figures> {
    let receiver = Receiver::start()?;
    let (_running, pid, port) = pager.start(receiver.port).await?;
    let idle = idle_memory(pid).await?;
    let (mut posts, mut asked) = (Connection::to(port).await?, Connection::to(receiver.port).await?);
    let start = Instant::now();
    let mut latencies = Vec::with_capacity(run.single);
    for index in 0..run.single {
        let body = pager.alert(index);
        let sent = drive::now();
        let status = posts.post(P::PATH, &body).await?;
        if !(200..300).contains(&status) {
            bail!("{} answered {status}", P::PATH);
        }
        let wait = asked.get(&format!("/wait/{index}")).await;
        let arrived: u64 = wait?.parse()?;
        latencies.push(Duration::from_nanos(arrived.saturating_sub(sent)));
        if start.elapsed() > MOST {
            bail!("only {index} of {} pages arrived within {MOST:?}", run.single);
        }
    }
    Ok(Figures { count: run.single, took: start.elapsed(), latencies, idle, peak: peak_memory(pid)? })
}

/// The receiver's process; it ends when its standard input closes.
pub(crate) struct Receiver {
    port: u16,
    _started: Started,
}

impl Receiver {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (started, port) = Started::by(Command::new(std::env::current_exe()?).arg("receive"))?;
        Ok(Self { port: port.parse().context("the receiver prints its port")?, _started: started })
    }

    /// Where pages go.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v2/enqueue", self.port)
    }
}

pub(crate) fn port_of(address: &str) -> anyhow::Result<u16> {
    let port = address.rsplit_once(':').context("an address has a port")?.1;
    Ok(port.parse()?)
}

/// Resident memory in KiB, a second after the program was ready.
async fn idle_memory(pid: u32) -> anyhow::Result<u64> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    memory(pid, "VmRSS:")
}

/// Resident memory in KiB once it has not grown by a MiB for five seconds: everything to be followed has been seen.
pub(crate) async fn settled_memory(pid: u32) -> anyhow::Result<u64> {
    let start = Instant::now();
    let (mut at, mut since) = (memory(pid, "VmRSS:")?, Instant::now());
    while since.elapsed() < Duration::from_secs(5) && start.elapsed() < MOST {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = memory(pid, "VmRSS:")?;
        if now.abs_diff(at) > 1024 {
            (at, since) = (now, Instant::now());
        }
    }
    memory(pid, "VmRSS:")
}

fn peak_memory(pid: u32) -> anyhow::Result<u64> {
    memory(pid, "VmHWM:")
}

/// A field of its status, in KiB.
pub(crate) fn memory(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the program has ended")?;
    let line =
        status.lines().find(|line| line.starts_with(field)).context("Linux tells a program's memory")?;
    Ok(line.split_ascii_whitespace().nth(1).context("a field has a value")?.parse()?)
}
