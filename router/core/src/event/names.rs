//! Names inside other names: ARNs, Kubernetes user names, request paths, image references, tags.

use std::net::IpAddr;

use super::read::{at, present};
use crate::json::Json;

/// Whether it is an ARN, of any partition.
pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.split(':').count() >= 6
}

/// The ARN of a GuardDuty finding: `arn:<partition>:guardduty:…:detector/<id>/finding/<id>`.
pub(super) fn is_guardduty_finding(text: &str) -> bool {
    is_arn(text) && text.split(':').nth(2) == Some("guardduty") && text.contains("/finding/")
}

/// The partition that a region lies in.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("cn-") => "aws-cn",
        _ => "aws",
    }
}

/// The region in an ARN.
pub(super) fn region_of(arn: &str) -> Option<String> {
    is_arn(arn).then(|| arn.split(':').nth(3)).flatten().and_then(present).map(str::to_owned)
}

/// The account of an ARN that has one.
pub(super) fn account_of(arn: &str) -> Option<String> {
    is_arn(arn).then(|| arn.split(':').nth(4)).flatten().and_then(present).map(str::to_owned)
}

/// What follows the last slash, or the whole.
pub(super) fn last_segment(text: &str) -> Option<String> {
    text.rsplit('/').next().and_then(present).map(str::to_owned)
}

/// The instance id at the end of an id or ARN, of which some lack the service or have two colons.
pub(crate) fn instance_id(text: &str) -> Option<String> {
    let id = text.trim().rsplit(['/', ':']).next()?;
    let rest = id.strip_prefix("i-")?;
    (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| id.to_owned())
}

/// A container id without its runtime: `containerd://…`.
pub(super) fn container_id(text: &str) -> Option<String> {
    let id = text.split_once("://").map_or(text, |(_, id)| id);
    present(id).map(str::to_owned)
}

