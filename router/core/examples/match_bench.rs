//! How many events a second one thread matches against a file of patterns, reading included.
//!
//! `cargo run --release -p watchfire-core --example match_bench -- RULES.jsonl EVENTS.jsonl`: a bare pattern a line, an event a
//! line; one line of JSON comes out. `match_data` makes both files.
#![allow(clippy::disallowed_types, reason = "it measures time, and decides nothing")]
#![allow(clippy::unwrap_used, reason = "it is run by hand")]

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use watchfire_core::pattern::{Notes, Pattern, PatternSet};

/// So many times all events are gone through, each time for at least [`ROUND_SECONDS`].
const ROUNDS: usize = 10;
const ROUND_SECONDS: f64 = 0.3;
/// Of so many rules, from the first, it is said how many events they match.
const TOLD: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rules, events] = &arguments[..] else {
        eprintln!("usage: match_bench RULES.jsonl EVENTS.jsonl");
        return ExitCode::from(2);
    };
    let (rules, events) = (lines(rules), lines(events));
    let began = Instant::now();
    let patterns: Vec<Pattern> = rules.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
    let (taken, rejected) = (patterns.len(), rules.len() - patterns.len());
    let set = PatternSet::new(patterns);
    let build_ms = began.elapsed().as_secs_f64() * 1e3;
    let mut per_rule = vec![0_u64; taken];
    let mut notes = Notes::default();
    for event in &events {
        set.matching_text(event, &mut notes).iter().for_each(|index| per_rule[*index] += 1);
    }
    let Measured { eps, eps_thread_cpu } = measured(&set, &events);
    let bytes: usize = events.iter().map(String::len).sum();
    let line = json!({
        "rules": taken,
        "rejected": rejected,
        "events": events.len(),
        "avg_bytes": bytes / events.len().max(1),
        "build_ms": rounded(build_ms),
        "rss_mb": rounded(most_resident_mb()),
        "eps_mean": (eps.iter().sum::<f64>() / eps.len() as f64).round(),
        "eps_min": eps.iter().copied().fold(f64::INFINITY, f64::min).round(),
        "eps_max": eps.iter().copied().fold(0.0, f64::max).round(),
        "eps_thread_cpu": eps_thread_cpu.round(),
        "matches": per_rule.iter().sum::<u64>(),
        "per_rule": &per_rule[..taken.min(TOLD)],
    });
    println!("{line}");
    ExitCode::SUCCESS
}

fn lines(file: &str) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

struct Measured {
    /// Of each round.
    eps: Vec<f64>,
    /// Of all rounds, by the time that this thread was on a processor.
    eps_thread_cpu: f64,
}

fn measured(set: &PatternSet, events: &[String]) -> Measured {
    let (mut eps, mut all, mut notes) = (Vec::new(), 0, Notes::default());
    let cpu = thread_cpu_seconds();
    for _ in 0..ROUNDS {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed().as_secs_f64() < ROUND_SECONDS {
            for event in events {
                std::hint::black_box(set.matching_text(std::hint::black_box(event), &mut notes));
            }
            count += events.len();
        }
        eps.push(count as f64 / began.elapsed().as_secs_f64());
        all += count;
    }
    Measured { eps, eps_thread_cpu: all as f64 / (thread_cpu_seconds() - cpu) }
}

/// How long this thread was on a processor, as Linux says.
fn thread_cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// The most memory that was resident so far.
fn most_resident_mb() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
