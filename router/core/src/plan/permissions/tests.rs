use super::*;

fn everything() -> Permissions {
    permissions(&StepName::ALL.into_iter().collect(), Evidence::Taken)
}

fn of(action: ActionName) -> BTreeSet<StepName> {
    repertoire(action, &Mitigation::default()).steps.iter().copied().collect()
}

fn lines(permissions: &[Permission]) -> Vec<String> {
    let line = |permission: &Permission| {
        let Permission { namespace, group, resource, names, verbs } = permission;
        let verbs: Vec<_> = verbs.iter().map(|verb| verb.as_str()).collect();
        let names: Vec<_> = names.iter().copied().collect();
        let at = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
        format!("{} {resource}.{group}{at} {}", verbs.join(","), names.join(",")).trim_end().to_owned()
    };
    permissions.iter().map(line).collect()
}

#[test]
fn nothing_ever_asks_for_what_is_forbidden_or_for_everything() {
    for (_, permission) in everything().with_watch().with_health().all() {
        let Permission { group, resource, names, verbs, .. } = permission;
        assert!(!resource.contains('*') && !group.contains('*'), "{permission:?}");
        // Of an ExternalSecret only its status says anything, and that is no secret.
        assert_ne!(*resource, "secrets", "{permission:?}");
        for part in ["exec", "attach", "proxy", "portforward", "ephemeral", "token", "role"] {
            assert!(!resource.contains(part), "{permission:?}");
        }
        for verb in verbs {
            let asked = (*group, *resource, verb.as_str());
            assert!(!FORBIDDEN.contains(&asked), "{permission:?}");
        }
        assert!(*resource != "configmaps" || !names.is_empty(), "{permission:?}");
    }
}

#[test]
fn reading_changes_nothing_and_quarantine_ends_nothing() {
    let all = everything();
    for permission in &all.read {
        assert!(permission.verbs.iter().all(|verb| SEE.contains(verb)), "{permission:?}");
    }
    for permission in &all.quarantine {
        let ends = permission.resource == "pods/eviction"
            || permission.resource.ends_with("/scale")
            || (permission.resource == "pods" && permission.verbs.contains(&Verb::Delete));
        assert!(!ends, "{permission:?}");
    }
}

#[test]
fn the_watch_lists_and_no_more_and_only_where_there_is_one() {
    assert_eq!(everything().watch, []);
    let listed = [
        "list resourcequotas.",
        "list certificates.cert-manager.io",
        "list externalsecrets.external-secrets.io",
        "list nodes.metrics.k8s.io",
    ];
    assert_eq!(lines(&everything().with_watch().watch), listed);
}

#[test]
fn the_report_of_health_lists_and_reads_figures_and_only_where_there_is_one() {
    assert_eq!(everything().health, []);
    let read = [
        "get /metrics.",
        "list persistentvolumeclaims.",
        "list resourcequotas.",
        "list certificates.cert-manager.io",
        "list externalsecrets.external-secrets.io",
        "list nodes.metrics.k8s.io",
        "list backups.velero.io",
        "list backupstoragelocations.velero.io",
        "list schedules.velero.io",
    ];
    assert_eq!(lines(&everything().with_health().health), read);
}

#[test]
fn deleting_pods_needs_that_and_nothing_else() {
    let steps = of(ActionName::DeletePod);
    let Permissions { quarantine, destructive, .. } = permissions(&steps, Evidence::None);
    assert_eq!((lines(&quarantine), lines(&destructive)), (vec![], vec!["delete pods.".to_owned()]));
}

#[test]
fn quarantine_needs_exactly_this() {
    let steps = of(ActionName::Quarantine);
    let Permissions { read, quarantine, destructive, .. } = permissions(&steps, Evidence::Taken);
    assert_eq!(
        lines(&quarantine),
        [
            "patch nodes.",
            "patch pods.",
            "patch deployments.apps",
            "patch cronjobs.batch",
            "patch jobs.batch",
            "create clusternetworkpolicies.networking.k8s.aws",
            "patch clusternetworkpolicies.networking.k8s.aws watchfire-quarantine",
            "create networkpolicies.networking.k8s.io",
            "patch,delete networkpolicies.networking.k8s.io watchfire-quarantine",
            "create adminnetworkpolicies.policy.networking.k8s.io",
            "patch adminnetworkpolicies.policy.networking.k8s.io watchfire-quarantine",
            "create clusternetworkpolicies.policy.networking.k8s.io",
            "patch clusternetworkpolicies.policy.networking.k8s.io watchfire-quarantine",
        ]
    );
    assert_eq!(destructive, []);
    assert!(lines(&read).contains(&"get configmaps. in kube-system amazon-vpc-cni".to_owned()));
    assert!(lines(&read).contains(&"get pods/log.".to_owned()));
}

#[test]
fn without_evidence_no_log_is_read() {
    let read = permissions(&BTreeSet::new(), Evidence::None).read;
    assert!(read.iter().all(|permission| permission.resource != "pods/log"));
}

#[test]
fn cordoning_needs_to_patch_nodes_and_nothing_else() {
    let reached = reachable([ActionName::Cordon], &Mitigation::default());
    assert_eq!(reached, BTreeSet::from([ActionName::Cordon, ActionName::Evidence]));
    let Permissions { quarantine, destructive, .. } =
        permissions(&reached.into_iter().flat_map(of).collect(), Evidence::Taken);
    assert_eq!((lines(&quarantine), lines(&destructive)), (vec!["patch nodes.".to_owned()], vec![]));
}

#[test]
fn what_may_take_the_place_of_an_action_is_reached_with_all_that_may_take_its_place() {
    let scales = Mitigation { if_not_verified: Some(ActionName::ScaleToZero), ..Mitigation::default() };
    let (evidence, cordon) = (ActionName::Evidence, ActionName::Cordon);
    let (delete, scale) = (ActionName::DeletePod, ActionName::ScaleToZero);
    let cases = [
        (ActionName::Quarantine, BTreeSet::from([ActionName::Quarantine, cordon, delete, scale, evidence])),
        (ActionName::DeletePod, BTreeSet::from([cordon, delete, evidence])),
        (ActionName::ScaleToZero, BTreeSet::from([scale, evidence])),
        (ActionName::Drain, BTreeSet::from([ActionName::Drain, evidence])),
        (ActionName::ImageScan, BTreeSet::from([ActionName::ImageScan])),
        (ActionName::Annotate, BTreeSet::from([ActionName::Annotate])),
    ];
    for (action, expected) in cases {
        assert_eq!(reachable([action], &scales), expected, "{action:?}");
    }
}

#[test]
fn draining_needs_to_evict_or_to_delete_as_it_is_configured() {
    let needs = |drain_respects_budgets| {
        let mitigation = Mitigation { drain_respects_budgets, ..Mitigation::default() };
        let steps = repertoire(ActionName::Drain, &mitigation).steps.iter().copied().collect();
        let Permissions { quarantine, destructive, .. } = permissions(&steps, Evidence::None);
        [lines(&quarantine), lines(&destructive)].concat()
    };
    assert_eq!(needs(true), ["patch nodes.", "create pods/eviction."]);
    assert_eq!(needs(false), ["patch nodes.", "delete pods."]);
}
