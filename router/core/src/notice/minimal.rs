//! What may leave the boundary: kinds and ids that tell nothing about the account, its networks or
//! what runs there. Channels with the payload `minimal` send nothing else, and no model is told more.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use super::{Beside, ByWhom, Fact, Group, Head, List, Measure, MeasureState, Notice, Undone};
use crate::action::ActionName;
use crate::event::OWN_SOURCE;
use crate::ids::EventId;
use crate::word;

/// Where it happens, as far as `minimal` tells it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// What the configuration calls the cluster: `cluster.alias`.
    Cluster,
    /// The region.
    Region,
    /// The namespace.
    Namespace,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// Stands for what is known inside.
const INSIDE: &str = "see the incident";
/// Stands for a human's name.
const SOMEBODY: &str = "a human";

/// The page as it may leave. All that is made of it, by whatever template, tells no more.
pub fn reduced(notice: &Notice, leave_out: &[Place]) -> Notice {
    let tells = |place: Place| !leave_out.contains(&place);
    let label = |name: &str| notice.facts.iter().find(|fact| fact.label.eq_ignore_ascii_case(name));
    let named = |name: &str| label(name).map(|fact| fact.value.clone()).filter(|value| is_plain(value));
    let alias = notice.head.alias.clone().filter(|_| tells(Place::Cluster));
    let region = named("region").filter(|_| tells(Place::Region));
    let namespace = named("namespace").filter(|_| tells(Place::Namespace));
    let places = [("Cluster", alias.clone()), ("Namespace", namespace.clone()), ("Region", region.clone())];
    let facts = places.into_iter().filter_map(|(label, value)| Some(Fact::new(Group::Where, label, value?)));
    let is_allowed = |address: &String| !reveals(notice, address);
    Notice {
        priority: notice.priority,
        head: head(notice, namespace, alias.or(region)),
        title: if notice.drill { notice.title.clone() } else { String::new() },
        description: String::new(),
        why: notice.why.clone(),
        rule: notice.rule.clone(),
        family: notice.family.clone(),
        kind: kind(notice).to_owned(),
        source: if notice.finding.is_some() || notice.source == OWN_SOURCE {
            notice.source.clone()
        } else {
            String::new()
        },
        severity: severity(&notice.severity),
        facts: facts.collect(),
        doing: notice.doing.iter().filter_map(|line| action(line)).collect(),
        over: notice.over,
        unknown: Vec::new(),
        withheld: notice.withheld.iter().filter_map(|undone| undone.action.map(Undone::named)).collect(),
        playbook: None,
        lists: notice.lists.iter().map(counted).collect(),
        routes: Vec::new(),
        links: notice.links.iter().filter(|(_, address)| is_allowed(address)).cloned().collect(),
        incident: notice.incident.clone(),
        finding: None,
        hub: None,
        event: EventId::new(id(&notice.event.shown()).unwrap_or_default()),
        // Of what people write nobody knows what it names.
        note: None,
        at: notice.at,
        sample: notice.sample,
        beside: notice.beside.clone().filter(|beside| knows_none(beside, leave_out)),
        drill: notice.drill,
    }
}

/// Whether whoever wrote it could not know what is to be left out: it may not be told, nor what was made of it.
fn knows_none(beside: &Beside, leave_out: &[Place]) -> bool {
    leave_out.iter().all(|place| beside.left_out.contains(place))
}

