//! What goes into the audit trail about a command: with its decision, or not at all.

use serde_json::{Map, Value};

use super::{Asked, Command, CommandKind};
use crate::audit::{Actor, AuditEntry, difference, short};
use crate::decision::{Caller, Decision};
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// Those who show the token of all operators, where nothing else is said of them.
const OPERATORS: &str = "operator-token";
/// How those are known whose names the configuration gives: by whichever of these ways, one name is one person.
const NAMED_BY_US: [&str; 2] = ["token", "slack"];

impl Asked<'_> {
    /// The decision, with its entry in the trail.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub(super) fn audited(&self, decision: Decision, state: &State) -> Result<Decision, Unread> {
        // Where there is no room for a merge it is decided anew.
        let Some((before, after)) = changed(&decision, state) else { return Ok(decision) };
        let Command { id, reason, wish, .. } = self.command;
        let declined = (decision.why == Why::Declined).then(|| {
            let reasons: Vec<_> = decision.withheld.iter().map(|not| not.reason.to_string()).collect();
            clean(&reasons.join("; "), 600)
        });
        let entry = AuditEntry {
            number: 0,
            previous: String::new(),
            at: decision.at,
            who: self.actor(),
            what: wish.as_str().to_owned(),
            on: self.on(&decision),
            reason: clean(reason, 300),
            declined,
            decision: id.clone(),
            before,
            after,
        };
        enter(decision, entry, state)
    }

    /// What tells whoever asks from others, whatever they call themselves: all who show one token are one.
    pub(super) fn person(&self) -> String {
        let Command { by, via, caller, .. } = self.command;
        match (caller.as_deref(), via) {
            (Some(Caller { how, .. }), _) if NAMED_BY_US.contains(&how.as_str()) => {
                format!("{}:{by}", NAMED_BY_US[0])
            }
            (Some(Caller { how, subject, says: _ }), _) => {
                format!("{how}:{}", subject.as_ref().unwrap_or(by))
            }
            (None, Some(via)) => format!("channel {via}:{by}"),
            (None, None) => OPERATORS.to_owned(),
        }
    }

    fn actor(&self) -> Actor {
        let Command { by, via, caller, from, .. } = self.command;
        let (name, from) = (clean(by, 200), from.clone());
        match caller.as_deref() {
            Some(Caller { how, subject, says }) => {
                let (how, subject, says) = (how.clone(), subject.clone(), says.clone());
                Actor { name, how, subject, says, from }
            }
            None => {
                let how = via.as_ref().map_or(OPERATORS.to_owned(), |via| format!("channel {via}"));
                Actor { name, how, from, ..Actor::default() }
            }
        }
    }

    fn on(&self, decision: &Decision) -> String {
        match &self.command.wish {
            CommandKind::Approve(id) | CommandKind::Deny(id) => id.to_string(),
            CommandKind::Act(_) => clean(&self.named(), 300),
            CommandKind::Propose { incident, action } => {
                let named = format!("{incident}: {} of {}", action.as_str(), self.named());
                clean(&named, 300)
            }
            CommandKind::Silence(draft) => clean(&draft.matches, 300),
            CommandKind::Expire(id) => id.to_string(),
            CommandKind::Extend(extension) => extension.silence.to_string(),
            CommandKind::SwitchOff | CommandKind::SwitchOn => String::new(),
            CommandKind::Release(incident)
            | CommandKind::Acknowledge(incident)
            | CommandKind::Take(incident)
            | CommandKind::Unacknowledge(incident)
            | CommandKind::Resolve(incident)
            | CommandKind::Reassign { incident, to: _ }
            | CommandKind::Annotate { incident, with: _ }
            | CommandKind::FollowUp { incident, text: _, to: _ } => {
                decision.incident.as_ref().unwrap_or(incident).to_string()
            }
        }
    }
}

/// The decision, with that as the next entry of the trail.
///
/// # Errors
/// What has to be read into the state first.
pub(super) fn enter(mut decision: Decision, entry: AuditEntry, state: &State) -> Result<Decision, Unread> {
    let head = state.audit_head();
    state.need(Key::Audit(head.number + 1))?;
    let (record, head) = head.next(entry);
    decision.changes.insert(Key::Audit(head.number), Record::Audit(Box::new(record)));
    decision.changes.insert(Key::AuditHead, Record::AuditHead(head));
    Ok(decision)
}

/// How what it changes was, and is; none where it has to be decided anew.
fn changed(decision: &Decision, state: &State) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let after = decision.comes_to(|key| state.record(key).cloned())?;
    let (mut was, mut is) = (Map::new(), Map::new());
    for (key, record) in after.iter().filter(|(key, _)| is_told(key)) {
        let of = |record: Option<&Record>| record.map_or(Value::Null, content);
        if let Some((before, after)) = difference(&of(state.record(key)), &of(Some(record))) {
            was.insert(key.to_string(), short(before));
            is.insert(key.to_string(), short(after));
        }
    }
    Some((was, is))
}

/// What a record says, without its kind.
fn content(record: &Record) -> Value {
    match serde_json::to_value(record) {
        Ok(Value::Object(kinds)) => kinds.into_iter().next().map_or(Value::Null, |(_, content)| content),
        Ok(_) | Err(_) => Value::Null,
    }
}

/// Whether it is something that somebody changes; the rest is how it is worded, counted and put together.
fn is_told(key: &Key) -> bool {
    match key {
        Key::Incident(_)
        | Key::Annotations(_)
        | Key::Target(_)
        | Key::Approval(_)
        | Key::Switch
        | Key::Silences => true,
        Key::Finding(_)
        | Key::Triage(_)
        | Key::TriageSpent
        | Key::Budget
        | Key::Tally(_)
        | Key::PageDraft(_)
        | Key::Inhibition(_)
        | Key::Bundle(_)
        | Key::Limit(_)
        | Key::Storm(_)
        | Key::Digest
        | Key::DigestLine(..)
        | Key::DigestEdition(_)
        | Key::DigestDays
        | Key::DigestContents(_)
        | Key::Audit(_)
        | Key::AuditHead => false,
    }
}
