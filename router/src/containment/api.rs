//! Calls to the API server: each with a time limit, each refusal understood, each write under our name.

use std::fmt::Display;
use std::time::Duration;

use axum::http::Request;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::timeout;
use watchfire_core::act::FIELD_MANAGER;
use watchfire_core::context::ObjectRef;

use super::How;
use super::fault::{Answer, Asked, Fault};
use super::kind::{Kind, POD, Scope};
use super::object;
use crate::failure::Failure;

/// How long one call may take.
const CALL: Duration = Duration::from_secs(5);

/// The API server, for one way of carrying out steps.
#[derive(Clone)]
pub(super) struct Api {
    cluster: kube::Client,
    how: How,
}

/// An object of the plan as it is now.
pub(super) enum Live {
    /// It is there.
    Is(Box<Value>),
    /// It is there, and on its way out.
    Leaving(Box<Value>),
    /// It is not there, or another one has its name: which, in a clause.
    Gone(String),
}

impl Api {
    pub(super) fn new(cluster: kube::Client, how: How) -> Self {
        Self { cluster, how }
    }

    pub(super) fn how(&self) -> How {
        self.how
    }

    /// The object; none where it, or its whole kind, is absent.
    pub(super) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, Fault> {
        let asked = asked("get", kind, "", namespace, name)?;
        let request = at(kind, namespace).get(name, &kube::api::GetParams::default());
        absent_is_none(self.call(&asked, request).await)
    }

    /// The objects of a namespace, or of all for an empty one; none where the API server has no such kind.
    pub(super) async fn list(
        &self,
        kind: &Kind,
        namespace: &str,
        labels: Option<&str>,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let asked = asked("list", kind, "", namespace, "")?;
        let parameters = ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default() };
        let list = absent_is_none(self.call(&asked, at(kind, namespace).list(&parameters)).await)?;
        Ok(list.map(|mut list| match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        }))
    }

    /// The object of the plan, by name and UID.
    pub(super) async fn live(&self, object: &ObjectRef) -> Result<Live, Failure> {
        let kind = planned(object)?;
        let Some(live) = self.get(kind, &object.namespace, &object.name).await? else {
            return Ok(Live::Gone(format!("{} is gone", object.named())));
        };
        Ok(match (object::uid(&live) == object.uid, object::is_leaving(&live)) {
            (false, _) => Live::Gone(format!(
                "{} is another one by now, with UID {}",
                object.named(),
                object::uid(&live)
            )),
            (true, true) => Live::Leaving(Box::new(live)),
            (true, false) => Live::Is(Box::new(live)),
        })
    }

    /// A JSON patch of an object of the plan, or of a subresource of it. The object as it is then.
    pub(super) async fn patch(
        &self,
        object: &ObjectRef,
        subresource: &str,
        operations: Vec<Value>,
    ) -> Result<Value, Fault> {
        let ObjectRef { kind: _, namespace, name, uid: _ } = object;
        let kind = planned(object).map_err(|failure| Fault::Refused(failure.to_string()))?;
        let asked = asked("patch", kind, subresource, namespace, name)?;
        let operations =
            serde_json::from_value(Value::Array(operations)).expect("operations of a JSON patch");
        let patch = Patch::Json::<()>(operations);
        let request = match subresource.is_empty() {
            true => at(kind, namespace).patch(name, &self.patching(), &patch),
            false => at(kind, namespace).patch_subresource(subresource, name, &self.patching(), &patch),
        };
        self.call(&asked, request).await
    }

    /// Server-side apply under our field manager, never over the fields of others.
    pub(super) async fn apply(&self, kind: &Kind, namespace: &str, object: &Value) -> Result<Value, Fault> {
        let name = object::name(object);
        let asked = asked("apply (create and patch)", kind, "", namespace, name)?;
        self.call(&asked, at(kind, namespace).patch(name, &self.patching(), &Patch::Apply(object))).await
    }

    /// Deletes the object if it has that UID.
    pub(super) async fn delete(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        uid: &str,
        grace_seconds: Option<u32>,
    ) -> Result<(), Fault> {
        let asked = asked("delete", kind, "", namespace, name)?;
        let parameters = DeleteParams {
            dry_run: self.is_rehearsal(),
            grace_period_seconds: grace_seconds,
            propagation_policy: None,
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        };
        self.call(&asked, at(kind, namespace).delete(name, &parameters)).await.map(drop)
    }

    /// Asks a pod of that UID to leave. Not kube's own: that one spells `deleteOptions` in a way that the API
    /// server passes over, and with it the precondition.
    pub(super) async fn evict(&self, pod: &ObjectRef) -> Result<(), Fault> {
        let ObjectRef { kind: _, namespace, name, uid } = pod;
        let asked = asked("create", &POD, "eviction", namespace, name)?;
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        });
        let posting = PostParams { dry_run: self.is_rehearsal(), field_manager: None };
        let eviction = eviction.to_string().into_bytes();
        let request = at(&POD, namespace).create_subresource("eviction", name, &posting, eviction);
        self.call(&asked, request).await.map(drop)
    }

    /// Asks what the API server answers to a review: nothing is changed by one.
    pub(super) async fn review(&self, kind: &Kind, spec: Value) -> Result<Value, Fault> {
        let asked = asked("create", kind, "", "", "")?;
        let review = json!({"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec});
        let request = at(kind, "").create(&PostParams::default(), review.to_string().into_bytes());
        self.call(&asked, request).await
    }

    fn is_rehearsal(&self) -> bool {
        match self.how {
            How::ForReal => false,
            How::Rehearse => true,
        }
    }

    fn patching(&self) -> PatchParams {
        PatchParams {
            dry_run: self.is_rehearsal(),
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        }
    }

    async fn call<Unbuilt: Display>(
        &self,
        asked: &Asked<'_>,
        request: Result<Request<Vec<u8>>, Unbuilt>,
    ) -> Result<Value, Fault> {
        let request = request.map_err(|error| Fault::Refused(format!("{asked}: {error}")))?;
        let exchange = async {
            let response = self.cluster.send(request.map(Body::from)).await?;
            let code = response.status().as_u16();
            let retry_after = response.headers().get("retry-after");
            let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok::<_, kube::Error>((code, retry_after, response.into_body().collect_bytes().await?))
        };
        let (code, retry_after, body) = match timeout(CALL, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Fault::unanswered(asked, &chain(&error))),
            Err(_) => return Err(Fault::unanswered(asked, &format!("nothing within {} s", CALL.as_secs()))),
        };
        match code {
            ..400 => serde_json::from_slice(&body)
                .map_err(|error| Fault::unanswered(asked, &format!("not JSON: {error}"))),
            400.. => Err(Fault::of(asked, Answer { code, retry_after: retry_after.as_deref(), body: &body })),
        }
    }
}

