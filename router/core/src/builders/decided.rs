//! What was decided: a page, the decision that sends it, its entry in the journal.

use std::collections::BTreeMap;

use super::at;
use crate::decision::{Cause, Decision, Effect, When};
use crate::hash::sha256;
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, FindingKey, IncidentKey, RuleName};
use crate::journal::Entry;
use crate::notice::{Fact, Group, Notice};
use crate::priority::Priority;
use crate::verdict::{EffectKind, Verdict, Why};

/// What is said of a miner in the pod `shop/pay-1`, without a head.
pub fn notice() -> Notice {
    let fact = |label: &str, value: &str| Fact::new(Group::Where, label, value);
    let finding = "arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f";
    let event = EventId::new("7bf73129-1428-4cd3-a780-95db273d1602");
    Notice {
        title: "Bitcoin miner in pod shop/pay-1".to_owned(),
        description: "A container asked for a name that mining pools use.".to_owned(),
        why: "first report of this incident".to_owned(),
        rule: RuleName::new("miner-in-a-pod"),
        family: "crypto-mining".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        source: "guardduty".to_owned(),
        severity: "8.0 HIGH".to_owned(),
        facts: vec![
            fact("cluster", "prod-1"),
            fact("pod", "pay-1"),
            fact("account", "123456789012"),
            fact("region", "us-gov-west-1"),
        ],
        withheld: vec!["quarantine: not built yet".into()],
        links: vec![("Runbook".to_owned(), "https://runbooks.example.com/mining".to_owned())],
        finding: Some(FindingKey::new(finding)),
        at: Some(at("2026-11-20T02:58:11Z")),
        ..Notice::empty(Priority::P0, &IncidentKey::new("v1:5f3c9a"), &event)
    }
}

/// The page that says so, to `oncall`.
pub fn page() -> Effect {
    Effect {
        id: EffectId::new("page:oncall"),
        kind: EffectKind::Page,
        channel: ChannelName::new("oncall"),
        when: When::Now,
        dedup_key: DedupKey::new("v1:5f3c9a:2"),
        notice: notice(),
    }
}

/// That a new miner is to be paged, before anything is done about it: no effects, no acts, no changes.
pub fn decision(event: &str) -> Decision {
    Decision {
        event: EventId::new(event),
        source: "aws.guardduty".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        finding: Some(FindingKey::new("finding-1")),
        subject: "prod pods/shop/cart-0".to_owned(),
        at: at("2026-11-20T12:00:00Z"),
        rule: RuleName::new("miner"),
        family: "crypto-mining".to_owned(),
        priority: Priority::P0,
        verdict: Verdict::Page,
        why: Why::New,
        incident: Some(IncidentKey::new("incident-1")),
        // An event has attributes, for which a test would have to say more.
        cause: Cause::Timer,
        routes: Vec::new(),
        effects: Vec::new(),
        acts: Vec::new(),
        face: None,
        withheld: Vec::new(),
        edits: Vec::new(),
        changes: BTreeMap::new(),
        merges: Vec::new(),
    }
}

/// The decision as it is committed: all of it pending.
pub fn entry(decision: Decision) -> Entry {
    let raw = "{}".to_owned();
    Entry { decision, sha256: sha256(&raw), raw, outcomes: BTreeMap::new() }
}
