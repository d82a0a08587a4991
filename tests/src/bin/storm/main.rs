//! The storm of `watchfire_tests::storm`: posted to Watchfire or to Alertmanager, with a receiver for what they say of it.
//! Everything is printed as lines of JSON, times in nanoseconds of the Unix epoch; `tests/bench-storm` reads them.

mod drive;
mod journal;
mod post;
mod receive;

use std::io::Read as _;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use serde_json::json;
use watchfire_tests::storm::Storm;

use drive::Drive;
use post::Program;

const USAGE: &str = "\
usage: storm list                            every finding, without posting it
       storm watchfire URL [--speed N]       post to Watchfire, in a real time of 10 / N minutes
       storm alertmanager URL [--speed N] [--resend SECONDS]
                                             post to Alertmanager; with --resend, as Prometheus does: all that is
                                             active again every so often, until standard input closes
       storm receiver PORT                   PagerDuty on that port, Alertmanager's webhook on the next
       storm journal FILE                    what Watchfire's store says about each finding";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => list(),
        ["watchfire", url, ref options @ ..] => run(Program::Watchfire, url, options).await?,
        ["alertmanager", url, ref options @ ..] => run(Program::Alertmanager, url, options).await?,
        ["receiver", port] => receive::serve(port.parse()?).await?,
        ["journal", file] => journal::read(file.as_ref()).await?,
        _ => bail!("{USAGE}"),
    }
    Ok(())
}

fn list() {
    for shot in Storm::at(Timestamp::now()) {
        let pod = &shot.subject;
        println!(
            "{}",
            json!({
                "at_ms": shot.at.as_millis() as u64, "event": shot.event, "finding": shot.finding,
                "priority": shot.priority, "kind": shot.kind.name, "family": shot.kind.family, "pod": pod.name,
                "account": pod.account, "count": shot.count,
            })
        );
    }
}

async fn run(program: Program, url: &str, options: &[&str]) -> anyhow::Result<()> {
    let mut drive = Drive { program, url: url.to_owned(), speed: 1, resend: None };
    for option in options.chunks(2) {
        match (option, program) {
            (["--speed", speed], _) => drive.speed = speed.parse()?,
            (["--resend", seconds], Program::Alertmanager) => {
                drive.resend = Some(Duration::from_secs(seconds.parse()?));
            }
            _ => bail!("{USAGE}"),
        }
    }
    if drive.speed == 0 || drive.resend.is_some_and(|every| every.is_zero()) {
        bail!("expected numbers from 1 on");
    }
    drive.run().await
}

/// Returns when whoever has started this program is gone, or has had enough.
async fn standard_input_closes() {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    // Standard input that cannot be read is as good as closed.
    let _ = read.await;
}
