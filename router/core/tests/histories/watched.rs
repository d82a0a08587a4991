//! A replay under watch: after every step, what must hold in any history.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use watchfire_core::command::CommandKind;
use watchfire_core::decision::{Decision, When};
use watchfire_core::ids::{BundleKey, EventId, IncidentKey, incident_of};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::noise::{BundleKind, BundleRecord};
use watchfire_core::priority::Priority;
use watchfire_core::replay::Replay;
use watchfire_core::scenario::{Scenario, StepInput};
use watchfire_core::state::{Key, Record, State};
use watchfire_core::suppress::as_said;
use watchfire_core::verdict::{EffectKind, Verdict, Why};

use super::LIMIT;
use super::untold::Untold;

/// A replay that is looked at after every step.
pub(crate) struct Watched<'s> {
    replay: Replay<'s>,
    /// What was decided so far.
    pub(crate) decisions: Vec<Decision>,
    /// What was told over which channel under which dedup key, and whether that was resolved.
    told: BTreeMap<(String, String), bool>,
    /// When which channel was paged: urgently, or not.
    paged: BTreeMap<(String, bool), Vec<Timestamp>>,
    /// What is held, and by which bundle, by nothing but the decisions.
    untold: Untold,
    /// What came under which id.
    messages: BTreeMap<EventId, serde_json::Value>,
}

impl<'s> Watched<'s> {
    pub(crate) fn new(scenario: &'s Scenario) -> Self {
        let replay = Replay::new(scenario.policy());
        let untold = Untold::default();
        let (told, paged, messages) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { replay, decisions: Vec::new(), told, paged, untold, messages }
    }

    pub(crate) fn step(&mut self, input: &StepInput) {
        let decisions = match input {
            StepInput::Message { text, at } => {
                let decisions = self.replay.message_at(text, *at);
                assert_eq!(decisions.len(), 1, "an event has one decision");
                if self.came_before(&decisions[0], text) { Vec::new() } else { decisions }
            }
            StepInput::Command { command, at } => {
                let decision = self.replay.command(command, *at);
                if let (CommandKind::Resolve(_), Why::Commanded, Some(via)) =
                    (&command.wish, decision.why, &command.via)
                {
                    // Whoever asked by that channel knows.
                    let own = |(channel, key): &(String, String)| {
                        let of = incident_of(key).map(|(incident, _)| incident);
                        *channel == via.to_string() && of == decision.incident && !is_own_key(key)
                    };
                    self.told
                        .iter_mut()
                        .filter(|(told, _)| own(told))
                        .for_each(|(_, resolved)| *resolved = true);
                }
                vec![decision]
            }
            StepInput::Tick { at } => {
                let decisions = self.replay.tick(*at);
                let due = |record: &Record| record.wake_at().is_some_and(|due| due <= *at);
                let stuck: Vec<_> = self.replay.records().filter(|(_, record)| due(record)).collect();
                assert!(stuck.is_empty(), "still due after a tick: {stuck:#?}");
                decisions
            }
        };
        for decision in decisions {
            self.p0_goes_at_once(&decision);
            every_change_has_its_reason(&decision);
            self.tell(&decision);
            self.untold.learn(&decision);
            self.decisions.push(decision);
        }
        let mut untold = std::mem::take(&mut self.untold);
        untold.follow(&self.replay, |record| self.as_said(record));
        self.untold = untold;
        self.told_is_open_or_resolved();
        self.bundles_count();
    }

