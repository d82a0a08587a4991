//! Label and field selectors, in a query's text and in an object's JSON.

use serde_json::Value;

use super::failure::Failure;
use super::kind::Kind;

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// A label selector; empty matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Need>);

impl Labels {
    /// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub(crate) fn parse(text: &str) -> Result<Labels, Failure> {
        let mut needs = Vec::new();
        for part in split(text) {
            let list = |text: &str| -> Option<Vec<String>> {
                let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
                Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
            };
            let key = |text: &str| text.trim().to_owned();
            let need = if let Some((name, value)) = part.split_once("!=") {
                Need::NotIn(key(name), vec![key(value)])
            } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                Need::In(key(name), vec![key(value)])
            } else if let Some((name, values)) =
                part.split_once(" notin ").and_then(|(n, v)| Some((n, list(v)?)))
            {
                Need::NotIn(key(name), values)
            } else if let Some((name, values)) =
                part.split_once(" in ").and_then(|(n, v)| Some((n, list(v)?)))
            {
                Need::In(key(name), values)
            } else if let Some(name) = part.strip_prefix('!') {
                Need::Absent(key(name))
            } else if part.contains(char::is_whitespace) {
                let message =
                    format!("unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=");
                return Err(Failure::bad_request(message));
            } else {
                Need::Exists(key(&part))
            };
            needs.push(need);
        }
        Ok(Labels(needs))
    }

    /// A LabelSelector's JSON; an absent one matches nothing, an empty one everything.
    pub(crate) fn of_selector(selector: &Value) -> Option<Labels> {
        let fields = selector.as_object()?;
        let mut needs = Labels::of_map(fields.get("matchLabels").unwrap_or(&Value::Null)).0;
        for expression in fields.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let key = expression["key"].as_str()?.to_owned();
            let values = serde_json::from_value(expression["values"].clone()).unwrap_or_default();
            needs.push(match expression["operator"].as_str()? {
                "In" => Need::In(key, values),
                "NotIn" => Need::NotIn(key, values),
                "Exists" => Need::Exists(key),
                "DoesNotExist" => Need::Absent(key),
                _ => return None,
            });
        }
        Some(Labels(needs))
    }

    /// A plain map, as a Service has it.
    pub(crate) fn of_map(map: &Value) -> Labels {
        let pairs = map.as_object().into_iter().flatten();
        let need = |(key, value): (&String, &Value)| {
            Need::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()])
        };
        Labels(pairs.map(need).collect())
    }

    /// Whether it takes any labels at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object's labels, as its metadata has them, are taken.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|need| {
            let value = |key: &String| labels.get(key).and_then(Value::as_str);
            let one_of =
                |key: &String, values: &[String]| value(key).is_some_and(|v| values.iter().any(|w| w == v));
            match need {
                Need::In(key, values) => one_of(key, values),
                Need::NotIn(key, values) => !one_of(key, values),
                Need::Exists(key) => value(key).is_some(),
                Need::Absent(key) => value(key).is_none(),
            }
        })
    }

    /// As a scale's status prints it.
    pub(crate) fn print(&self) -> String {
        let print = |need: &Need| match need {
            Need::In(key, values) if values.len() == 1 => format!("{key}={}", values[0]),
            Need::In(key, values) => format!("{key} in ({})", values.join(",")),
            Need::NotIn(key, values) => format!("{key} notin ({})", values.join(",")),
            Need::Exists(key) => key.clone(),
            Need::Absent(key) => format!("!{key}"),
        };
        self.0.iter().map(print).collect::<Vec<_>>().join(",")
    }
}

/// Splits at commas that are not inside parentheses.
fn split(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("it begins with one").push(character);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// A field selector: path, whether equal, value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, bool, String)>);

impl Fields {
    /// Reads `a.b=c,d!=e`; a field that the kind cannot be selected by is refused with 400.
    pub(crate) fn parse(text: &str, kind: &Kind) -> Result<Fields, Failure> {
        let mut needs = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let (path, equal, value) = if let Some((path, value)) = part.split_once("!=") {
                (path, false, value)
            } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (path, true, value)
            } else {
                return Err(Failure::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            if !selectable(kind, path) {
                return Err(Failure::bad_request(format!("field label not supported: {path}")));
            }
            needs.push((path.trim().to_owned(), equal, value.trim().to_owned()));
        }
        Ok(Fields(needs))
    }

    /// Whether the object is taken.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(path, equal, value)| (field(object, path) == *value) == *equal)
    }
}

fn field(object: &Value, path: &str) -> String {
    let path = if path == "source" { "source.component" } else { path };
    let found = path.split('.').fold(object, |at, name| &at[name]);
    match found {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => found.to_string(),
        // What Go has no value for is printed as its zero value.
        Value::Null if matches!(path, "spec.hostNetwork" | "spec.unschedulable") => "false".to_owned(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn selectable(kind: &Kind, path: &str) -> bool {
    if path == "metadata.name" || (path == "metadata.namespace" && (kind.namespaced || !kind.builtin)) {
        return true;
    }
    let own: &[&str] = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    };
    own.contains(&path)
}
