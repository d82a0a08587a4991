//! `watchfire rbac`: the roles that the actions in use need, and nothing more.

mod admission;

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};
use watchfire_core::act::StepName;
use watchfire_core::context::AdminApi;
use watchfire_core::mitigation::Mode;
use watchfire_core::plan::permissions::{Evidence, Part, Permission, Permissions, permissions};

use super::{Failed, PolicyArguments, yaml};
use crate::config::{self, KillSwitch};
use crate::containment::{enabled_by, standing_admin, standing_namespaced};

/// What `rbac` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policy: PolicyArguments,
    /// The namespace of the service account
    #[arg(long, value_name = "NAMESPACE", default_value = "watchfire")]
    namespace: String,
    /// The service account that Watchfire runs as
    #[arg(long, value_name = "NAME", default_value = "watchfire")]
    service_account: String,
    /// Also the policies that cut off a pod with the quarantine label, to be installed beforehand
    #[arg(long)]
    standing_policies: bool,
    /// Also the admission policies that let that account change what its steps change, and nothing else
    #[arg(long)]
    admission: bool,
    /// A user that may take a quarantine label off, beside that account; with --admission, can be repeated
    #[arg(long, value_name = "USER", requires = "admission")]
    break_glass: Vec<String>,
}

/// The service account that roles are bound to.
#[derive(Debug)]
struct Account<'a> {
    namespace: &'a str,
    name: &'a str,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { policy, namespace, service_account, standing_policies, admission, break_glass } =
        arguments;
    let (steps, evidence) = enabled(policy)?;
    let account = Account { namespace, name: service_account };
    let config =
        policy.config.as_ref().map(|path| config::check(path)).transpose()?.map(|(config, _)| config);
    let mut needed = permissions(&steps, evidence);
    if config.as_ref().is_some_and(|config| config.access.kubernetes.is_some()) {
        needed = needed.with_people();
    }
    if config.as_ref().is_some_and(|config| config.watch.is_some()) {
        needed = needed.with_watch();
    }
    if config.as_ref().is_some_and(|config| config.health_report.is_some()) {
        needed = needed.with_health();
    }
    let mut documents = roles(&needed, &account);
    if let Some(config) = config {
        let kill_switch = config.mitigation.kill_switch;
        documents.extend(kill_switch.iter().flat_map(|kill_switch| kill_switch_role(kill_switch, &account)));
    }
    if *standing_policies {
        documents.extend(standing());
    }
    if *admission {
        let mut protected = policy.policy()?.mitigation.protected.namespaces;
        protected.insert(namespace.clone());
        documents.extend(admission::policies(&admission::Scope {
            account: format!("system:serviceaccount:{namespace}:{service_account}"),
            protected: protected.into_iter().collect(),
            break_glass,
        }));
    }
    say!("{}", yaml::documents(&documents).trim_end());
    Ok(())
}

/// The steps of the actions that the rules name and the modes allow, and whether evidence is taken. Without a
/// configuration, everything that the rules name counts as allowed.
fn enabled(arguments: &PolicyArguments) -> Result<(BTreeSet<StepName>, Evidence), Failed> {
    let mut policy = arguments.policy()?;
    if arguments.config.is_none() {
        policy.mitigation.mode = Mode::Enforce;
    }
    Ok(enabled_by(&policy))
}

/// Each role that has anything in it, and its binding.
fn roles(permissions: &Permissions, account: &Account<'_>) -> Vec<(String, Value)> {
    let Permissions { read, quarantine, destructive, people, watch, health } = permissions;
    let parts = [
        (Part::Read, read, "Context, evidence and checks: reads only."),
        (Part::Quarantine, quarantine, "What can be undone while the suspect goes on running."),
        (Part::Destructive, destructive, "What ends pods: scaling, eviction, deletion."),
        (Part::People, people, "Whom the cluster knows by a token, and what they may ask of Watchfire."),
        (Part::Watch, watch, "What the watch of the cluster lists beyond that: no secret is read."),
        (
            Part::Health,
            health,
            "What the report of health lists, and the API server's figures: no secret is read.",
        ),
    ];
    parts.into_iter().flat_map(|(part, permissions, why)| role(part, permissions, why, account)).collect()
}

