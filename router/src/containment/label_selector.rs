//! Label selectors as objects of the API carry them, and as lists take them.

use serde_json::Value;
use watchfire_core::context::{Requirement, Selector, Values};

use super::object::texts;

/// From a `LabelSelector`; an absent one selects everything, as the API has it for policies.
pub(super) fn read(selector: &Value) -> Selector {
    let Selector(mut requirements) = Selector::equal(&texts(&selector["matchLabels"]));
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default().to_owned();
        let values = expression["values"].as_array().into_iter().flatten();
        let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
        requirements.push(match expression["operator"].as_str() {
            Some("In") => Requirement::In(key, values),
            Some("NotIn") => Requirement::NotIn(key, values),
            Some("Exists") => Requirement::Exists(key),
            Some("DoesNotExist") => Requirement::Absent(key),
            _ => Requirement::Unknown(key),
        });
    }
    Selector(requirements)
}

/// As the `labelSelector` of a list. What is not known is left out, so that rather more is listed.
pub(super) fn query(Selector(requirements): &Selector) -> String {
    let one = |requirement: &Requirement| {
        let listed = |values: &Values| values.iter().collect::<Vec<_>>().join(",");
        match requirement {
            Requirement::In(key, values) => Some(format!("{key} in ({})", listed(values))),
            Requirement::NotIn(key, values) => Some(format!("{key} notin ({})", listed(values))),
            Requirement::Exists(key) => Some(key.clone()),
            Requirement::Absent(key) => Some(format!("!{key}")),
            Requirement::Unknown(_) => None,
        }
    };
    requirements.iter().filter_map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_is_read_and_asked_for_in_every_form() {
        let selector = json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["x", "y"]},
                {"key": "b", "operator": "NotIn", "values": ["z"]},
                {"key": "c", "operator": "Exists"},
                {"key": "d", "operator": "DoesNotExist"},
                {"key": "e", "operator": "Greater", "values": ["1"]},
            ],
        });
        assert_eq!(query(&read(&selector)), "app in (web),a in (x,y),b notin (z),c,!d");
        assert_eq!(read(&selector).0.last(), Some(&Requirement::Unknown("e".to_owned())));
        assert_eq!(read(&json!({})), Selector::default());
    }
}
