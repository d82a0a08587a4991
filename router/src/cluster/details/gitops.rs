//! Who puts a workload back as a repository says: read from the marks that Argo CD and Flux leave on it.

use std::collections::BTreeMap;

use watchfire_core::context::{GitOps, GitOpsTool, Pod, Workload};

type Marks = BTreeMap<String, String>;

/// By the marks of the workload that a human would name first, then of what is below it; of the pod itself
/// only where nothing controls it, because what makes pods copies its labels.
pub(super) fn kept_by(chain: &[Workload], pod: &Pod) -> Option<GitOps> {
    let of_chain = chain.iter().rev().map(|workload| (&workload.labels, &workload.annotations));
    let of_pod = Some((&*pod.labels, &pod.annotations)).filter(|_| chain.is_empty());
    of_chain.chain(of_pod).find_map(|(labels, annotations)| read(labels, annotations))
}

fn read(labels: &Marks, annotations: &Marks) -> Option<GitOps> {
    let flux = |tool, family: &str| {
        let name = labels.get(&format!("{family}.toolkit.fluxcd.io/name"))?.clone();
        let namespace = labels.get(&format!("{family}.toolkit.fluxcd.io/namespace")).cloned();
        Some(GitOps { tool, namespace, name })
    };
    argo_cd(labels, annotations)
        .or_else(|| flux(GitOpsTool::FluxHelm, "helm"))
        .or_else(|| flux(GitOpsTool::FluxKustomization, "kustomize"))
}

/// `<application>:<group>/<kind>:<namespace>/<name>`, where the application is `<namespace>_<name>` if it is not
/// in Argo CD's own namespace.
fn argo_cd(labels: &Marks, annotations: &Marks) -> Option<GitOps> {
    let tracked = annotations.get("argocd.argoproj.io/tracking-id").and_then(|id| id.split(':').next());
    let by_label = labels.get("argocd.argoproj.io/instance").or_else(|| {
        let is_argo = annotations.keys().any(|name| name.starts_with("argocd.argoproj.io/"));
        labels.get("app.kubernetes.io/instance").filter(|_| is_argo)
    });
    let application = tracked.or(by_label.map(String::as_str)).filter(|name| !name.is_empty())?;
    let (namespace, name) = match application.split_once('_') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, application),
    };
    Some(GitOps { tool: GitOpsTool::ArgoCd, namespace, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(pairs: &[(&str, &str)]) -> Marks {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_tool_is_known_by_its_marks_and_a_plain_label_is_none() {
        let kept = |tool, namespace: Option<&str>, name: &str| {
            Some(GitOps { tool, namespace: namespace.map(Into::into), name: name.into() })
        };
        let tracking = "argocd.argoproj.io/tracking-id";
        let cases = [
            (
                marks(&[]),
                marks(&[(tracking, "shop:apps/Deployment:a/b")]),
                kept(GitOpsTool::ArgoCd, None, "shop"),
            ),
            (
                marks(&[]),
                marks(&[(tracking, "apps_shop:apps/Deployment:a/b")]),
                kept(GitOpsTool::ArgoCd, Some("apps"), "shop"),
            ),
            (
                marks(&[("app.kubernetes.io/instance", "shop")]),
                marks(&[("argocd.argoproj.io/sync-wave", "1")]),
                kept(GitOpsTool::ArgoCd, None, "shop"),
            ),
            (
                marks(&[
                    ("kustomize.toolkit.fluxcd.io/name", "shop"),
                    ("kustomize.toolkit.fluxcd.io/namespace", "flux-system"),
                ]),
                marks(&[]),
                kept(GitOpsTool::FluxKustomization, Some("flux-system"), "shop"),
            ),
            (
                marks(&[
                    ("helm.toolkit.fluxcd.io/name", "shop"),
                    ("helm.toolkit.fluxcd.io/namespace", "apps"),
                ]),
                marks(&[]),
                kept(GitOpsTool::FluxHelm, Some("apps"), "shop"),
            ),
            (
                marks(&[("app.kubernetes.io/instance", "shop")]),
                marks(&[("meta.helm.sh/release-name", "shop")]),
                None,
            ),
        ];
        for (labels, annotations, expected) in cases {
            assert_eq!(read(&labels, &annotations), expected, "{labels:?} {annotations:?}");
        }
    }
}
