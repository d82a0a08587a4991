//! Logs of every container and of its predecessor, bounded by lines and bytes.

use futures_util::future::join_all;
use kube::api::LogParams;
use serde_json::Value;

use super::pod::{CONTAINERS, status};
use super::{Capture, Limits, PodRef};
use crate::cluster::is_name;

/// How often a log that is too large is asked for with fewer lines.
const ROUNDS: usize = 4;
/// By how many bytes the API server may fall short of the limit when it cuts.
const SLACK: usize = 16;

impl Capture<'_> {
    /// The logs that there are to have.
    pub(super) async fn logs(&self, folder: &str, pod: &PodRef, found: &Value) {
        let mut logs = Vec::new();
        for (_, containers, statuses) in CONTAINERS {
            for container in found["spec"][containers].as_array().into_iter().flatten() {
                let Some(name) = container["name"].as_str().filter(|name| is_name(name)) else { continue };
                logs.push(self.log(folder, pod, name, false));
                if status(found, statuses, name).is_some_and(has_predecessor) {
                    logs.push(self.log(folder, pod, name, true));
                }
            }
        }
        join_all(logs).await;
        self.still_this_pod(pod).await;
    }

    async fn log(&self, folder: &str, pod: &PodRef, container: &str, previous: bool) {
        let file = match previous {
            true => format!("{folder}/logs/{container}.previous.log"),
            false => format!("{folder}/logs/{container}.log"),
        };
        let content = self.newest(&file, pod, container, previous);
        self.collected.item(file.clone(), content).await;
    }

    /// The API server cuts at the end of what was asked for, where the newest lines are. So where the bytes
    /// do not suffice, fewer lines are asked for.
    async fn newest(
        &self,
        file: &str,
        pod: &PodRef,
        container: &str,
        previous: bool,
    ) -> Result<Vec<u8>, String> {
        let Limits { log_lines, log_bytes } = self.limits;
        let mut lines = log_lines;
        for round in 1.. {
            let parameters = LogParams {
                container: Some(container.to_owned()),
                limit_bytes: Some(log_bytes.into()),
                previous,
                tail_lines: Some(lines.into()),
                timestamps: true,
                ..LogParams::default()
            };
            let mut log = self.cluster.log(&pod.namespace, &pod.name, &parameters).await?;
            let cut = log.len() + SLACK >= log_bytes as usize;
            log.truncate(log_bytes as usize);
            let whole = log.iter().filter(|byte| **byte == b'\n').count();
            if !cut && lines < log_lines {
                let text = format!("{file}: only the newest {lines} lines fit {log_bytes} bytes");
                self.collected.lacks(text);
            }
            if cut && (round == ROUNDS || lines == 1) {
                let text = format!("{file}: of the newest {lines} lines, only the first {log_bytes} bytes");
                self.collected.lacks(text);
            } else if cut {
                lines = fewer(lines, whole);
                continue;
            }
            return Ok(log);
        }
        unreachable!("the last round returns")
    }
}

/// Three quarters of the lines that fitted, which leaves room for newer ones that are longer.
fn fewer(lines: u32, fitted: usize) -> u32 {
    let fitted = u32::try_from(fitted).unwrap_or(u32::MAX).min(lines.saturating_sub(1));
    (fitted / 4 * 3).max(1)
}

fn has_predecessor(status: &Value) -> bool {
    status["restartCount"].as_u64().is_some_and(|count| count > 0)
        || status["lastState"]["terminated"].is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_log_that_is_too_large_is_asked_for_with_fewer_lines_until_one_is_left() {
        let steps = [(2_000, 1_000, 750), (2_000, 5_000, 1_497), (750, 3, 1), (2, 2, 1), (1, 0, 1)];
        for (lines, fitted, expected) in steps {
            assert_eq!(fewer(lines, fitted), expected, "{lines} {fitted}");
        }
    }

    #[test]
    fn only_a_container_that_was_restarted_has_a_predecessor() {
        assert!(!has_predecessor(&json!({"restartCount": 0, "lastState": {}})));
        assert!(has_predecessor(&json!({"restartCount": 1})));
        assert!(has_predecessor(&json!({"lastState": {"terminated": {"exitCode": 1}}})));
    }
}
