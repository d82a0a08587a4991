//! Where things are: their namespaces and clusters, for those who have a role in some of them alone.

use std::collections::BTreeMap;

use serde_json::Value;
use watchfire_core::act::Target;
use watchfire_core::command::CommandKind;
use watchfire_core::event::Subject;
use watchfire_core::ids::{ApprovalId, IncidentKey, SilenceId};
use watchfire_core::journal::Entry;
use watchfire_core::silence::Extension;
use watchfire_core::state::{Key, Record, State};

use super::Router;
use crate::identity::Place;
use crate::responder::Named;
use crate::store;

/// So many decisions of an incident are looked at.
pub(super) const LOOKED_AT: usize = 200;

impl Router {
    /// What a command would touch. What is not known is nowhere: only a role that is had anywhere will do then.
    ///
    /// # Errors
    /// The store's.
    pub async fn place_of(&self, wish: &CommandKind, on: Option<&Named>) -> Result<Place, store::Error> {
        match wish {
            CommandKind::Acknowledge(key)
            | CommandKind::Take(key)
            | CommandKind::Unacknowledge(key)
            | CommandKind::Resolve(key)
            | CommandKind::Reassign { incident: key, to: _ }
            | CommandKind::Annotate { incident: key, with: _ }
            | CommandKind::FollowUp { incident: key, text: _, to: _ }
            | CommandKind::Release(key) => self.place_of_incident(key).await,
            CommandKind::Approve(id) | CommandKind::Deny(id) => self.place_of_plan(id).await,
            CommandKind::Act(_) => Ok(match on {
                Some(Named::Pod { namespace, name: _ }) => self.ours(namespace),
                Some(Named::Node { name: _ }) | None => Place::everywhere(),
            }),
            CommandKind::Propose { incident, action: _ } => {
                let of_incident = self.place_of_incident(incident).await?;
                Ok(match on {
                    Some(Named::Pod { namespace, name: _ }) => of_incident.and(self.ours(namespace)),
                    Some(Named::Node { name: _ }) | None => Place::everywhere(),
                })
            }
            CommandKind::SwitchOff | CommandKind::SwitchOn => Ok(Place::everywhere()),
            CommandKind::Silence(draft) => Ok(of_pattern(&draft.matches)),
            CommandKind::Expire(id) | CommandKind::Extend(Extension { silence: id, ends_at: _ }) => {
                self.place_of_silence(id).await
            }
        }
    }

    /// Where an incident is: all that its events named, and what was done something to on its account.
    ///
    /// # Errors
    /// The store's.
    pub async fn place_of_incident(&self, incident: &IncidentKey) -> Result<Place, store::Error> {
        let mut state = State::default();
        let keys = [Key::Incident(incident.clone()), Key::PageDraft(incident.clone())];
        self.store.load(&keys, &mut state).await?;
        let mut places = Places::default();
        let entries = self.store.timeline(incident, LOOKED_AT).await?;
        if entries.len() >= LOOKED_AT {
            // What is older may have been elsewhere.
            return Ok(Place::everywhere());
        }
        places.entries(&entries);
        if let Some(draft) = state.page_draft(incident) {
            places.subject(&draft.face.subject);
        }
        let targets = state.incident(incident).into_iter().flat_map(|record| &record.targets);
        let targets: Vec<_> = targets.cloned().collect();
        let keys: Vec<_> = targets.iter().cloned().map(Key::Target).collect();
        self.store.load(&keys, &mut state).await?;
        targets.iter().filter_map(|key| state.target(key)).for_each(|record| places.target(&record.target));
        Ok(places.all())
    }

    /// Where what was decided was about.
    pub fn place_of_entries(entries: &[Entry]) -> Place {
        let mut places = Places::default();
        places.entries(entries);
        places.all()
    }

    /// Where each incident is, by what was last said of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn places(&self) -> Result<BTreeMap<String, Place>, store::Error> {
        let gather = |found: &mut BTreeMap<String, Place>, key: &str, record| {
            if let Record::PageDraft(draft) = record {
                found.insert(key.to_owned(), of_subject(&draft.face.subject));
            }
        };
        self.store.fold_records(Key::PAGE_DRAFTS, BTreeMap::new(), gather).await
    }

    /// Where a target is, which is in our cluster.
    pub fn place_of_target(&self, target: &Target) -> Place {
        target_namespace(target).map_or_else(Place::everywhere, |namespace| self.ours(namespace))
    }

    pub(super) async fn place_of_plan(&self, id: &ApprovalId) -> Result<Place, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Approval(id.clone())], &mut state).await?;
        let record = state.approval(id);
        Ok(record.map_or_else(Place::everywhere, |record| self.place_of_target(&record.act.target)))
    }

    async fn place_of_silence(&self, id: &SilenceId) -> Result<Place, store::Error> {
        let silences = self.silences().await?;
        let silence = silences.iter().find(|silence| silence.id == *id);
        Ok(silence.map_or_else(Place::everywhere, |silence| of_pattern(&silence.matches)))
    }

    fn ours(&self, namespace: &str) -> Place {
        let set = self.in_force();
        let cluster = set.policy.mitigation.cluster.as_ref().map(|cluster| cluster.name.as_str());
        Place::of(Some(namespace), cluster)
    }
}

