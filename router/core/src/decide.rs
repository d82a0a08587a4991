//! The decision about one event: pure, total, and the only place where anyone's attention is spent.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::act::{Act, ActWhen, ActionKind, Occasion, PlanHash, Target};
use crate::compose::{self, About};
use crate::context::Context;
use crate::decision::{Decision, Effect, EffectKind, Role, Verdict, When, Why, Withheld};
use crate::event::{Band, Event, Finding, FindingState};
use crate::follow_up;
use crate::guard::AskedBy;
use crate::identity::incident_key;
use crate::ids::{ChannelName, DedupKey, EffectId, IncidentKey};
use crate::incident::{FindingRecord, IncidentRecord, Key, Record, State};
use crate::notice::Notice;
use crate::planning::{self, Plans, Request};
use crate::policy::Policy;
use crate::rules::{Classified, Rule, Stage};

/// One event with the rule that classifies it, ready to be decided.
#[derive(Debug)]
pub struct Case<'c> {
    event: &'c Event<'c>,
    policy: &'c Policy,
    context: &'c Context,
    rule: &'c Rule,
    unsure: Option<String>,
    incident: IncidentKey,
}

/// Decides an event in one step. `state` must hold what [`Case::reads`] asks for.
pub fn decide(
    event: &Event<'_>,
    policy: &Policy,
    state: &State,
    context: &Context,
    now: Timestamp,
) -> Decision {
    Case::new(event, policy, context).decide(state, now)
}

impl<'c> Case<'c> {
    /// Classifies the event, as far as the context allows.
    pub fn new(event: &'c Event<'c>, policy: &'c Policy, context: &'c Context) -> Self {
        let Classified { rule, unsure } = policy.rules.classify(event, context);
        Self { event, policy, context, rule, unsure, incident: incident_key(event, &rule.family) }
    }

