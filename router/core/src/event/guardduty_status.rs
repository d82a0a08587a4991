//! What GuardDuty reports of itself: whether its agent sees a cluster, whether it scans a bucket. Of one thing the
//! latest counts, so that what works again closes what did not.

use jiff::SignedDuration;

use super::envelope::Envelope;
use super::read::{account, as_text, at, first_time, list, text};
use super::{Finding, FindingSource, FindingState, Severity, Subject, names};
use crate::json::Json;

/// Reads such a report. The detail-type says how it is; that something works it has to say with its detail.
pub(super) fn read(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let kind = &envelope.detail_type;
    let works = works(envelope, detail);
    let said = match claims(kind) {
        Some(_) if !works => format!("{kind}, which its detail contradicts"),
        Some(_) | None => kind.clone(),
    };
    let subject = subject(envelope, detail);
    let what = named(&subject);
    let account = subject.account.as_deref().unwrap_or("-");
    let about = if kind.contains("Runtime") { "runtime-protection" } else { "malware-protection" };
    let finding = Finding {
        key: match &what {
            Some(what) => envelope.local_key(&[about, account, what]),
            // What has no name is never another's namesake.
            None => envelope.key(None),
        },
        source: FindingSource::GuardDuty,
        kind: kind.clone(),
        title: what.map_or_else(|| said.clone(), |what| format!("{said}: {what}")),
        description: reasons(detail),
        severity: severity(kind),
        state: if works { FindingState::Resolved } else { FindingState::Open },
        sample: false,
        count: 1,
        updated_at: envelope.time,
        first_seen: None,
        last_seen: envelope.time,
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    (finding, subject)
}

/// How old a detail may be and still be of the report that it comes in.
const LAG: SignedDuration = SignedDuration::from_hours(1);

/// Where the detail of a report that something works says so, too, and by what word.
fn claims(kind: &str) -> Option<(&'static str, &'static str)> {
    let ends = [(" Healthy", ("currentStatus", "healthy")), (" Active", ("resourceStatus", "active"))];
    ends.into_iter().find(|(end, _)| kind.ends_with(end)).map(|(_, claim)| claim)
}

/// Whether it works: no word of the detail may contradict, unless the detail is from well before the report.
fn works(envelope: &Envelope, detail: &Json<'_>) -> bool {
    let Some((path, word)) = claims(&envelope.detail_type) else { return false };
    let written = first_time(detail, &["lastUpdatedAt", "eventTime"]).zip(envelope.time);
    let lags = written.is_some_and(|(written, sent)| sent.duration_since(written) > LAG);
    lags || text(detail, path).is_none_or(|status| status.eq_ignore_ascii_case(word))
}

/// An error is worse than a warning; GuardDuty says no more.
fn severity(kind: &str) -> Option<Severity> {
    let ends = [(" Error", 7.0), (" Warning", 4.0)];
    ends.into_iter().find(|(end, _)| kind.ends_with(end)).map(|(_, severity)| Severity::new(severity))
}

fn subject(envelope: &Envelope, detail: &Json<'_>) -> Subject {
    let covered = |name: &str| text(detail, &format!("resourceDetails.{name}"));
    let instance = covered("ec2InstanceDetails.instanceId");
    let cluster = covered("eksClusterDetails.clusterName");
    let ecs = covered("ecsClusterDetails.clusterName").map(|name| format!("ecs-cluster/{name}"));
    let bucket = || text(detail, "s3BucketDetails.bucketName").map(|bucket| format!("bucket/{bucket}"));
    let arn = envelope.resource.clone().filter(|resource| names::is_arn(resource));
    let has_name = instance.is_some() || cluster.is_some();
    Subject {
        account: account(detail, "resourceAccountId").or_else(|| envelope.account.clone()),
        region: envelope.region.clone(),
        resource: ecs.or(arn).or_else(bucket).filter(|_| !has_name),
        cluster,
        instance,
        ..Subject::default()
    }
}

/// What the report is about, in its own name.
fn named(subject: &Subject) -> Option<String> {
    let Subject { cluster, instance, resource, .. } = subject;
    [cluster, instance, resource].into_iter().flatten().next().cloned()
}

fn reasons(detail: &Json<'_>) -> String {
    let reason = |reason: &Json<'_>| as_text(reason).or_else(|| text(reason, "code"));
    let reasons = match at(detail, "statusReasons") {
        Some(_) => list(detail, "statusReasons").iter().filter_map(reason).collect(),
        None => Vec::new(),
    };
    let issue = text(detail, "issue")
        .or_else(|| text(detail, "resourceDetails.ecsClusterDetails.fargateDetails.issues.0"));
    issue.into_iter().chain(reasons).collect::<Vec<_>>().join(", ")
}
