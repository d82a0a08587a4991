//! Which annotations are kept and shown. Annotations hold anything, whole manifests and secrets included, so
//! that only those listed leave the API server's answer.

use std::collections::BTreeMap;

use watchfire_core::text::clean;

/// What people write a team, an owner or a runbook under.
const DEFAULT: [&str; 10] = [
    "team",
    "owner",
    "runbook",
    "contact",
    "slack",
    "app.kubernetes.io/owner",
    "app.kubernetes.io/team",
    "a8r.io/*",
    "backstage.io/*",
    "description",
];

/// What containment changes on a pod, and has to know to put it back.
const OUR_OWN: [&str; 3] =
    ["watchfire.dev/", "karpenter.sh/do-not-disrupt", "cluster-autoscaler.kubernetes.io/safe-to-evict"];

/// What says who keeps a workload.
const GITOPS: [&str; 3] = ["argocd.argoproj.io/", "meta.helm.sh/", "kustomize.toolkit.fluxcd.io/"];

/// A long annotation is cut here.
const MOST_CHARACTERS: usize = 300;

/// The allow-list.
#[derive(Clone, Debug)]
pub struct Keep {
    exact: Vec<String>,
    prefixes: Vec<String>,
}

impl Keep {
    /// From `annotations` of the configuration: a name, or with a trailing `*` what names begin with.
    pub fn new(annotations: &[String]) -> Self {
        let (prefixes, exact): (Vec<_>, Vec<_>) =
            annotations.iter().cloned().partition(|name| name.ends_with('*'));
        let prefixes = prefixes.into_iter().map(|name| name.trim_end_matches('*').to_owned()).collect();
        Self { exact, prefixes }
    }

    /// Those of a pod or namespace: those listed, and Watchfire's own.
    pub(super) fn annotations(&self, written: BTreeMap<String, String>) -> BTreeMap<String, String> {
        self.filter(written, |name| OUR_OWN.iter().any(|own| name.starts_with(own)))
    }

    /// Those of a workload: also those of GitOps tools.
    pub(super) fn workload_annotations(&self, written: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let needed = OUR_OWN.iter().chain(&GITOPS);
        self.filter(written, |name| needed.clone().any(|needed| name.starts_with(needed)))
    }

    /// What is needed is kept as it is; what is only shown, cleaned and cut.
    fn filter(
        &self,
        written: BTreeMap<String, String>,
        is_needed: impl Fn(&str) -> bool,
    ) -> BTreeMap<String, String> {
        let kept = written.into_iter().filter_map(|(name, value)| {
            if is_needed(&name) {
                return Some((name, value));
            }
            self.lists(&name).then(|| {
                let value = clean(&value, MOST_CHARACTERS);
                (name, value)
            })
        });
        kept.collect()
    }

    fn lists(&self, name: &str) -> bool {
        self.exact.iter().any(|exact| exact == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// The list where the configuration has none.
pub(super) fn default_annotations() -> Vec<String> {
    DEFAULT.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_is_listed_and_what_is_needed_is_kept() {
        let keep = Keep::new(&["team".to_owned(), "example.com/*".to_owned()]);
        let written = map(&[
            ("team", "payments"),
            ("teams", "no"),
            ("example.com/runbook", "https://r"),
            ("example.org/runbook", "no"),
            ("kubectl.kubernetes.io/last-applied-configuration", "{\"data\": \"secret\"}"),
            ("watchfire.dev/incident", "i1"),
            ("karpenter.sh/do-not-disrupt", "true"),
            ("argocd.argoproj.io/tracking-id", "shop:apps/Deployment:shop/pay"),
        ]);
        let of_a_pod = map(&[
            ("team", "payments"),
            ("example.com/runbook", "https://r"),
            ("watchfire.dev/incident", "i1"),
            ("karpenter.sh/do-not-disrupt", "true"),
        ]);
        let mut of_a_workload = of_a_pod.clone();
        of_a_workload.extend(map(&[("argocd.argoproj.io/tracking-id", "shop:apps/Deployment:shop/pay")]));
        assert_eq!(keep.annotations(written.clone()), of_a_pod);
        assert_eq!(keep.workload_annotations(written), of_a_workload);
    }

    #[test]
    fn a_long_annotation_is_cut_but_for_what_is_needed_to_undo() {
        let keep = Keep::new(&["*".to_owned()]);
        let long = "x".repeat(5_000);
        let kept = keep.annotations(map(&[("note", &long), ("watchfire.dev/original-labels", &long)]));
        let lengths: Vec<_> = kept.values().map(|value| value.chars().count()).collect();
        assert!(lengths[0] <= MOST_CHARACTERS && lengths[1] == 5_000, "{lengths:?}");
    }
}