    /// The rule that classifies it.
    pub fn rule(&self) -> &'c Rule {
        self.rule
    }

    /// The incident that the event itself speaks of; a finding that is known stays with its own.
    pub fn incident(&self) -> &IncidentKey {
        &self.incident
    }

    /// The records still to be read before a decision can be made; ask again after reading them.
    pub fn reads(&self, state: &State) -> Vec<Key> {
        let finding = self.event.finding.as_ref().map(|finding| Key::Finding(finding.key.clone()));
        let incident = self.incident_in(state);
        let acting = match self.rule.actions.is_empty() {
            true => Vec::new(),
            false => planning::reads(&self.event.id, &self.occasion(&incident, Timestamp::UNIX_EPOCH)),
        };
        let keys = finding.into_iter().chain([Key::Incident(incident)]).chain(acting);
        keys.filter(|key| !state.has_read(key)).collect()
    }

    fn occasion<'o>(&'o self, incident: &'o IncidentKey, now: Timestamp) -> Occasion<'o> {
        Occasion {
            subject: &self.event.subject,
            context: self.context,
            mitigation: &self.policy.mitigation,
            incident,
            wanted: &self.rule.actions,
            now,
        }
    }

    fn asked_by(&self) -> AskedBy<'_> {
        let sample = self.event.finding.as_ref().is_some_and(|finding| finding.sample);
        AskedBy::Rule { sample, unsure: self.unsure.as_deref() }
    }

    /// The decision.
    pub fn decide(&self, state: &State, now: Timestamp) -> Decision {
        let finding = self.event.finding.as_ref();
        if finding.is_some_and(|finding| finding.sample) {
            return self.withhold_all(Why::Sample, now);
        }
        if self.rule.stage == Stage::Shadow {
            return self.withhold_all(Why::Shadow, now);
        }
        let incident = self.incident_in(state);
        match finding {
            Some(finding) if finding.state != FindingState::Open => {
                self.closing(finding, &incident, state, now)
            }
            Some(_) | None => self.open(finding, &incident, state, now),
        }
    }

    /// A finding stays with the incident it began, whatever rule its later reports match.
    fn incident_in(&self, state: &State) -> IncidentKey {
        let known = self.event.finding.as_ref().and_then(|finding| state.finding(&finding.key));
        known.map_or_else(|| self.incident.clone(), |record| record.incident.clone())
    }

    fn open(&self, finding: Option<&Finding>, key: &IncidentKey, state: &State, now: Timestamp) -> Decision {
        let previous = state.incident(key);
        let current = previous.filter(|incident| incident.open);
        let why = self.judge(finding, current, state, now);
        if why == Why::Outdated {
            return Decision { incident: Some(key.clone()), ..self.blank(why, now) };
        }
        let band = self.band();
        let mut record = match current {
            Some(current) => current.clone(),
            None => IncidentRecord::begun(previous, self.rule.priority, band, now),
        };
        record.seen(self.rule.priority, band, finding);
        let has_channel = !self.policy.routes.of(self.rule.priority).to.is_empty();
        let verdict = match (why.is_news(), has_channel) {
            (true, true) => Verdict::Page,
            (true, false) => Verdict::Digest,
            (false, _) => Verdict::Quiet,
        };
        if verdict != Verdict::Quiet {
            record.said_at = now;
        }
        let request = self.request(key, state, now);
        let plans = match verdict {
            Verdict::Quiet => Plans::default(),
            Verdict::Page | Verdict::Digest => {
                planning::plan(&request, |plans| self.notice(key, why, plans, now))
            }
        };
        let mut changes = plans.changes(&request);
        record.targets.extend(plans.targets.iter().cloned());
        let effects = match verdict {
            Verdict::Page => self.page(key, &mut record, self.notice(key, why, &plans, now)),
            Verdict::Digest | Verdict::Quiet => Vec::new(),
        };
        let Plans { mut acts, withheld, .. } = plans;
        if self.context.incomplete && verdict != Verdict::Quiet {
            acts.push(self.complete_later(key, now));
        }
        changes.insert(Key::Incident(key.clone()), Record::Incident(record));
        if let Some(finding) = finding {
            changes.insert(Key::Finding(finding.key.clone()), self.seen(finding, key, state, now));
        }
        Decision {
            verdict,
            incident: Some(key.clone()),
            effects,
            acts,
            withheld,
            changes,
            ..self.blank(why, now)
        }
    }

    /// What the cluster could not say in time is said later, to those who were paged; what was withheld for
    /// want of it is then judged anew.
    pub fn complete(&self, incident: &IncidentKey, state: &State, now: Timestamp) -> Decision {
        let why = Why::Completed;
        let blank = self.blank(why, now);
        let Some(record) = state.incident(incident).filter(|record| record.open) else { return blank };
        let request = self.request(incident, state, now);
        let plans = planning::plan(&request, |plans| self.notice(incident, why, plans, now));
        let mut changes = plans.changes(&request);
        let mut record = record.clone();
        record.targets.extend(plans.targets.iter().cloned());
        let effects = follow_up::tell(&record, incident, &self.notice(incident, why, &plans, now));
        changes.insert(Key::Incident(incident.clone()), Record::Incident(record));
        let verdict = if effects.is_empty() { Verdict::Quiet } else { Verdict::Page };
        let Plans { acts, withheld, .. } = plans;
        Decision { verdict, incident: Some(incident.clone()), effects, acts, withheld, changes, ..blank }
    }

    /// The records still to be read before it can be completed.
    pub fn completing_reads(&self, incident: &IncidentKey, state: &State) -> Vec<Key> {
        let acting = planning::reads(&self.event.id, &self.occasion(incident, Timestamp::UNIX_EPOCH));
        let keys = [Key::Incident(incident.clone())].into_iter().chain(acting);
        keys.filter(|key| !state.has_read(key)).collect()
    }

    fn request<'r>(&'r self, incident: &'r IncidentKey, state: &'r State, now: Timestamp) -> Request<'r> {
        let (event, occasion) = (&self.event.id, self.occasion(incident, now));
        Request { event, occasion, priority: self.rule.priority, asked_by: self.asked_by(), state }
    }

    fn notice(&self, incident: &IncidentKey, why: Why, plans: &Plans, now: Timestamp) -> Notice {
        let (rule, context) = (self.rule, self.context);
        let Plans { doing, withheld, .. } = plans;
        compose::notice(self.event, &About { rule, context, why, doing, withheld, incident, now })
    }

    fn complete_later(&self, incident: &IncidentKey, now: Timestamp) -> Act {
        Act {
            id: EffectId::new("complete"),
            action: ActionKind::Complete,
            role: Role::Record,
            target: Target::Event,
            incident: incident.clone(),
            about: Vec::new(),
            steps: Vec::new(),
            hash: PlanHash::of(&Target::Event, &[]),
            when: ActWhen::Now,
            give_up_at: now + self.policy.mitigation.give_up_after,
            approved_by: None,
        }
    }

    /// One question: does anyone have to hear of this open problem, and why, or why not?
    fn judge(
        &self,
        finding: Option<&Finding>,
        current: Option<&IncidentRecord>,
        state: &State,
        now: Timestamp,
    ) -> Why {
        let known = finding.and_then(|finding| state.finding(&finding.key));
        let late = finding.zip(known).is_some_and(|(finding, known)| is_older(finding, known));
        let Some(current) = current else {
            return match known {
                Some(_) if late => Why::Outdated,
                Some(_) => Why::Reopened,
                None if self.event.is_unreadable() => Why::Unreadable,
                None => Why::New,
            };
        };
        // However bad it was then, it is known to be over.
        if late && known.is_some_and(|known| known.state != FindingState::Open) {
            Why::Outdated
        } else if self.rule.priority < current.priority {
            Why::PriorityRose
        } else if current.band.is_some() && self.band() > current.band {
            Why::SeverityRose
        } else if late {
            Why::Outdated
        } else if known.is_some_and(|known| known.state != FindingState::Open) {
            Why::Reopened
        } else if now.duration_since(current.said_at) >= self.policy.repeat_after.of(self.rule.priority) {
            Why::WindowPassed
        } else if finding.is_none() || known.is_some() {
            Why::Repeat
        } else {
            Why::Joined
        }
    }

    fn band(&self) -> Option<Band> {
        self.event.finding.as_ref().and_then(|finding| finding.severity).map(|severity| severity.band())
    }

    fn closing(&self, finding: &Finding, key: &IncidentKey, state: &State, now: Timestamp) -> Decision {
        let known = state.finding(&finding.key);
        if known.is_some_and(|known| is_older(finding, known)) {
            return self.blank(Why::Outdated, now);
        }
        let incident = state.incident(key).filter(|incident| incident.open);
        let seen = (Key::Finding(finding.key.clone()), self.seen(finding, key, state, now));
        let (Some(_), Some(incident)) = (known, incident) else {
            // Remembered all the same: an older report that it is open may still be on its way.
            let changes = BTreeMap::from([seen]);
            return Decision { changes, ..self.blank(Why::NotOpen, now) };
        };
        let mut record = incident.clone();
        record.events += 1;
        record.findings.remove(&finding.key);
        record.open = !record.findings.is_empty() || record.more_findings > 0;
        let why = if record.open { Why::StillOpen } else { Why::Closed };
        let effects = if record.open { Vec::new() } else { self.resolve(key, &record, why, now) };
        let changes = BTreeMap::from([(Key::Incident(key.clone()), Record::Incident(record)), seen]);
        Decision { incident: Some(key.clone()), effects, changes, ..self.blank(why, now) }
    }

    fn seen(&self, finding: &Finding, key: &IncidentKey, state: &State, now: Timestamp) -> Record {
        let known = state.finding(&finding.key);
        let newest = known.filter(|known| is_older(finding, known));
        Record::Finding(FindingRecord {
            incident: key.clone(),
            state: newest.map_or(finding.state, |newest| newest.state),
            updated_at: finding.updated_at.max(known.and_then(|known| known.updated_at)),
            count: finding.count.max(known.map_or(0, |known| known.count)),
            seen_at: now,
        })
    }

    fn page(&self, key: &IncidentKey, record: &mut IncidentRecord, notice: Notice) -> Vec<Effect> {
        let route = self.policy.routes.of(self.rule.priority);
        let effect = |channel: &ChannelName, when| Effect {
            id: EffectId::new(format!("page:{channel}")),
            kind: EffectKind::Page,
            channel: channel.clone(),
            when,
            dedup_key: dedup_key(key, record.episode),
            notice: notice.clone(),
        };
        let mut effects: Vec<_> = route.to.iter().map(|channel| effect(channel, When::Now)).collect();
        let fallback = route.fallback.as_ref().filter(|_| self.rule.priority.is_urgent());
        if let (Some(fallback), Some(primary)) = (fallback, effects.first()) {
            let within_seconds = self.policy.fallback_after_seconds;
            effects.push(effect(fallback, When::Unless { effect: primary.id.clone(), within_seconds }));
        }
        for effect in &effects {
            record.was_paged(&effect.channel, &self.event.id, &effect.id);
        }
        effects
    }

    fn resolve(&self, key: &IncidentKey, record: &IncidentRecord, why: Why, now: Timestamp) -> Vec<Effect> {
        let notice = self.notice(key, why, &Plans::default(), now);
        let effect = |(channel, pages): (&ChannelName, &Vec<_>)| Effect {
            id: EffectId::new(format!("resolve:{channel}")),
            kind: EffectKind::Resolve,
            channel: channel.clone(),
            when: When::IfDone(pages.clone()),
            dedup_key: dedup_key(key, record.episode),
            notice: notice.clone(),
        };
        record.paged.iter().map(effect).collect()
    }

    /// Whatever the rule wanted is withheld for one reason; no trace in the state.
    fn withhold_all(&self, why: Why, now: Timestamp) -> Decision {
        let wanted = ["page"].into_iter().chain(self.rule.actions.iter().map(|action| action.as_str()));
        let withheld =
            |action: &str| Withheld { action: action.to_owned(), reason: why.sentence().to_owned() };
        Decision { withheld: wanted.map(withheld).collect(), ..self.blank(why, now) }
    }

    /// Quiet, and without a trace in the state.
    fn blank(&self, why: Why, now: Timestamp) -> Decision {
        let Event { id, source, detail_type, finding, subject, .. } = self.event;
        Decision {
            event: id.clone(),
            source: source.clone(),
            kind: finding.as_ref().map_or(detail_type, |finding| &finding.kind).clone(),
            finding: finding.as_ref().map(|finding| finding.key.clone()),
            subject: subject.line(),
            at: now,
            rule: self.rule.name.clone(),
            family: self.rule.family.clone(),
            priority: self.rule.priority,
            verdict: Verdict::Quiet,
            why,
            incident: None,
            effects: Vec::new(),
            acts: Vec::new(),
            withheld: Vec::new(),
            changes: BTreeMap::new(),
        }
    }
}

fn is_older(finding: &Finding, known: &FindingRecord) -> bool {
    finding.updated_at.zip(known.updated_at).is_some_and(|(this, newest)| this < newest)
}

/// The incident and episode that a dedup key of ours stands for; none for one that is not ours.
pub fn incident_of(dedup_key: &str) -> Option<(IncidentKey, u32)> {
    let (rest, last) = dedup_key.rsplit_once('-')?;
    let (rest, last) = match last.strip_prefix('e') {
        // An escalation has its own.
        Some(step) if step.parse::<u32>().is_ok() => rest.rsplit_once('-')?,
        Some(_) | None => (rest, last),
    };
    let is_ours = rest.strip_prefix("wf1-").is_some_and(|rest| !rest.is_empty());
    let episode = last.parse().ok().filter(|_| is_ours)?;
    Some((IncidentKey::new(rest), episode))
}

/// One per episode: a late resolve of the last episode cannot close the next one.
pub(crate) fn dedup_key(incident: &IncidentKey, episode: u32) -> DedupKey {
    DedupKey::new(format!("{incident}-{episode}"))
}
