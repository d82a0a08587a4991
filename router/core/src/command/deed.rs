//! What somebody did that is no command, such as having the configuration read again: in the journal and the audit trail.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::audited::enter;
use crate::audit::{Actor, AuditEntry, short};
use crate::decision::{Caller, Cause, Decision};
use crate::draft::{Draft, Matter};
use crate::event::OWN_SOURCE;
use crate::ids::{EventId, RuleName};
use crate::known_names::BY_HAND;
use crate::priority::Priority;
use crate::state::{Key, State, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// Something that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Its own.
    pub id: EventId,
    /// Who did it.
    pub who: Actor,
    /// What.
    pub what: &'static str,
    /// How what is different was before, by its name.
    pub before: Map<String, Value>,
    /// And how it is since.
    pub after: Map<String, Value>,
}

impl Deed {
    /// The decision that records it.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let Self { id, who, what, before, after } = self;
        state.need(Key::AuditHead)?;
        let Actor { name, how, subject, says, from: _ } = who.clone();
        let by = clean(&name, 100);
        let matter = Matter {
            event: id.clone(),
            cause: Cause::Command {
                by: by.clone(),
                reason: String::new(),
                says: None,
                approves: None,
                caller: Some(Caller { how, subject, says }),
            },
            source: OWN_SOURCE.to_owned(),
            kind: format!("Command:{what}"),
            finding: None,
            subject: format!("{what} by {by}"),
            rule: RuleName::new(BY_HAND),
            family: BY_HAND.to_owned(),
            priority: Priority::P3,
            incident: None,
            face: None,
        };
        let decision = Draft::quiet(state, matter, Why::Commanded, now).build();
        let entry = AuditEntry {
            number: 0,
            previous: String::new(),
            at: now,
            who: who.clone(),
            what: (*what).to_owned(),
            on: String::new(),
            reason: String::new(),
            declined: None,
            decision: id.clone(),
            before: shortened(before),
            after: shortened(after),
        };
        enter(decision, entry, state)
    }
}

fn shortened(of: &Map<String, Value>) -> Map<String, Value> {
    of.iter().map(|(name, value)| (name.clone(), short(value.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::AuditHead;
    use crate::state::Record;

    #[test]
    fn what_somebody_did_is_the_next_entry_of_the_trail() {
        let after = Map::from_iter([("configuration".to_owned(), json!({"changed": ["noise"]}))]);
        let who = Actor { name: "ana".to_owned(), how: "token".to_owned(), ..Actor::default() };
        let before = Map::from_iter([("noise".to_owned(), json!({"storm": 5}))]);
        let (id, what) = (EventId::new("command:1"), "reload");
        let deed = Deed { id, who: who.clone(), what, before: before.clone(), after: after.clone() };
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(deed.decide(&State::default(), now), Err(Unread(vec![Key::AuditHead])));
        let mut state = State::default();
        state.insert(Key::AuditHead, 0, None);
        assert_eq!(deed.decide(&state, now), Err(Unread(vec![Key::Audit(1)])));
        state.insert(Key::Audit(1), 0, None);
        let decision = deed.decide(&state, now).expect("all was read");
        assert_eq!((decision.kind.as_str(), decision.why), ("Command:reload", Why::Commanded));
        let Some(Record::Audit(record)) = decision.changes.get(&Key::Audit(1)) else { panic!("no entry") };
        let (entry, head) = AuditHead::default().follow(&record.line).expect("it is the first");
        assert_eq!(decision.changes.get(&Key::AuditHead), Some(&Record::AuditHead(head)));
        let told = (entry.who, entry.what.as_str(), entry.before, entry.after);
        assert_eq!(told, (who, "reload", before, after));
    }
}
