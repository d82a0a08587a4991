//! What we may and must not: asked one by one for the whole cluster, and read from our rules in each namespace.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use watchfire_core::plan::permissions::FORBIDDEN;

use super::patient::Patient;
use super::{AT_ONCE, NAMED, Question, allowed, unanswered};
use crate::containment::fault::Fault;
use crate::containment::kind::{NAMESPACE, RULES_REVIEW};
use crate::containment::object;
use crate::finding::Finding;

const REMEDY: &str = "take it away: whoever holds Watchfire would hold it, too";
/// In so many namespaces our rules are read.
const MOST_NAMESPACES: usize = 200;

/// A verb on a resource of a group, all three as `FORBIDDEN` has them.
type Forbidden = (&'static str, &'static str, &'static str);

pub(super) async fn too_much(api: &Patient) -> Vec<Finding> {
    let (everywhere, mut findings) = everywhere(api).await;
    let spaces = spaces(api).await.unwrap_or_else(|fault| {
        findings.push(unanswered(fault));
        Vec::new()
    });
    let all = spaces.len();
    let reading = spaces.into_iter().map(async |space| {
        let rules = rules(api, &space).await?;
        Ok::<_, Fault>((space, rules))
    });
    let read: Vec<_> = futures_util::stream::iter(reading).buffered(AT_ONCE).collect::<Vec<_>>().await;
    let read = read.into_iter().collect::<Result<Vec<_>, _>>().unwrap_or_else(|fault| {
        findings.push(unanswered(fault));
        Vec::new()
    });
    let mut somewhere: Vec<(String, BTreeSet<&str>)> = Vec::new();
    for (space, rules) in &read {
        for told in rules.rules.iter().flat_map(|rule| granted(rule, &everywhere)) {
            match somewhere.iter_mut().find(|(known, _)| *known == told) {
                Some((_, spaces)) => drop(spaces.insert(space.as_str())),
                None => somewhere.push((told, BTreeSet::from([space.as_str()]))),
            }
        }
    }
    findings.extend(somewhere.iter().map(|(told, spaces)| {
        let place = match spaces.len() {
            count if count == all => String::new(),
            1..=NAMED => format!(" in {}", spaces.iter().copied().collect::<Vec<_>>().join(", ")),
            count => format!(" in {count} namespaces"),
        };
        Finding::warn(format!("may {told}{place}, which Watchfire never needs"), REMEDY)
    }));
    if findings.is_empty() {
        findings.push(Finding::ok("has none of the permissions that it must not have"));
    }
    if read.iter().any(|(_, rules)| rules.in_part) {
        findings.push(Finding::not_asked(
            "what an authorizer beside RBAC grants in one namespace or on one name is not told",
        ));
    }
    if all == MOST_NAMESPACES {
        findings.push(Finding::not_asked(format!(
            "our rules are read in {MOST_NAMESPACES} namespaces, not in all"
        )));
    }
    findings
}

/// What we may in the whole cluster, of what we must not.
async fn everywhere(api: &Patient) -> (BTreeSet<Forbidden>, Vec<Finding>) {
    let asking = FORBIDDEN.into_iter().map(async |(group, resource, verb)| {
        let question = Question { namespace: "", group, resource, name: "", verb };
        match allowed(api, &question).await {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(((group, resource, verb), question))),
            Err(fault) => Err(fault),
        }
    });
    let answers: Vec<_> = futures_util::stream::iter(asking).buffered(AT_ONCE).collect::<Vec<_>>().await;
    let (mut granted, mut findings) = (BTreeSet::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(None) => {}
            Ok(Some((forbidden, question))) => {
                granted.insert(forbidden);
                findings.push(Finding::warn(format!("may {question}, which Watchfire never needs"), REMEDY));
            }
            Err(fault) => findings.push(unanswered(fault)),
        }
    }
    (granted, findings)
}

async fn spaces(api: &Patient) -> Result<Vec<String>, Fault> {
    let all = api.list(&NAMESPACE, "", None).await?.unwrap_or_default();
    Ok(all.iter().map(|space| object::name(space).to_owned()).take(MOST_NAMESPACES).collect())
}

/// Our rules in a namespace.
struct Rules {
    rules: Vec<Value>,
    /// Those of RBAC alone; an authorizer beside it, such as EKS's, does not tell its own.
    in_part: bool,
}

async fn rules(api: &Patient, namespace: &str) -> Result<Rules, Fault> {
    let mut review = api.review(&RULES_REVIEW, &json!({"namespace": namespace})).await?;
    let in_part = review["status"]["incomplete"] == true;
    let rules = match review["status"]["resourceRules"].take() {
        Value::Array(rules) => rules,
        _ => Vec::new(),
    };
    Ok(Rules { rules, in_part })
}

/// What a rule grants of what we must not have and have not everywhere, each in words.
fn granted(rule: &Value, everywhere: &BTreeSet<Forbidden>) -> Vec<String> {
    let has = |list: &str, wanted: &[&str]| {
        let entries = rule[list].as_array().into_iter().flatten().filter_map(Value::as_str);
        entries.into_iter().any(|entry| wanted.contains(&entry))
    };
    let names: Vec<_> =
        rule["resourceNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let named = match names.len() {
        0 => String::new(),
        1..=NAMED => format!(" named {}", names.join(", ")),
        count => format!(" of {count} names"),
    };
    FORBIDDEN
        .iter()
        .filter(|forbidden| !everywhere.contains(*forbidden))
        .filter(|(group, resource, verb)| {
            let any = resource.split_once('/').map_or("*".to_owned(), |(_, part)| format!("*/{part}"));
            has("apiGroups", &[group, "*"])
                && has("resources", &[resource, "*", &any])
                && has("verbs", &[verb, "*"])
        })
        // Of what is made a name is not known, so that such a rule grants nothing.
        .filter(|(_, resource, verb)| names.is_empty() || *verb != "create" || resource.contains('/'))
        .map(|&(group, resource, verb)| {
            let question = Question { namespace: "", group, resource, name: "", verb };
            format!("{question}{named}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], group: &str, resource: &str, names: &[&str]) -> Value {
        json!({"verbs": verbs, "apiGroups": [group], "resources": [resource], "resourceNames": names})
    }

    #[test]
    fn what_a_rule_grants_is_found_whatever_it_is_written_as() {
        let none = BTreeSet::new();
        let table = [
            (rule(&["get", "list"], "", "pods", &[]), vec![]),
            (rule(&["get"], "", "secrets", &["db", "api"]), vec!["get secrets named db, api"]),
            (rule(&["create"], "", "pods/exec", &["pay"]), vec!["create pods/exec named pay"]),
            (rule(&["create"], "", "pods", &["pay"]), vec![]),
            (rule(&["get"], "*", "*/exec", &[]), vec!["get pods/exec"]),
            (rule(&["*"], "apps", "statefulsets", &[]), vec!["create statefulsets.apps"]),
            (rule(&["get"], "apps", "secrets", &[]), vec![]),
        ];
        for (rule, expected) in table {
            assert_eq!(granted(&rule, &none), expected, "{rule}");
        }
    }

    #[test]
    fn what_was_found_for_the_whole_cluster_is_not_told_again() {
        let known = BTreeSet::from([("", "secrets", "get")]);
        let found = granted(&rule(&["get", "list"], "", "secrets", &[]), &known);
        assert_eq!(found, ["list secrets"]);
    }
}
