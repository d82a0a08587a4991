//! How large the store gets: `cargo run -p watchfire-tests --bin store-size [-- EVENTS [FOLDER]] >/dev/null`.
//!
//! Findings of 4.5 KB go the worker's way in this process: into the embedded queue, decided, paged to standard output,
//! deleted. Of ten, one is a P0, three are P2, four P3, each about a pod of its own; two repeat what was there. What the
//! file takes is said on standard error. Ids, hashes and addresses are as random as real ones.

#![allow(clippy::unwrap_used, reason = "a tool for developers")]

use std::path::PathBuf;
use std::time::Instant;

use jiff::SignedDuration;
use serde_json::{Value, json};
use watchfire::rules_files;
use watchfire::source::spool::{Lane, Spool};
use watchfire::store::Store;
use watchfire_tests::Configuration;
use watchfire_tests::in_process::{noon, router_over};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let events: usize = arguments.next().map_or(10_000, |number| number.parse().expect("a number of events"));
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(PathBuf::from(folder)).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let clock = noon();
    let configuration =
        Configuration::new("http://127.0.0.1:9/").set("channels", json!({"oncall": {"console": {}}}));
    let store = Store::open(&folder.path().join("watchfire.redb")).unwrap();
    let spool = Spool::new(&store).unwrap();
    let router = router_over(store, folder.path(), clock.clone(), &configuration).await;
    let mut findings = Findings::new();
    let started = Instant::now();
    let mut bytes = 0;
    for first in (0..events).step_by(10) {
        let bodies: Vec<_> = (first..first + 10).map(|number| findings.event(number)).collect();
        bytes += bodies.iter().map(String::len).sum::<usize>();
        spool.append(bodies.into_iter().map(|body| (Lane::Ordinary, body)).collect()).await.unwrap();
        let deliveries = spool.receive(Lane::Ordinary, 10).await.unwrap();
        let handled = deliveries.iter().map(|delivery| router.handle(&delivery.body));
        futures_util::future::join_all(handled).await.into_iter().for_each(|handled| drop(handled.unwrap()));
        let sequences: Vec<_> = deliveries.iter().map(|delivery| delivery.sequence).collect();
        spool.delete(&sequences).await.unwrap();
        clock.advance(SignedDuration::from_secs(30));
    }
    let took = started.elapsed().as_secs_f64();
    let size = |what: &str| {
        let size = std::fs::metadata(folder.path().join("watchfire.redb")).unwrap().len();
        let each = size / events as u64;
        eprintln!("{what}: {:.1} MB, {each} bytes an event", size as f64 / 1e6);
    };
    eprintln!("{events} events of {} bytes, {:.0} a second", bytes / events, events as f64 / took);
    size("the file");
    drop((spool, router));
    size("closed");
    if std::env::var_os("KEEP_STORE").is_some() {
        eprintln!("kept in {}", folder.keep().display());
    }
}

/// Made of the miner among the rules' examples.
struct Findings {
    random: u64,
    miner: Value,
    said: Vec<Value>,
}

impl Findings {
    fn new() -> Self {
        let miner = rules_files::read_example(None, "examples/miner.json").unwrap();
        Self { random: 16, miner: serde_json::from_str(&miner).unwrap(), said: Vec::new() }
    }

    fn event(&mut self, number: usize) -> String {
        let mut event = match number % 10 {
            8 | 9 if !self.said.is_empty() => self.again(),
            kind => self.new_one(kind),
        };
        event["id"] = json!(self.hex(32));
        event["time"] = json!("2026-11-20T12:00:00Z");
        event.to_string()
    }

    fn again(&mut self) -> Value {
        let at = self.below(self.said.len());
        let event = &mut self.said[at];
        event["detail"]["service"]["count"] =
            json!(event["detail"]["service"]["count"].as_u64().unwrap_or(1) + 1);
        event.clone()
    }

    fn new_one(&mut self, kind: usize) -> Value {
        let mut event = self.miner.clone();
        let id = self.hex(32);
        let pod = format!("checkout-api-{}-{}", self.hex(10), self.hex(5));
        let (uid, container, digest) = (self.hex(32), self.hex(64), self.hex(64));
        let address = [10, self.below(256), self.below(256), self.below(256)];
        let detail = &mut event["detail"];
        let arn = detail["arn"].as_str().unwrap().rsplit_once('/').unwrap().0.to_owned();
        detail["arn"] = json!(format!("{arn}/{id}"));
        detail["id"] = json!(id);
        let (kind, severity) = match kind {
            0 => ("CryptoCurrency:Runtime/BitcoinTool.B", 8.0),
            1..4 => ("Execution:Runtime/SuspiciousTool", 5.0),
            _ => ("Execution:Runtime/SuspiciousShellCreated", 2.0),
        };
        detail["type"] = json!(kind);
        detail["severity"] = json!(severity);
        let workload = &mut detail["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
        workload["name"] = json!(pod);
        workload["uid"] = json!(uid);
        workload["containers"][0]["id"] = json!(format!("containerd://{container}"));
        workload["containers"][0]["image"] = json!(format!("registry.example.com/checkout@sha256:{digest}"));
        detail["resource"]["instanceDetails"]["networkInterfaces"][0]["privateIpAddress"] =
            json!(address.map(|part| part.to_string()).join("."));
        let process = &mut detail["service"]["runtimeDetails"]["process"];
        process["pid"] = json!(self.below(1 << 20));
        process["executableSha256"] = json!(self.hex(64));
        self.said.push(event.clone());
        event
    }

    /// SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap()).collect()
    }
}
