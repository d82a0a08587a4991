//! What is said and remembered when an act has come to its end.

use jiff::Timestamp;

use crate::act::{Act, ActWhen, ActionKind, StepRecord, StepResult};
use crate::action::{ActionName, Role};
use crate::attributes::Attributes;
use crate::budget::{BudgetRecord, Spent};
use crate::containment::{ContainmentState, TargetKey, TargetRecord};
use crate::context::Context;
use crate::decision::{Because, Cause, Decision, Effect, When, along};
use crate::draft::{Draft, Matter};
use crate::heading;
use crate::ids::{ChannelName, EffectId, EventId, IncidentKey, Own, dedup_key};
use crate::incident::IncidentRecord;
use crate::journal::{ActEnd, Entry, Outcome};
use crate::notice::{Notice, Undone};
use crate::policy::{Policy, Routed};
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::{EffectKind, Why};

/// The id of the report about an act: the same on every repeat, so that it is decided once.
pub fn report_id(entry: &Entry, act: &Act) -> EventId {
    EventId::own(Own::Act { of: &entry.decision.event, act: &act.id })
}

/// The records that a report reads.
fn reads(entry: &Entry, act: &Act, policy: &Policy) -> Vec<Key> {
    let is_routed = !policy.routes.tree().is_empty();
    let face = is_routed.then(|| Key::PageDraft(act.incident.clone()));
    let target = TargetKey::of(&act.target).map(Key::Target);
    let approval = entry.decision.cause.approves().cloned().map(Key::Approval);
    let budget = contains(act).map(|_| Key::Budget);
    let incident = [Key::Incident(act.incident.clone())];
    incident.into_iter().chain(face).chain(target).chain(approval).chain(budget).collect()
}

/// What an act's end means: for the records, and for those who were paged. What could not be contained is a
/// P0 page of its own; evidence and annotations that went well are recorded and not said.
///
/// # Errors
/// What has to be read into the state first.
pub fn report(
    entry: &Entry,
    act: &Act,
    outcome: &Outcome,
    policy: &Policy,
    state: &State,
    now: Timestamp,
) -> Result<Decision, Unread> {
    state.need_all(reads(entry, act, policy))?;
    let state = &*state.as_of(policy, now);
    let ended = Ended::of(entry, act, outcome);
    let mut draft = Draft::quiet(state, ended.matter(), ended.why(), now);
    let notice = ended.notice(&draft);
    if let Some((key, record)) = ended.target_after(&draft) {
        draft.put(Key::Target(key), Record::Target(record), Because::Acted);
    }
    if let Some(budget) = ended.budget_after(&draft, policy) {
        draft.put(Key::Budget, Record::Budget(budget), Because::Acted);
    }
    let mut record = draft.incident(&act.incident).cloned();
    draft.page(match (&mut record, ended.is_not_contained, is_said(act, ended.end)) {
        (_, true, _) => page(
            &ended.routed(&draft, policy),
            &act.incident,
            record.as_mut(),
            &report_id(entry, act),
            &notice,
        ),
        (Some(record), false, true) => tell(record, &act.incident, &notice),
        (None, false, true) | (_, false, false) => Vec::new(),
    });
    if ended.is_a_change() {
        let episode = record.as_ref().map_or(1, |record| record.episode);
        draft.tell(policy.changes.iter().map(|channel| noted(channel, &act.incident, episode, &notice)));
    }
    if let Some(record) = record {
        draft.put_incident(&act.incident, record, Because::Acted);
    }
    heading::head(draft, policy)
}

/// An act that has come to its end.
struct Ended<'e> {
    entry: &'e Entry,
    act: &'e Act,
    outcome: &'e Outcome,
    end: ActEnd,
    said: &'e str,
    /// It failed, and somebody has to contain it by hand.
    is_not_contained: bool,
}

