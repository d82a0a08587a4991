//! How large the store gets: `cargo run -p watchfire-tests --bin store-size [-- EVENTS [FOLDER]] >/dev/null`.
//!
//! Findings of 4.5 KB go the worker's way in this process: into the embedded queue, decided, paged to standard output,
//! deleted. Of ten, one is a P0, three are P2, four P3, each about a pod of its own; two repeat what was there. What the
//! file takes is said on standard error. Ids, hashes and addresses are as random as real ones.

#![allow(clippy::unwrap_used, reason = "a tool for developers")]

use std::path::PathBuf;
use std::time::Instant;

use jiff::SignedDuration;
use serde_json::json;
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

/// Made of the miner among the rules' examples, as text: its members stay in the order that AWS sends them in.
struct Findings {
    random: u64,
    miner: String,
    said: Vec<String>,
}

impl Findings {
    fn new() -> Self {
        let miner = rules_files::read_example(None, "examples/miner.json").unwrap();
        Self { random: 16, miner, said: Vec::new() }
    }

    fn event(&mut self, number: usize) -> String {
        let finding = match number % 10 {
            8 | 9 if !self.said.is_empty() => {
                let at = self.below(self.said.len());
                self.said[at].replacen("\"count\":1,", &format!("\"count\":{},", 2 + number), 1)
            }
            kind => self.new_one(kind),
        };
        finding.replacen("0403fe37-ed5a-4299-a85f-b1ddb7d900c2", &self.hex(32), 1)
    }

    fn new_one(&mut self, kind: usize) -> String {
        let (kind, severity) = match kind {
            0 => ("CryptoCurrency:Runtime/BitcoinTool.B", 8),
            1..4 => ("Execution:Runtime/SuspiciousTool", 5),
            _ => ("Execution:Runtime/SuspiciousShellCreated", 2),
        };
        let pod = format!("checkout-api-{}-{}", self.hex(10), self.hex(5));
        let address = [10, self.below(256), self.below(256), self.below(256)].map(|part| part.to_string());
        let (finding, container, image, program) = (self.hex(32), self.hex(64), self.hex(64), self.hex(64));
        let replaced = [
            ("CryptoCurrency:Runtime/BitcoinTool.B", kind.to_owned()),
            ("\"severity\":8", format!("\"severity\":{severity}")),
            ("93289cf9351e7d4dc9099812d36ef1e8", finding),
            ("checkout-api-6d5f9c7b84-x2x9k", pod),
            ("02e4cdbc-5e00-4f8c-a4d8-41062960eabc", self.hex(32)),
            ("d8e8b2ecf7d535be82455233b2b0c5b47b582baaa78927d72ec47d2081aa5f2f", container),
            ("d737056eff789f916ba6eed388879a67ea8ae501eb9ccdd185ddcc9cd7daafb3", image),
            ("d1b81dfe2293417a09ee801caf09d323fb8edd6d1b32a3cec24052c2f5830af4", program),
            ("10.20.47.203", address.join(".")),
            ("31874", self.below(1 << 22).to_string()),
        ];
        let finding = replaced.iter().fold(self.miner.clone(), |text, (old, new)| {
            assert!(text.contains(old), "the example has changed: there is no {old} in it");
            text.replace(old, new)
        });
        self.said.push(finding.clone());
        finding
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
