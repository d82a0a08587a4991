//! Loads `watchfire`, alone or beside Alertmanager, on loopback, and prints what it measured.
//!
//! Every run is bounded: so many alerts, at most two minutes a measurement, nothing but 127.0.0.1.

mod alerts;
mod api_server;
mod contained;
mod cost;
mod drive;
mod everything;
mod followed;
mod measure;
mod peer;
mod queue;
mod receive;
mod replay;
mod report;
mod start;
mod started;
mod workers;

use std::path::PathBuf;

use anyhow::bail;

use measure::{Run, Watchfires};

const USAGE: &str = "\
usage: load [EVENTS]                          measure watchfire (20000 events)
       load decided EVENTS...                 only its first row, for so many events each
       load beside ALERTMANAGER [EVENTS]      measure both, the same alerts to the same receiver
       load contained [PODS]                  from a finding to policy and label (200, one of each Deployment)
       load followed [PODS [EVENTS]]          memory and events a second, following a cluster (10000, 10000)
       load cost                              what an event costs against rules, open incidents, silences, pods; lines of JSON
       load start [INCIDENTS]                 from the program's start to its being ready (50000 open)
       load replay [EVENTS]                   a history decided again (1000000)
       load queue [EVENTS]                    events a second from SQS, tests/fauxqs (20000)
       load workers [EVENTS]                  one worker and eight over one table, so many events each (100)
       load receive                           the receiver (each run starts its own)";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["receive"] => receive::serve().await,
        ["decided", ref counts @ ..] if !counts.is_empty() => decided(counts).await,
        ["beside", alertmanager] => beside(alertmanager.into(), Run::new(20_000)).await,
        ["beside", alertmanager, events] => beside(alertmanager.into(), Run::new(events.parse()?)).await,
        ["cost"] => cost::measure().await,
        ["start"] => start::measure(50_000).await,
        ["start", incidents] => start::measure(incidents.parse()?).await,
        ["replay"] => replay::measure(1_000_000),
        ["replay", events] => replay::measure(events.parse()?),
        ["queue"] => queue::measure(&Run::new(20_000)).await,
        ["queue", events] => queue::measure(&Run::new(events.parse()?)).await,
        ["workers"] => workers::measure(100).await,
        ["workers", events] => workers::measure(events.parse()?).await,
        ["contained"] => contained::measure(200).await,
        ["contained", pods] => contained::measure(pods.parse()?).await,
        ["followed"] => followed::measure(&Run::new(10_000), 10_000).await,
        ["followed", pods] => followed::measure(&Run::new(10_000), pods.parse()?).await,
        ["followed", pods, events] => followed::measure(&Run::new(events.parse()?), pods.parse()?).await,
        [] => alone(Run::new(20_000)).await,
        [events] if events.starts_with(|c: char| c.is_ascii_digit()) => {
            alone(Run::new(events.parse()?)).await
        }
        _ => bail!("{USAGE}"),
    }
}

async fn alone(run: Run) -> anyhow::Result<()> {
    let mut table = report::Table::new();
    table.add("watchfire: decided, journalled, synced", measure::decided(&run).await?);
    table.add("watchfire: single pages", measure::all_at_once(&run, &Watchfires).await?);
    table.add("watchfire: 1,000 pages a second", measure::at_a_pace(&run, &Watchfires).await?);
    table.add("watchfire: one at a time", measure::one_by_one(&run, &Watchfires).await?);
    println!("{table}");
    Ok(())
}

async fn decided(counts: &[&str]) -> anyhow::Result<()> {
    let mut table = report::Table::new();
    for count in counts {
        let figures = measure::decided(&Run::new(count.parse()?)).await?;
        table.add("watchfire: decided, journalled, synced", figures);
    }
    println!("{table}");
    Ok(())
}

async fn beside(alertmanager: PathBuf, run: Run) -> anyhow::Result<()> {
    let peer = peer::Alertmanagers { binary: alertmanager };
    let mut table = report::Table::new();
    table.add("alertmanager: single pages", measure::all_at_once(&run, &peer).await?);
    table.add("watchfire: single pages", measure::all_at_once(&run, &Watchfires).await?);
    table.add("alertmanager: 1,000 pages a second", measure::at_a_pace(&run, &peer).await?);
    table.add("watchfire: 1,000 pages a second", measure::at_a_pace(&run, &Watchfires).await?);
    table.add("alertmanager: one at a time", measure::one_by_one(&run, &peer).await?);
    table.add("watchfire: one at a time", measure::one_by_one(&run, &Watchfires).await?);
    println!("{table}");
    Ok(())
}