/// What is said first, without a name.
fn head(notice: &Notice, subject: Option<String>, place: Option<String>) -> Head {
    let head = &notice.head;
    let by = |by: &Option<String>| by.as_ref().map(|_| SOMEBODY.to_owned());
    let because = || INSIDE.to_owned();
    let measure = |measure: &Measure| Measure {
        action: measure.action,
        target: String::new(),
        state: match &measure.state {
            MeasureState::Failed { .. } => MeasureState::Failed { because: because() },
            MeasureState::Done { since, by: who } => MeasureState::Done { since: *since, by: by(who) },
            MeasureState::UnderWay => MeasureState::UnderWay,
            MeasureState::Waits { approval, plan, until, .. } => MeasureState::Waits {
                approval: approval.clone(),
                plan: plan.clone(),
                until: *until,
                because: because(),
            },
            MeasureState::Denied { at, .. } => MeasureState::Denied { by: SOMEBODY.to_owned(), at: *at },
            MeasureState::Expired { at } => MeasureState::Expired { at: *at },
            MeasureState::Withheld { .. } => MeasureState::Withheld { because: because() },
            MeasureState::Released { at, by: who } => MeasureState::Released { at: *at, by: by(who) },
        },
    };
    let what = happened(notice);
    Head {
        what: if notice.drill { String::new() } else { what },
        subject: subject.unwrap_or_default(),
        place: place.unwrap_or_default(),
        measures: head.measures.iter().map(measure).collect(),
        taken: head.taken.as_ref().map(|ByWhom { by: _, at }| ByWhom { by: SOMEBODY.to_owned(), at: *at }),
        link: head.link.clone().filter(|link| !reveals(notice, link)),
        ..head.clone()
    }
}

/// The rule's family in words, and the type: `Crypto mining (CryptoCurrency:Runtime/BitcoinTool.B)`.
fn happened(notice: &Notice) -> String {
    let words = notice.family.replace('-', " ");
    let mut letters = words.chars();
    let words =
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    match kind(notice) {
        kind if kind == notice.family || kind.eq_ignore_ascii_case(&words) => words,
        kind if words.is_empty() => kind.to_owned(),
        kind => format!("{words} ({kind})"),
    }
}

/// The action that a line is about: what it is done to is named after it.
fn action(line: &str) -> Option<String> {
    let word = line.split([':', ' ']).next().unwrap_or_default();
    ActionName::named(word).map(|action| action.as_str().to_owned())
}

/// How long a list is; its lines name what is in it.
fn counted(list: &List) -> List {
    let all = list.more.saturating_add(list.lines.len() as u64);
    List { head: "items".to_owned(), lines: Vec::new(), more: all }
}

/// A number and a word, and nothing else.
fn severity(text: &str) -> String {
    let fit = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, '.' | ' ');
    if text.len() <= 16 && text.chars().all(fit) { text.to_owned() } else { String::new() }
}

/// A name as regions and namespaces have one, which no sentence can imitate.
fn is_plain(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// What happened: the finding's type where it is nothing but one, else the rule's family.
pub fn kind(notice: &Notice) -> &str {
    let kind = notice.kind.as_str();
    let word = |c: char| c.is_ascii_alphanumeric() || " :/._!-".contains(c);
    let fit = !kind.is_empty() && kind.len() <= 128 && kind.chars().all(word) && !reveals(notice, kind);
    if fit { kind } else { &notice.family }
}

/// The id where it is a number that says nothing, such as a UUID or a hash.
pub(crate) fn id(text: &str) -> Option<&str> {
    let fit = (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    fit.then_some(text)
}

/// Whether a text has an account number, an IP address, or a name that the page gives as a fact.
///
/// Regions are no secret: console addresses have them.
fn reveals(notice: &Notice, text: &str) -> bool {
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
    use crate::builders::page;

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
    fn what_stands_beside_a_page_is_told_only_where_its_writer_knew_nothing_that_is_left_out() {
        let beside = |left_out: &[Place]| Beside { lines: vec!["a".to_owned()], left_out: left_out.to_vec() };
        let told = |knew_not: &[Place], leave_out: &[Place]| {
            let notice = Notice { beside: Some(beside(knew_not)), ..page().notice };
            reduced(&notice, leave_out).beside.is_some()
        };
        assert!(told(&[], &[]) && told(&[Place::Cluster, Place::Region], &[Place::Region]));
        assert!(
            !told(&[], &[Place::Region]) && !told(&[Place::Cluster], &[Place::Cluster, Place::Namespace])
        );
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