impl<'e> Ended<'e> {
    fn of(entry: &'e Entry, act: &'e Act, outcome: &'e Outcome) -> Self {
        let (end, said) = end_of(outcome);
        let is_not_contained = end == ActEnd::Failed && worth_a_page(entry, act);
        Self { entry, act, outcome, end, said, is_not_contained }
    }

    fn why(&self) -> Why {
        if self.is_not_contained { Why::NotContained } else { Why::Acted }
    }

    /// Whether the cluster is another than it was: contained, even if only halfway, or let go again.
    fn is_a_change(&self) -> bool {
        let is_one = contains(self.act).is_some() || self.act.action == ActionKind::Release;
        is_one && took_effect(self.outcome)
    }

    fn priority(&self) -> Priority {
        if self.is_not_contained { Priority::P0 } else { self.entry.decision.priority }
    }

    fn matter(&self) -> Matter {
        let Decision { source, kind, finding, subject, rule, family, .. } = self.entry.decision.clone();
        Matter {
            event: report_id(self.entry, self.act),
            cause: Cause::Report,
            source,
            kind,
            finding,
            subject,
            rule,
            family,
            priority: self.priority(),
            incident: Some(self.act.incident.clone()),
            face: None,
        }
    }

    fn notice(&self, draft: &Draft<'_>) -> Notice {
        let Self { entry, act, outcome: _, end, said, is_not_contained } = *self;
        let why = self.why().sentence().to_owned();
        // What could not be contained is told in a page, when it is over.
        let over = is_not_contained;
        let mut notice = Notice { why, over, priority: self.priority(), ..base(entry, draft) };
        notice.doing = said_of(entry, act, end, said);
        notice.withheld = Vec::new();
        if end == ActEnd::Failed {
            notice.withheld = vec![failed(act, said)];
        }
        notice.head.lead = lead(act, end, is_not_contained).to_owned();
        if is_not_contained {
            notice.title = clean(&format!("Not contained: {}", notice.title), 200);
        }
        notice
    }

    /// By which routes a page about it goes: those of its incident, by what is known of that.
    fn routed<'p>(&self, draft: &Draft<'_>, policy: &'p Policy) -> Routed<'p> {
        let kept = draft.page_draft(&self.act.incident).map(|page_draft| &page_draft.face);
        match kept.or(self.entry.decision.face.as_ref()) {
            Some(face) => {
                let face = Attributes { priority: self.priority(), ..face.clone() };
                policy.routed(&face, draft.now())
            }
            None => policy.by_default(self.priority()),
        }
    }

    /// The budget once it is known whether the act took effect.
    fn budget_after(&self, draft: &Draft<'_>, policy: &Policy) -> Option<BudgetRecord> {
        let action = contains(self.act)?;
        let before = draft.budget()?;
        let by = (self.entry.decision.event.clone(), self.act.id.clone());
        let one = Spent::planned(action, &self.act.target, &Context::none(), by, draft.now());
        let mut after = before.clone();
        let spent = Spent { took_effect: took_effect(self.outcome), ..one };
        after.settle(spent, policy.mitigation.budget.window, draft.now());
        (after != before).then_some(after)
    }

    /// The target once that is over; none where that changes nothing, as evidence does not.
    fn target_after(&self, draft: &Draft<'_>) -> Option<(TargetKey, TargetRecord)> {
        let Self { entry, act, outcome: _, end, said, is_not_contained: _ } = *self;
        let key = TargetKey::of(&act.target)?;
        let before = draft.target(&key)?;
        let mut record = before.clone();
        for containment in &mut record.acts {
            match (act.action, end) {
                (ActionKind::Release, ActEnd::Done | ActEnd::Needless)
                    if containment.state != ContainmentState::Released =>
                {
                    containment.becomes(ContainmentState::Released, act, said, draft.now());
                }
                (ActionKind::Release, ActEnd::Done | ActEnd::Needless) => {}
                (ActionKind::Release, ActEnd::Failed) => {}
                _ if containment.event != entry.decision.event || containment.effect != act.id => {}
                (_, ActEnd::Done) => containment.becomes(ContainmentState::Done, act, said, draft.now()),
                (_, ActEnd::Failed) => containment.becomes(ContainmentState::Failed, act, said, draft.now()),
                (_, ActEnd::Needless) => {}
            }
        }
        if let (ActionKind::Restart, ActEnd::Done, ActWhen::NotBefore(at)) = (act.action, end, &act.when) {
            record.suspects.was_restarted(*at);
        }
        if end == ActEnd::Needless {
            // A next step that was not needed holds nothing.
            record.acts.retain(|containment| {
                containment.effect != act.id || containment.event != entry.decision.event
            });
        }
        (record != *before).then_some((key, record))
    }
}

