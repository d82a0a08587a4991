//! What was measured, as a table to paste into a README.

use std::fmt;
use std::time::Duration;

/// One measurement.
pub(crate) struct Figures {
    /// Alerts.
    pub(crate) count: usize,
    /// From the first one sent to the last one done.
    pub(crate) took: Duration,
    /// From sending to the page's arrival, in any order; empty where there are no pages.
    pub(crate) latencies: Vec<Duration>,
    /// Resident memory before, in KiB.
    pub(crate) idle: u64,
    /// The highest resident memory, in KiB.
    pub(crate) peak: u64,
}

/// Rows of measurements.
pub(crate) struct Table(Vec<(String, Figures)>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a row, its latencies sorted, and says on standard error that it is there.
    pub(crate) fn add(&mut self, name: &str, mut figures: Figures) {
        figures.latencies.sort_unstable();
        eprintln!("measured: {name}");
        self.0.push((name.to_owned(), figures));
    }
}

/// Rows of how long something took.
pub(crate) struct Spans(Vec<(String, Vec<Duration>)>);

impl Spans {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, name: &str, mut spans: Vec<Duration>) {
        spans.sort_unstable();
        self.0.push((name.to_owned(), spans));
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| measured | times | p50 | p99 | most |")?;
        writeln!(out, "|---|---:|---:|---:|---:|")?;
        for (name, spans) in &self.0 {
            let at = |per_mille| quantile(spans, per_mille).unwrap_or_default();
            let (p50, p99, most) = (at(500), at(990), at(1000));
            writeln!(out, "| {name} | {} | {p50:.1} ms | {p99:.1} ms | {most:.1} ms |", spans.len())?;
        }
        Ok(())
    }
}

/// The value that so many per mille of the sorted latencies do not exceed, in milliseconds.
fn quantile(sorted: &[Duration], per_mille: usize) -> Option<f64> {
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).map(|latency| latency.as_secs_f64() * 1000.0)
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| measured | alerts | a second | p50 | p99 | idle | peak |")?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|")?;
        for (name, Figures { count, took, latencies, idle, peak }) in &self.0 {
            let rate = *count as f64 / took.as_secs_f64();
            let latency = |per_mille| {
                quantile(latencies, per_mille).map_or("-".to_owned(), |latency| format!("{latency:.1} ms"))
            };
            let (p50, p99) = (latency(500), latency(990));
            let (idle, peak) = (*idle as f64 / 1024.0, *peak as f64 / 1024.0);
            writeln!(
                out,
                "| {name} | {count} | {rate:.0} | {p50} | {p99} | {idle:.0} MiB | {peak:.0} MiB |"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let hundred: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!((quantile(&hundred, 500), quantile(&hundred, 990)), (Some(50.0), Some(99.0)));
        assert_eq!(quantile(&[], 500), None);
    }
}
