//! A pod that is gone: what stands in its place.

use std::cmp::Reverse;

use super::Pod;

/// The pod that a finding names by its UID is there no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// The pods that are there in its place, as `namespace/name`: the one of its name first, then the others of
    /// its controller; at most [`Gone::MOST`].
    pub in_its_place: Vec<String>,
}

impl Gone {
    /// More pods than this are not named.
    pub const MOST: usize = 20;

    /// Of the pods of its namespace: those of its name, and those of its controller. Where the pod itself is not
    /// remembered, its controller is told by its name: `web-6c9f-x2x4q` was of the ReplicaSet `web-6c9f`, whose
    /// Deployment by now may have another.
    pub fn among<'p>(
        name: &str,
        uid: &str,
        remembered: Option<&Pod>,
        pods: impl IntoIterator<Item = &'p Pod>,
    ) -> Self {
        let owner = remembered.and_then(|pod| pod.owner.as_ref()).map(|owner| owner.uid.as_str());
        let rank = |pod: &Pod| {
            let own = pod.owner.as_ref();
            let is_of_set = own.is_some_and(|own| own.kind == "ReplicaSet");
            if pod.name == name {
                Some(0)
            } else if own.is_some_and(|own| Some(own.uid.as_str()) == owner) || alike(name, &pod.name, 1) {
                Some(1)
            } else {
                (is_of_set && alike(name, &pod.name, 2)).then_some(2)
            }
        };
        let there = pods.into_iter().filter(|pod| pod.gone_at.is_none() && pod.uid != uid);
        let mut found: Vec<_> = there.filter_map(|pod| Some((rank(pod)?, pod))).collect();
        found.sort_by_key(|(rank, pod)| (*rank, Reverse(pod.created_at), &pod.name));
        Self { in_its_place: found.iter().take(Self::MOST).map(|(_, pod)| pod.full_name()).collect() }
    }
}

/// Whether two names are the same less their last parts, so many, and have all of them.
fn alike(one: &str, other: &str, parts: usize) -> bool {
    let stem = |name: &str| {
        let mut stem = name;
        for _ in 0..parts {
            stem = stem.rsplit_once('-')?.0;
        }
        Some(stem.to_owned())
    };
    stem(one).is_some_and(|stem_of_one| Some(stem_of_one) == stem(other))
}

#[cfg(test)]
mod tests {
    use super::super::Owner;
    use super::*;

    fn pod(name: &str, kind: &str, owner: &str) -> Pod {
        let owner = Owner {
            api_version: "apps/v1".to_owned(),
            kind: kind.to_owned(),
            name: owner.to_owned(),
            uid: format!("uid-{owner}"),
        };
        Pod {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: format!("uid-{name}"),
            owner: Some(owner),
            ..Pod::default()
        }
    }

    #[test]
    fn what_stands_in_the_place_of_a_pod_is_the_one_of_its_name_or_its_controllers_others() {
        let all = [
            pod("web-6c9f-aaaaa", "ReplicaSet", "web-6c9f"),
            pod("web-7d8e-bbbbb", "ReplicaSet", "web-7d8e"),
            pod("web-api-5f5f-ccccc", "ReplicaSet", "web-api-5f5f"),
            pod("web-agent-ddddd", "DaemonSet", "web-agent"),
            pod("db-0", "StatefulSet", "db"),
            pod("db-1", "StatefulSet", "db"),
            Pod {
                gone_at: Some("2026-11-20T12:00:00Z".parse().expect("a time")),
                ..pod("db-2", "StatefulSet", "db")
            },
            pod("single", "Other", "x"),
        ];
        let in_place = |name: &str, uid: &str, remembered: Option<&Pod>| {
            Gone::among(name, uid, remembered, &all).in_its_place.join(" ")
        };
        assert_eq!(in_place("web-6c9f-x2x4q", "gone", None), "shop/web-6c9f-aaaaa shop/web-7d8e-bbbbb");
        assert_eq!(in_place("db-0", "gone", None), "shop/db-0 shop/db-1");
        assert_eq!(in_place("db-0", "uid-db-0", None), "shop/db-1");
        assert_eq!(in_place("single", "gone", None), "shop/single");
        assert_eq!(in_place("other", "gone", None), "");
        let remembered = pod("renamed", "DaemonSet", "web-agent");
        assert_eq!(in_place("renamed", "uid-renamed", Some(&remembered)), "shop/web-agent-ddddd");
    }
}
