//! Alerts of Prometheus, as Alertmanager, Prometheus itself or Grafana send them, and those of our own watch.

use jiff::{SignedDuration, Timestamp};

use super::alert_subject;
use super::envelope::Envelope;
use super::read::{as_text, at, count, label, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject};
use crate::hash::keyed;
use crate::ids::FindingKey;
use crate::json::Json;

/// What the type of an alert's finding begins with: no name of an alert makes it a finding of anybody else.
const KIND: &str = "Prometheus:";
/// The same of a condition that our own watch sees.
const OWN_KIND: &str = "Cluster:";
/// The detail-types of an alert, of a condition, and of what says how many a sender cut off.
pub(super) const ALERT: &str = "Prometheus Alert";
pub(super) const CONDITION: &str = "Cluster Condition";
pub(super) const CUT_OFF: &str = "Alerts Cut Off";
/// How long a sender may be silent about alerts that it cuts off, until it is taken not to any more.
const CUT_OFF_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How far from when a report was heard its sender's clock, and another replica of it, may be.
const APART: SignedDuration = SignedDuration::from_mins(5);
/// Labels that tell one replica of a Prometheus from another, which send the same alert.
const REPLICAS: [&str; 3] = ["prometheus_replica", "thanos_ruler_replica", "__replica__"];

/// Reads one alert, as [`super::alerts`] hands them out: firing, or over.
///
/// Of one alert all labels are its name but those of replicas. So who writes labels makes at most another alert, and
/// closes no other.
pub(super) fn read(
    source: FindingSource,
    envelope: &Envelope,
    detail: &Json<'_>,
) -> Result<(Finding, Subject), String> {
    if envelope.detail_type == CUT_OFF {
        return Ok(cut_off(envelope, detail));
    }
    let labels = at(detail, "labels").map(Json::members).unwrap_or_default();
    if labels.is_empty() {
        return Err("expected labels of the alert".to_owned());
    }
    let subject = alert_subject::subject(envelope, detail);
    let name = text(detail, "labels.alertname").unwrap_or_else(|| "unnamed alert".to_owned());
    let is_over = text(detail, "status").is_some_and(|status| status.eq_ignore_ascii_case("resolved"));
    let [starts_at, ends_at] = ["startsAt", "endsAt"].map(|path| time(detail, path).filter(is_told));
    let summary = text(detail, "annotations.summary");
    let is_ours = source == FindingSource::Cluster;
    let finding = Finding {
        key: if is_ours { own_key(&name, detail, &subject) } else { key(&name, labels, &subject) },
        source,
        kind: format!("{}{}", if is_ours { OWN_KIND } else { KIND }, plain(&name)),
        title: match summary {
            // What we say of it ourselves says more than its name.
            Some(summary) if is_ours => summary,
            Some(summary) => format!("{name}: {summary}"),
            None => name,
        },
        description: ["annotations.description", "annotations.message"]
            .into_iter()
            .find_map(|path| text(detail, path))
            .unwrap_or_default(),
        severity: text(detail, "labels.severity").as_deref().and_then(severity),
        state: if is_over { FindingState::Resolved } else { FindingState::Open },
        sample: false,
        count: 1,
        updated_at: updated_at(envelope.time, if is_over { ends_at } else { starts_at }),
        first_seen: starts_at,
        last_seen: envelope.time.or(starts_at),
        ends_at: ends_at.filter(|_| !is_over),
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    Ok((finding, subject))
}

/// That a sender left alerts out of what it sent: nobody knows which.
fn cut_off(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let [receiver, group, from] = ["receiver", "groupKey", "externalURL"]
        .map(|path| text(detail, path).unwrap_or_else(|| "-".to_owned()));
    let count = count(at(detail, "alerts"));
    let finding = Finding {
        key: envelope.local_key(&["prometheus", &keyed("cut-off", &[&receiver, &group, &from])]),
        source: FindingSource::Prometheus,
        kind: CUT_OFF.to_owned(),
        title: format!("{count} alerts were cut off by their sender"),
        description: format!(
            "The notification of receiver {receiver} for the group {group} of {from} left them out, and nobody knows \
             which they are. Its receiver has max_alerts; 0 sends all."
        ),
        severity: None,
        state: FindingState::Open,
        sample: false,
        count,
        updated_at: envelope.time,
        first_seen: None,
        last_seen: envelope.time,
        ends_at: envelope.time.and_then(|heard| heard.checked_add(CUT_OFF_FOR).ok()),
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    let resource = Some(format!("alerts of receiver {receiver}"));
    let (account, region) = (envelope.account.clone(), envelope.region.clone());
    (finding, Subject { account, region, resource, ..Subject::default() })
}

/// Whether it is a time: what has none is sent as the year 1.
pub(super) fn is_told(time: &Timestamp) -> bool {
    *time > Timestamp::UNIX_EPOCH
}

/// The sender's own time of what it reports, as far as that is near to when it was heard: what two replicas say within
/// that is told apart by their times, and what either goes on to say counts in the end.
fn updated_at(heard: Option<Timestamp>, claimed: Option<Timestamp>) -> Option<Timestamp> {
    let Some(heard) = heard else { return claimed };
    let earliest = heard.checked_sub(APART).unwrap_or(Timestamp::MIN);
    Some(claimed.map_or(heard, |claimed| claimed.clamp(earliest, heard)))
}

/// The alert's name, and all its labels in short: where it happens is one of them, whether a label says so or not.
fn key(name: &str, labels: &[(std::borrow::Cow<'_, str>, Json<'_>)], subject: &Subject) -> FindingKey {
    let mut labels: Vec<_> =
        labels.iter().filter_map(|(name, value)| Some((&**name, as_text(value)?))).collect();
    labels.retain(|(name, value)| !is_replica(name, value));
    labels.sort();
    let Subject { account, region, cluster, .. } = subject;
    let place = [account, region, cluster].map(|part| part.as_deref().unwrap_or_default());
    let labels = labels.iter().flat_map(|(name, value)| [*name, value.as_str()]);
    let parts: Vec<_> = place.into_iter().chain(labels).collect();
    FindingKey::new(format!("prometheus/{}/{}", plain(name), &keyed("alert", &parts)[..32]))
}

/// The condition, where it happens, and to what: the rest of what it says changes while it goes on.
fn own_key(name: &str, detail: &Json<'_>, subject: &Subject) -> FindingKey {
    let Subject { account, region, cluster, .. } = subject;
    let place = [account, region, cluster].map(|part| part.as_deref().unwrap_or_default());
    let uid = text(detail, "labels.uid").unwrap_or_default();
    let about = subject.line();
    let parts: Vec<_> = place.into_iter().chain([name, &uid, &about]).collect();
    FindingKey::new(format!("cluster/{}/{}", plain(name), &keyed("condition", &parts)[..32]))
}

/// What the label `replica` says is a Prometheus only where it names one: a database has replicas, too.
fn is_replica(name: &str, value: &str) -> bool {
    REPLICAS.contains(&name) || (name == "replica" && value.starts_with("prometheus"))
}

/// A name in which no rule finds another finder's type.
fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    name.chars().take(100).map(letter).collect()
}

/// The words that the rules of Prometheus use for it.
fn severity(word: &str) -> Option<Severity> {
    const WORDS: [(&str, f64); 4] = [("page", 7.0), ("error", 7.0), ("warning", 4.0), ("warn", 4.0)];
    let known = WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
    known.map(|(_, lowest)| Severity::new(*lowest)).or_else(|| label(word))
}
