//! Getting and listing: selections, pages, and objects by their metadata alone.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::failure::Failure;
use super::kind::Kind;
use super::route::Query;
use super::selector::{Fields, Labels};
use super::store::World;

/// Which objects of a kind are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) namespace: String,
    pub(crate) labels: Labels,
    pub(crate) fields: Fields,
}

impl Selection {
    pub(crate) fn read(kind: &Kind, namespace: &str, query: &Query) -> Result<Selection, Failure> {
        Ok(Selection {
            namespace: namespace.to_owned(),
            labels: query.get("labelSelector").map(Labels::parse).transpose()?.unwrap_or_default(),
            fields: query
                .get("fieldSelector")
                .map(|text| Fields::parse(text, kind))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    pub(crate) fn takes(&self, object: &Value) -> bool {
        (self.namespace.is_empty() || object["metadata"]["namespace"] == self.namespace.as_str())
            && self.labels.matches(&object["metadata"]["labels"])
            && self.fields.matches(object)
    }

    pub(crate) fn of(&self, world: &World, kind: &Kind) -> Vec<Arc<Value>> {
        let mut found = world.list(kind, &self.namespace);
        found.retain(|object| self.takes(object));
        found
    }
}

/// How much of an object is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Whole,
    /// `PartialObjectMetadata`
    Metadata,
}

impl View {
    /// By the Accept header: its first choice that the server has.
    pub(crate) fn accepted(accept: &str) -> View {
        match accept.split(',').next() {
            Some(first) if first.contains("as=PartialObjectMetadata") => View::Metadata,
            _ => View::Whole,
        }
    }

    /// One object, with its type.
    pub(crate) fn whole(self, object: &Value) -> Value {
        match self {
            View::Whole => object.clone(),
            View::Metadata => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"]}),
        }
    }
}

/// A list as the query asks for it.
pub(crate) async fn list(
    shared: &Shared,
    kind: &Arc<Kind>,
    selection: &Selection,
    view: View,
    query: &Query,
) -> Result<Value, Failure> {
    if let Some(version) = query.number("resourceVersion") {
        shared.reach(version).await?;
    }
    let world = shared.world();
    if query.get("resourceVersionMatch") == Some("Exact") {
        let wanted = query.number("resourceVersion").unwrap_or(0);
        if wanted <= world.compacted {
            return Err(Failure::new(
                410,
                "Expired",
                format!("The provided resource version {wanted} is too old."),
            ));
        }
    }
    let all = selection.of(&world, kind);
    let (revision, after) = match query.get("continue") {
        None => (world.revision(), None),
        Some(token) => {
            let (revision, after) = unpack(token)?;
            if revision < world.compacted {
                let message = "The provided continue parameter is too old to display a consistent list result. You can \
                    start a new list without the continue parameter, or use the continue token in this response to \
                    retrieve the remainder of the results.";
                return Err(Failure::new(410, "Expired", message));
            }
            (revision, Some(after))
        }
    };
    let place = |object: &Value| {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        format!("{}/{}", text("namespace"), text("name"))
    };
    let mut rest: Vec<Arc<Value>> = match &after {
        Some(after) => all.into_iter().filter(|object| place(object) > *after).collect(),
        None => all,
    };
    let most = query.number("limit").filter(|most| *most > 0).and_then(|most| usize::try_from(most).ok());
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some(most) = most.filter(|most| rest.len() > *most) {
        let last = place(&rest[most - 1]);
        metadata["continue"] = pack(revision, &last).into();
        // With a selector the real server does not know.
        if selection.labels.is_empty() && selection.fields == Fields::default() {
            metadata["remainingItemCount"] = (rest.len() - most).into();
        }
        rest.truncate(most);
    }
    let items: Vec<Value> = rest.iter().map(|object| item(kind, view, object)).collect();
    let (name, version) = match view {
        View::Whole => (format!("{}List", kind.kind), kind.api_version()),
        View::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
    };
    Ok(json!({"kind": name, "apiVersion": version, "metadata": metadata, "items": items}))
}

fn item(kind: &Kind, view: View, object: &Value) -> Value {
    let mut item = view.whole(object);
    // Items of a built-in list do not say what they are.
    if let Some(fields) = item.as_object_mut().filter(|_| kind.builtin && view == View::Whole) {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    item
}

fn pack(revision: u64, after: &str) -> String {
    format!("{revision}|{after}").bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unpack(token: &str) -> Result<(u64, String), Failure> {
    let byte = |at: usize| token.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_ref().and_then(|text| text.split_once('|'));
    let read = parts.and_then(|(revision, after)| Some((revision.parse().ok()?, after.to_owned())));
    read.ok_or_else(|| Failure::bad_request("continue key is not valid: illegal base64 data"))
}

impl Shared {
    /// Waits, as the real server does, for a revision from the future, and gives up after 3 s.
    pub(crate) async fn reach(&self, version: u64) -> Result<(), Failure> {
        let mut changed = self.world().subscribe();
        let there = changed.wait_for(|revision| *revision >= version);
        if tokio::time::timeout(Duration::from_secs(3), there).await.is_ok() {
            return Ok(());
        }
        let current = self.world().revision();
        let message = format!("Timeout: Too large resource version: {version}, current: {current}");
        let mut failure = Failure::new(504, "Timeout", message);
        failure.retry_after = Some(1);
        failure.details = Some(json!({"causes": [{"reason": "ResourceVersionTooLarge",
            "message": "Too large resource version"}], "retryAfterSeconds": 1}));
        Err(failure)
    }
}
