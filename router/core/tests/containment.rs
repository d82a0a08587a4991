//! Which containments are planned, asked for, shown or refused: one row each, the whole result.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use watchfire_core::action::ActionName;
use watchfire_core::builders::labels;
use watchfire_core::context::{
    AdminApi, Confidence, Context, Deny, Enforcement, GitOps, GitOpsTool, HostAccess, Known, Method,
    Neighbour, Place, Pod, Pods, Requirement, ScaledObject, Selector, Workload, WorkloadKind,
};
use watchfire_core::mitigation::Mode;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};

use crate::support::scene::{Scene, check, now, workload};

#[test]
fn each_kind_of_owner_is_contained_in_its_way_or_refused_with_its_reason() {
    check(&[
        ("Deployment", |_| {}, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("ReplicaSet of its own", |scene| scene.owners(vec![workload(WorkloadKind::ReplicaSet, "pay-6c9f", Some(4), 4)]), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it"),
        ("StatefulSet whose labels others select by", |scene| scene.owners(vec![workload(WorkloadKind::StatefulSet, "db", Some(4), 4)]), "
            + evidence:
            - quarantine: the StatefulSet db needs the labels by which Services or other policies select it (app): without them its replacement, which has the same name, cannot start
            - delete-pod: waits for approval (it cannot be undone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; delete POD at once; verify that POD is gone"),
        ("StatefulSet with labels of its own", |scene| {
            scene.owners(vec![workload(WorkloadKind::StatefulSet, "db", Some(4), 4)]);
            if let Known::Is(services) = &mut scene.details.services {
                services[0].selector = Selector::equal(&labels(&[("mesh", "on")]));
            }
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its mesh; verify within 10 s that nothing reaches it"),
        ("StatefulSet with a Service for each pod", |scene| {
            Arc::make_mut(&mut scene.pod.labels).insert("statefulset.kubernetes.io/pod-name".to_owned(), "db-0".to_owned());
            scene.owners(vec![workload(WorkloadKind::StatefulSet, "db", Some(4), 4)]);
            if let Known::Is(services) = &mut scene.details.services {
                services[0].selector = Selector::equal(&labels(&[("app", "pay"), ("statefulset.kubernetes.io/pod-name", "db-0")]));
            }
        }, "
            + evidence:
            + quarantine: check POD; label POD; verify within 10 s that nothing reaches it"),
        ("StatefulSet with a policy for each pod, which allows", |scene| {
            Arc::make_mut(&mut scene.pod.labels).insert("statefulset.kubernetes.io/pod-name".to_owned(), "db-0".to_owned());
            scene.owners(vec![workload(WorkloadKind::StatefulSet, "db", Some(4), 4)]);
            scene.details.services = Known::Is(Vec::new());
            scene.policy_selects("allow-peers", Selector::equal(&labels(&[("statefulset.kubernetes.io/pod-name", "db-0")])), true);
        }, "
            + evidence:
            - quarantine: the StatefulSet db needs the labels by which Services or other policies select it (statefulset.kubernetes.io/pod-name): without them its replacement, which has the same name, cannot start
            - delete-pod: waits for approval (it cannot be undone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; delete POD at once; verify that POD is gone"),
        ("DaemonSet", |scene| scene.owners(vec![workload(WorkloadKind::DaemonSet, "agent", None, 4)]), "
            + evidence:
            + cordon: check node node-1; cordon node node-1
            - quarantine: the DaemonSet agent would start another pod on the same node, under the same policies: this is a matter of its node"),
        ("Job", |scene| scene.owners(vec![workload(WorkloadKind::Job, "batch", None, 0)]), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; suspend job shop/batch; verify within 10 s that nothing reaches it"),
        ("CronJob", |scene| scene.owners(vec![workload(WorkloadKind::Job, "batch-1", None, 0), workload(WorkloadKind::CronJob, "batch", None, 0)]), "
            + evidence:
            + quarantine: check POD; suspend cronjob shop/batch; label POD and take away its app, hash; suspend job shop/batch-1; verify within 10 s that nothing reaches it"),
        ("bare pod", |scene| scene.owners(Vec::new()), "
            + evidence:
            + quarantine: check POD; label POD and take away its app; verify within 10 s that nothing reaches it"),
        ("an operator's own kind", |scene| scene.owners(vec![workload(WorkloadKind::Other("Kafka".to_owned()), "log", None, 0)]), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it"),
        ("a ConfigMap that it names as its controller", |scene| {
            let workload = Workload { selector: None, ..workload(WorkloadKind::Other("ConfigMap".to_owned()), "mine", None, 0) };
            scene.owners(vec![workload]);
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app; verify within 10 s that nothing reaches it"),
        ("static pod", |scene| scene.pod.is_static = true, "
            + evidence:
            + cordon: check node node-1; cordon node node-1
            - quarantine: it is a static pod: the API cannot change it, its node can be cordoned and replaced"),
        ("host network", |scene| scene.host(HostAccess { network: true, ..HostAccess::default() }), "
            + evidence:
            + cordon: check node node-1; cordon node node-1
            - quarantine: it has the host's network, where network policies do nothing: this is a matter of its node"),
        ("privileged", |scene| scene.host(HostAccess { privileged: true, ..HostAccess::default() }), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; cordon node node-1; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
    ]);
}

#[test]
fn what_would_not_contain_is_not_called_a_quarantine() {
    check(&[
        ("enforcement off", |scene| scene.details.enforcement = Enforcement::Off("the controller is off".to_owned()), "
            + evidence:
            + scale-to-zero: check deployment shop/pay; scale deployment shop/pay from 4 to 0; verify that deployment shop/pay has no pods
            - quarantine: network policies have no effect here: the controller is off"),
        ("no policies yet", |scene| scene.details.deny = Known::Is(Deny { namespaced: None, admin: None, admin_api: Some(AdminApi::AwsClusterNetworkPolicy) }), "
            + evidence:
            + quarantine: check POD; install the deny policy in shop; install the deny policy of the admin tier; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("another policy that allows", |scene| scene.policy_selects("allow-mesh", Selector(vec![Requirement::Exists("mesh".to_owned())]), true), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash, mesh; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("a policy for all pods that allows, no admin tier", |scene| {
            scene.policy_selects("allow-dns", Selector::default(), true);
            scene.details.deny = Known::Is(Deny { namespaced: Some("watchfire-quarantine".to_owned()), admin: None, admin_api: None });
        }, "
            + evidence:
            + scale-to-zero: check deployment shop/pay; scale deployment shop/pay from 4 to 0; verify that deployment shop/pay has no pods
            - quarantine: allow-dns selects it whatever its labels are and allows traffic, and there is no policy of the admin tier that could overrule it"),
        ("a policy for all pods that denies", |scene| scene.policy_selects("deny-all", Selector::default(), false), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("services not known", |scene| scene.details.services = Known::Unknown("403".to_owned()), "
            + evidence:
            - quarantine: the Services that select it cannot be said: 403"),
        ("owners not known", |scene| scene.details.owners = Known::Unknown("timeout".to_owned()), "
            + evidence:
            - quarantine: its owners are not known: timeout"),
        ("the image is the problem", |scene| scene.actions = "quarantine, scale-to-zero", "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + scale-to-zero: check deployment shop/pay; scale deployment shop/pay from 4 to 0; verify that deployment shop/pay has no pods"),
    ]);
}

#[test]
fn every_guard_says_no_with_its_reason() {
    check(&[
        ("sample", |scene| scene.sample = true, "
            - page: a sample finding
            - quarantine: a sample finding"),
        ("switched off", |scene| scene.switched_off(), "
            + evidence:
            - quarantine: mitigation was switched off by sam: upgrade"),
        ("no cluster", |scene| scene.mitigation.cluster = None, "
            + evidence:
            - quarantine: no cluster is configured"),
        ("another cluster", |scene| scene.context.place = Place::Foreign("staging".to_owned()), "
            - quarantine: it is about another cluster: staging
            - evidence: it is about another cluster: staging"),
        ("which cluster is not said", |scene| scene.context.place = Place::Unsaid, "
            + evidence:
            - quarantine: the event does not say which cluster it is about"),
        ("kube-system", |scene| scene.pod.namespace = "kube-system".to_owned(), "
            + evidence:
            - quarantine: the namespace kube-system is protected"),
        ("a protected label", |scene| {
            scene.mitigation.protected.labels.insert("app".to_owned(), Some("pay".to_owned()));
        }, "
            + evidence:
            - quarantine: the label app protects it"),
        ("itself", |scene| scene.mitigation.protected.own_pod = Some("shop/checkout-6c9f7d5b8-x2x4q".to_owned()), "
            + evidence:
            - quarantine: it is Watchfire itself"),
        ("over budget, P1", |scene| {
            scene.priority = Priority::P1;
            scene.spent(12);
        }, "
            + evidence:
            - quarantine: the budget is spent: 12 containments in 10 minutes"),
        ("over the namespace's budget, P1", |scene| {
            scene.priority = Priority::P1;
            scene.quarantined("shop", "another", 6, true);
        }, "
            + evidence:
            - quarantine: the budget of the namespace shop is spent: 6 containments in 10 minutes"),
        ("over the workload's budget, P1", |scene| {
            scene.priority = Priority::P1;
            scene.quarantined("elsewhere", "uid-pay", 3, true);
        }, "
            + evidence:
            - quarantine: the budget of its workload is spent: 3 containments in 10 minutes"),
        ("the last ready pod, P1", |scene| {
            scene.priority = Priority::P1;
            scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(1), 1)]);
        }, "
            + evidence:
            - quarantine: it is the last ready pod of Deployment pay"),
        ("the last ready pod, P0", |scene| scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(1), 1)]), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("too much of the workload by us", |scene| {
            scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(4), 2)]);
            scene.quarantined("shop", "uid-pay", 2, true);
        }, "
            + evidence:
            - quarantine: 3 of 4 pods of Deployment pay would be missing by containment, 2 may be"),
        ("too much of the workload by what is under way", |scene| scene.quarantined("shop", "uid-pay", 2, false), "
            + evidence:
            - quarantine: 3 of 4 pods of Deployment pay would be missing by containment, 2 may be"),
        ("no place for evidence", |scene| scene.mitigation.keeps_evidence = false, "
            - quarantine: there is no place for the evidence that has to be kept first: configure `evidence`
            - evidence: there is no place for evidence in the configuration"),
        ("records that cannot be understood", |scene| scene.unread = true, "
            + evidence:
            - quarantine: a guard cannot say: whether it is switched off"),
        ("a condition that cannot be known", |scene| {
            scene.when = "pod.namespace == 'shop'";
            scene.context.pods = Pods::Unknown("the API server does not answer".to_owned());
        }, "
            + evidence:
            - quarantine: the pod is not known: the API server does not answer"),
        ("own node", |scene| {
            scene.actions = "cordon";
            scene.mitigation.protected.own_node = Some("node-1".to_owned());
        }, "
            + evidence:
            - cordon: Watchfire runs on it"),
    ]);
}

#[test]
fn a_human_decides_what_is_not_sure_or_cannot_be_undone() {
    check(&[
        ("observe", |scene| scene.mitigation.mode = Mode::Observe, "
            + evidence:
            - quarantine: observe mode; it would check POD; label POD and take away its app, hash; restart deployment shop/pay; verify within 10 s that nothing reaches it"),
        ("approve", |scene| scene.mitigation.mode = Mode::Approve, "
            + evidence:
            - quarantine: waits for approval (the mode is approve) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; label POD and take away its app, hash; restart deployment shop/pay; verify within 10 s that nothing reaches it"),
        ("observe in the namespace", |scene| {
            scene.mitigation.namespaces.insert("shop".to_owned(), Mode::Observe);
        }, "
            + evidence:
            - quarantine: observe mode; it would check POD; label POD and take away its app, hash; restart deployment shop/pay; verify within 10 s that nothing reaches it"),
        ("found by name alone", |scene| scene.found(Method::Name, Confidence::Possible), "
            + evidence:
            - quarantine: waits for approval (the pod was found by name alone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; label POD and take away its app, hash; restart deployment shop/pay; verify within 10 s that nothing reaches it"),
        ("found by its address", |scene| scene.found(Method::Address, Confidence::Certain), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("several pods", |scene| {
            scene.context.pods = Pods::Found { method: Method::ServiceAccount, confidence: Confidence::Possible, pods: vec![scene.pod.clone(), scene.pod.clone()], count: 2 };
        }, "
            + evidence:
            - quarantine: 2 pods fit; name the one that is meant: watchfire quarantine NAMESPACE/NAME"),
        ("delete", |scene| scene.actions = "delete-pod", "
            + evidence:
            - delete-pod: waits for approval (it cannot be undone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; delete POD at once; verify that POD is gone"),
        ("drain", |scene| {
            scene.actions = "drain";
            let pod = |name: &str, owner: &str| Neighbour { namespace: "shop".to_owned(), name: name.to_owned(), uid: name.to_owned(), owner_kind: Some(owner.to_owned()), is_static: false };
            scene.context.pods_on_node = vec![pod("a", "ReplicaSet"), pod("agent", "DaemonSet")];
        }, "
            + evidence:
            - drain: waits for approval (moving pods away cannot be undone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check node node-1; cordon node node-1; evict pod shop/a; 1 pods leave, keeping PodDisruptionBudgets"),
        ("credentials of IRSA", |scene| {
            scene.actions = "revoke-credentials";
            scene.details.role = Known::Is(Some("arn:aws-us-gov:iam::111122223333:role/pay".to_owned()));
        }, "
            + evidence:
            - revoke-credentials: waits for approval (it ends the sessions of everyone who has arn:aws-us-gov:iam::111122223333:role/pay) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would deny arn:aws-us-gov:iam::111122223333:role/pay to all sessions from before 2026-11-20T12:00:00Z; breaks every pod of service account shop/pay until it asks for credentials anew, and every other user of the role; a stolen web identity token can still assume the role until it expires"),
        ("credentials of Pod Identity", |scene| {
            scene.actions = "revoke-credentials";
            scene.mitigation.pod_identity_roles.insert("shop/pay".to_owned(), "arn:aws-us-gov:iam::111122223333:role/pay".to_owned());
        }, "
            + evidence:
            + revoke-credentials: deny arn:aws-us-gov:iam::111122223333:role/pay to POD"),
    ]);
}

#[test]
fn what_comes_after_is_in_the_plan_from_the_start() {
    check(&[
        ("the next step", |scene| scene.mitigation.if_not_verified = Some(ActionName::Cordon), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay
            + cordon if quarantine fails: check node node-1; cordon node node-1"),
        ("the end", |scene| scene.mitigation.quarantine_ends_after = Some(SignedDuration::from_hours(2)), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay
            + release:pod/u1 not before 2026-11-20T14:00:00Z: take the label off POD and give back its app, hash; verify that POD is free"),
        ("KEDA and GitOps", |scene| {
            scene.actions = "scale-to-zero";
            scene.details.scaled_object = Known::Is(Some(ScaledObject { name: "pay".to_owned(), uid: "s1".to_owned(), paused_replicas: None }));
            scene.details.gitops = Known::Is(Some(GitOps { tool: GitOpsTool::ArgoCd, namespace: Some("argocd".to_owned()), name: "shop".to_owned() }));
        }, "
            + evidence:
            + scale-to-zero: check deployment shop/pay; pause scaledobject shop/pay at 0; scale deployment shop/pay from 4 to 0; verify that deployment shop/pay has no pods"),
        ("several actions", |scene| {
            scene.actions = "cordon, annotate, image-scan, evidence";
            scene.mitigation.scans_images = true;
        }, "
            + evidence:
            + image-scan:
            + annotate: annotate POD
            + cordon: check node node-1; cordon node node-1"),
        ("what could not be had in time", |scene| scene.context = Context { incomplete: true, ..scene.context.clone() }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay
            + complete:"),
    ]);
}

#[test]
fn suspects_of_one_workload_have_one_restart_or_none_where_every_replica_is_suspect() {
    fn after(scene: &mut Scene, seconds: i64) {
        let mut other = Scene::new();
        other.details = scene.details.clone();
        other.pod = Pod { uid: "other".to_owned(), ..scene.pod.clone() };
        let changes = other.decide_at(now() - SignedDuration::from_secs(seconds)).changes;
        // That it is of the same finding is not what this is about.
        scene.records.extend(changes.into_iter().filter(|(key, _)| matches!(key, Key::Target(_))));
    }
    fn restarted(scene: &mut Scene, seconds: i64) {
        after(scene, seconds);
        for record in scene.records.values_mut() {
            if let Record::Target(target) = record {
                target.suspects.was_restarted(now() - SignedDuration::from_secs(seconds - 10));
            }
        }
    }
    fn of(scene: &mut Scene, replicas: u32) {
        scene.owners(vec![
            workload(WorkloadKind::ReplicaSet, "pay-6c9f", Some(replicas), replicas),
            workload(WorkloadKind::Deployment, "pay", Some(replicas), replicas),
        ]);
    }
    check(&[
        ("another was found three seconds ago", |scene| after(scene, 3), "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:07Z: restart deployment shop/pay"),
        ("the restart has been, after this pod was made", |scene| {
            scene.pod.created_at = Some(now() - SignedDuration::from_hours(1));
            restarted(scene, 30);
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it"),
        ("a restart was to come and was taken back, or failed", |scene| {
            scene.pod.created_at = Some(now() - SignedDuration::from_hours(1));
            after(scene, 30);
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("the restart has been, before this pod was made", |scene| {
            restarted(scene, 30);
            scene.pod.created_at = Some(now() - SignedDuration::from_secs(15));
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay"),
        ("every replica is suspect", |scene| {
            of(scene, 2);
            after(scene, 3);
        }, "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            - scale-to-zero: waits for approval (2 pods of deployment shop/pay are suspect, which has 2 replicas) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check deployment shop/pay; scale deployment shop/pay from 2 to 0; verify that deployment shop/pay has no pods"),
    ]);
}

#[test]
fn the_last_ready_pod_may_be_taken_where_that_is_configured() {
    let mut scene = Scene::new();
    scene.priority = Priority::P1;
    scene.mitigation.last_ready_replica = BTreeSet::from([Priority::P0, Priority::P1]);
    scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(1), 1)]);
    let acts = scene.decide().acts;
    assert_eq!(
        acts.iter().map(|act| act.id.as_str()).collect::<Vec<_>>(),
        ["evidence", "quarantine", "restart"]
    );
}
