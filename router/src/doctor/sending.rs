//! Whether the policy of a queue lets a rule of EventBridge send, as far as policies like ours say it.

use serde_json::{Map, Value};

const SERVICE: &str = "events.amazonaws.com";

/// What a policy says about a rule that sends to its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    /// It may, and is named.
    Named,
    /// It may, and so may every rule of every account.
    Whoever,
    /// It may not.
    Never,
    /// That hangs on conditions that are not read here.
    Unread,
}

/// A rule and the queue that it sends to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) rule: &'a str,
    pub(super) queue: &'a str,
}

/// How far a statement's conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// For this rule, of all that there are.
    ForIt,
    /// For every rule.
    Always,
    Not,
    Unread,
}

impl Way<'_> {
    /// What that policy says.
    pub(super) fn judged(self, policy: &Value) -> Sends {
        let (mut sends, mut unread) = (Sends::Never, false);
        for statement in list(&policy["Statement"]).into_iter().filter(|one| self.is_meant(one)) {
            let is_allowed = statement["Effect"] == "Allow";
            match (is_allowed, self.holds(&statement["Condition"])) {
                (_, Holds::Not) => {}
                (_, Holds::Unread) => unread = true,
                (false, Holds::ForIt | Holds::Always) => return Sends::Never,
                (true, Holds::ForIt) => sends = Sends::Named,
                (true, Holds::Always) if sends == Sends::Never => sends = Sends::Whoever,
                (true, Holds::Always) => {}
            }
        }
        if unread && sends == Sends::Never { Sends::Unread } else { sends }
    }

    /// Whether a statement is about EventBridge sending to that queue.
    fn is_meant(self, statement: &Value) -> bool {
        let principal = &statement["Principal"];
        let services = ["Service", "AWS"].iter().flat_map(|kind| list(&principal[*kind]));
        let by_it = principal == "*" || services.into_iter().any(|one| one == SERVICE || one == "*");
        let sends = ["sqs:sendmessage", "sqs:*", "*"];
        let action = list(&statement["Action"])
            .iter()
            .filter_map(|one| one.as_str())
            .any(|action| sends.contains(&action.to_ascii_lowercase().as_str()));
        let resources = list(&statement["Resource"]);
        let here = resources.iter().filter_map(|one| one.as_str()).any(|one| is_like(self.queue, one));
        by_it && action && here
    }

    fn holds(self, condition: &Value) -> Holds {
        let none = Map::new();
        let operators = condition.as_object().unwrap_or(&none);
        let mut holds = Holds::Always;
        for (operator, keys) in operators {
            for (key, values) in keys.as_object().unwrap_or(&none) {
                match self.one(operator, key, &list(values)) {
                    Holds::Not => return Holds::Not,
                    Holds::Unread => holds = Holds::Unread,
                    Holds::ForIt if holds == Holds::Always => holds = Holds::ForIt,
                    Holds::ForIt | Holds::Always => {}
                }
            }
        }
        holds
    }

    fn one(self, operator: &str, key: &str, values: &[&Value]) -> Holds {
        let texts = || values.iter().filter_map(|value| value.as_str());
        let account = self.rule.split(':').nth(4).unwrap_or_default();
        let is = match key.to_ascii_lowercase().as_str() {
            "aws:sourcearn" => self.rule,
            "aws:sourceaccount" => account,
            // EventBridge sends by TLS only.
            "aws:securetransport" => "true",
            _ => return Holds::Unread,
        };
        let matches = match operator.strip_suffix("IfExists").unwrap_or(operator) {
            "ArnEquals" | "ArnLike" | "StringLike" => texts().any(|text| is_like(is, text)),
            "StringEquals" => texts().any(|text| text == is),
            "Bool" => {
                values.iter().any(|value| value.as_str() == Some(is) || value.as_bool() == Some(is == "true"))
            }
            _ => return Holds::Unread,
        };
        match (matches, key.eq_ignore_ascii_case("aws:SecureTransport")) {
            (false, _) => Holds::Not,
            (true, true) => Holds::Always,
            (true, false) => Holds::ForIt,
        }
    }
}

/// One, or a list of them.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// `*` is any text and `?` any character.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(a, b)| b == b'?' || a == b);
    };
    let begins = text.is_char_boundary(before.len().min(text.len()))
        && text.len() >= before.len()
        && is_like(&text[..before.len()], before);
    begins && (before.len()..=text.len()).any(|at| text.is_char_boundary(at) && is_like(&text[at..], after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:alerts";
    const RULE: &str = "arn:aws:events:us-east-1:111122223333:rule/prod-guardduty";

    fn statement(effect: &str, condition: Value) -> Value {
        json!({"Effect": effect, "Action": "sqs:SendMessage", "Resource": QUEUE,
            "Principal": {"Service": "events.amazonaws.com"}, "Condition": condition})
    }

    fn judged(statements: &[Value]) -> Sends {
        Way { rule: RULE, queue: QUEUE }.judged(&json!({"Statement": statements}))
    }

    #[test]
    fn a_policy_lets_a_rule_send_by_name_by_likeness_or_not_at_all() {
        let by = |operator: &str, key: &str, value: Value| json!({operator: {key: value}});
        let table = [
            (by("ArnEquals", "aws:SourceArn", json!(RULE)), Sends::Named),
            (by("ArnEquals", "AWS:SourceArn", json!(["arn:aws:events:x", RULE])), Sends::Named),
            (
                by("ArnLike", "aws:SourceArn", json!("arn:aws:events:*:111122223333:rule/prod-*")),
                Sends::Named,
            ),
            (by("StringEquals", "aws:SourceAccount", json!("111122223333")), Sends::Named),
            (by("StringEquals", "aws:SourceAccount", json!("444455556666")), Sends::Never),
            (
                by("ArnEquals", "aws:SourceArn", json!("arn:aws:events:us-east-1:111122223333:rule/other")),
                Sends::Never,
            ),
            (by("StringEquals", "aws:PrincipalOrgID", json!("o-1")), Sends::Unread),
            (by("Bool", "aws:SecureTransport", json!("true")), Sends::Whoever),
            (Value::Null, Sends::Whoever),
        ];
        for (condition, expected) in table {
            assert_eq!(judged(&[statement("Allow", condition.clone())]), expected, "{condition}");
        }
        assert_eq!(judged(&[]), Sends::Never);
    }

    #[test]
    fn who_is_denied_may_not_whoever_lets_it() {
        let allow = statement("Allow", json!({"ArnEquals": {"aws:SourceArn": RULE}}));
        let in_plain = json!({"Effect": "Deny", "Action": "sqs:*", "Resource": QUEUE, "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        assert_eq!(judged(&[allow.clone(), in_plain]), Sends::Named);
        assert_eq!(judged(&[allow, statement("Deny", Value::Null)]), Sends::Never);
    }

    #[test]
    fn what_is_about_another_queue_another_action_or_another_service_is_not_meant() {
        let whole = statement("Allow", Value::Null);
        for (member, value) in [
            ("Resource", json!("arn:aws:sqs:us-east-1:111122223333:other")),
            ("Action", json!(["sqs:ReceiveMessage"])),
            ("Principal", json!({"Service": "sns.amazonaws.com"})),
        ] {
            let mut other = whole.clone();
            other[member] = value;
            assert_eq!(judged(&[other]), Sends::Never, "{member}");
        }
    }
}
