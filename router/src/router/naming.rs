//! What people call things: any beginning of an id that stands for one thing alone, with or without `wf1-`.
//!
//! This is the one place where a name becomes an id, for commands and for whoever looks, as far as they may. What a sender may write never
//! takes the place of an incident: an event that is called as an incident's key begins makes the name ambiguous.

use std::collections::BTreeSet;
use std::fmt;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use watchfire_core::command::CommandKind;
use watchfire_core::containment::TargetRecord;
use watchfire_core::drill::drilled;
use watchfire_core::ids::{ApprovalId, FindingKey, IncidentKey, SilenceId};
use watchfire_core::journal::Entry;
use watchfire_core::silence::Extension;
use watchfire_core::state::{Key, State};
use watchfire_core::text::clean;

use super::Router;
use super::approving::{Unclear, Verb};
use super::sight::Sight;
use crate::store;

/// What the keys of incidents begin with, which nobody has to type.
const INCIDENT: &str = "wf1-";
/// What the ids of silences begin with.
const SILENCE: &str = "s-";
/// No id is shown with fewer characters.
const SHORTEST: usize = 8;
/// So many candidates are named, the others counted.
const CANDIDATES: usize = 10;
/// So many events are looked at for a name, and so many incidents and approvals.
const EVENTS: usize = 50;
const NAMED: usize = 50;
/// Of so many incidents it is looked at a time what else is called so.
const SIDE_BY_SIDE: usize = 16;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant<T> {
    /// This.
    One(T),
    /// Nothing that is known.
    Nothing,
    /// More than one thing.
    Several(Ambiguous),
}

/// A name that stands for more than one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The name.
    pub name: String,
    /// What it may stand for, each by a name that stands for nothing else; ten at most.
    pub candidates: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// What can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// An incident.
    Incident(IncidentKey),
    /// A finding, and the incident it belongs to.
    Finding(FindingKey, IncidentKey),
    /// All events of that name.
    Event(String),
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, candidates, more } = self;
        let which = if candidates.is_empty() { "several things".to_owned() } else { candidates.join(", ") };
        write!(out, "`{}` may be any of {which}", clean(name, 100))?;
        if *more > 0 {
            write!(out, " and {more} more")?;
        }
        out.write_str("; type more of the one that is meant")
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Incident(key) => key.fmt(out),
            Thing::Finding(key, _) => write!(out, "the finding {}", clean(key.as_str(), 200)),
            Thing::Event(name) => write!(out, "the event {}", clean(name, 200)),
        }
    }
}

impl<T> Meant<T> {
    /// The one, if there is one.
    pub fn one(self) -> Option<T> {
        if let Meant::One(one) = self { Some(one) } else { None }
    }
}

impl<T: Ord + fmt::Display> Meant<T> {
    fn of(name: &str, mut found: BTreeSet<T>) -> Self {
        match found.len() {
            0 => Meant::Nothing,
            1 => found.pop_first().map_or(Meant::Nothing, Meant::One),
            many => Meant::Several(Ambiguous {
                name: name.to_owned(),
                candidates: found.iter().take(CANDIDATES).map(T::to_string).collect(),
                more: many.saturating_sub(CANDIDATES),
            }),
        }
    }

    /// The one, or the name as it was typed where there is none: then it is said that there is none.
    fn or(self, typed: T) -> Result<T, Ambiguous> {
        match self {
            Meant::One(one) => Ok(one),
            Meant::Nothing => Ok(typed),
            Meant::Several(ambiguous) => Err(ambiguous),
        }
    }
}

impl Router {
    /// What is meant by a name: an incident's key, a finding's, or what senders call events, whole or, but for
    /// findings, only its beginning.
    ///
    /// # Errors
    /// The store's.
    pub async fn meant(&self, name: &str, sight: Sight<'_>) -> Result<Meant<Thing>, store::Error> {
        Ok(Meant::of(name, self.things(name, sight).await?))
    }

