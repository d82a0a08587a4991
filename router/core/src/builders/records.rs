//! What is remembered.

use std::collections::VecDeque;

use super::at;
use crate::attributes::Attributes;
use crate::event::{FindingState, Subject};
use crate::ids::{IncidentKey, RuleName, SilenceId};
use crate::incident::FindingRecord;
use crate::priority::Priority;
use crate::silence::Silence;

/// What matchers see of a miner, a P1 about that.
pub fn attributes(subject: Subject) -> Attributes {
    Attributes {
        priority: Priority::P1,
        rule: RuleName::new("miner"),
        family: "crypto-mining".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        source: "guardduty".to_owned(),
        band: None,
        team: None,
        subject,
    }
}

/// An open finding of that incident, seen once.
pub fn finding_record(incident: IncidentKey) -> FindingRecord {
    FindingRecord {
        incident,
        state: FindingState::Open,
        updated_at: Some(at("2026-11-20T11:59:59Z")),
        count: 1,
        seen_at: at("2026-11-20T12:00:00Z"),
        noted_in: None,
        ends_at: None,
        reports: VecDeque::new(),
    }
}

/// A silence that does not cover P0, made by Sam when it starts.
pub fn silence(id: &str, matches: &str, from: &str, to: &str) -> Silence {
    Silence {
        id: SilenceId::new(id),
        matches: matches.to_owned(),
        starts_at: at(from),
        ends_at: at(to),
        by: "sam".to_owned(),
        comment: "upgrade".to_owned(),
        ticket: None,
        covers_p0: false,
        made_at: at(from),
        expired_by: None,
    }
}