    /// Whether it is an event that came before: of which nothing comes anew, and which says what it said.
    fn came_before(&mut self, decision: &Decision, text: &str) -> bool {
        let text = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text));
        let Some(before) = self.messages.insert(decision.event.clone(), text.clone()) else { return false };
        assert_eq!(before, text, "two messages under one id");
        assert!(decision.effects.is_empty() && decision.acts.is_empty() && decision.changes.is_empty());
        true
    }

    fn p0_goes_at_once(&self, decision: &Decision) {
        if decision.priority != Priority::P0 {
            return;
        }
        match decision.why {
            Why::Limited | Why::Grouped | Why::Stormed | Why::Flapping => panic!("a P0 waits: {decision:#?}"),
            Why::Silenced => {
                let Some(Record::Silences(silences)) = self.replay.record(&Key::Silences) else {
                    panic!("a P0 is silenced by nothing: {decision:#?}")
                };
                // In force or not is for the clock to say, which may have been set back since it was made.
                let mut silences = silences.silences.iter();
                assert!(silences.any(|silence| silence.covers_p0), "a P0 is silenced without the flag");
            }
            why if why.is_news() && why != Why::Commanded => {
                assert_eq!(decision.verdict, Verdict::Page, "{decision:#?}");
                let first = decision.effects.iter().find(|effect| effect.kind == EffectKind::Page);
                assert_eq!(first.map(|effect| effect.when.clone()), Some(When::Now));
            }
            _ => {}
        }
    }

    fn tell(&mut self, decision: &Decision) {
        for effect in &decision.effects {
            let place = (effect.channel.to_string(), effect.dedup_key.to_string());
            match effect.kind {
                EffectKind::Page => {
                    let resolved = self.told.entry(place).or_default();
                    assert!(!*resolved, "paged under a key that was resolved: {decision:#?}");
                    let spends = effect.id.as_str().starts_with("page:") && effect.when == When::Now;
                    if spends && decision.priority != Priority::P0 {
                        let class = (effect.channel.to_string(), decision.priority == Priority::P1);
                        self.paged.entry(class).or_default().push(decision.at);
                    }
                }
                EffectKind::Resolve => {
                    let resolved = self.told.get_mut(&place);
                    let resolved =
                        resolved.unwrap_or_else(|| panic!("resolved and never paged: {decision:#?}"));
                    assert!(!*resolved, "resolved twice: {decision:#?}");
                    *resolved = true;
                }
                EffectKind::Acknowledge | EffectKind::Update => {
                    assert_eq!(self.told.get(&place), Some(&false), "{decision:#?}");
                }
                EffectKind::Digest => {}
            }
        }
    }

    fn told_is_open_or_resolved(&self) {
        for ((channel, dedup_key), resolved) in &self.told {
            let (incident, episode) = incident_of(dedup_key).unwrap();
            let record = self.incident(&incident).unwrap();
            let is_open = record.open && record.episode == episode;
            assert_eq!(is_open, !resolved, "{channel} {dedup_key}: {record:#?}");
        }
    }

    /// What a bundle counts is what says that it is in it.
    fn bundles_count(&self) {
        let mut open: BTreeMap<&BundleKey, u64> = BTreeMap::new();
        for (_, record) in self.incidents().filter(|(_, record)| record.open) {
            record.bundles.iter().for_each(|bundle| *open.entry(bundle).or_default() += 1);
        }
        for (key, bundle) in self.bundles() {
            assert_eq!(bundle.open, open.get(key).copied().unwrap_or(0), "{key}: {bundle:#?}");
            let listed = bundle.members.values().filter(|member| !member.said).count() as u64;
            assert_eq!(bundle.unsaid, listed, "{key}: {bundle:#?}");
            let counted: u64 = bundle.unsaid_by.values().flat_map(BTreeMap::values).sum();
            assert_eq!(bundle.unsaid, counted, "{key}: {bundle:#?}");
            let waits = bundle.unsaid > 0 && bundle.due_at.is_none();
            let is_cover = matches!(bundle.kind, BundleKind::Cover { .. });
            assert!(!waits || is_cover, "it waits for nothing: {key}: {bundle:#?}");
            let hides = |kind: &BundleKind| match kind {
                BundleKind::Group { .. } | BundleKind::Storm | BundleKind::RollUp { .. } => true,
                BundleKind::Silence { .. } | BundleKind::Cover { .. } => false,
            };
            let mut unsaid = bundle.members.values().filter(|member| !member.said);
            assert!(
                !hides(&bundle.kind) || unsaid.all(|member| member.priority != Priority::P0),
                "{bundle:#?}"
            );
        }
    }

    pub(crate) fn limits_hold(&self) {
        let (per_hour, burst) = LIMIT;
        let period = 3_600 / i64::from(per_hour);
        for (class, times) in &self.paged {
            for (index, from) in times.iter().enumerate() {
                for (count, to) in times[index..].iter().enumerate() {
                    let most = i64::from(burst) + to.duration_since(*from).as_secs() / period;
                    assert!((count as i64) < most, "{class:?}: {} from {from} to {to}", count + 1);
                }
            }
        }
    }

    /// Only what an open and said incident covers may wait for longer than any time that was set.
    pub(crate) fn nothing_waits_for_ever(&self) {
        for (key, record) in self.incidents().filter(|(_, record)| record.open) {
            let Some(held) = self.as_said(record).held else { continue };
            let bundle = held.bundle.as_ref().and_then(|bundle| self.bundle(bundle));
            let Some(BundleKind::Cover { incident }) = bundle.map(|bundle| &bundle.kind) else {
                panic!("{key} is held and never said: {record:#?}")
            };
            let cover = self.incident(incident).unwrap();
            let covers = cover.open && self.was_told(cover);
            assert!(covers, "{key} is covered by what covers nothing: {cover:#?}");
        }
        self.every_line_was_sent();
    }

    /// Nothing that was ever held is untold, and nothing waits.
    pub(crate) fn all_is_told(&self) {
        self.untold.is_empty();
        for (key, record) in self.incidents().filter(|(_, record)| record.open) {
            assert_eq!(self.as_said(record).held, None, "{key} is held and never said: {record:#?}");
        }
        for (key, bundle) in self.bundles() {
            assert_eq!(bundle.unsaid, 0, "{key} was never said: {bundle:#?}");
        }
        self.every_line_was_sent();
    }

    /// Every line of the digest is in an edition that was said.
    fn every_line_was_sent(&self) {
        let Some(Record::Digest(digest)) = self.replay.record(&Key::Digest) else { return };
        let unsaid = self.replay.records().filter(|(key, record)| match (key, record) {
            (Key::DigestLine(edition, _), _) => *edition >= digest.edition,
            (_, Record::DigestEdition(edition)) => edition.due_at.is_some(),
            _ => false,
        });
        assert_eq!(unsaid.map(|(key, _)| key).collect::<Vec<_>>(), Vec::<&Key>::new(), "never sent");
    }

    /// Whether somebody was told of this episode, even if its latest news waits.
    fn was_told(&self, record: &IncidentRecord) -> bool {
        let bundles = record.bundles.iter().filter_map(|bundle| self.bundle(bundle)?.said_at);
        let said = bundles.into_iter().any(|said_at| said_at >= record.opened_at);
        said || !record.paged.is_empty() || record.respond_by.is_some() || self.as_said(record).held.is_none()
    }

    fn as_said(&self, record: &IncidentRecord) -> IncidentRecord {
        let mut state = State::default();
        if let Some(key) = record.held.as_ref().and_then(|held| held.bundle.clone()) {
            let bundle = self.replay.record(&Key::Bundle(key.clone())).cloned();
            state.insert(Key::Bundle(key), 1, bundle);
        }
        as_said(record, &state).unwrap()
    }

    fn incidents(&self) -> impl Iterator<Item = (&IncidentKey, &IncidentRecord)> {
        self.replay.records().filter_map(|(key, record)| match (key, record) {
            (Key::Incident(key), Record::Incident(record)) => Some((key, record)),
            _ => None,
        })
    }

    fn bundles(&self) -> impl Iterator<Item = (&BundleKey, &BundleRecord)> {
        self.replay.records().filter_map(|(key, record)| match (key, record) {
            (Key::Bundle(key), Record::Bundle(record)) => Some((key, &**record)),
            _ => None,
        })
    }

    fn incident(&self, key: &IncidentKey) -> Option<&IncidentRecord> {
        match self.replay.record(&Key::Incident(key.clone()))? {
            Record::Incident(record) => Some(record),
            other => panic!("{key} is no incident: {other:?}"),
        }
    }

    fn bundle(&self, key: &BundleKey) -> Option<&BundleRecord> {
        match self.replay.record(&Key::Bundle(key.clone()))? {
            Record::Bundle(record) => Some(record),
            other => panic!("{key} is no bundle: {other:?}"),
        }
    }
}

/// Whether it is the key of an escalation, which no other channel's word resolves.
fn is_own_key(dedup_key: &str) -> bool {
    dedup_key.rsplit_once('-').is_some_and(|(_, last)| last.starts_with('e'))
}

/// As far as they are logged.
fn every_change_has_its_reason(decision: &Decision) {
    let logged: BTreeSet<_> = decision.edits.iter().map(|edit| &edit.key).collect();
    let merged = decision.merges.iter().map(|(key, _)| key);
    let changed: BTreeSet<_> = decision.changes.keys().chain(merged).collect();
    let is_full = decision.edits.len() == 64;
    // The audit trail says itself why there is an entry.
    let is_audit = |key: &Key| matches!(key, Key::Audit(_) | Key::AuditHead);
    let has_reasons = is_full || decision.changes.keys().all(|key| is_audit(key) || logged.contains(key));
    assert!(has_reasons && logged.is_subset(&changed), "changes without a reason: {decision:#?}");
}
