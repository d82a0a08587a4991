//! Label selectors, as Services, workloads and network policies have them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A label selector. Without any requirement it selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector(pub Vec<Requirement>);

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// The label has one of these values.
    In(String, Values),
    /// The label has none of these values, or is absent.
    NotIn(String, Values),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    Absent(String),
    /// An operator that is not known: whether it matches cannot be said.
    Unknown(String),
}

/// Values of a label, each once and in their order. Of thousands of selectors most have one, for which a set takes ten times the
/// room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Values(Box<[String]>);

impl Values {
    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn has(&self, value: &String) -> bool {
        self.0.binary_search(value).is_ok()
    }
}

impl FromIterator<String> for Values {
    fn from_iter<I: IntoIterator<Item = String>>(values: I) -> Self {
        values.into_iter().collect::<Vec<_>>().into()
    }
}

impl From<Vec<String>> for Values {
    fn from(mut values: Vec<String>) -> Self {
        values.sort_unstable();
        values.dedup();
        Self(values.into_boxed_slice())
    }
}

impl Selector {
    /// From `matchLabels` or a Service's selector.
    pub fn equal(labels: &BTreeMap<String, String>) -> Self {
        let one = |(key, value): (&String, &String)| Requirement::In(key.clone(), vec![value.clone()].into());
        Self(labels.iter().map(one).collect())
    }

    /// Whether it selects an object with these labels. A requirement that is not known counts as met: what
    /// might select a pod is treated as if it did.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.has(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.has(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
            Requirement::Unknown(_) => true,
        })
    }

    /// The labels that, taken away from an object that it selects, make it select that object no more; none
    /// where nothing can: it selects everything, or by what is absent.
    pub fn handle(&self) -> Option<&str> {
        let positive = |requirement: &'_ Requirement| match requirement {
            Requirement::In(..) | Requirement::Exists(_) => true,
            Requirement::NotIn(..) | Requirement::Absent(_) | Requirement::Unknown(_) => false,
        };
        self.0.iter().find(|requirement| positive(requirement)).map(Requirement::key)
    }

    /// Every label it asks for by value or presence.
    pub fn positive_keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|requirement| match requirement {
            Requirement::In(key, _) | Requirement::Exists(key) => Some(key.as_str()),
            Requirement::NotIn(..) | Requirement::Absent(_) | Requirement::Unknown(_) => None,
        })
    }
}

impl Requirement {
    fn key(&self) -> &str {
        match self {
            Requirement::In(key, _)
            | Requirement::NotIn(key, _)
            | Requirement::Exists(key)
            | Requirement::Absent(key)
            | Requirement::Unknown(key) => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn one(value: &str) -> Values {
        vec![value.to_owned()].into()
    }

    #[test]
    fn values_are_the_same_in_any_order_however_often_they_are_written() {
        let written: Values = ["b", "a", "b"].map(str::to_owned).into_iter().collect();
        assert_eq!(written, vec!["a".to_owned(), "b".to_owned()].into());
    }

    #[test]
    fn a_selector_selects_as_kubernetes_says() {
        let pod = labels(&[("app", "web"), ("tier", "front")]);
        let cases = [
            (vec![], true),
            (vec![Requirement::In("app".into(), one("web"))], true),
            (vec![Requirement::In("app".into(), one("db"))], false),
            (vec![Requirement::In("role".into(), one("web"))], false),
            (vec![Requirement::NotIn("app".into(), one("db"))], true),
            (vec![Requirement::NotIn("app".into(), one("web"))], false),
            (vec![Requirement::NotIn("role".into(), one("web"))], true),
            (vec![Requirement::Exists("tier".into())], true),
            (vec![Requirement::Exists("role".into())], false),
            (vec![Requirement::Absent("role".into())], true),
            (vec![Requirement::Absent("tier".into())], false),
            (vec![Requirement::Unknown("tier".into())], true),
            (vec![Requirement::Exists("tier".into()), Requirement::Exists("role".into())], false),
        ];
        for (requirements, selects) in cases {
            let selector = Selector(requirements);
            assert_eq!(selector.selects(&pod), selects, "{selector:?}");
        }
    }

    #[test]
    fn only_what_asks_for_a_label_can_be_escaped_by_taking_it_away() {
        let all = Selector::default();
        let absent = Selector(vec![Requirement::Absent("role".into())]);
        let equal = Selector::equal(&labels(&[("app", "web")]));
        assert_eq!((all.handle(), absent.handle(), equal.handle()), (None, None, Some("app")));
    }
}
