//! What `/metrics` says, as numbers by name and labels.

use std::collections::BTreeMap;

/// One reading of a metrics page in the OpenMetrics text format.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads a page; panics on a line that is neither a comment nor `name{labels} number`.
    pub fn parse(page: &str) -> Self {
        let samples = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            samples
                .map(|line| {
                    let (name, value) = line.rsplit_once(' ').expect("a sample has a name and a value");
                    (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("not a number: {line}")))
                })
                .collect(),
        )
    }

    /// The sum of every sample of that name whose labels include all of these, as `key="value"`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        self.samples(name)
            .filter(|(sample, _)| labels.iter().all(|label| sample.contains(label)))
            .map(|s| s.1)
            .sum()
    }

    /// Every sample of that name, with its labels.
    pub fn samples(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let name = name.to_owned();
        self.0
            .iter()
            .filter(move |(sample, _)| sample.split('{').next() == Some(&name))
            .map(|(s, v)| (s.as_str(), *v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_over_the_labels_that_were_not_asked_for() {
        let page = "# TYPE decided counter\ndecided_total{verdict=\"page\",why=\"new\"} 2\n\
                    decided_total{verdict=\"page\",why=\"repeat\"} 3\ndecided_total{verdict=\"quiet\"} 5\n# EOF\n";
        let metrics = Metrics::parse(page);
        assert_eq!(metrics.sum("decided_total", &["verdict=\"page\""]), 5.0);
        assert_eq!(metrics.sum("decided_total", &[]), 10.0);
        assert_eq!(metrics.sum("decided", &[]), 0.0);
    }
}