/// Read and no more: a switch that could be put back by what it switches off would be none.
fn kill_switch_role(kill_switch: &KillSwitch, account: &Account<'_>) -> [(String, Value); 2] {
    let KillSwitch { namespace, name } = kill_switch;
    let rules =
        json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": [name]}]);
    let why = "The ConfigMap that switches mitigation off: while it cannot be read, nothing is contained.";
    let place = ("Role", "RoleBinding", Some(namespace.as_str()));
    with_binding("watchfire-kill-switch", place, &rules, why, account)
}

fn role(part: Part, permissions: &[Permission], why: &str, account: &Account<'_>) -> Vec<(String, Value)> {
    let name = format!("watchfire-{}", part.as_str());
    let places: BTreeSet<_> = permissions.iter().map(|permission| permission.namespace).collect();
    let in_place = |place: Option<&'static str>| {
        let rules = rules(permissions.iter().filter(|permission| permission.namespace == place));
        let place = match place {
            None => ("ClusterRole", "ClusterRoleBinding", None),
            Some(namespace) => ("Role", "RoleBinding", Some(namespace)),
        };
        with_binding(&name, place, &json!(rules), why, account)
    };
    places.into_iter().flat_map(in_place).collect()
}

/// A role of that name, kind and namespace, and what binds it to the service account.
fn with_binding(
    name: &str,
    (role, binding, place): (&str, &str, Option<&str>),
    rules: &Value,
    why: &str,
    account: &Account<'_>,
) -> [(String, Value); 2] {
    let metadata = match place {
        None => json!({"name": name, "labels": {"app.kubernetes.io/part-of": "watchfire"}}),
        Some(namespace) => json!({
            "name": name, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "watchfire"},
        }),
    };
    let Account { namespace, name: account } = account;
    [
        (
            why.to_owned(),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": role,
                "metadata": metadata, "rules": rules,
            }),
        ),
        (
            String::new(),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": binding, "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
            }),
        ),
    ]
}

