//! Built-in objects as the API's own types read and write them: unknown fields go, wrong types are 400.

use k8s_openapi::api::{
    admissionregistration, apps, authorization, autoscaling, batch, coordination, core, discovery,
    networking, policy, rbac,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::Failure;
use super::kind::Kind;

/// The object as the server understands it; custom resources are left alone.
pub(crate) fn read(kind: &Kind, object: Value) -> Result<Value, Failure> {
    if !kind.builtin {
        return Ok(object);
    }
    let mut read = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => through::<core::v1::Pod>(kind, object),
        ("", "services") => through::<core::v1::Service>(kind, object),
        ("", "nodes") => through::<core::v1::Node>(kind, object),
        ("", "namespaces") => through::<core::v1::Namespace>(kind, object),
        ("", "events") => {
            let mut object = object;
            // The type asks for what every writer of events leaves out.
            if object["metadata"].is_null() {
                object["metadata"] = serde_json::json!({});
            }
            through::<core::v1::Event>(kind, object)
        }
        ("", "configmaps") => through::<core::v1::ConfigMap>(kind, object),
        ("", "secrets") => through::<core::v1::Secret>(kind, object),
        ("", "serviceaccounts") => through::<core::v1::ServiceAccount>(kind, object),
        ("apps", "replicasets") => through::<apps::v1::ReplicaSet>(kind, object),
        ("apps", "deployments") => through::<apps::v1::Deployment>(kind, object),
        ("apps", "statefulsets") => through::<apps::v1::StatefulSet>(kind, object),
        ("apps", "daemonsets") => through::<apps::v1::DaemonSet>(kind, object),
        ("batch", "jobs") => through::<batch::v1::Job>(kind, object),
        ("batch", "cronjobs") => through::<batch::v1::CronJob>(kind, object),
        ("discovery.k8s.io", _) => through::<discovery::v1::EndpointSlice>(kind, object),
        ("networking.k8s.io", _) => through::<networking::v1::NetworkPolicy>(kind, object),
        ("policy", _) => through::<policy::v1::PodDisruptionBudget>(kind, object),
        ("autoscaling", _) => through::<autoscaling::v2::HorizontalPodAutoscaler>(kind, object),
        ("apiextensions.k8s.io", _) => through::<apiextensions::v1::CustomResourceDefinition>(kind, object),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => {
            through::<admissionregistration::v1::ValidatingAdmissionPolicy>(kind, object)
        }
        ("admissionregistration.k8s.io", _) => {
            through::<admissionregistration::v1::ValidatingAdmissionPolicyBinding>(kind, object)
        }
        ("coordination.k8s.io", _) => through::<coordination::v1::Lease>(kind, object),
        ("rbac.authorization.k8s.io", "clusterroles") => through::<rbac::v1::ClusterRole>(kind, object),
        ("rbac.authorization.k8s.io", "clusterrolebindings") => {
            through::<rbac::v1::ClusterRoleBinding>(kind, object)
        }
        ("rbac.authorization.k8s.io", "roles") => through::<rbac::v1::Role>(kind, object),
        ("rbac.authorization.k8s.io", "rolebindings") => through::<rbac::v1::RoleBinding>(kind, object),
        ("authorization.k8s.io", "selfsubjectaccessreviews") => {
            through::<authorization::v1::SelfSubjectAccessReview>(kind, object)
        }
        _ => Ok(object),
    }?;
    prune(&mut read);
    Ok(read)
}

fn through<T: DeserializeOwned + Serialize>(kind: &Kind, mut object: Value) -> Result<Value, Failure> {
    // The types of lists and maps have no null, the API takes it for nothing.
    drop_null(&mut object);
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.clone().into();
    let value: T = serde_json::from_value(object).map_err(|error| {
        let message = format!(
            "{} in version \"{}\" cannot be handled as a {}: json: {error}",
            kind.kind, kind.version, kind.kind
        );
        Failure::bad_request(message)
    })?;
    Ok(serde_json::to_value(value).expect("an API type is JSON"))
}

fn drop_null(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_null);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Empty lists and empty maps of the user's keys are not written.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            let free = |name: &str| {
                matches!(
                    name,
                    "labels"
                        | "annotations"
                        | "matchLabels"
                        | "data"
                        | "nodeSelector"
                        | "limits"
                        | "requests"
                )
            };
            map.retain(|name, value| match value {
                Value::Array(items) => !items.is_empty(),
                Value::Object(inner) => !(inner.is_empty() && free(name)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            });
        }
        // `ingress: [{}]` means something.
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
