//! How full volumes are, by Prometheus: the kubelet's own word of it is had only by who may do much more.

use serde::Deserialize;
use watchfire_core::survey::{Settings, Symptom, Volume, volume};
use watchfire_core::text::clean;

/// More than that of an answer is not read.
const MOST: usize = 4 * 1024 * 1024;
/// What is said for each volume that somebody uses.
const CAPACITY: &str = "kubelet_volume_stats_capacity_bytes";
const FREE: &str = "kubelet_volume_stats_available_bytes";

/// A Prometheus.
pub(in crate::cluster) struct Volumes {
    url: reqwest::Url,
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(default)]
    result: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    #[serde(default)]
    metric: Labels,
    value: (f64, String),
}

#[derive(Debug, Default, Deserialize)]
struct Labels {
    namespace: Option<String>,
    persistentvolumeclaim: Option<String>,
}

impl Volumes {
    pub(in crate::cluster) fn new(url: reqwest::Url, http: reqwest::Client) -> Self {
        Self { url, http }
    }

    /// The volumes that are too full.
    ///
    /// # Errors
    /// Why it cannot be known, in a clause.
    pub(in crate::cluster) async fn look(&self, settings: &Settings) -> Result<Vec<Symptom>, String> {
        let most = f64::from(settings.thresholds.volume_percent) / 100.0;
        let by = "max by (namespace, persistentvolumeclaim)";
        let full = self.ask(&format!("{by} (1 - {FREE} / {CAPACITY}) > {most}")).await?;
        if full.is_empty() && self.ask(&format!("count({CAPACITY})")).await?.is_empty() {
            return Err(format!("Prometheus has no {CAPACITY}"));
        }
        let of_one = |Series { metric, value: (_, used) }: Series| {
            let (namespace, claim) = metric.namespace.zip(metric.persistentvolumeclaim)?;
            let used = used.parse().ok().filter(|used: &f64| used.is_finite())?;
            volume(&Volume { namespace, claim, used }, settings)
        };
        Ok(full.into_iter().filter_map(of_one).collect())
    }

    async fn ask(&self, query: &str) -> Result<Vec<Series>, String> {
        let mut url = self.url.clone();
        let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().append_pair("query", query);
        let said = |error: reqwest::Error| {
            format!("Prometheus: {}", clean(&crate::clients::chain(&error.without_url()), 160))
        };
        let mut answer = self.http.get(url).send().await.map_err(said)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(said)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST {
                return Err("Prometheus: an answer that is too long".to_owned());
            }
        }
        let read: Answer = serde_json::from_slice(&body)
            .map_err(|_| format!("Prometheus: {status}, and no answer that can be read"))?;
        match (read.error, read.data) {
            (None, Some(data)) if status.is_success() => Ok(data.result),
            (error, _) => Err(format!("Prometheus: {status} {}", clean(&error.unwrap_or_default(), 160))),
        }
    }
}