/// One rule for all resources of a group with the same verbs and names.
fn rules<'a>(permissions: impl Iterator<Item = &'a Permission>) -> Vec<Value> {
    let mut rules: Vec<(&Permission, Vec<&str>)> = Vec::new();
    for permission in permissions {
        let alike = rules.iter_mut().find(|(other, _)| {
            (other.group, other.path().is_some(), &other.names, &other.verbs)
                == (permission.group, permission.path().is_some(), &permission.names, &permission.verbs)
        });
        match alike {
            Some((_, resources)) => resources.push(permission.resource),
            None => rules.push((permission, vec![permission.resource])),
        }
    }
    let rule = |(permission, resources): (&Permission, Vec<&str>)| {
        let Permission { namespace: _, group, resource: _, names, verbs } = permission;
        let verbs: Vec<_> = verbs.iter().map(|verb| verb.as_str()).collect();
        if permission.path().is_some() {
            return json!({"nonResourceURLs": resources, "verbs": verbs});
        }
        let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    rules.into_iter().map(rule).collect()
}

fn standing() -> Vec<(String, Value)> {
    let mut policy = standing_namespaced("");
    if let Some(metadata) = policy["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    let each = "For each namespace whose pods may be quarantined: kubectl apply -n NAMESPACE.";
    let mut all = vec![(each.to_owned(), policy)];
    for tier in
        [AdminApi::AwsClusterNetworkPolicy, AdminApi::AdminNetworkPolicy, AdminApi::ClusterNetworkPolicy]
    {
        let policy = standing_admin(tier);
        let (kind, version) = (&policy["kind"], &policy["apiVersion"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let where_offered = format!("Where the API server has {} of {}.", text(kind), text(version));
        all.push((where_offered, policy));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use watchfire_core::builders;

    use super::*;

    fn printed(steps: &[StepName]) -> Vec<Value> {
        let account = Account { namespace: "security", name: "wf" };
        let steps = steps.iter().copied().collect();
        roles(&permissions(&steps, Evidence::None), &account).into_iter().map(|(_, role)| role).collect()
    }

    #[test]
    fn only_what_is_enabled_is_granted() {
        let documents = printed(&[StepName::Cordon]);
        let named: Vec<_> = documents
            .iter()
            .map(|role| {
                format!("{} {}", role["kind"].as_str().unwrap(), role["metadata"]["name"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            named,
            [
                "ClusterRole watchfire-read",
                "ClusterRoleBinding watchfire-read",
                "Role watchfire-read",
                "RoleBinding watchfire-read",
                "ClusterRole watchfire-quarantine",
                "ClusterRoleBinding watchfire-quarantine",
            ]
        );
        assert_eq!(
            documents[4]["rules"],
            json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}])
        );
        assert_eq!(
            documents[5]["subjects"],
            json!([{"kind": "ServiceAccount", "name": "wf", "namespace": "security"}])
        );
        assert_eq!(
            documents[2]["rules"],
            json!([{
                "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"],
                "resourceNames": ["amazon-vpc-cni"],
            }])
        );
    }

    /// The mutating permissions for rules that name these actions, with everything allowed.
    fn changes(actions: &str) -> Vec<String> {
        let rules = format!(
            "rules:\n  - {{name: one, family: f, priority: P2, actions: [{actions}], match: {{source: [a]}}}}\n  \
             - {{name: rest, family: rest, priority: P2}}\n"
        );
        let mut policy = builders::policy(&rules);
        policy.mitigation.mode = Mode::Enforce;
        let (steps, evidence) = enabled_by(&policy);
        let Permissions { quarantine, destructive, .. } = permissions(&steps, evidence);
        let said = |permission: &Permission| {
            let verbs: Vec<_> = permission.verbs.iter().map(|verb| verb.as_str()).collect();
            format!("{}: [{}]", permission.resource, verbs.join(", "))
        };
        quarantine.iter().chain(&destructive).map(said).collect()
    }

    #[test]
    fn a_rule_that_cordons_is_granted_to_patch_nodes_and_nothing_else() {
        assert_eq!(changes("cordon"), ["nodes: [patch]"]);
        assert_eq!(changes("evidence, image-scan"), Vec::<String>::new());
        assert_eq!(changes("annotate"), ["pods: [patch]"]);
        assert_eq!(changes("drain"), ["nodes: [patch]", "pods/eviction: [create]"]);
        assert_eq!(changes("delete-pod"), ["nodes: [patch]", "pods: [delete]"]);
        let scales = changes("scale-to-zero");
        assert!(scales.iter().all(|it| !it.starts_with("pods") && !it.starts_with("nodes")), "{scales:?}");
    }

    #[test]
    fn the_kill_switch_may_be_read_and_not_written() {
        let kill_switch = KillSwitch { namespace: "ops".to_owned(), name: "switch".to_owned() };
        let account = Account { namespace: "security", name: "wf" };
        let [(_, role), (_, binding)] = kill_switch_role(&kill_switch, &account);
        assert_eq!(role["metadata"]["namespace"], "ops");
        assert_eq!(
            role["rules"],
            json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["switch"]}])
        );
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "wf", "namespace": "security"}])
        );
    }

    #[test]
    fn what_is_printed_reads_as_it_is_meant() {
        let mut documents = roles(
            &permissions(&StepName::ALL.into_iter().collect(), Evidence::Taken),
            &Account { namespace: "watchfire", name: "watchfire" },
        );
        documents.extend(standing());
        let account = "system:serviceaccount:watchfire:watchfire".to_owned();
        let protected = vec!["kube-system".to_owned()];
        documents.extend(admission::policies(&admission::Scope { account, protected, break_glass: &[] }));
        let text = yaml::documents(&documents);
        let read: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        assert_eq!(read, documents.into_iter().map(|(_, document)| document).collect::<Vec<_>>());
    }
}
