//! `Annotate`: annotations set, or taken away.

use std::collections::BTreeMap;

use watchfire_core::context::ObjectRef;

use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;
use super::{Outcome, object};

/// An empty value takes the annotation away; where nothing but that is asked, an object that is gone is fine.
pub(super) async fn annotate(api: &Api, object: &ObjectRef, set: &BTreeMap<String, String>) -> Outcome {
    let gone = match set.values().all(String::is_empty) {
        true => Gone::IsFine,
        false => Gone::Fails,
    };
    change(api, object, gone, |live| {
        let mut operations = Operations::on(live);
        for (key, value) in set {
            let path = ["metadata", "annotations", key];
            match (value.is_empty(), object::annotation(live, key)) {
                (true, _) => operations.remove(&path),
                (false, Some(same)) if same == value => {}
                (false, _) => operations.set(&path, value.as_str()),
            }
        }
        match operations.is_empty() {
            true => Change::Already(String::new()),
            false => Change::Patch(operations, String::new()),
        }
    })
    .await
}
