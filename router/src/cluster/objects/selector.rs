//! A label selector as the API writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use watchfire_core::context::{Requirement, Selector, Values};

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct LabelSelector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Expression {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

impl From<LabelSelector> for Selector {
    fn from(written: LabelSelector) -> Self {
        let LabelSelector { match_labels, match_expressions } = written;
        let mut selector = Selector::equal(&match_labels.unwrap_or_default());
        selector.0.extend(match_expressions.into_iter().flatten().map(|expression| {
            let Expression { key, operator, values } = expression;
            let values = Values::from(values.unwrap_or_default());
            match operator.as_str() {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Absent(key),
                _ => Requirement::Unknown(key),
            }
        }));
        selector
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn labels_and_every_operator_are_read_and_an_unknown_one_is_kept_as_unknown() {
        let written: LabelSelector = serde_json::from_str(
            r#"{"matchLabels": {"app": "web"}, "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["x", "y"]},
                {"key": "b", "operator": "NotIn", "values": ["z"]},
                {"key": "c", "operator": "Exists"},
                {"key": "d", "operator": "DoesNotExist", "values": null},
                {"key": "e", "operator": "Gt", "values": ["1"]}]}"#,
        )
        .unwrap();
        let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let expected = Selector(vec![
            Requirement::In("app".into(), set(&["web"])),
            Requirement::In("a".into(), set(&["x", "y"])),
            Requirement::NotIn("b".into(), set(&["z"])),
            Requirement::Exists("c".into()),
            Requirement::Absent("d".into()),
            Requirement::Unknown("e".into()),
        ]);
        assert_eq!(Selector::from(written), expected);
    }
}