    /// What a human asks for, with whole ids in place of what they typed. What stands for nothing stays as it is.
    ///
    /// # Errors
    /// The store's.
    pub async fn whole(
        &self,
        wish: CommandKind,
        sight: Sight<'_>,
    ) -> Result<Result<CommandKind, Unclear>, store::Error> {
        let incident = async |typed: IncidentKey| {
            let meant = self.incident_meant(typed.as_str(), sight).await?;
            Ok::<_, store::Error>(meant.or(typed).map_err(Unclear::from))
        };
        Ok(match wish {
            CommandKind::Acknowledge(typed) => incident(typed).await?.map(CommandKind::Acknowledge),
            CommandKind::Take(typed) => incident(typed).await?.map(CommandKind::Take),
            CommandKind::Unacknowledge(typed) => incident(typed).await?.map(CommandKind::Unacknowledge),
            CommandKind::Resolve(typed) => incident(typed).await?.map(CommandKind::Resolve),
            CommandKind::Release(typed) => incident(typed).await?.map(CommandKind::Release),
            CommandKind::Reassign { incident: typed, to } => {
                incident(typed).await?.map(|incident| CommandKind::Reassign { incident, to })
            }
            CommandKind::Annotate { incident: typed, with } => {
                incident(typed).await?.map(|incident| CommandKind::Annotate { incident, with })
            }
            CommandKind::FollowUp { incident: typed, text, to } => {
                incident(typed).await?.map(|incident| CommandKind::FollowUp { incident, text, to })
            }
            CommandKind::Propose { incident: typed, action } => {
                incident(typed).await?.map(|incident| CommandKind::Propose { incident, action })
            }
            CommandKind::Approve(typed) => self.answer_meant(Verb::Approve, typed, sight).await?,
            CommandKind::Deny(typed) => self.answer_meant(Verb::Deny, typed, sight).await?,
            CommandKind::Expire(typed) => {
                let silence = self.silence_meant(typed.as_str()).await?.or(typed);
                silence.map(CommandKind::Expire).map_err(Unclear::from)
            }
            CommandKind::Extend(Extension { silence, ends_at }) => {
                let silence = self.silence_meant(silence.as_str()).await?.or(silence);
                silence
                    .map(|silence| CommandKind::Extend(Extension { silence, ends_at }))
                    .map_err(Unclear::from)
            }
            CommandKind::Act(_)
            | CommandKind::SwitchOff
            | CommandKind::SwitchOn
            | CommandKind::Silence(_) => Ok(wish),
        })
    }

    /// The incident that a name stands for: its own key, or a finding or event that belongs to it.
    pub(super) async fn incident_meant(
        &self,
        name: &str,
        sight: Sight<'_>,
    ) -> Result<Meant<IncidentKey>, store::Error> {
        let mut incidents = BTreeSet::new();
        for thing in self.things(name, sight).await? {
            match thing {
                Thing::Incident(incident) | Thing::Finding(_, incident) => {
                    incidents.insert(incident);
                }
                Thing::Event(name) => {
                    let entries = self.entries_named(&name, sight).await?;
                    incidents.extend(entries.into_iter().filter_map(|entry| entry.decision.incident));
                }
            }
        }
        Ok(Meant::of(name, incidents))
    }

    /// What was decided about events of that name, the newest last.
    pub(super) async fn entries_named(
        &self,
        name: &str,
        sight: Sight<'_>,
    ) -> Result<Vec<Entry>, store::Error> {
        let mut found = Vec::new();
        for event in self.store.named(name, EVENTS).await? {
            if let Some(entry) = self.store.find(&event).await?
                && self.sees_entry(sight, &entry).await?
            {
                found.push(entry);
            }
        }
        found.sort_by_key(|entry| entry.decision.at);
        Ok(found)
    }

    /// What senders call the events that a name stands for: just so, or beginning so; a drill by its own event's.
    pub(super) async fn events_meant(
        &self,
        name: &str,
        sight: Sight<'_>,
    ) -> Result<Meant<String>, store::Error> {
        let called = self.events_called(name, sight).await?;
        match drilled(name).filter(|_| called.is_empty()) {
            Some(drill) => Ok(Meant::of(name, self.events_called(drill, sight).await?)),
            None => Ok(Meant::of(name, called)),
        }
    }

    async fn events_called(&self, name: &str, sight: Sight<'_>) -> Result<BTreeSet<String>, store::Error> {
        if name.trim().is_empty() {
            return Ok(BTreeSet::new());
        }
        for event in self.store.named(name, sight.asked_for(1)).await? {
            if self.sees_event(sight, &event).await? {
                return Ok(BTreeSet::from([name.to_owned()]));
            }
        }
        let mut called = BTreeSet::new();
        for event in self.store.beginning(name, sight.asked_for(EVENTS)).await? {
            if self.sees_event(sight, &event).await? {
                called.insert(event.shown());
            }
        }
        Ok(called)
    }

