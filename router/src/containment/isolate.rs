//! `Isolate` and `Rejoin`: a pod is taken from its Services, controller and policies, and given back to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use watchfire_core::act::{LABELS_ANNOTATION, QUARANTINE_LABEL};
use watchfire_core::context::ObjectRef;

use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;
use super::{Outcome, object};

/// In one patch: annotations, the quarantine label, and the labels that others select taken away.
pub(super) async fn isolate(
    api: &Api,
    pod: &ObjectRef,
    incident: &str,
    remove: &BTreeMap<String, String>,
    annotate: &BTreeMap<String, String>,
) -> Outcome {
    change(api, pod, Gone::RunsOn, |live| isolation(live, incident, remove, annotate)).await
}

/// The reverse, as far as nobody has changed it meanwhile.
pub(super) async fn rejoin(
    api: &Api,
    pod: &ObjectRef,
    incident: &str,
    restore: &BTreeMap<String, String>,
    unannotate: &[String],
) -> Outcome {
    change(api, pod, Gone::IsFine, |live| rejoining(live, incident, restore, unannotate)).await
}

/// What the pod carries is its owner's: a quarantine label, of whatever value, shows nothing, and a label that has
/// another value than planned is taken away like the planned one.
fn isolation<'a>(
    live: &'a Value,
    incident: &str,
    remove: &BTreeMap<String, String>,
    annotate: &BTreeMap<String, String>,
) -> Change<'a> {
    let mut notes = Vec::new();
    // Whoever selects by a label that is not there has lost the pod already.
    let removed: BTreeMap<_, _> =
        remove.keys().filter_map(|key| Some((key.as_str(), object::label(live, key)?))).collect();
    let label = object::label(live, QUARANTINE_LABEL);
    if label == Some(incident) && removed.is_empty() {
        return Change::Already(String::new());
    }
    if !removed.is_empty() {
        notes.push(format!("without {}", removed.keys().copied().collect::<Vec<_>>().join(", ")));
    }
    for (key, now) in removed.iter().filter(|(key, now)| remove.get(**key).map(String::as_str) != Some(**now))
    {
        notes.push(format!("its label {key} was `{now}` by now"));
    }
    if let Some(other) = label.filter(|label| *label != incident) {
        notes.push(format!("it carried a quarantine label that is not ours, `{other}`"));
    }
    let mut operations = Operations::on(live);
    if !annotate.contains_key(LABELS_ANNOTATION) {
        let originals = serde_json::to_string(&removed).expect("a map of texts");
        operations.set(&["metadata", "annotations", LABELS_ANNOTATION], originals);
    }
    for (key, value) in annotate {
        operations.set(&["metadata", "annotations", key], value.as_str());
    }
    operations.set(&["metadata", "labels", QUARANTINE_LABEL], incident);
    for key in removed.keys() {
        operations.remove(&["metadata", "labels", key]);
    }
    Change::Patch(operations, notes.join("; "))
}

