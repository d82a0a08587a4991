//! What the server refuses with 422, as far as Watchfire and its tests can come near it.

use serde_json::{Value, json};

use super::failure::{Cause, Failure};
use super::kind::Kind;
use super::selector::Labels;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const POD_MAY_CHANGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

fn subdomain(name: &str) -> bool {
    let part = |part: &str| {
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(edge) && part.ends_with(edge) && part.chars().all(|c| edge(c) || c == '-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

fn word(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(|c| edge(c) || "-_.".contains(c))
}

fn metadata(kind: &Kind, object: &Value, causes: &mut Vec<Cause>) {
    let name = &object["metadata"]["name"];
    // Roles may have colons.
    if kind.group != "rbac.authorization.k8s.io" && !name.as_str().is_some_and(subdomain) {
        causes.push(match name.as_str() {
            None | Some("") => Cause::required("metadata.name", "name or generateName is required"),
            Some(_) => Cause::invalid("metadata.name", name, SUBDOMAIN),
        });
    }
    labels(&object["metadata"]["labels"], "metadata.labels", causes);
    let mut size = 0;
    for (key, value) in object["metadata"]["annotations"].as_object().into_iter().flatten() {
        size += key.len() + value.as_str().unwrap_or_default().len();
        qualified(key, "metadata.annotations", causes);
    }
    if size > 256 * 1024 {
        causes.push(Cause::too_long("metadata.annotations", "may not be more than 262144 bytes"));
    }
}

fn qualified(key: &str, field: &str, causes: &mut Vec<Cause>) {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if !subdomain(prefix) {
                causes.push(Cause::invalid(field, &key.into(), &format!("prefix part {SUBDOMAIN}")));
            }
            name
        }
        None => key,
    };
    if !word(name) {
        causes.push(Cause::invalid(field, &key.into(), QUALIFIED));
    } else if name.len() > 63 {
        causes.push(Cause::invalid(field, &key.into(), "name part must be no more than 63 bytes"));
    }
}

fn labels(labels: &Value, field: &str, causes: &mut Vec<Cause>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        qualified(key, field, causes);
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            causes.push(Cause::invalid(field, value, "must be no more than 63 bytes"));
        }
        if !text.is_empty() && !word(text) {
            causes.push(Cause::invalid(field, value, LABEL_VALUE));
        }
    }
}

fn template(spec: &Value, at: &str, causes: &mut Vec<Cause>) {
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        causes.push(Cause::required(&format!("{at}.containers"), ""));
    }
    for (index, container) in spec["containers"].as_array().into_iter().flatten().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                causes.push(Cause::required(&format!("{at}.containers[{index}].{field}"), ""));
            }
        }
    }
}

/// Whether a new object may be.
pub(crate) fn create(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let mut causes = Vec::new();
    metadata(kind, object, &mut causes);
    whole(kind, object, &mut causes);
    answer(kind, object, &causes)
}

fn whole(kind: &Kind, object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => template(spec, "spec", causes),
        ("apps", _) => {
            template(&spec["template"]["spec"], "spec.template.spec", causes);
            labels(&spec["template"]["metadata"]["labels"], "spec.template.labels", causes);
            let own = &spec["template"]["metadata"]["labels"];
            match Labels::of_selector(&spec["selector"]) {
                None => causes.push(Cause::required("spec.selector", "")),
                Some(selector) if !selector.matches(own) => causes.push(Cause::invalid(
                    "spec.template.metadata.labels",
                    own,
                    "`selector` does not match template `labels`",
                )),
                Some(_) => {}
            }
            if spec["replicas"].as_i64().is_some_and(|replicas| replicas < 0) {
                let why = "must be greater than or equal to 0";
                causes.push(Cause::invalid("spec.replicas", &spec["replicas"], why));
            }
        }
        ("batch", "jobs") => template(&spec["template"]["spec"], "spec.template.spec", causes),
        ("policy", _)
            if spec["minAvailable"].is_null() == spec["maxUnavailable"].is_null()
                && !spec["minAvailable"].is_null() =>
        {
            let why = "minAvailable and maxUnavailable cannot be both set";
            causes.push(Cause::invalid("spec", spec, why));
        }
        _ => {}
    }
}

/// Whether an object may become that.
pub(crate) fn update(kind: &Kind, old: &Value, new: &Value) -> Result<(), Failure> {
    let mut causes = Vec::new();
    metadata(kind, new, &mut causes);
    whole(kind, new, &mut causes);
    let immutable: &[&str] = match (kind.group.as_str(), kind.plural.as_str()) {
        ("apps", _) => &["selector"],
        ("batch", "jobs") => &["selector", "completions"],
        _ => &[],
    };
    for field in immutable {
        if old["spec"][field] != new["spec"][field] {
            causes.push(Cause::invalid(&format!("spec.{field}"), &new["spec"][field], "field is immutable"));
        }
    }
    if kind.is_pod() && pod_fixed(old) != pod_fixed(new) {
        causes.push(Cause::forbidden("spec", &format!("{POD_MAY_CHANGE}\n{}", pod_difference(old, new))));
    }
    let finalizers =
        |object: &Value| object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let before = finalizers(old);
    let added: Vec<Value> = finalizers(new).into_iter().filter(|name| !before.contains(name)).collect();
    if old["metadata"]["deletionTimestamp"].is_string() && !added.is_empty() {
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"
        );
        causes.push(Cause::forbidden("metadata.finalizers", &why));
    }
    answer(kind, new, &causes)
}

/// A pod's spec without what may change.
fn pod_fixed(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    for field in
        ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"]
    {
        spec[field] = Value::Null;
    }
    spec
}

fn pod_difference(old: &Value, new: &Value) -> String {
    let mut text = String::new();
    let (old, new) = (pod_fixed(old), pod_fixed(new));
    let empty = json!({});
    let fields = |spec: &Value| spec.as_object().or(empty.as_object()).expect("one is an object").clone();
    let (old, new) = (fields(&old), fields(&new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
        let (first, rest) = name.split_at(1);
        let title = format!("{}{rest}", first.to_uppercase());
        let shown = |spec: &serde_json::Map<String, Value>| spec.get(name).cloned().unwrap_or_default();
        text.push_str(&format!("- \"{title}\": {},\n+ \"{title}\": {},\n", shown(&old), shown(&new)));
    }
    text
}

fn answer(kind: &Kind, object: &Value, causes: &[Cause]) -> Result<(), Failure> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid(kind, object["metadata"]["name"].as_str().unwrap_or_default(), causes))
}