/// An address as Kubernetes writes it; what is none stays as it is.
pub(super) fn address(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Whether it could be a container's id: 12 to 64 hexadecimal digits.
pub(super) fn is_container_id(text: &str) -> bool {
    (12..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The image reference, with the digest that its unique id tells.
///
/// Only an id that names a repository (`repository@sha256:…`) is a digest that one can pull by: a bare
/// `sha256:…` may be that of the image's configuration.
pub(super) fn image(name: Option<String>, uid: Option<String>) -> Option<String> {
    let (Some(name), Some(uid)) = (&name, &uid) else {
        return name.or_else(|| uid.filter(|uid| uid.contains("@sha256:")));
    };
    match uid.split_once('@') {
        Some((_, digest)) if digest.starts_with("sha256:") && !name.contains('@') => {
            Some(format!("{name}@{digest}"))
        }
        Some(_) | None => Some(name.clone()),
    }
}

/// `namespace/name` of `system:serviceaccount:namespace:name`.
pub(super) fn service_account(user: &str) -> Option<String> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some(format!("{}/{}", present(namespace)?, present(name)?))
}

/// The name in `system:node:NAME`.
pub(super) fn node(user: &str) -> Option<String> {
    user.strip_prefix("system:node:").and_then(present).map(str::to_owned)
}

/// What a Kubernetes API request is about, as far as its path tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) namespace: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
}

/// Takes a request path apart: `/api/v1/namespaces/NAMESPACE/pods/NAME/exec?…`.
pub(super) fn target(uri: &str) -> Target {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let rest = match segments.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => &[],
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let owned = |part: Option<&&str>| part.and_then(|part| present(part)).map(str::to_owned);
    Target { namespace: owned(namespace.as_ref()), kind: owned(rest.first()), name: owned(rest.get(1)) }
}

/// A workload's kind as the Kubernetes API spells resources: lower-case plural.
pub(super) fn kind(text: &str) -> String {
    let kind = text.trim().to_lowercase();
    if kind.ends_with('s') { kind } else { format!("{kind}s") }
}

/// Whether pods come of it.
pub(crate) fn is_workload(kind: &str) -> bool {
    const WORKLOADS: [&str; 8] = [
        "pods",
        "deployments",
        "daemonsets",
        "statefulsets",
        "replicasets",
        "replicationcontrollers",
        "jobs",
        "cronjobs",
    ];
    WORKLOADS.contains(&kind)
}

/// The cluster that an instance's tags name; the tag that only AWS can set goes first.
///
/// Tags are a map in ASFF, a list of `key` (GuardDuty) or `name` (OCSF) and `value` elsewhere.
pub(super) fn cluster_in_tags(tags: Option<&Json<'_>>) -> Option<String> {
    let tags: Vec<(&str, &str)> = match tags? {
        Json::Object(members) => {
            members.iter().filter_map(|(key, value)| Some((key.as_ref(), value.as_str()?))).collect()
        }
        Json::Array(elements) => elements
            .iter()
            .filter_map(|tag| {
                let key = at(tag, "key").or_else(|| at(tag, "name"))?.as_str()?;
                Some((key, at(tag, "value").and_then(Json::as_str).unwrap_or_default()))
            })
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
    };
    let value_of = |wanted: &str| {
        tags.iter().find(|(key, _)| *key == wanted).and_then(|(_, value)| present(value)).map(str::to_owned)
    };
    let in_key = || {
        let name = tags.iter().find_map(|(key, _)| key.strip_prefix("kubernetes.io/cluster/"));
        name.and_then(present).map(str::to_owned)
    };
    value_of("aws:eks:cluster-name").or_else(|| value_of("eks:cluster-name")).or_else(in_key)
}

/// The private address, if there is exactly one: on an EKS node the others are those of its pods, and to
/// pick one of them would be to pick a pod.
pub(super) fn only_private_ip<'a>(addresses: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut private = addresses.filter(|address| match address.trim().parse() {
        // 100.64.0.0/10 is what EKS clusters short of addresses give to their pods.
        Ok(IpAddr::V4(v4)) => {
            v4.is_private() || (v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]))
        }
        Ok(IpAddr::V6(v6)) => v6.is_unique_local(),
        Err(_) => false,
    });
    match (private.next(), private.next()) {
        (Some(only), None) => Some(address(only.trim())),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_found_in_every_spelling_of_an_arn() {
        for text in [
            "arn:aws:ec2:us-west-2:111122223333:instance/i-cafebabe",
            "arn:aws::ec2:us-west-2:111122223333:i-cafebabe",
            "arn:aws:us-east-1:111122223333:instance/i-cafebabe",
            "i-cafebabe",
        ] {
            assert_eq!(instance_id(text), Some("i-cafebabe".to_owned()), "{text}");
        }
        for text in ["", "i-", "vol-1", "i-../x", "i-a b", "arn:aws:s3:::bucket"] {
            assert_eq!(instance_id(text), None, "{text}");
        }
    }

    #[test]
    fn a_request_path_tells_what_it_is_about() {
        let target = |uri| {
            let Target { namespace, kind, name } = target(uri);
            [namespace, kind, name].map(|part| part.unwrap_or_default())
        };
        assert_eq!(target("/api/v1/namespaces/shop/pods/web-1/exec?command=sh"), ["shop", "pods", "web-1"]);
        assert_eq!(target("/apis/apps/v1/namespaces/shop/deployments"), ["shop", "deployments", ""]);
        assert_eq!(target("/api/v1/nodes/ip-10-0-0-1/proxy/"), ["", "nodes", "ip-10-0-0-1"]);
        assert_eq!(target("/api/v1/namespaces/shop"), ["shop", "", ""]);
        for uri in ["", "/", "/api", "/healthz", "//?x", "api/v1", "/apis/apps"] {
            assert_eq!(target(uri), ["", "", ""], "{uri}");
        }
    }

    #[test]
    fn a_user_name_tells_a_service_account_or_a_node() {
        assert_eq!(service_account("system:serviceaccount:shop:web"), Some("shop/web".to_owned()));
        assert_eq!(service_account("system:serviceaccount::web"), None);
        assert_eq!(service_account("system:serviceaccount:shop"), None);
        assert_eq!(node("system:node:ip-10-0-0-1.ec2.internal"), Some("ip-10-0-0-1.ec2.internal".to_owned()));
        assert_eq!(node("system:node:"), None);
    }

    #[test]
    fn only_an_id_that_names_a_repository_gives_the_image_its_digest() {
        let of =
            |name: &str, uid: &str| image(present(name).map(str::to_owned), present(uid).map(str::to_owned));
        assert_eq!(of("web:3", "web@sha256:dd"), Some("web:3@sha256:dd".to_owned()));
        assert_eq!(of("web:3", "sha256:dd"), Some("web:3".to_owned()));
        assert_eq!(of("web@sha256:aa", "web@sha256:dd"), Some("web@sha256:aa".to_owned()));
        assert_eq!(of("", "web@sha256:dd"), Some("web@sha256:dd".to_owned()));
        assert_eq!(of("", "sha256:dd"), None);
    }

    #[test]
    fn the_tag_that_only_aws_can_set_names_the_cluster_first() {
        let cluster = |tags| cluster_in_tags(Some(&Json::parse(tags).unwrap()));
        let both = r#"[{"key":"eks:cluster-name","value":"b"},{"key":"aws:eks:cluster-name","value":"a"}]"#;
        assert_eq!(cluster(both), Some("a".to_owned()));
        assert_eq!(cluster(r#"{"kubernetes.io/cluster/c":"owned"}"#), Some("c".to_owned()));
        assert_eq!(cluster(r#"[{"name":"eks:cluster-name","value":"d"}]"#), Some("d".to_owned()));
        assert_eq!(cluster(r#"[{"key":"eks:cluster-name","value":""},{"key":3},7]"#), None);
    }

    #[test]
    fn of_several_private_addresses_none_is_taken() {
        assert_eq!(only_private_ip(["198.51.100.1", "10.0.0.1"].into_iter()), Some("10.0.0.1".to_owned()));
        assert_eq!(only_private_ip(["10.0.0.2", "10.0.0.1"].into_iter()), None);
        assert_eq!(only_private_ip(["100.64.3.4"].into_iter()), Some("100.64.3.4".to_owned()));
        assert_eq!(only_private_ip(["100.128.3.4", "x", "fd00::1"].into_iter()), Some("fd00::1".to_owned()));
    }
}
