//! The suspects of one workload: which of its pods they are, and the one restart that comes for all of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Containment, ContainmentState, TargetKey, TargetRecord};
use crate::act::{ActionKind, Target};
use crate::action::ActionName;
use crate::context::ObjectRef;
use crate::ids::EventId;

/// A workload is restarted that long after its first suspect was found: a restart ends the pods that nobody has
/// isolated yet, and what is in the image gives a finding for each of them.
pub const RESTARTS_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Which pods of a workload were found to be suspects lately, and its restart on their account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suspects {
    /// By UID, when each was found last.
    pods: BTreeMap<String, Timestamp>,
    /// When it is to be restarted: once for all that are found until then.
    restart_at: Option<Timestamp>,
    /// When it was.
    restarted_at: Option<Timestamp>,
    /// When it was proposed to scale it to zero.
    proposed_at: Option<Timestamp>,
}

/// What becomes of the restart that a quarantine asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It comes at that time, the first of its kind.
    Comes(Timestamp),
    /// One is under way for other suspects, and serves this one, too.
    Joined(Timestamp),
    /// It was restarted after the pod was made.
    Was(Timestamp),
}

/// Whether a restart's time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ripe {
    /// It has.
    Now,
    /// Other suspects are still being isolated.
    NotYet,
    /// It is needed no more: why.
    Never(&'static str),
}

impl Suspects {
    /// More pods than these are forgotten, those found first before the others.
    const MOST: usize = 256;

    /// Whether there is nothing to remember.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// One more, or one again; who was found longer ago than that counts no more.
    pub(crate) fn found(&mut self, pod: &ObjectRef, within: SignedDuration, now: Timestamp) {
        let is_late = |at: Timestamp| now.duration_since(at) >= within;
        self.pods.retain(|_, at| !is_late(*at));
        self.proposed_at = self.proposed_at.filter(|at| !is_late(*at));
        self.pods.insert(pod.uid.clone(), now);
        while self.pods.len() > Self::MOST {
            let first = self.pods.iter().min_by_key(|(_, at)| **at).map(|(uid, _)| uid.clone());
            first.and_then(|uid| self.pods.remove(&uid));
        }
    }

    /// How many were found lately.
    pub(crate) fn count(&self) -> usize {
        self.pods.len()
    }

    /// The restart that serves a suspect that was made then.
    pub(crate) fn restart(&self, made_at: Option<Timestamp>, now: Timestamp) -> Restart {
        if let Some(at) = self.restart_at.filter(|at| now < *at) {
            return Restart::Joined(at);
        }
        match self.restarted_at.filter(|at| made_at.is_some_and(|made| made < *at)) {
            Some(at) => Restart::Was(at),
            // To the second, as it is written: each suspect's own act restarts once, whoever comes first.
            None => Restart::Comes(whole_second(now + RESTARTS_AFTER)),
        }
    }

    pub(crate) fn restarts_at(&mut self, at: Timestamp) {
        self.restart_at = Some(at);
    }

    /// The restart of that time was done: what was to come may be taken back, or fail.
    pub fn was_restarted(&mut self, at: Timestamp) {
        self.restarted_at = self.restarted_at.max(Some(at));
    }

