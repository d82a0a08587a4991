//! The chain of a pod's owners, of any kind but one: secrets are never read.

use kube::core::{DynamicObject, GroupVersionKind, Resource as _};
use kube::discovery::ApiResource;
use serde_json::Value;

use super::Capture;
use super::cluster::is_namespaced;
use crate::cluster::is_name;

/// A pod's owners are three deep at most where nobody makes fun of us.
const DEPTH: usize = 8;
/// Kinds whose address is known without asking.
const KNOWN: [(&str, &str); 7] = [
    ("apps", "ReplicaSet"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("", "ReplicationController"),
];

/// A line of `ownerReferences`, as somebody wrote it: all of it can be a lie.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    kind: GroupVersionKind,
    name: String,
    uid: String,
}

impl Capture<'_> {
    /// Each owner and the events about it, up to the one that has none.
    pub(super) async fn owners(&self, folder: &str, namespace: &str, pod: &Value) {
        let mut object = pod.clone();
        for depth in 1.. {
            let owner = match controller(&object) {
                Ok(Some(owner)) => owner,
                Ok(None) => return,
                Err(reason) => return self.collected.lacks(format!("{folder}/owners/{depth}: {reason}")),
            };
            if depth > DEPTH {
                return self.collected.lacks(format!("{folder}/owners/{depth}: too many"));
            }
            let Owner { kind, name, uid } = &owner;
            let stem = format!("{folder}/owners/{depth}-{}-{}", kind.kind.to_lowercase(), plain(name));
            let about = format!("involvedObject.uid={uid}");
            let mut found = None;
            let content = async {
                let (bytes, value) = self.owner(namespace, &owner).await?;
                found = Some(value);
                Ok(bytes)
            };
            tokio::join!(
                self.collected.item(format!("{stem}.json"), content),
                self.events(format!("{stem}.events.json"), namespace, about)
            );
            let Some(found) = found else { return };
            object = found;
        }
    }

    async fn owner(&self, namespace: &str, owner: &Owner) -> Result<(Vec<u8>, Value), String> {
        let Owner { kind, name, uid } = owner;
        let (resource, namespaced) = match KNOWN.contains(&(kind.group.as_str(), kind.kind.as_str())) {
            true => (ApiResource::from_gvk(kind), true),
            false if kind.group.is_empty() && kind.kind == "Node" => (ApiResource::from_gvk(kind), false),
            false => {
                let (resource, capabilities) = self.cluster.resource(kind).await?;
                let namespaced = is_namespaced(&capabilities);
                (resource, namespaced)
            }
        };
        if resource.group.is_empty() && resource.plural == "secrets" {
            return Err("secrets are never read".to_owned());
        }
        let path = DynamicObject::url_path(&resource, namespaced.then_some(namespace));
        let bytes = self.cluster.object(&path, name).await?;
        let found: Value = serde_json::from_slice(&bytes).map_err(|_| "the answer is not JSON".to_owned())?;
        match found["metadata"]["uid"].as_str() {
            Some(found_uid) if found_uid == uid => Ok((bytes, found)),
            found => Err(format!("it is gone or another, uid {uid}: found {}", found.unwrap_or("(none)"))),
        }
    }
}

/// Who controls an object, or else its first owner.
fn controller(object: &Value) -> Result<Option<Owner>, String> {
    let owners = object["metadata"]["ownerReferences"].as_array().map_or(&[][..], Vec::as_slice);
    let controls = |owner: &&Value| owner["controller"] == true;
    let Some(owner) = owners.iter().find(controls).or(owners.first()) else { return Ok(None) };
    let text = |name: &str| owner[name].as_str().unwrap_or_default();
    let (version, kind, name, uid) = (text("apiVersion"), text("kind"), text("name"), text("uid"));
    let (group, api_version) = version.split_once('/').unwrap_or(("", version));
    let named = [api_version, kind, name, uid].into_iter().all(is_name);
    if !named || !(group.is_empty() || is_name(group)) {
        return Err(format!("an owner with a name that is none: {}", owner.to_string().escape_debug()));
    }
    if group.is_empty() && kind.eq_ignore_ascii_case("Secret") {
        return Err("the owner is a secret, and secrets are never read".to_owned());
    }
    let kind = GroupVersionKind::gvk(group, api_version, kind);
    Ok(Some(Owner { kind, name: name.to_owned(), uid: uid.to_owned() }))
}

/// Names of a few kinds have colons, which some file systems do not take.
fn plain(name: &str) -> String {
    name.replace(':', "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owner(version: &str, kind: &str, name: &str) -> Value {
        json!({"apiVersion": version, "kind": kind, "name": name, "uid": "u-1"})
    }

    fn owned_by(owners: &[Value]) -> Value {
        json!({"metadata": {"ownerReferences": owners}})
    }

    #[test]
    fn the_one_who_controls_goes_before_others() {
        let mut second = owner("apps/v1", "ReplicaSet", "web-6c9f");
        second["controller"] = json!(true);
        let expected = Owner {
            kind: GroupVersionKind::gvk("apps", "v1", "ReplicaSet"),
            name: "web-6c9f".to_owned(),
            uid: "u-1".to_owned(),
        };
        let first = owner("example.com/v1", "Shop", "shop");
        assert_eq!(controller(&owned_by(&[first.clone(), second])), Ok(Some(expected)));
        let expected = Owner {
            kind: GroupVersionKind::gvk("example.com", "v1", "Shop"),
            name: "shop".to_owned(),
            uid: "u-1".to_owned(),
        };
        assert_eq!(controller(&owned_by(&[first])), Ok(Some(expected)));
        assert_eq!(controller(&json!({"metadata": {}})), Ok(None));
    }

    #[test]
    fn an_owner_never_leads_to_a_secret() {
        let told = controller(&owned_by(&[owner("v1", "Secret", "tokens")])).unwrap_err();
        assert_eq!(told, "the owner is a secret, and secrets are never read");
        for (version, kind, name) in [
            ("apps/v1", "ReplicaSet", "../secrets/tokens"),
            ("apps/v1", "ReplicaSet", "x?y"),
            ("v1/namespaces/shop/secrets", "Deployment", "tokens"),
            ("..", "Deployment", "tokens"),
            ("apps/v1", "../secrets", "tokens"),
            ("", "", ""),
        ] {
            let told = controller(&owned_by(&[owner(version, kind, name)])).unwrap_err();
            assert!(told.starts_with("an owner with a name that is none: "), "{told}");
        }
    }
}