fn failed(act: &Act, said: &str) -> Undone {
    let action = match act.action {
        ActionKind::Rule(action) => Some(action),
        ActionKind::Release | ActionKind::Complete | ActionKind::Restart => None,
    };
    Undone::new(action, false, &format!("{} failed: {said}", act.action.as_str()))
}

/// What is new, at the beginning of the title.
fn lead(act: &Act, end: ActEnd, has_failed: bool) -> &'static str {
    match (act.action, act.role, end) {
        _ if has_failed => "Not contained",
        (ActionKind::Release, _, ActEnd::Done) => "Released",
        (ActionKind::Rule(_), Role::Contain, ActEnd::Done) => "Contained",
        (ActionKind::Release | ActionKind::Restart | ActionKind::Rule(_) | ActionKind::Complete, _, _) => "",
    }
}

/// An update for every channel that was told of this episode, under the same dedup key.
pub(crate) fn tell(record: &IncidentRecord, incident: &IncidentKey, notice: &Notice) -> Vec<Effect> {
    let effect = |channel: &ChannelName| Effect {
        id: EffectId::new(format!("update:{channel}")),
        kind: EffectKind::Update,
        channel: channel.clone(),
        when: When::Now,
        dedup_key: dedup_key(incident, record.episode),
        notice: notice.clone(),
    };
    record.paged.keys().map(effect).collect()
}

/// That something was done to the cluster, for a channel that tells nobody.
fn noted(channel: &ChannelName, incident: &IncidentKey, episode: u32, notice: &Notice) -> Effect {
    Effect {
        id: EffectId::new(format!("change:{channel}")),
        kind: EffectKind::Update,
        channel: channel.clone(),
        when: When::Now,
        dedup_key: dedup_key(incident, episode),
        notice: notice.clone(),
    }
}

/// A page along its routes; the incident remembers them and it, so that it is resolved with the rest.
pub(crate) fn page(
    routed: &Routed<'_>,
    incident: &IncidentKey,
    record: Option<&mut IncidentRecord>,
    event: &EventId,
    notice: &Notice,
) -> Vec<Effect> {
    let episode = record.as_ref().map_or(1, |record| record.episode);
    let effect = |channel: &ChannelName, when: When| Effect {
        id: EffectId::new(format!("page:{channel}")),
        kind: EffectKind::Page,
        channel: channel.clone(),
        when,
        dedup_key: dedup_key(incident, episode),
        notice: notice.clone(),
    };
    let effects = along(routed, notice.priority, effect);
    if let Some(record) = record {
        record.routes.clone_from(&routed.by);
        record.priority = record.priority.min(notice.priority);
        effects.iter().for_each(|effect| record.was_paged(&effect.channel, event, &effect.id));
    }
    effects
}

fn end_of(outcome: &Outcome) -> (ActEnd, &str) {
    match outcome {
        Outcome::Acted { end, said, .. } => (*end, said),
        Outcome::Done { receipt, .. } => (ActEnd::Done, receipt),
        Outcome::Failed { reason, .. } => (ActEnd::Failed, reason),
        Outcome::NotNeeded { .. } => (ActEnd::Needless, ""),
    }
}

