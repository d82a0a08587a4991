//! The admission policies that keep whoever holds Watchfire's token to what its steps change.
//!
//! What, instead of what, why, price: as text with three words to fill in, instead of expressions put together here; it
//! reads as it is applied; a step that changes something new is a change of that text, and a test that runs every step
//! under the policies says so.

use serde_json::{Value, json};

const TEXT: &str = include_str!("admission.yaml");

/// Whom the policies are about, and where.
pub(super) struct Scope<'s> {
    /// Watchfire's account, as the API server calls it.
    pub(super) account: String,
    /// Namespaces in which it changes nothing.
    pub(super) protected: Vec<String>,
    /// Who may take a quarantine label off, beside Watchfire.
    pub(super) break_glass: &'s [String],
}

/// Each policy and its binding, with what it is for.
pub(super) fn policies(scope: &Scope<'_>) -> Vec<(String, Value)> {
    let Scope { account, protected, break_glass } = scope;
    let may_end: Vec<_> = [account].into_iter().chain(*break_glass).cloned().collect();
    let words =
        [("ACCOUNT", text(account)), ("PROTECTED", list(protected)), ("MAY_END_QUARANTINES", list(&may_end))];
    let mut documents = serde_saphyr::from_multiple::<Value>(TEXT).expect("a test reads them").into_iter();
    // What stands before the first is about the file.
    let parts = TEXT.split("---\n").skip(1);
    let comment = |part: &str| {
        let lines = part.lines().filter_map(|line| line.strip_prefix("# "));
        lines.collect::<Vec<_>>().join("\n")
    };
    parts
        .filter_map(|part| Some((comment(part), documents.next()?)))
        .map(|(why, mut document)| {
            fill_in(&mut document, &words);
            (why, document)
        })
        .collect()
}

/// Only expressions have words to fill in.
fn fill_in(value: &mut Value, words: &[(&str, String)]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(expression) if name == "expression" => {
                        for (word, with) in words {
                            *expression = expression.replace(word, with);
                        }
                        *member = json!(expression);
                    }
                    other => fill_in(other, words),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| text(word)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed() -> Vec<(String, Value)> {
        policies(&Scope {
            account: "system:serviceaccount:security:wf".to_owned(),
            protected: vec!["kube-system".to_owned(), "security".to_owned()],
            break_glass: &["o'neil".to_owned()],
        })
    }

    #[test]
    fn each_policy_has_a_binding_that_denies_and_says_what_it_is_for() {
        let named: Vec<_> = printed()
            .iter()
            .map(|(why, document)| {
                let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                (document["kind"].as_str().unwrap_or_default().to_owned(), name, why.is_empty())
            })
            .collect();
        let of = |name: &str| {
            let kind =
                |kind: &str| (format!("ValidatingAdmissionPolicy{kind}"), name.to_owned(), !kind.is_empty());
            [kind(""), kind("Binding")]
        };
        let names = [
            "watchfire-may-change",
            "watchfire-stays-out",
            "watchfire-may-deny",
            "watchfire-quarantine-stays",
        ];
        assert_eq!(named, names.iter().flat_map(|name| of(name)).collect::<Vec<_>>());
        for (_, document) in printed() {
            if document["kind"] == "ValidatingAdmissionPolicyBinding" {
                assert_eq!(document["spec"]["policyName"], document["metadata"]["name"]);
                assert_eq!(document["spec"]["validationActions"], json!(["Deny", "Audit"]));
            } else {
                assert_eq!(document["spec"]["failurePolicy"], "Fail");
            }
        }
    }

    #[test]
    fn every_word_is_filled_in_and_cannot_end_its_text() {
        let all =
            Value::from(printed().into_iter().map(|(_, document)| document).collect::<Vec<_>>()).to_string();
        for word in ["ACCOUNT", "PROTECTED", "MAY_END_QUARANTINES"] {
            assert!(!all.contains(word), "{word}");
        }
        for expected in [
            "request.userInfo.username == 'system:serviceaccount:security:wf'",
            "!(request.namespace in ['kube-system', 'security'])",
            r"!(request.userInfo.username in ['system:serviceaccount:security:wf', 'o\\'neil'])",
        ] {
            assert!(all.contains(expected), "{expected}\n{all}");
        }
    }
}
