//! What the cluster says: a pod, who owns it, and a cluster in which it can be quarantined.

use std::collections::BTreeMap;

use crate::context::{Deny, Details, Enforcement, Known, Owner, Pod, PodContainer, Workload, WorkloadKind};

/// Labels of an object, or what a selector asks for.
pub fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// As an object names who controls it.
pub fn owner(kind: &str, name: &str) -> Owner {
    Owner {
        api_version: "apps/v1".to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
    }
}

/// One of four replicas each in the namespace `shop`, all of them ready, which selects nothing.
pub fn workload(kind: WorkloadKind, name: &str) -> Workload {
    Workload {
        uid: format!("uid-{name}"),
        kind,
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        replicas: Some(4),
        ready: 4,
        selector: None,
        suspended: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        owner: None,
        progress: None,
    }
}

/// A pod of one container, with that image, that runs in the namespace `shop`.
pub fn pod(name: &str, container: &str, image: &str) -> Pod {
    Pod {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        phase: "Running".to_owned(),
        ready: true,
        containers: vec![PodContainer {
            name: container.to_owned(),
            image: image.to_owned(),
            ..PodContainer::default()
        }],
        ..Pod::default()
    }
}

/// A cluster that is ready for quarantines, in which a pod stands alone.
pub fn details() -> Details {
    Details {
        owners: Known::Is(Vec::new()),
        services: Known::Is(Vec::new()),
        policies: Known::Is(Vec::new()),
        deny: Known::Is(Deny {
            namespaced: Some("watchfire-quarantine".to_owned()),
            admin: Some("watchfire-quarantine".to_owned()),
            admin_api: None,
        }),
        enforcement: Enforcement::On("switched on".to_owned()),
        autoscaler: Known::Is(None),
        scaled_object: Known::Is(None),
        budgets: Known::Is(Vec::new()),
        gitops: Known::Is(None),
        events: Known::Is(Vec::new()),
        role: Known::Is(None),
        same_image: Vec::new(),
    }
}
