//! The cluster guard: whether an event is about our cluster, by what it says itself.

use watchfire_core::context::{Cluster, Confidence, Judged, Method, Place, Query};
use watchfire_core::event::Subject;

use super::config::parts;
use super::session;

/// What an event says about where it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Our cluster.
    Ours,
    /// Another one, or another account or region: which.
    Another(String),
    /// Nothing that tells clusters apart.
    Nothing,
}

/// What it says: the ARN counts most, then the name with account and region.
pub(super) fn says(subject: &Subject, ours: &Cluster) -> Says {
    if let (Some(arn), Some(our_arn)) = (&subject.cluster_arn, &ours.arn) {
        return if arn == our_arn { Says::Ours } else { Says::Another(arn.clone()) };
    }
    if let Some(elsewhere) = elsewhere(subject, ours) {
        return Says::Another(elsewhere);
    }
    let named = subject.cluster.as_deref();
    let named = named.or_else(|| subject.cluster_arn.as_deref().and_then(super::config::name_in));
    match named {
        Some(name) if name == ours.name => Says::Ours,
        Some(name) => Says::Another(name.to_owned()),
        None => Says::Nothing,
    }
}

/// The event's account or region, where it is not our cluster's.
fn elsewhere(subject: &Subject, ours: &Cluster) -> Option<String> {
    let (region, account, _) = parts(ours.arn.as_deref()?)?;
    let of = subject.cluster.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
    if let Some(other) = subject.account.as_deref().filter(|other| *other != account) {
        return Some(format!("{of}of account {other}"));
    }
    // What IAM does is reported in one region for all.
    let is_global = subject.cluster.is_none() && subject.cluster_arn.is_none() && subject.principal.is_some();
    let other = subject.region.as_deref().filter(|other| *other != region && !is_global)?;
    Some(format!("{of}in {other}"))
}

/// Whether a query may be asked about an event that names no cluster: by what no other cluster has, or what may
/// be shown as a hint. A role and an image belong to the account.
pub(super) fn may_ask(query: &Query, ours: &Cluster) -> bool {
    match query {
        Query::PodNamed { uid, .. } | Query::PodsOf { uid, .. } => uid.is_some(),
        Query::PodOfUid(_) | Query::Container(_) | Query::Address(_) | Query::Instance(_) => true,
        Query::Session(session) => session::is_of(session, &ours.name),
        Query::Role(_) | Query::Digest(_) => ours.arn.is_some(),
        Query::ServiceAccount { .. } | Query::NodeNamed(_) => false,
    }
}

impl Says {
    /// The place, given what was found: what is surely ours shows that the event is, a hint shows nothing.
    pub(super) fn place(&self, ours: &Cluster, found: Option<&Judged>) -> Place {
        match self {
            Says::Ours => Place::Ours(ours.clone()),
            Says::Another(which) => Place::Foreign(which.clone()),
            Says::Nothing if found.is_some_and(is_surely_ours) => Place::Ours(ours.clone()),
            Says::Nothing => Place::Unsaid,
        }
    }
}

fn is_surely_ours(found: &Judged) -> bool {
    match found {
        // The pods of a workload by its UID: not which of them, but where.
        Judged::Pods(Method::Uid, _, _) => true,
        Judged::Pods(_, confidence, _) | Judged::Node(_, confidence, _) => *confidence == Confidence::Certain,
        Judged::Nothing(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/prod";

    fn subject(name: Option<&str>, arn: Option<&str>, account: &str, region: &str) -> Subject {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Subject {
            cluster: name.and_then(text),
            cluster_arn: arn.and_then(text),
            account: text(account),
            region: text(region),
            ..Subject::default()
        }
    }

    #[test]
    fn only_an_event_of_our_cluster_is_ours() {
        let ours = Cluster { name: "prod".into(), arn: Some(ARN.into()), vpc: None };
        let by_name = Cluster { arn: None, ..ours.clone() };
        let other_arn = ARN.replace("prod", "test");
        let another = |which: &str| Says::Another(which.to_owned());
        let cases = [
            (subject(Some("prod"), Some(ARN), "111122223333", "us-gov-west-1"), &ours, Says::Ours),
            (subject(Some("prod"), None, "111122223333", "us-gov-west-1"), &ours, Says::Ours),
            (subject(Some("prod"), None, "", ""), &ours, Says::Ours),
            (subject(Some("prod"), Some(&other_arn), "", ""), &ours, another(&other_arn)),
            (subject(Some("test"), None, "111122223333", ""), &ours, another("test")),
            (subject(Some("prod"), None, "999999999999", ""), &ours, another("prod of account 999999999999")),
            (subject(Some("prod"), None, "", "us-gov-east-1"), &ours, another("prod in us-gov-east-1")),
            (subject(None, None, "999999999999", ""), &ours, another("of account 999999999999")),
            (subject(None, None, "111122223333", "us-gov-west-1"), &ours, Says::Nothing),
            (subject(None, Some(ARN), "", ""), &by_name, Says::Ours),
            (subject(None, Some(&other_arn), "", ""), &by_name, another("test")),
            (subject(Some("prod"), None, "999999999999", ""), &by_name, Says::Ours),
            (subject(None, None, "", ""), &by_name, Says::Nothing),
        ];
        for (subject, ours, expected) in cases {
            assert_eq!(says(&subject, ours), expected, "{subject:?}");
        }
    }

    #[test]
    fn a_role_used_in_another_region_may_still_be_ours() {
        let ours = Cluster { name: "prod".into(), arn: Some(ARN.into()), vpc: None };
        let subject =
            Subject { principal: Some("pay".into()), ..subject(None, None, "111122223333", "us-gov-east-1") };
        assert_eq!(says(&subject, &ours), Says::Nothing);
    }
}