    async fn things(&self, name: &str, sight: Sight<'_>) -> Result<BTreeSet<Thing>, store::Error> {
        let mut things = BTreeSet::new();
        if name.trim().is_empty() {
            return Ok(things);
        }
        let whole = [name.to_owned(), format!("{INCIDENT}{name}")].map(IncidentKey::new);
        let finding = FindingKey::new(name);
        let mut state = State::default();
        let keys = whole.clone().map(Key::Incident).into_iter().chain([Key::Finding(finding.clone())]);
        self.store.load(&keys.collect::<Vec<_>>(), &mut state).await?;
        for key in whole {
            if state.incident(&key).is_some() && self.sees_incident(sight, &key).await? {
                return Ok(BTreeSet::from([Thing::Incident(key)]));
            }
        }
        for beginning in [name.to_owned(), format!("{INCIDENT}{name}")] {
            for key in self.incidents_called(&beginning, sight.asked_for(NAMED)).await? {
                if self.sees_incident(sight, &key).await? {
                    things.insert(Thing::Incident(key));
                }
            }
        }
        if let Some(known) = state.finding(&finding)
            && self.sees_incident(sight, &known.incident).await?
        {
            things.insert(Thing::Finding(finding, known.incident.clone()));
        }
        if is_whole_key(name) {
            // A sender may call an event so: nobody means that.
            return Ok(things);
        }
        things.extend(self.events_called(name, sight).await?.into_iter().map(Thing::Event));
        if let Some(drill) = drilled(name).filter(|_| things.is_empty()) {
            things.extend(self.events_called(drill, sight).await?.into_iter().map(Thing::Event));
        }
        Ok(things)
    }

    pub(super) async fn approval_meant(
        &self,
        name: &str,
        sight: Sight<'_>,
    ) -> Result<Meant<ApprovalId>, store::Error> {
        if name.trim().is_empty() {
            return Ok(Meant::Nothing);
        }
        let most = sight.asked_for(NAMED);
        let known = self.store.keys(&format!("{}{name}", Key::APPROVALS), most).await?;
        let mut seen = Vec::new();
        for id in known.iter().filter_map(|key| key.strip_prefix(Key::APPROVALS)) {
            if self.sees_plan(sight, &ApprovalId::new(id)).await? {
                seen.push(id.to_owned());
            }
        }
        Ok(of_beginnings(name, &[""], seen.into_iter(), ApprovalId::new))
    }

    /// The silence that a name stands for.
    ///
    /// # Errors
    /// The store's.
    pub async fn silence_meant(&self, name: &str) -> Result<Meant<SilenceId>, store::Error> {
        let known = self.silences().await?.into_iter().map(|silence| silence.id.as_str().to_owned());
        Ok(of_beginnings(name, &["", SILENCE], known, SilenceId::new))
    }

    /// The incidents whose keys begin so; no more than `most`.
    async fn incidents_called(&self, beginning: &str, most: usize) -> Result<Vec<IncidentKey>, store::Error> {
        let keys = self.store.keys(&format!("{}{beginning}", Key::INCIDENTS), most).await?;
        Ok(keys.iter().filter_map(|key| key.strip_prefix(Key::INCIDENTS).map(IncidentKey::new)).collect())
    }

    /// Of each of these the shortest beginning that stands for nothing else, neither of them nor of all others, no event
    /// either. What that costs follows how many they are, not how many there are.
    pub(super) async fn shorts(&self, keys: &[IncidentKey]) -> Result<Vec<String>, store::Error> {
        let mut names: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
        names.sort_unstable();
        let shorts: Vec<_> = keys.iter().map(|key| self.short(&names, key)).collect();
        stream::iter(shorts).buffered(SIDE_BY_SIDE).try_collect().await
    }

    async fn short(&self, names: &[String], key: &IncidentKey) -> Result<String, store::Error> {
        let mut short = shortest(names, key.as_str());
        let whole = key.as_str().strip_prefix(INCIDENT).unwrap_or(key.as_str());
        while short.len() < whole.len() && self.is_taken(&short, key).await? {
            let next = whole[short.len()..].chars().next().map_or(0, char::len_utf8);
            short = whole[..short.len() + next].to_owned();
        }
        Ok(short)
    }

