//! Makes a dictionary for the rows of the store: `cargo run -p watchfire-tests --bin dictionary FILE >/dev/null`.
//!
//! It is trained on the examples that the rules carry, decided as a worker decides them: their entries and records as
//! JSON. The miners are left out, so that what `store-size` measures with them was not learned by heart. A dictionary that
//! rows were written with is never made anew: a better one is another file, under a number of its own.

#![allow(clippy::unwrap_used, reason = "a tool for developers")]

use jiff::SignedDuration;
use serde_json::json;
use watchfire::store::Store;
use watchfire_core::journal::Entry;
use watchfire_core::json::Json;
use watchfire_core::state::Record;
use watchfire_tests::in_process::{noon, router_over};
use watchfire_tests::{Configuration, repository};

/// In bytes.
const SIZE: usize = 64 * 1024;

#[tokio::main]
async fn main() {
    let file = std::env::args().nth(1).expect("the file to write");
    let folder = tempfile::tempdir().unwrap();
    let clock = noon();
    let configuration =
        Configuration::new("http://127.0.0.1:9/").set("channels", json!({"oncall": {"console": {}}}));
    let store = Store::open(&folder.path().join("watchfire.redb")).unwrap();
    let router = router_over(store.clone(), folder.path(), clock.clone(), &configuration).await;
    let examples = std::fs::read_dir(repository().join("rules/examples")).unwrap();
    let mut examples: Vec<_> = examples.map(|example| example.unwrap().path()).collect();
    examples.retain(|example| !example.file_name().unwrap().to_string_lossy().starts_with("miner"));
    examples.sort();
    for example in examples {
        let text = std::fs::read_to_string(example).unwrap();
        // On one line, as events arrive.
        router.handle(&Json::parse(&text).unwrap().to_string()).await.unwrap();
        clock.advance(SignedDuration::from_mins(20));
        router.wake(clock.now()).await.unwrap();
    }
    let mut samples: Vec<Vec<u8>> = Vec::new();
    for Entry { decision, raw, sha256, outcomes } in store.recent(usize::MAX).await.unwrap() {
        // As the store writes them: an entry, and apart from it what became of it.
        samples.push(serde_json::to_vec(&Kept { decision, raw, sha256 }).unwrap());
        samples.push(serde_json::to_vec(&outcomes).unwrap());
    }
    let gather = |samples: &mut Vec<Vec<u8>>, _: &str, record: Record| {
        samples.push(serde_json::to_vec(&record).unwrap());
    };
    let samples = store.fold_records("", samples, gather).await.unwrap();
    let dictionary = zstd::dict::from_samples(&samples, SIZE).unwrap();
    let all: usize = samples.iter().map(Vec::len).sum();
    eprintln!("{} bytes of {} samples with {all}", dictionary.len(), samples.len());
    std::fs::write(file, dictionary).unwrap();
}

#[derive(serde::Serialize)]
struct Kept {
    decision: watchfire_core::decision::Decision,
    raw: String,
    sha256: String,
}