    /// What has happened has happened by now, and no restart is further away than one that is asked for now.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        let past = self.pods.values_mut().chain(&mut self.proposed_at).chain(&mut self.restarted_at);
        past.for_each(|at| *at = (*at).min(now));
        self.restart_at = self.restart_at.map(|at| at.min(whole_second(now + RESTARTS_AFTER)));
    }

    /// The image is what is suspect: new pods of it would be, too. Whether that is proposed now and was not before.
    pub(crate) fn propose_none_at_all(&mut self, now: Timestamp) -> bool {
        // Also one whose time has come and that waits until others are isolated.
        self.restart_at = None;
        let is_new = self.proposed_at.is_none();
        self.proposed_at.get_or_insert(now);
        is_new
    }

    /// The pods, as what was done to them is kept.
    pub fn targets(&self) -> impl Iterator<Item = TargetKey> {
        self.pods.keys().map(|uid| TargetKey::of_pod(uid))
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Whether the restart of that time, decided for that event's suspect, is to be done: `workload` and `pods` as what was
/// done to them is remembered by now.
pub fn ripe(at: Timestamp, event: &EventId, workload: Option<&TargetRecord>, pods: &[TargetRecord]) -> Ripe {
    let quarantines = |pod: &'_ TargetRecord| pod.last(ActionKind::Rule(ActionName::Quarantine)).cloned();
    let last: Vec<Containment> = pods.iter().filter_map(quarantines).collect();
    let own = last.iter().find(|quarantine| quarantine.event == *event);
    if own.is_some_and(|own| own.state == ContainmentState::Released) {
        return Ripe::Never("its suspect was released before");
    }
    match workload.map(|workload| workload.suspects.restart_at) {
        Some(None) => {
            return Ripe::Never("as many of its pods are suspect as it has replicas: new ones would be, too");
        }
        Some(Some(later)) if later > at => return Ripe::Never("a later restart serves its suspect, too"),
        Some(Some(_)) | None => {}
    }
    let is_under_way = |one: &Containment| one.state == ContainmentState::Planned && one.event != *event;
    match last.iter().any(is_under_way) {
        true => Ripe::NotYet,
        false => Ripe::Now,
    }
}

impl TargetKey {
    fn of_pod(uid: &str) -> Self {
        Self(format!("pod/{uid}"))
    }
}

impl TargetRecord {
    /// Of which nothing is remembered yet.
    pub fn new(target: Target, incident: crate::ids::IncidentKey) -> Self {
        Self { target, incident, acts: Vec::new(), suspects: Suspects::default() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builders::at;
    use crate::ids::{EffectId, IncidentKey};

    const WINDOW: SignedDuration = SignedDuration::from_mins(10);

    fn pod(uid: &str) -> ObjectRef {
        let (kind, namespace) = ("Pod".to_owned(), "shop".to_owned());
        ObjectRef { kind, namespace, name: uid.to_owned(), uid: uid.to_owned() }
    }

    fn quarantined(uid: &str, state: ContainmentState) -> TargetRecord {
        let mut record = TargetRecord::new(Target::Pod(pod(uid)), IncidentKey::new(uid));
        record.acts.push(Containment {
            action: ActionKind::Rule(ActionName::Quarantine),
            event: EventId::new(uid),
            effect: EffectId::new("quarantine"),
            at: at("2026-11-20T12:00:00Z"),
            state,
            undo: Vec::new(),
            by: None,
            ended_at: None,
            said: String::new(),
            only_if: None,
        });
        record
    }

    #[test]
    fn whoever_is_found_until_then_shares_the_restart_and_whoever_is_made_after_it_has_another() {
        let mut suspects = Suspects::default();
        let made = Some(at("2026-11-20T11:00:00Z"));
        let (first, restart) = (at("2026-11-20T12:00:00.7Z"), at("2026-11-20T12:00:10Z"));
        assert_eq!(suspects.restart(made, first), Restart::Comes(restart));
        suspects.restarts_at(restart);
        for now in ["2026-11-20T12:00:01Z", "2026-11-20T12:00:09.9Z"] {
            assert_eq!(suspects.restart(made, at(now)), Restart::Joined(restart), "{now}");
        }
        // It was taken back, or has failed: another comes.
        let another = Restart::Comes(at("2026-11-20T12:00:30Z"));
        assert_eq!(suspects.restart(made, at("2026-11-20T12:00:20Z")), another);
        suspects.was_restarted(restart);
        let cases = [
            (made, "2026-11-20T12:00:10Z", Restart::Was(restart)),
            (made, "2026-11-20T12:05:00Z", Restart::Was(restart)),
            (Some(restart), "2026-11-20T12:00:30Z", Restart::Comes(at("2026-11-20T12:00:40Z"))),
            (None, "2026-11-20T12:00:30Z", Restart::Comes(at("2026-11-20T12:00:40Z"))),
        ];
        for (made, now, expected) in cases {
            assert_eq!(suspects.restart(made, at(now)), expected, "{made:?} {now}");
        }
    }

    #[test]
    fn a_suspect_counts_once_and_for_as_long_as_the_budget_looks_back() {
        let mut suspects = Suspects::default();
        for (uid, now) in [("a", "12:00:00"), ("b", "12:00:01"), ("a", "12:00:02")] {
            suspects.found(&pod(uid), WINDOW, at(&format!("2026-11-20T{now}Z")));
        }
        assert_eq!(suspects.count(), 2);
        suspects.found(&pod("c"), WINDOW, at("2026-11-20T12:10:01Z"));
        assert_eq!(suspects.targets().map(|key| key.to_string()).collect::<Vec<_>>(), ["pod/a", "pod/c"]);
    }

    #[test]
    fn none_at_all_is_proposed_once_and_takes_back_the_restart_that_is_to_come() {
        let mut suspects = Suspects::default();
        let now = at("2026-11-20T12:00:05Z");
        suspects.found(&pod("a"), WINDOW, now);
        suspects.restarts_at(at("2026-11-20T12:00:10Z"));
        assert_eq!([suspects.propose_none_at_all(now), suspects.propose_none_at_all(now)], [true, false]);
        assert_eq!(suspects.restart_at, None);
        let mut late = Suspects::default();
        late.restarts_at(at("2026-11-20T12:00:10Z"));
        late.propose_none_at_all(at("2026-11-20T12:00:11Z"));
        assert_eq!(late.restart_at, None, "its time has come, and it waits for one that is being isolated");
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_no_restart_away_and_no_suspect() {
        let (now, ahead) = (at("2026-11-20T12:00:00Z"), at("2026-11-21T12:00:00Z"));
        let mut suspects = Suspects::default();
        suspects.found(&pod("a"), WINDOW, ahead);
        suspects.restarts_at(ahead);
        suspects.was_restarted(ahead);
        suspects.as_of(now);
        assert_eq!(suspects.restart(None, now), Restart::Joined(at("2026-11-20T12:00:10Z")));
        assert_eq!(suspects.restarted_at, Some(now));
        suspects.found(&pod("b"), WINDOW, at("2026-11-20T12:10:00Z"));
        assert_eq!(suspects.count(), 1);
    }

    #[test]
    fn a_restart_waits_for_every_suspect_that_is_being_isolated_and_is_not_done_for_one_that_is_released() {
        use ContainmentState::{Done, Failed, Planned, Released};
        let (restart, event) = (at("2026-11-20T12:00:10Z"), EventId::new("a"));
        let object = ObjectRef { kind: "Deployment".to_owned(), ..pod("pay") };
        let mut workload = TargetRecord::new(Target::Workload(object), IncidentKey::new("a"));
        workload.suspects.restarts_at(restart);
        let never = Ripe::Never("its suspect was released before");
        let cases = [
            ([Done, Done], Ripe::Now),
            ([Done, Planned], Ripe::NotYet),
            ([Done, Failed], Ripe::Now),
            ([Failed, Released], Ripe::Now),
            ([Released, Done], never),
            ([Planned, Done], Ripe::Now),
        ];
        for (states, expected) in cases {
            let pods = [quarantined("a", states[0]), quarantined("b", states[1])];
            assert_eq!(ripe(restart, &event, Some(&workload), &pods), expected, "{states:?}");
        }
        workload.suspects.propose_none_at_all(at("2026-11-20T12:00:05Z"));
        let pods = [quarantined("a", Done)];
        assert!(
            matches!(ripe(restart, &event, Some(&workload), &pods), Ripe::Never(why) if why.contains("replicas"))
        );
    }
}
