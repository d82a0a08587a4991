//! Which deprecated APIs somebody asks: the API server counts that, and tells it on `/metrics` and nowhere else.
//!
//! What, instead of what, why, price: one line of its metrics, read as they arrive, instead of objects and who wrote them;
//! it knows those who only read, too, since that API server was started. It takes `get /metrics`, which shows figures and
//! no object, and of several API servers the one that answers tells.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::{AsyncBufReadExt as _, AsyncReadExt as _, StreamExt as _};
use kube::Client;
use tokio::time::timeout;
use watchfire_core::health::{Deprecated, Seen, Unseen};
use watchfire_core::text::clean;

use super::lists::unseen;
use crate::cluster::survey::http_request;

/// What is counted.
const METRIC: &str = "apiserver_requested_deprecated_apis{";
/// So long for all of it.
const WITHIN: Duration = Duration::from_secs(20);
/// More of it is not read.
const MOST_BYTES: u64 = 128 * 1024 * 1024;
/// More are not told.
const MOST: usize = 500;

/// Each that was asked at least once.
pub(super) async fn look(client: &Client) -> Seen<Vec<Deprecated>> {
    match timeout(WITHIN, read(client)).await {
        Ok(Err(Unseen::NotInstalled)) => {
            Err(Unseen::NotAsked("not known: this API server has no /metrics".to_owned()))
        }
        Ok(found) => found,
        Err(_) => Err(Unseen::Because(format!("/metrics: no answer within {} s", WITHIN.as_secs()))),
    }
}

async fn read(client: &Client) -> Seen<Vec<Deprecated>> {
    let metrics = client.request_stream(http_request("/metrics")).await;
    let metrics = metrics.map_err(|error| unseen("get /metrics", &error))?;
    let metrics = pin!(metrics.take(MOST_BYTES));
    let mut lines = metrics.lines();
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next().await {
        let line =
            line.map_err(|error| Unseen::Because(format!("/metrics: {}", clean(&error.to_string(), 160))))?;
        if found.len() < MOST {
            found.extend(of_line(&line));
        }
    }
    Ok(found.into_iter().collect())
}

/// `apiserver_requested_deprecated_apis{group="policy",removed_release="1.25",resource="podsecuritypolicies",…} 1`
fn of_line(line: &str) -> Option<Deprecated> {
    let (labels, value) = line.strip_prefix(METRIC)?.rsplit_once('}')?;
    let is_asked = value.trim().parse::<f64>().is_ok_and(|count| count > 0.0);
    let labels: BTreeMap<&str, &str> = labels
        .split("\",")
        .filter_map(|label| label.split_once("=\""))
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .collect();
    let of = |name: &str| labels.get(name).copied().filter(|value| !value.is_empty());
    let version = match (of("group"), of("version")?) {
        (Some(group), version) => format!("{group}/{version}"),
        (None, version) => version.to_owned(),
    };
    is_asked.then(|| Deprecated {
        version,
        resource: of("resource").unwrap_or_default().to_owned(),
        removed_in: of("removed_release").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_metric_is_an_api_and_nothing_else_is() {
        let line = |labels: &str, value: &str| of_line(&format!("{METRIC}{labels}}} {value}"));
        let beta = r#"group="flowcontrol.apiserver.k8s.io",removed_release="1.32",resource="flowschemas",subresource="",version="v1beta3""#;
        let expected = Deprecated {
            version: "flowcontrol.apiserver.k8s.io/v1beta3".to_owned(),
            resource: "flowschemas".to_owned(),
            removed_in: Some("1.32".to_owned()),
        };
        assert_eq!(line(beta, "1"), Some(expected));
        let core = r#"group="",removed_release="",resource="componentstatuses",subresource="",version="v1""#;
        let expected = Deprecated {
            version: "v1".to_owned(),
            resource: "componentstatuses".to_owned(),
            removed_in: None,
        };
        assert_eq!(line(core, "1"), Some(expected));
        assert_eq!(line(beta, "0"), None);
        for other in [
            "",
            "# TYPE apiserver_requested_deprecated_apis gauge",
            "apiserver_requested_deprecated_apis{",
            "up 1",
        ] {
            assert_eq!(of_line(other), None, "{other}");
        }
    }
}
