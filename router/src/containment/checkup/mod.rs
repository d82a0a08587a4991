//! Whether a cluster is ready: what we may do there and should not, whether policies work, which stand already.

mod admission;
mod installed;
mod patient;
mod too_much;

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use watchfire_core::act::StepName;
use watchfire_core::context::AdminApi;
use watchfire_core::plan::permissions::{Part, Permission, Permissions};

use super::api::Api;
use super::fault::Fault;
use super::kind::{ACCESS_REVIEW, CONFIG_MAP, NAMESPACE, NETWORK_POLICY, POLICY_ENDPOINT, SUBJECT_REVIEW};
use super::{How, object, policy, verify_isolated};
use crate::failure::Failure;
use crate::finding::Finding;
use patient::Patient;

/// Questions that are open at the same time.
const AT_ONCE: usize = 8;
/// So many names are told.
const NAMED: usize = 5;

/// Who the API server takes us for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The user's name, such as `system:serviceaccount:watchfire:watchfire`.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// Looks at everything that these steps and permissions need. Changes nothing.
///
/// # Errors
/// The API server does not answer, or does not know us: nothing could be looked at.
pub async fn checkup(
    cluster: kube::Client,
    steps: &BTreeSet<StepName>,
    permissions: &Permissions,
) -> Result<(Identity, Vec<Finding>), Failure> {
    let api = Patient(Api::new(cluster, How::Rehearse));
    let identity = identity(&api).await?;
    let mut findings = Box::pin(granted(&api, permissions)).await;
    // Of no size that is known: a task's stack is small.
    findings.extend(Box::pin(too_much::too_much(&api)).await);
    if steps.contains(&StepName::Deny) || steps.contains(&StepName::Isolate) {
        findings.push(enforcement(&api).await.unwrap_or_else(unanswered));
        findings.push(standing(&api).await.unwrap_or_else(unanswered));
        for tier in
            [AdminApi::AwsClusterNetworkPolicy, AdminApi::AdminNetworkPolicy, AdminApi::ClusterNetworkPolicy]
        {
            findings.extend(standing_in(&api, tier).await.unwrap_or_else(|fault| Some(unanswered(fault))));
        }
    }
    if !permissions.quarantine.is_empty() || !permissions.destructive.is_empty() {
        findings.extend(admission::admission(&api).await);
    }
    findings.extend(installed::installed(&api).await);
    // Kinds of one name in two groups are refused in the same words.
    let mut told = Vec::new();
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    Ok((identity, told))
}

async fn identity(api: &Patient) -> Result<Identity, Failure> {
    let review = match api.review(&SUBJECT_REVIEW, &json!({})).await {
        Ok(review) => review,
        // Older than Kubernetes 1.28, or not for us to ask.
        Err(Fault::Absent(_) | Fault::Forbidden { .. } | Fault::Refused(_)) => return Ok(Identity::default()),
        Err(other) => return Err(other.into()),
    };
    let info = &review["status"]["userInfo"];
    let groups = info["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(Identity {
        user: info["username"].as_str().unwrap_or_default().to_owned(),
        groups: groups.map(str::to_owned).collect(),
    })
}

async fn granted(api: &Patient, permissions: &Permissions) -> Vec<Finding> {
    let questions: Vec<_> =
        permissions.all().flat_map(|(part, permission)| questions(part, permission)).collect();
    let count = questions.len();
    let asking = questions.into_iter().map(async |(part, question)| {
        let role = format!("watchfire-{}", part.as_str());
        match allowed(api, &question).await {
            Ok(true) => None,
            Ok(false) => Some(Finding::fail(
                format!("may not {question} ({role})"),
                "apply what `watchfire rbac` prints",
            )),
            Err(fault) => Some(unanswered(fault)),
        }
    });
    let missing: Vec<_> = futures_util::stream::iter(asking).buffered(AT_ONCE).collect::<Vec<_>>().await;
    let missing: Vec<_> = missing.into_iter().flatten().collect();
    match missing.is_empty() {
        true => vec![Finding::ok(format!("may do all {count} things that its actions need"))],
        false => missing,
    }
}

async fn enforcement(api: &Patient) -> Result<Finding, Fault> {
    let (endpoints, switch) = tokio::try_join!(
        api.list(&POLICY_ENDPOINT, "kube-system", None),
        api.get(&CONFIG_MAP, "kube-system", "amazon-vpc-cni"),
    )?;
    let set = "set `enable-network-policy-controller: \"true\"` in ConfigMap kube-system/amazon-vpc-cni";
    Ok(match (endpoints, switch) {
        (_, Some(switch)) if verify_isolated::is_on(&switch) => Finding::ok("network policies are enforced"),
        (_, Some(_)) => Finding::fail("network policies are accepted and ignored".to_owned(), set),
        (Some(_), None) => Finding::fail("network policies are accepted and ignored".to_owned(), set),
        (None, None) => Finding::warn(
            "nothing here shows whether network policies are enforced".to_owned(),
            "try it: a pod with the quarantine label must reach nothing",
        ),
    })
}

