//! What a page says: plain facts in order, cleaned of what could hurt a reader's screen or a channel.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, FindingKey, IncidentKey, RuleName};
use crate::priority::Priority;

/// A page's content, before any channel gives it its form.
///
/// All text in it is already cleaned by [`clean`]: one line each, no control or direction-changing
/// characters, bounded in length. It is still hostile: a channel that has markup must escape it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// How soon to respond.
    pub priority: Priority,
    /// One line, at most 200 characters: what happened to what.
    pub title: String,
    /// A paragraph, at most 1,000 characters; may be empty.
    pub description: String,
    /// Why this page is sent now: new, a rise, a repeat.
    pub why: String,
    /// The rule that classified it.
    pub rule: RuleName,
    /// What happened, whoever says so: part of the incident's identity.
    pub family: String,
    /// The finding's type, or the detail-type where there is no finding.
    pub kind: String,
    /// The finder, such as `guardduty`, or the event's source.
    pub source: String,
    /// The finding's severity as `8.0 HIGH`; empty where there is none.
    pub severity: String,
    /// Label and value, the most telling first: cluster, namespace, pod, image, account, region.
    pub facts: Vec<(String, String)>,
    /// What the rule wanted done and was not, each with its reason.
    pub withheld: Vec<String>,
    /// Label and https address: the runbook, the console.
    pub links: Vec<(String, String)>,
    /// The incident it belongs to.
    pub incident: IncidentKey,
    /// The finding; none for an event that is not one.
    pub finding: Option<FindingKey>,
    /// The event that caused it.
    pub event: EventId,
    /// When the event happened, by its own account.
    pub at: Option<Timestamp>,
    /// A sample: every form of it must say so.
    pub sample: bool,
}

/// Makes hostile text fit for one line on anyone's screen: control and direction-changing characters
/// become spaces, runs of white space become one, and what is over `most` characters is cut with `…`.
pub fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    let mut length = 0;
    let visible = text.chars().map(|c| if is_unfit(c) { ' ' } else { c });
    for c in visible {
        if c == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if length == most {
            out.pop();
            out.push('…');
            break;
        }
        out.push(c);
        length += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

fn is_unfit(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
