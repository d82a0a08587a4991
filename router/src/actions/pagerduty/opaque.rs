//! What may leave the boundary: kinds and ids that tell nothing about the account, its networks or
//! what runs there.

use std::net::IpAddr;

use watchfire_core::notice::{Group, Notice};

/// What happened: the finding's type where it is nothing but one, else the rule's family.
pub(super) fn kind(notice: &Notice) -> &str {
    let kind = notice.kind.as_str();
    let word = |c: char| c.is_ascii_alphanumeric() || " :/._!-".contains(c);
    let fit = !kind.is_empty() && kind.len() <= 128 && kind.chars().all(word) && !reveals(notice, kind);
    if fit { kind } else { &notice.family }
}

/// The id where it is a number that says nothing, such as a UUID or a hash.
pub(super) fn id(text: &str) -> Option<&str> {
    let fit = (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    fit.then_some(text)
}

/// Whether a text has an account number, an IP address, or a name that the page gives as a fact.
///
/// Regions are no secret: console addresses have them.
pub(super) fn reveals(notice: &Notice, text: &str) -> bool {
    let account = text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 12);
    let address = text
        .split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'))
        .any(|part| part.trim_matches(['.', ':']).parse::<IpAddr>().is_ok() || has_ipv4(part));
    let named = notice
        .facts
        .iter()
        .filter(|fact| !fact.label.eq_ignore_ascii_case("region") && fact.value.len() >= least(fact.group))
        .any(|fact| text.contains(fact.value.as_str()));
    account || address || named
}

/// A shorter text is no name. What was seen has words among it, such as a verb, that stand in any address.
fn least(group: Group) -> usize {
    match group {
        Group::Where | Group::Owner | Group::Near => 3,
        Group::Seen => 8,
    }
}

fn has_ipv4(part: &str) -> bool {
    let parts = part.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    parts.map(|part| part.trim_matches('.')).any(|part| part.parse::<std::net::Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::tests::page;

    #[test]
    fn a_finding_type_is_told_and_anything_else_is_not() {
        let notice = page().notice;
        let of = |kind: &str| {
            let notice = Notice { kind: kind.to_owned(), ..notice.clone() };
            super::kind(&notice).to_owned()
        };
        for told in [
            "CryptoCurrency:Runtime/BitcoinTool.B!DNS",
            "AttackSequence:EKS/CompromisedCluster",
            "CloudWatch Alarm State Change",
            "UnauthorizedAccess:EC2/SSHBruteForce",
        ] {
            assert_eq!(of(told), told);
        }
        for kept in [
            "",
            "login from 10.0.0.1",
            "login from 10.0.0.1:443",
            "login from fe80::1",
            "account 123456789012",
            "Pod pay-1 is bad",
            "<b>",
        ] {
            assert_eq!(of(kept), "crypto-mining", "{kept}");
        }
    }

    #[test]
    fn an_id_is_told_only_where_it_is_a_number() {
        let uuid = "7bf73129-1428-4cd3-a780-95db273d1602";
        assert_eq!(id(uuid), Some(uuid));
        for named in ["123456789012", "arn:aws:guardduty:us-east-1:123456789012:detector/d", "prod-1-pay", ""]
        {
            assert_eq!(id(named), None, "{named}");
        }
    }
}
