//! One batch of findings in the form of each program, posted until it is taken.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use watchfire_core::priority::Priority;
use watchfire_tests::storm::Shot;

/// Posts that wait for their answer at once; the others wait for those, as they would in a queue.
pub(crate) const AT_ONCE: usize = 32;
/// Between a refusal and the next attempt.
const AGAIN: Duration = Duration::from_millis(250);
/// A program that takes nothing for so long will not come back.
const MOST: Duration = Duration::from_secs(600);
/// How long a finding is active: until someone archives it, which in this storm nobody does.
const ACTIVE: Duration = Duration::from_secs(24 * 3600);
/// How long Prometheus says that an alert is active: four times the minute after which it says it again.
const RESENT: Duration = Duration::from_secs(240);

/// Who is told of the findings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    Watchfire,
    Alertmanager,
}

/// How an alert is kept active.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lasting {
    /// It is said once, for the time to come.
    Said,
    /// It is said again and again, for a few minutes each time.
    Resent,
}

/// Where findings are posted.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) http: reqwest::Client,
    pub(crate) program: Program,
    pub(crate) url: String,
    pub(crate) lasting: Lasting,
    pub(crate) lines: Semaphore,
}

/// How a batch was taken, in nanoseconds of the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) posted: u64,
    pub(crate) accepted: u64,
    pub(crate) refusals: u64,
}

impl Post {
    /// Posts until the program says that it has the batch, as a queue would deliver it.
    pub(crate) async fn until_taken(&self, shots: &[Shot]) -> anyhow::Result<Taken> {
        let (posted, start) = (now(), tokio::time::Instant::now());
        let mut refusals = 0;
        loop {
            if self.once(shots).await? {
                return Ok(Taken { posted, accepted: now(), refusals });
            }
            refusals += 1;
            if start.elapsed() > MOST {
                bail!("{} took nothing for {MOST:?}", self.url);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Whether the program has taken the batch; an error where it never would.
    pub(crate) async fn once(&self, shots: &[Shot]) -> anyhow::Result<bool> {
        let (path, kind, body) = match self.program {
            Program::Watchfire => ("/v1/events", "application/x-ndjson", lines(shots)),
            Program::Alertmanager => ("/api/v2/alerts", "application/json", self.alerts(shots)),
        };
        let _line = self.lines.acquire().await.context("nobody closes it")?;
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", kind).body(body);
        let Ok(answer) = request.send().await else { return Ok(false) };
        let status = answer.status().as_u16();
        if status == 400 {
            let said = answer.text().await.context("a refusal without its reason")?;
            bail!("{path} answered 400: {said}");
        }
        Ok((200..300).contains(&status))
    }

    fn alerts(&self, shots: &[Shot]) -> String {
        let ends = Timestamp::now()
            + match self.lasting {
                Lasting::Said => ACTIVE,
                Lasting::Resent => RESENT,
            };
        shots.iter().map(|shot| alert(shot, ends)).collect::<Value>().to_string()
    }
}

fn lines(shots: &[Shot]) -> String {
    shots.iter().flat_map(|shot| [shot.text(), "\n".to_owned()]).collect()
}

/// With everything that a page of it would say; what changes from report to report is no label, so that the
/// reports of a finding are one alert.
fn alert(shot: &Shot, ends: Timestamp) -> Value {
    let pod = &shot.subject;
    let severity = match shot.priority {
        Priority::P0 => "critical",
        Priority::P1 => "error",
        Priority::P2 => "warning",
        Priority::P3 => "info",
    };
    json!({
        "labels": {
            "alertname": shot.kind.name, "severity": severity, "priority": shot.priority,
            "family": shot.kind.family, "account": pod.account, "region": "us-gov-west-1",
            "cluster": pod.cluster, "namespace": pod.namespace, "pod": pod.name,
        },
        "annotations": {
            "summary": shot.title(), "finding": shot.key(), "count": shot.count.to_string(),
            "severity": format!("{:.1}", shot.kind.severity), "updated_at": shot.updated_at.to_string(),
        },
        "endsAt": ends.to_string(),
    })
}

/// Nanoseconds of the Unix epoch: comparable between the processes of one machine.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
