//! `watchfire incidents report --sign` and `--verify`: its sum in the audit trail, and whether it still is that sum.

use anyhow::anyhow;
use serde_json::json;
use watchfire_core::audit::AuditEntry;

use super::Which;
use crate::api::views::{AuditLine, AuditTrail, IncidentDetail, SignedReport};
use crate::api::{OperatorEndpoint, WorkerEndpoint, params};
use crate::cli::Failed;
use crate::cli::asking::{exactly, minute, tell_worker};
use crate::cli::screen::plain;
use crate::postmortem::{PostMortem, SIGNED};

/// Has the worker make the report, and put its sum into the trail.
pub(super) fn sign(Which { key, whom }: &Which) -> Result<(), Failed> {
    let signed: SignedReport =
        tell_worker(whom, WorkerEndpoint::SignReport, &params::Of { of: key.clone() })?;
    if whom.is_a_program() {
        return Ok(());
    }
    let SignedReport { incident, episode, sha256, entry } = signed;
    say!("signed: the post-mortem of {} episode {episode}, SHA-256 {sha256}", plain(incident.as_str()));
    say!("it is entry {} of the audit trail, {}:{}", entry.number, entry.number, entry.sha256);
    Ok(())
}

/// A signature in the trail.
struct Signature {
    number: u64,
    by: String,
    at: jiff::Timestamp,
    sha256: String,
}

/// Compares the report as it is made now with those of its episode that were signed.
pub(super) fn verify(
    Which { key: _, whom }: &Which,
    story: &IncidentDetail,
    report: &PostMortem,
) -> Result<(), Failed> {
    let Some(incident) = &story.incident else { return Err(anyhow!("it belongs to no incident").into()) };
    let is_of_it = |report: &serde_json::Value| {
        report["incident"] == json!(incident.key) && report["episode"] == json!(incident.episode)
    };
    let (mut after, mut signatures) = (0, Vec::new());
    loop {
        let path = format!("{}?after={after}", OperatorEndpoint::Audit.path());
        let AuditTrail { head: _, entries }: AuditTrail = exactly(whom, &path)?;
        let Some(last) = entries.last().map(|line| line.number) else { break };
        after = last;
        for AuditLine { number, line } in entries {
            let entry = line.and_then(|line| serde_json::from_str::<AuditEntry>(&line).ok());
            let Some(entry) = entry.filter(|entry| entry.what == SIGNED) else { continue };
            let Some(report) = entry.after.get("report").filter(|report| is_of_it(report)) else { continue };
            let sha256 = report["sha256"].as_str().unwrap_or_default().to_owned();
            signatures.push(Signature { number, by: entry.who.name, at: entry.at, sha256 });
        }
    }
    let sum = report.sum();
    let (same, others): (Vec<_>, Vec<_>) = signatures.iter().partition(|signature| signature.sha256 == sum);
    for (is_it, Signature { number, by, at, .. }) in
        same.iter().map(|it| (true, *it)).chain(others.iter().map(|it| (false, *it)))
    {
        let what = if is_it { "signed" } else { "signed as another report" };
        say!("{what}: entry {number}, {} by {}", minute(*at), plain(by));
    }
    match (same.is_empty(), others.is_empty()) {
        (false, _) => {
            say!("unaltered: SHA-256 {sum}");
            Ok(())
        }
        (true, false) => {
            Err(anyhow!("the report is another than the one that was signed: SHA-256 {sum}").into())
        }
        (true, true) => Err(anyhow!("nobody has signed it").into()),
    }
}