    /// Whether another incident, or an event, is called something that begins so.
    async fn is_taken(&self, short: &str, key: &IncidentKey) -> Result<bool, store::Error> {
        let head = if key.as_str().starts_with(INCIDENT) { INCIDENT } else { "" };
        let beginning = format!("{head}{short}");
        let (incidents, events) =
            tokio::try_join!(self.incidents_called(&beginning, 2), self.store.beginning(short, 1))?;
        Ok(!events.is_empty() || incidents.iter().any(|known| known != key))
    }

    /// What is held, each with the short name of its incident.
    ///
    /// # Errors
    /// The store's.
    pub async fn held_with_names(&self) -> Result<Vec<(TargetRecord, String)>, store::Error> {
        let held = self.held().await?;
        let incidents: Vec<_> = held.iter().map(|target| target.incident.clone()).collect();
        Ok(held.into_iter().zip(self.shorts(&incidents).await?).collect())
    }
}

/// Whether it is an incident's whole key, be there such an incident or not.
fn is_whole_key(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.strip_prefix(INCIDENT).is_some_and(|hash| hash.len() == 32 && hash.bytes().all(is_digit))
}

/// What begins with a name, or with one of these and the name; where something is called just so, that alone.
fn of_beginnings<T: Ord + fmt::Display>(
    name: &str,
    before: &[&str],
    known: impl Iterator<Item = String>,
    id: impl Fn(String) -> T,
) -> Meant<T> {
    if name.trim().is_empty() {
        return Meant::Nothing;
    }
    let names: Vec<_> = before.iter().map(|before| format!("{before}{name}")).collect();
    let found: BTreeSet<String> =
        known.filter(|known| names.iter().any(|name| known.starts_with(name.as_str()))).collect();
    let whole = names.iter().find(|name| found.contains(*name));
    let found = whole.map_or(found.clone(), |whole| BTreeSet::from([whole.clone()]));
    Meant::of(name, found.into_iter().map(id).collect())
}

/// The shortest beginning of an id, of at least eight characters and without `wf1-`, that no other of these has, which
/// are in order.
pub fn shortest(all: &[String], id: &str) -> String {
    let common = |other: &String| {
        let same = id.char_indices().zip(other.chars()).take_while(|((_, one), other)| one == other);
        same.last().map_or(0, |((at, one), _)| at + one.len_utf8())
    };
    let place = all.partition_point(|known| known.as_str() < id);
    let before = place.checked_sub(1).and_then(|before| all.get(before));
    let after = all[place..].iter().find(|known| known.as_str() != id);
    let shared = before.into_iter().chain(after).map(common).max().unwrap_or(0);
    let head = if id.starts_with(INCIDENT) { INCIDENT.len() } else { 0 };
    let needed = id[shared..].chars().next().map_or(shared, |next| shared + next.len_utf8());
    let least = id.char_indices().nth(head + SHORTEST).map_or(id.len(), |(at, _)| at);
    id[head..needed.max(least)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn an_id_is_shown_as_far_as_no_other_begins_and_with_eight_characters_at_least() {
        let known =
            all(&["wf1-00aabbccddee", "wf1-00aabbccdfff", "wf1-11", "wf1-é23456789ä", "wf1-é23456789ö"]);
        let shown: Vec<_> = known.iter().map(|id| shortest(&known, id)).collect();
        assert_eq!(shown, ["00aabbccdd", "00aabbccdf", "11", "é23456789ä", "é23456789ö"]);
        assert_eq!(shortest(&all(&["434a6bc06491"]), "434a6bc06491"), "434a6bc0");
        assert_eq!(shortest(&[], "wf1-0123456789"), "01234567");
    }

    #[test]
    fn what_is_called_just_so_is_meant_although_others_begin_so() {
        let meant = |name: &str| {
            let known = all(&["s-1", "s-10", "s-2a", "window:night:1"]).into_iter();
            of_beginnings(name, &["", "s-"], known, SilenceId::new)
        };
        let one = |id: &str| Meant::One(SilenceId::new(id));
        assert_eq!(
            ["s-1", "1", "s-2", "2a", "win"].map(meant),
            ["s-1", "s-1", "s-2a", "s-2a", "window:night:1"].map(one)
        );
        assert!(["", " ", "3", "night"].map(meant).iter().all(|meant| *meant == Meant::Nothing));
        let Meant::Several(ambiguous) = meant("s-") else { panic!("it is one") };
        assert_eq!(
            ambiguous.to_string(),
            "`s-` may be any of s-1, s-10, s-2a; type more of the one that is meant"
        );
    }
}
