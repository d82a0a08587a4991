//! What whoever holds a workload, or writes a finding about something else, tries: it saves nobody and harms nobody.

use watchfire_core::context::{Confidence, Deny, Known, Method, Place, Pods, Selector, WorkloadKind};
use watchfire_core::mitigation::Mode;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;

use crate::support::scene::{POD, Scene, check, told, without_hashes, workload};

#[test]
fn what_the_owner_of_a_workload_controls_does_not_save_it() {
    const CONTAINED: &str = "
            + evidence:
            + quarantine: check POD; label POD and take away its app, hash; verify within 10 s that nothing reaches it
            + restart not before 2026-11-20T12:00:10Z: restart deployment shop/pay";
    check(&[
        ("a probe that never passes, P0", |scene| {
            scene.pod.ready = false;
            scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(3), 0)]);
        }, CONTAINED),
        ("a probe that never passes, P1", |scene| {
            scene.priority = Priority::P1;
            scene.pod.ready = false;
            scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(3), 0)]);
        }, CONTAINED),
        ("others that never were ready", |scene| {
            scene.priority = Priority::P1;
            scene.owners(vec![workload(WorkloadKind::Deployment, "pay", Some(40), 2)]);
        }, CONTAINED),
        ("pods of it that were contained and replaced", |scene| scene.quarantined("shop", "uid-pay", 2, true), CONTAINED),
        ("five bait pods of another workload", |scene| scene.quarantined("shop", "bait", 5, true), CONTAINED),
        ("five bait pods of another namespace", |scene| scene.quarantined("bait", "bait", 5, true), CONTAINED),
        ("a policy for all pods that allows, around a pod that nothing controls", |scene| {
            scene.owners(Vec::new());
            scene.policy_selects("allow", Selector::default(), true);
            scene.details.deny = Known::Is(Deny { namespaced: Some("watchfire-quarantine".to_owned()), admin: None, admin_api: None });
        }, "
            + evidence:
            - quarantine: allow selects it whatever its labels are and allows traffic, and there is no policy of the admin tier that could overrule it
            - delete-pod: waits for approval (it cannot be undone) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; delete POD at once; verify that POD is gone"),
    ]);
}

#[test]
fn a_hint_is_shown_and_waits_for_a_human_and_is_no_proof_of_the_cluster() {
    const WAITS: &str = "
            + evidence:
            - quarantine: waits for approval (BECAUSE) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check POD; label POD and take away its app, hash; restart deployment shop/pay; verify within 10 s that nothing reaches it";
    let hinted = |method: Method, because: &str| {
        for mode in [Mode::Enforce, Mode::Approve] {
            let mut scene = Scene::new();
            scene.mitigation.mode = mode;
            scene.context.place = Place::Unsaid;
            scene.found(method, Confidence::Possible);
            let expected = WAITS.replace("BECAUSE", because).replace("POD", POD);
            let expected: String = expected
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(|line| line.to_owned() + "\n")
                .collect();
            assert_eq!(without_hashes(&told(&scene.decide())), expected, "{method:?} {mode:?}");
        }
    };
    hinted(
        Method::Address,
        "the pod was found by pod address, which proves nothing: the finding names neither our cluster by its ARN, nor a node of ours, nor our VPC",
    );
    hinted(
        Method::ContainerId,
        "the pod was found by container id, which proves nothing without the ARN of our cluster",
    );
}

#[test]
fn a_node_that_was_found_by_a_hint_waits_for_a_human() {
    check(&[("by its instance, without the cluster's ARN", |scene| {
        scene.actions = "cordon";
        scene.context.pods = Pods::None("no pod".to_owned());
        scene.context.node_by = Some((Method::Instance, Confidence::Possible));
    }, "
            + evidence:
            - cordon: waits for approval (the node was found by instance id, which proves nothing without the ARN of our cluster) until 2026-11-20 12:30 UTC: watchfire approve ID (plan PLAN); it would check node node-1; cordon node node-1")]);
}

#[test]
fn a_p0_over_budget_asks_at_once_in_a_page_of_its_own() {
    let mut scene = Scene::new();
    scene.spent(12);
    let decision = scene.decide();
    let pages: Vec<_> = decision.effects.iter().map(|effect| (effect.id.as_str(), effect.kind)).collect();
    assert_eq!(
        pages,
        [("page:oncall", EffectKind::Page), ("ask-quarantine:oncall", EffectKind::Page)],
        "{decision:?}"
    );
    let [page, asking] = &decision.effects[..] else { panic!("{decision:?}") };
    assert_ne!(page.dedup_key, asking.dedup_key);
    assert!(asking.notice.title.starts_with(&format!("To be approved: quarantine of {POD}: ")));
    let [waits] = &asking.notice.withheld[..] else { panic!("{:?}", asking.notice) };
    assert!(
        waits.as_str().starts_with(
            "quarantine: waits for approval (the budget is spent: 12 containments in 10 minutes)"
        )
    );
    let told = without_hashes(&told(&decision));
    assert!(told.contains("- quarantine: waits for approval (the budget is spent"), "{told}");
}

#[test]
fn what_a_finding_about_no_pod_names_is_not_touched() {
    for kind in ["ECSCluster", "Lambda", "RDSDBInstance", "S3Bucket"] {
        let mut scene = Scene::new();
        scene.thing = Some(kind);
        let reason = format!(
            "- quarantine: the finding is about {kind}, not about a pod or a node: name what is meant by hand\n"
        );
        let told = told(&scene.decide());
        assert!(told.ends_with(&reason) && !told.contains("+ quarantine"), "{told}");
    }
}
