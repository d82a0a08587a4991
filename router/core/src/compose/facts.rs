//! The facts of a page: what the event says, and what the cluster says, each once.

use jiff::Timestamp;

use super::rows::rows;
use crate::context::Context;
use crate::event::seen::{Seen, Several};
use crate::event::{Event, OWN_SOURCE, Subject};
use crate::notice::{Fact, Group, List};
use crate::text::clean;

/// Longer values are cut.
const LONGEST: usize = 300;

/// All facts, cleaned, by group.
pub(super) fn facts(event: &Event<'_>, seen: &Seen, context: &Context, now: Timestamp) -> Vec<Fact> {
    let seen = seen.rows.iter().map(|(label, value)| Fact::new(Group::Seen, label, value));
    let Subject { account, region, .. } = &event.subject;
    let place = [("Account", account), ("Region", region)];
    let place =
        place.into_iter().filter_map(|(label, value)| Some(Fact::new(Group::Where, label, value.clone()?)));
    let known = seen.chain(of_subject(event)).chain(rows(context, now)).chain(place);
    let mut facts: Vec<_> = known
        .map(|Fact { group, label, value }| Fact::new(group, clean(&label, 60), clean(&value, LONGEST)))
        .filter(|fact| !fact.value.is_empty())
        .collect();
    facts.sort_by_key(|fact| fact.group);
    without_repeats(facts)
}

/// What there may be many of, cleaned.
pub(super) fn lists(seen: &Seen) -> Vec<List> {
    let list = |Several { head, lines, more }: &Several| List::new(head, lines, *more as u64);
    seen.lists.iter().map(list).collect()
}

/// What another fact of the same page says, too, and with more beside it: the image of the finding, where the cluster
/// has it with its digest.
fn without_repeats(facts: Vec<Fact>) -> Vec<Fact> {
    const SAID_BY: [(&str, &str); 9] = [
        ("Principal", "Caller"),
        ("Principal", "Credentials"),
        ("Principal", "Actor"),
        ("Request", "Kubernetes call"),
        ("Image", "Images"),
        ("Node", "Cluster node"),
        ("Instance", "Cluster node"),
        ("Runs on", "Cluster node"),
        ("Workload", "Owners"),
    ];
    let is_said = |fact: &Fact| {
        let by = |more: &str| {
            facts.iter().any(|other| other.label == more && other.value.contains(exact(&fact.value)))
        };
        SAID_BY.iter().any(|(less, more)| *less == fact.label && by(more))
    };
    facts.iter().filter(|fact| !is_said(fact)).cloned().collect()
}

/// Of an image, its digest: the rest of its name may be spelt in other ways.
fn exact(value: &str) -> &str {
    value.split_once('@').map_or(value, |(_, digest)| digest)
}

fn of_subject(event: &Event<'_>) -> Vec<Fact> {
    let Subject {
        account: _,
        region: _,
        cluster,
        cluster_arn: _,
        namespace,
        workload,
        pod,
        container,
        image,
        node,
        instance,
        service_account,
        principal,
        ip,
        resource,
        vpc: _,
        resources: _,
        thing: _,
    } = &event.subject;
    // What our own events are about runs nowhere.
    let about = if event.source == OWN_SOURCE { Group::Seen } else { Group::Where };
    let workload = workload.as_ref().filter(|workload| pod.as_ref() != Some(&workload.name));
    let container =
        container.as_ref().and_then(|container| container.name.as_ref().or(container.id.as_ref()));
    let rows = [
        (Group::Seen, "Principal", principal.clone()),
        (Group::Where, "Cluster", cluster.clone()),
        (Group::Where, "Namespace", namespace.clone()),
        (Group::Where, "Pod", pod.clone()),
        (Group::Where, "Workload", workload.map(|workload| format!("{}/{}", workload.kind, workload.name))),
        (Group::Where, "Container", container.cloned()),
        (Group::Where, "Image", image.clone()),
        (Group::Where, "Node", node.clone()),
        (Group::Where, "Instance", instance.clone()),
        (Group::Where, "Address", ip.clone()),
        (about, "Resource", resource.clone()),
        (Group::Owner, "Service account", service_account.clone()),
    ];
    let known = |(group, label, value): (Group, &str, Option<String>)| Some(Fact::new(group, label, value?));
    rows.into_iter().filter_map(known).collect()
}