/// Places of several things. Where one of them says nothing of its namespace, none is known of all.
#[derive(Default)]
struct Places(Vec<Place>);

impl Places {
    fn subject(&mut self, subject: &Subject) {
        self.0.push(of_subject(subject));
    }

    fn entries(&mut self, entries: &[Entry]) {
        let faces = entries.iter().filter_map(|entry| entry.decision.face.as_ref());
        faces.for_each(|face| self.subject(&face.subject));
    }

    fn target(&mut self, target: &Target) {
        let namespace = target_namespace(target);
        // It is in our cluster, as the incident is.
        let clusters = self.0.iter().flat_map(|place| place.clusters.iter().cloned()).collect();
        self.0.push(Place { clusters, ..Place::of(namespace, None) });
    }

    fn all(self) -> Place {
        let union = |of: fn(&Place) -> &std::collections::BTreeSet<String>| {
            let is_known = self.0.iter().all(|place| !of(place).is_empty());
            let names = self.0.iter().flat_map(|place| of(place).iter().cloned());
            if is_known { names.collect() } else { Default::default() }
        };
        Place { namespaces: union(|place| &place.namespaces), clusters: union(|place| &place.clusters) }
    }
}

pub(super) fn of_subject(subject: &Subject) -> Place {
    Place::of(subject.namespace.as_deref(), subject.cluster.as_deref())
}

fn target_namespace(target: &Target) -> Option<&str> {
    match target {
        Target::Pod(object) | Target::Workload(object) => Some(object.namespace.as_str()),
        Target::Node(_) | Target::Image(_) | Target::Event => None,
    }
}

/// The only namespaces and clusters that a pattern can match; none of what it does not name one by one.
fn of_pattern(pattern: &str) -> Place {
    let pattern: Value = serde_json::from_str(pattern).unwrap_or_default();
    // Either of several would have to be looked at each for itself.
    if pattern.get("$or").is_some() || pattern["subject"].get("$or").is_some() {
        return Place::everywhere();
    }
    let named = |part: &str| {
        let values = pattern["subject"][part].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Option<_> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        names.unwrap_or_default()
    };
    Place { namespaces: named("namespace"), clusters: named("cluster") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_pattern_is_where_it_names_each_namespace_and_everywhere_else_where_it_does_not() {
        for (pattern, namespaces, clusters) in [
            (r#"{"subject": {"namespace": ["shop"]}}"#, &["shop"][..], &[][..]),
            (
                r#"{"subject": {"namespace": ["shop", "pay"], "cluster": ["prod"]}}"#,
                &["pay", "shop"],
                &["prod"],
            ),
            (r#"{"subject": {"namespace": ["shop", {"prefix": "pay"}]}}"#, &[], &[]),
            (r#"{"subject": {"namespace": [{"anything-but": ["shop"]}]}}"#, &[], &[]),
            (r#"{"subject": {"namespace": ["shop", null]}}"#, &[], &[]),
            (r#"{"subject": {"pod": ["cart-0"]}}"#, &[], &[]),
            (r#"{"$or": [{"subject": {"namespace": ["shop"]}}, {"priority": ["P2"]}]}"#, &[], &[]),
            (r#"{"subject": {"namespace": ["shop"], "$or": [{"pod": ["a"]}, {"pod": ["b"]}]}}"#, &[], &[]),
            ("{}", &[], &[]),
            ("not JSON", &[], &[]),
        ] {
            let expected = Place { namespaces: names(namespaces), clusters: names(clusters) };
            assert_eq!(of_pattern(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn of_several_things_all_namespaces_count_and_one_that_says_none_leaves_none_known() {
        let mut places = Places::default();
        let subject = |namespace: Option<&str>| Subject {
            namespace: namespace.map(str::to_owned),
            cluster: Some("prod".to_owned()),
            ..Subject::default()
        };
        places.subject(&subject(Some("shop")));
        places.subject(&subject(Some("pay")));
        let both = Place { namespaces: names(&["pay", "shop"]), clusters: names(&["prod"]) };
        assert_eq!(Places(places.0.clone()).all(), both);
        places.subject(&subject(None));
        assert_eq!(places.all(), Place { namespaces: BTreeSet::new(), clusters: names(&["prod"]) });
        assert_eq!(Places::default().all(), Place::everywhere());
    }
}
