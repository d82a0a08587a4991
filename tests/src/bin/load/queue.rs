//! How many events a second one worker takes from SQS: each is decided and on disk before its message is deleted.

use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use watchfire_tests::{Configuration, Ministack, Watchfire};

use crate::alerts;
use crate::measure::{MOST, Receiver, Run, memory};
use crate::report::{Figures, Table};
use crate::started::Started;

/// Messages that a worker has in hand, of each queue.
const IN_FLIGHT: u16 = 512;

/// An SQS in memory (`tests/fauxqs`); it ends when its standard input closes.
struct Fauxqs {
    port: u16,
    _started: Started,
}

impl Fauxqs {
    fn start() -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let script =
            program.ancestors().map(|folder| folder.join("fauxqs/server.mjs")).find(|path| path.exists());
        let script = script.context("fauxqs is missing: run tests/fauxqs/install")?;
        let (started, port) = Started::by(Command::new("node").arg(script))?;
        Ok(Self { port: port.parse().context("it prints its port")?, _started: started })
    }
}

/// The messages are there before the worker starts; the time is from its start until the queue is empty.
pub(crate) async fn measure(run: &Run) -> anyhow::Result<()> {
    let server = Fauxqs::start()?;
    let aws = Ministack::at(server.port);
    let queue = aws.queue("bench", 120, 5).await;
    // It names itself by its region, which is no name on loopback.
    let path = queue.url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).context("a URL")?.1;
    let url = format!("{}/{path}", aws.endpoint());
    let bodies: Vec<_> = (0..run.events).map(alerts::quiet_event).collect();
    queue.send_all(&bodies).await;
    let receiver = Receiver::start()?;
    let configuration = Configuration::new(&receiver.url()).queues(&[(&url, IN_FLIGHT)]);
    let begun = Instant::now();
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let idle = memory(watchfire.pid(), "VmRSS:")?;
    queue.drained(MOST).await;
    let peak = memory(watchfire.pid(), "VmHWM:")?;
    let took = begun.elapsed();
    let mut table = Table::new();
    table.add(
        "taken from SQS, decided, deleted",
        Figures { count: run.events, took, latencies: Vec::new(), idle, peak },
    );
    println!("{table}");
    Ok(())
}