fn at(kind: &Kind, namespace: &str) -> kube::core::Request {
    kube::core::Request::new(kind.path(namespace))
}

fn planned(object: &ObjectRef) -> Result<&'static Kind, Failure> {
    let unknown = || Failure::permanent(format!("no step knows what to do with a {}", object.kind));
    Kind::planned(&object.kind).ok_or_else(unknown)
}

/// Names go into paths: nothing that could lead elsewhere is sent.
fn asked<'a>(
    verb: &'static str,
    kind: &Kind,
    subresource: &str,
    namespace: &'a str,
    name: &'a str,
) -> Result<Asked<'a>, Fault> {
    let is_plain = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
        name.len() <= 253 && name != "." && name != ".." && name.bytes().all(plain)
    };
    if !is_plain(namespace) || !is_plain(name) {
        return Err(Fault::Refused(format!("`{namespace}/{name}` is not a name")));
    }
    if kind.scope == Scope::Namespace && namespace.is_empty() && !name.is_empty() {
        return Err(Fault::Refused(format!("{} {name} has no namespace", kind.kind)));
    }
    let resource = match subresource.is_empty() {
        true => kind.plural.to_owned(),
        false => format!("{}/{subresource}", kind.plural),
    };
    Ok(Asked { verb, resource, namespace, name })
}

fn absent_is_none(answer: Result<Value, Fault>) -> Result<Option<Value>, Fault> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Absent(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// An error with all of its causes: kube's own text ends before the telling one.
fn chain(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containment::kind::NAMESPACE;

    #[test]
    fn a_name_that_leads_elsewhere_is_not_sent() {
        for (namespace, name) in
            [("shop", "../../secrets"), ("shop", ".."), ("a/b", "pay"), ("shop", "pay?x=1"), ("", "pay")]
        {
            assert!(asked("get", &POD, "", namespace, name).is_err(), "{namespace} {name}");
        }
        for (kind, namespace, name) in [(&POD, "shop", "pay-1.a"), (&NAMESPACE, "", "shop"), (&POD, "", "")] {
            assert!(asked("get", kind, "", namespace, name).is_ok(), "{namespace} {name}");
        }
    }
}