/// What was to contain something, or to find out what is to be contained.
fn worth_a_page(entry: &Entry, act: &Act) -> bool {
    match (act.role, act.action) {
        // Its suspect is contained as it is.
        (_, ActionKind::Restart) => false,
        (Role::Contain, _) => true,
        (_, ActionKind::Complete) => {
            let mut wanted = entry.decision.withheld.iter().filter_map(|withheld| withheld.action.action());
            wanted.any(|action| action.role() == Role::Contain)
        }
        (Role::Notify | Role::Capture | Role::Record, ActionKind::Rule(_) | ActionKind::Release) => false,
    }
}

fn is_said(act: &Act, end: ActEnd) -> bool {
    match (act.action, end) {
        (_, ActEnd::Failed) => true,
        (_, ActEnd::Needless) | (ActionKind::Complete | ActionKind::Restart, ActEnd::Done) => false,
        (ActionKind::Rule(action), ActEnd::Done) => action.is_told_when_done(),
        (ActionKind::Release, ActEnd::Done) => true,
    }
}

/// The captures of the decision that are done, then this act.
fn said_of(entry: &Entry, act: &Act, end: ActEnd, said: &str) -> Vec<String> {
    let others = entry.decision.acts.iter().filter(|other| other.role == Role::Capture && other.id != act.id);
    let done = others.filter_map(|other| {
        let (end, said) = end_of(entry.outcomes.get(&other.id)?);
        (end == ActEnd::Done).then(|| format!("{}: {said}", other.action.as_str()))
    });
    let approved = act.approved_by.as_ref().map(|by| format!(" (approved by {by})")).unwrap_or_default();
    let own = (end == ActEnd::Done).then(|| format!("{}{approved}: {said}", act.action.as_str()));
    done.chain(own).map(|line| clean(&line, 600)).collect()
}

/// The page that the act's decision sent, or that asked for its approval, or the little that is known without one.
fn base(entry: &Entry, draft: &Draft<'_>) -> Notice {
    let Decision { effects, priority, incident, event, subject, rule, family, kind, source, finding, .. } =
        &entry.decision;
    if let Some(effect) = effects.first() {
        return effect.notice.clone();
    }
    if let Some(asked) = entry.decision.cause.approves().and_then(|id| draft.approval(id)) {
        return asked.notice.clone();
    }
    let incident = incident.clone().unwrap_or_else(|| IncidentKey::new(""));
    // A command's subject says already which command it is.
    let title = match entry.decision.cause {
        Cause::Command { .. } => subject.clone(),
        Cause::Event | Cause::Timer | Cause::Report | Cause::Completion | Cause::Triage => {
            format!("{kind}: {subject}")
        }
    };
    Notice {
        title: clean(&title, 200),
        rule: rule.clone(),
        family: family.clone(),
        kind: kind.clone(),
        source: source.clone(),
        finding: finding.clone(),
        ..Notice::empty(*priority, &incident, event)
    }
}

/// The action, where the act is a containment and not its end.
fn contains(act: &Act) -> Option<ActionName> {
    match (act.role, act.action) {
        (Role::Contain, ActionKind::Rule(action)) => Some(action),
        (Role::Notify | Role::Capture | Role::Record, ActionKind::Rule(_))
        | (_, ActionKind::Release | ActionKind::Restart | ActionKind::Complete) => None,
    }
}

/// Whether anything was done to what was to be contained. What failed halfway has taken its effect.
pub fn took_effect(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Acted { end: ActEnd::Done, .. } | Outcome::Done { .. } => true,
        Outcome::Acted { end: ActEnd::Failed, steps, .. } => {
            let is_done = |record: &StepRecord| record.result == StepResult::Done;
            steps.iter().any(|record| record.step.contains() && is_done(record))
        }
        Outcome::Acted { end: ActEnd::Needless, .. } | Outcome::Failed { .. } | Outcome::NotNeeded { .. } => {
            false
        }
    }
}