async fn standing(api: &Patient) -> Result<Finding, Fault> {
    let (namespaces, policies) =
        tokio::try_join!(api.list(&NAMESPACE, "", None), api.list(&NETWORK_POLICY, "", None))?;
    let denying: BTreeSet<String> = policies
        .iter()
        .flatten()
        .filter(|live| policy::denies(live).is_ok())
        .filter_map(|live| live["metadata"]["namespace"].as_str().map(str::to_owned))
        .collect();
    let namespaces = namespaces.unwrap_or_default();
    let without: Vec<&str> = namespaces
        .iter()
        .map(object::name)
        .filter(|name| !name.starts_with("kube-") && !denying.contains(*name))
        .collect();
    Ok(match without.len() {
        0 => Finding::ok("a policy that denies stands in every namespace".to_owned()),
        count => Finding::warn(
            match count {
                1 => format!("no policy that denies stands in namespace {}", first(&without)),
                _ => {
                    format!("no policy that denies stands in {count} namespaces, such as {}", first(&without))
                }
            },
            "install it beforehand (`watchfire rbac --standing-policies`): else each quarantine must",
        ),
    })
}

/// Nothing where the API server has no such kind.
async fn standing_in(api: &Patient, tier: AdminApi) -> Result<Option<Finding>, Fault> {
    let kind = policy::admin_kind(tier);
    let Some(policies) = api.list(kind, "", None).await? else { return Ok(None) };
    let named = format!("{} of {}", kind.kind, kind.api_version);
    let denying: Vec<_> =
        policies.iter().filter(|live| policy::admin_denies(tier, live).is_ok()).map(object::name).collect();
    Ok(Some(match denying.is_empty() {
        false => Finding::ok(format!("{named} denies in the admin tier: {}", first(&denying))),
        true => Finding::warn(
            format!("no {named} denies in the admin tier"),
            "install it beforehand (`watchfire rbac --standing-policies`): else each quarantine must",
        ),
    }))
}

/// One question to the authorizer.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    namespace: &'a str,
    group: &'a str,
    resource: &'a str,
    name: &'a str,
    verb: &'a str,
}

fn questions(part: Part, permission: &Permission) -> Vec<(Part, Question<'_>)> {
    let Permission { namespace, group, resource, names, verbs } = permission;
    let namespace = namespace.unwrap_or_default();
    let named = |verb: &'static str| -> Vec<(Part, Question<'_>)> {
        let one = |name| (part, Question { namespace, group, resource, name, verb });
        match names.is_empty() {
            true => vec![one("")],
            false => names.iter().map(|name| one(*name)).collect(),
        }
    };
    verbs.iter().flat_map(|verb| named(verb.as_str())).collect()
}

async fn allowed(api: &Patient, question: &Question<'_>) -> Result<bool, Fault> {
    let Question { namespace, group, resource, name, verb } = question;
    if resource.starts_with('/') {
        let spec = json!({"nonResourceAttributes": {"path": resource, "verb": verb}});
        return Ok(api.review(&ACCESS_REVIEW, &spec).await?["status"]["allowed"] == true);
    }
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let attributes = json!({
        "namespace": namespace, "group": group, "resource": resource, "subresource": subresource,
        "name": name, "verb": verb,
    });
    let review = api.review(&ACCESS_REVIEW, &json!({"resourceAttributes": attributes})).await?;
    Ok(review["status"]["allowed"] == true)
}

impl std::fmt::Display for Question<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { namespace, group, resource, name, verb } = self;
        write!(out, "{verb} {resource}")?;
        if !group.is_empty() {
            write!(out, ".{group}")?;
        }
        if !name.is_empty() {
            write!(out, " {name}")?;
        }
        match namespace.is_empty() {
            true => Ok(()),
            false => write!(out, " in {namespace}"),
        }
    }
}

/// What the API server did not tell; where we may not ask it, that is no proof of anything.
fn unanswered(fault: Fault) -> Finding {
    match fault {
        Fault::Forbidden { what, said: _ } => Finding::warn(
            format!("not looked at: {what}"),
            "run `doctor --kubeconfig FILE` as somebody who may, router/docs/doctor.md has all of it",
        ),
        other => {
            Finding::fail(Failure::from(other).to_string(), "see why the API server does not answer this")
        }
    }
}

fn first(names: &[&str]) -> String {
    names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ")
}