fn rejoining<'a>(
    live: &'a Value,
    incident: &str,
    restore: &BTreeMap<String, String>,
    unannotate: &[String],
) -> Change<'a> {
    let mut operations = Operations::on(live);
    match object::label(live, QUARANTINE_LABEL) {
        Some(same) if same == incident => operations.remove(&["metadata", "labels", QUARANTINE_LABEL]),
        Some(other) => return Change::Left(format!("it is quarantined for another incident, {other}")),
        None => {}
    }
    let mut left = Vec::new();
    for (key, value) in restore {
        match object::label(live, key) {
            None => operations.set(&["metadata", "labels", key], value.as_str()),
            Some(same) if same == value => {}
            Some(_) => left.push(key.as_str()),
        }
    }
    let unannotate = unannotate.iter().map(String::as_str).chain([LABELS_ANNOTATION]);
    for key in unannotate.collect::<BTreeSet<_>>() {
        operations.remove(&["metadata", "annotations", key]);
    }
    let note = match left.is_empty() {
        true => String::new(),
        false => format!("{} has another value by now and was left", left.join(", ")),
    };
    match operations.is_empty() {
        true => Change::Already(note),
        false => Change::Patch(operations, note),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(labels: Value, annotations: Value) -> Value {
        json!({"metadata": {"uid": "u", "resourceVersion": "7", "labels": labels, "annotations": annotations}})
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The pod as the patch leaves it, and the note.
    fn patched(live: &Value, change: Change<'_>) -> Result<(Value, String), String> {
        match change {
            Change::Already(note) => Err(format!("already {note}")),
            Change::Left(note) => Err(format!("left {note}")),
            Change::Patch(operations, note) => {
                let operations = Value::Array(operations.into_list());
                let patch: json_patch::Patch = serde_json::from_value(operations).expect("a patch");
                let mut after = live.clone();
                json_patch::patch(&mut after, &patch).expect("it fits");
                Ok((after["metadata"].take(), note))
            }
        }
    }

    #[test]
    fn a_pod_is_isolated_and_given_back_as_it_was() {
        let before = pod(json!({"app/name": "pay", "team": "b"}), json!({"note": "x"}));
        let remove = map(&[("app/name", "pay"), ("gone", "v")]);
        let annotate = map(&[("watchfire.dev/incident", "i1")]);
        let (after, note) = patched(&before, isolation(&before, "i1", &remove, &annotate)).expect("a patch");
        assert_eq!(note, "without app/name");
        assert_eq!(after["labels"], json!({"team": "b", QUARANTINE_LABEL: "i1"}));
        assert_eq!(
            after["annotations"],
            json!({"note": "x", "watchfire.dev/incident": "i1", LABELS_ANNOTATION: "{\"app/name\":\"pay\"}"})
        );
        let isolated = json!({"metadata": after});
        let restore = map(&[("app/name", "pay")]);
        let unannotate = ["watchfire.dev/incident".to_owned()];
        let (released, _) =
            patched(&isolated, rejoining(&isolated, "i1", &restore, &unannotate)).expect("a patch");
        assert_eq!(released, before["metadata"]);
        let released = json!({"metadata": released});
        let again = patched(&released, rejoining(&released, "i1", &restore, &unannotate));
        assert_eq!(again, Err("already ".to_owned()));
    }

    /// The labels that the patch leaves, and its note.
    fn isolated(live: &Value, remove: &[(&str, &str)]) -> Result<(Value, String), String> {
        let (mut after, note) = patched(live, isolation(live, "i1", &map(remove), &map(&[])))?;
        Ok((after["labels"].take(), note))
    }

    #[test]
    fn a_quarantine_label_that_is_not_ours_is_overwritten() {
        let theirs = pod(json!({QUARANTINE_LABEL: "i2", "app": "pay"}), json!({}));
        let guessed = pod(json!({QUARANTINE_LABEL: "i1", "app": "pay"}), json!({}));
        let ours = json!({QUARANTINE_LABEL: "i1"});
        assert_eq!(
            isolated(&theirs, &[("app", "pay")]),
            Ok((
                ours.clone(),
                "without app; it carried a quarantine label that is not ours, `i2`".to_owned()
            ))
        );
        assert_eq!(isolated(&guessed, &[("app", "pay")]), Ok((ours, "without app".to_owned())));
    }

    #[test]
    fn a_label_that_has_another_value_by_now_is_taken_away_like_the_planned_one() {
        let changed = pod(json!({"app": "new", "team": "b"}), json!({}));
        let expected = json!({QUARANTINE_LABEL: "i1", "team": "b"});
        assert_eq!(
            isolated(&changed, &[("app", "old")]),
            Ok((expected, "without app; its label app was `new` by now".to_owned()))
        );
    }

    #[test]
    fn what_the_plan_did_not_foresee_is_left() {
        let ours = pod(json!({QUARANTINE_LABEL: "i1"}), json!({}));
        let theirs = pod(json!({QUARANTINE_LABEL: "i2"}), json!({}));
        let changed = pod(json!({"app": "new"}), json!({}));
        let (none, app) = (map(&[]), map(&[("app", "old")]));
        assert_eq!(patched(&ours, isolation(&ours, "i1", &none, &none)), Err("already ".to_owned()));
        assert_eq!(
            patched(&theirs, rejoining(&theirs, "i1", &none, &[])),
            Err("left it is quarantined for another incident, i2".to_owned())
        );
        assert_eq!(
            patched(&changed, rejoining(&changed, "i1", &app, &[])),
            Err("already app has another value by now and was left".to_owned())
        );
    }

    #[test]
    fn both_are_one_patch_that_is_atomic() {
        let live = pod(json!({"app": "old"}), json!(null));
        let Change::Patch(operations, _) = isolation(&live, "i1", &map(&[("app", "old")]), &map(&[])) else {
            panic!("no patch")
        };
        let operations = operations.into_list();
        assert_eq!(operations[0], json!({"op": "test", "path": "/metadata/uid", "value": "u"}));
        assert_eq!(operations[1], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
        assert_eq!(operations[2], json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    }
}
