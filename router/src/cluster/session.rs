//! The name of an EKS Pod Identity session: `eks-<cluster>-<pod>-<uuid>`, cut to what an IAM session may be
//! called.

use watchfire_core::context::Pod;

/// Whether the session's name says that it is of that cluster.
pub(super) fn is_of(session: &str, cluster: &str) -> bool {
    pod(session, cluster).is_some()
}

/// What the name of the pod is or begins with; none for a session of another cluster.
pub(super) fn pod<'s>(session: &'s str, cluster: &str) -> Option<&'s str> {
    let middle = session.strip_prefix("eks-")?;
    let middle = middle.get(..middle.len().checked_sub(37)?).filter(|_| ends_in_uuid(middle))?;
    let pod = middle.strip_prefix(cluster)?.strip_prefix('-')?;
    Some(pod).filter(|pod| !pod.is_empty())
}

/// The pods that are called exactly so; where there are none, the name was cut, and all are possible.
pub(super) fn exact_if_any<'p>(pods: Vec<&'p Pod>, name: &str) -> Vec<&'p Pod> {
    let exact: Vec<_> = pods.iter().copied().filter(|pod| pod.name == name).collect();
    if exact.is_empty() { pods } else { exact }
}

fn ends_in_uuid(text: &str) -> bool {
    let Some(end) = text.len().checked_sub(37).and_then(|at| text.get(at..)) else { return false };
    end.bytes().enumerate().all(|(at, byte)| match at {
        0 | 9 | 14 | 19 | 24 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0d5c9a1e-2f3b-4c4d-8e5f-6a7b8c9d0e1f";

    #[test]
    fn the_pod_of_a_session_of_our_cluster_is_read_and_of_another_not() {
        let session = format!("eks-prod-1-pay-7c9-abc-{UUID}");
        assert_eq!(pod(&session, "prod-1"), Some("pay-7c9-abc"));
        assert_eq!(pod(&session, "prod"), Some("1-pay-7c9-abc"));
        assert_eq!(pod(&session, "test"), None);
        assert_eq!(pod(&format!("eks-prod-1-{UUID}"), "prod-1"), None);
        assert_eq!(pod("eks-prod-1-pay", "prod-1"), None);
        assert_eq!(pod("eks-ü", "ü"), None);
    }
}
