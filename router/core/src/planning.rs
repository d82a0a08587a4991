//! What is to be done to the cluster about an event: each wanted action planned, put before the guards, and
//! either taken, asked for, shown or refused with its reason.

mod suspects;

pub(crate) use suspects::{apart, restart_of};

use std::collections::{BTreeMap, BTreeSet};

use crate::act::{Act, ActWhen, ActionKind, PlanHash, Target, summary};
use crate::action::{ActionName, Role};
use crate::budget::Spent;
use crate::containment::{ApprovalRecord, Containment, TargetKey, TargetRecord};
use crate::decision::{Because, Reason, Waits, Wanted, Withheld};
use crate::draft::Draft;
use crate::guard::{AskedBy, Question, Ruling, may};
use crate::ids::{ApprovalId, EffectId, EventId};
use crate::incident::IncidentRecord;
use crate::mitigation::Mitigation;
use crate::notice::Notice;
use crate::plan::{NoPlan, PlanInput, Planned};
use crate::priority::Priority;
use crate::state::{Key, Record};

/// What plans are asked for, and by whom.
pub(crate) struct Request<'r> {
    pub(crate) event: &'r EventId,
    pub(crate) input: PlanInput<'r>,
    pub(crate) priority: Priority,
    pub(crate) asked_by: AskedBy<'r>,
    pub(crate) draft: &'r Draft<'r>,
}

/// What came of them.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    pub(crate) acts: Vec<Act>,
    pub(crate) withheld: Vec<Withheld>,
    /// What is done, each in a sentence.
    pub(crate) doing: Vec<String>,
    targets: BTreeSet<TargetKey>,
    records: BTreeMap<TargetKey, TargetRecord>,
    approvals: BTreeMap<ApprovalId, ApprovalRecord>,
    /// What is asked for at once, in a page of its own: of which act, and why.
    pub(crate) at_once: Vec<Asked>,
    spends: Vec<Spent>,
    /// Why a workload is to run no pods rather than new ones.
    none_at_all: Option<String>,
}

/// A plan that a human is asked for at once.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) action: ActionName,
    pub(crate) target: Target,
    pub(crate) withheld: Withheld,
}

/// The records that planning these actions reads.
pub(crate) fn reads(event: &EventId, input: &PlanInput<'_>) -> Vec<Key> {
    if input.wanted.iter().all(|action| action.only_looks()) {
        return Vec::new();
    }
    let targets = ActionName::ALL.into_iter().filter_map(|action| TargetKey::of(&input.target(action).ok()?));
    let targets: BTreeSet<_> = targets.collect();
    let approvals = ActionName::ALL.into_iter().map(|action| ApprovalId::of(event, &effect(action)));
    let own = [Key::Switch, Key::Budget];
    own.into_iter().chain(targets.into_iter().map(Key::Target)).chain(approvals.map(Key::Approval)).collect()
}

fn effect(action: ActionName) -> EffectId {
    EffectId::new(action.as_str())
}

/// Plans every wanted action, captures first.
pub(crate) fn plan(request: &Request<'_>, notice: impl FnOnce(&Plans) -> Notice) -> Plans {
    let mut plans = Plans::default();
    let mut instead = Vec::new();
    let wanted = match request.asked_by {
        // Nothing is done by it, and whoever approves it has the evidence taken first.
        AskedBy::Proposal { .. } => request.input.wanted.to_vec(),
        AskedBy::Rule { .. } | AskedBy::Human => in_order(request.input.wanted),
    };
    for action in wanted {
        instead.extend(plans.action(request, action));
    }
    for action in instead {
        if !request.input.wanted.contains(&action) && !plans.has(action) {
            plans.action(request, action);
        }
    }
    plans.propose_none_at_all(request);
    if let Some(quarantine) =
        plans.acts.iter().position(|act| act.action == ActionKind::Rule(ActionName::Quarantine))
    {
        plans.if_not_verified(request, quarantine);
        plans.end(request, quarantine);
    }
    // In the words and order of the rule.
    let place = |withheld: &Withheld| {
        let wanted = request.input.wanted.iter();
        wanted.clone().position(|action| withheld.action == Wanted::Action(*action)).unwrap_or(usize::MAX)
    };
    plans.withheld.sort_by_key(place);
    if !plans.approvals.is_empty() {
        let notice = notice(&plans);
        plans.approvals.values_mut().for_each(|approval| approval.notice = notice.clone());
    }
    plans
}

/// Evidence before everything, where anything is to be contained whether the rule says so or not.
fn in_order(wanted: &[ActionName]) -> Vec<ActionName> {
    let contains = wanted.iter().any(|action| action.role() == Role::Contain);
    let evidence = contains.then_some(ActionName::Evidence);
    let mut actions: Vec<_> = evidence.into_iter().chain(wanted.iter().copied()).collect();
    let mut seen = BTreeSet::new();
    actions.retain(|action| seen.insert(*action));
    actions.sort_by_key(|action| match action.role() {
        Role::Notify => 0,
        Role::Capture => 1,
        Role::Record => 2,
        Role::Contain => 3,
    });
    actions
}

impl Plans {
    /// They change targets, plans that wait, and the budget.
    pub(crate) fn stage(&self, draft: &mut Draft<'_>, mitigation: &Mitigation) {
        for (key, record) in &self.records {
            draft.put(Key::Target(key.clone()), Record::Target(record.clone()), Because::Planned);
        }
        for (id, record) in &self.approvals {
            let record = Record::Approval(Box::new(record.clone()));
            draft.put(Key::Approval(id.clone()), record, Because::Planned);
        }
        if let Some(mut budget) = draft.budget().filter(|_| !self.spends.is_empty()) {
            let (window, now) = (mitigation.budget.window, draft.now());
            self.spends.iter().for_each(|spent| budget.spend(spent.clone(), window, now));
            draft.put(Key::Budget, Record::Budget(budget), Because::Planned);
        }
    }

    /// That person asked for what waits.
    pub(crate) fn asked_by(&mut self, person: &str) {
        self.approvals.values_mut().for_each(|approval| approval.asked_by = Some(person.to_owned()));
    }

    /// Whether anything waits for people.
    pub(crate) fn asks(&self) -> bool {
        !self.approvals.is_empty()
    }

    /// The incident on whose account it is names what is done something to, and what is asked for.
    pub(crate) fn named_by(&self, record: &mut IncidentRecord) {
        record.targets.extend(self.targets.iter().cloned());
        self.approvals.keys().for_each(|id| record.asks(id));
    }

    fn captures(&self) -> bool {
        self.acts.iter().any(|act| act.action == ActionKind::Rule(ActionName::Evidence))
    }

    fn has(&self, action: ActionName) -> bool {
        self.acts.iter().any(|act| act.action == ActionKind::Rule(action))
            || self.withheld.iter().any(|withheld| withheld.action == Wanted::Action(action))
    }

    /// Plans one action; the answer is what could be done instead of one that cannot be.
    fn action(&mut self, request: &Request<'_>, action: ActionName) -> Option<ActionName> {
        let mut planned = match request.input.plan(action) {
            Ok(planned) => planned,
            Err(NoPlan { reason, instead }) => {
                self.withhold(action, Reason::NoPlan(reason));
                return instead;
            }
        };
        let people = request.input.mitigation.approvers_of(action);
        let ruling = self.ruling(request, action, &planned);
        if action == ActionName::Quarantine && suspects::is_suspect(&ruling) {
            self.suspect(request, &mut planned);
        }
        match ruling {
            Ruling::Go if people > 1 && request.asked_by == AskedBy::Human => {
                self.ask(request, action, planned, format!("{people} others have to approve it"));
            }
            Ruling::Go if action.role() == Role::Contain && !self.captures() => {
                self.ask(request, action, planned, "its evidence is not taken unasked".to_owned());
            }
            Ruling::Go => self.take(request, action, planned, ActWhen::Now),
            Ruling::Ask(because) => self.ask(request, action, planned, because),
            Ruling::AskAtOnce(because) => self.ask_at_once(request, action, planned, because),
            Ruling::Observe => {
                self.withhold(action, Reason::Observed(said(&planned)));
            }
            Ruling::Refuse(refusal) => self.withhold(action, Reason::Refused(refusal.sentence())),
        }
        None
    }

    fn ruling(&self, request: &Request<'_>, action: ActionName, planned: &Planned) -> Ruling {
        let Request { event: _, input, priority, asked_by, draft } = *request;
        let spends = &spent(request, action, &planned.target);
        may(&Question { action, planned, input, draft, priority, asked_by, spends, before: &self.spends })
    }

    fn withhold(&mut self, action: ActionName, reason: Reason) {
        self.withheld.push(Withheld { action: Wanted::Action(action), reason });
    }

    fn take(&mut self, request: &Request<'_>, action: ActionName, planned: Planned, when: ActWhen) {
        let undo = planned.undo.clone();
        let sentence = match said(&planned) {
            what if what.is_empty() => format!("{}: {}", action.as_str(), planned.target.named()),
            what => format!("{}: {what}", action.as_str()),
        };
        self.doing.push(match &when {
            ActWhen::Now | ActWhen::NotBefore(_) => sentence,
            ActWhen::IfFailed(other) => format!("if {other} fails, {sentence}"),
        });
        if when == ActWhen::Now && action.role() == Role::Contain {
            self.spends.push(spent(request, action, &planned.target));
        }
        let act = act(request, action, planned, when);
        self.remember(request, &act, undo);
        let (act, workload) = apart(act);
        let restart = workload.and_then(|workload| self.restart(request, &act, workload));
        self.acts.push(act);
        self.acts.extend(restart);
    }

    fn remember(&mut self, request: &Request<'_>, act: &Act, undo: Vec<crate::act::Step>) {
        if act.role == Role::Capture {
            return;
        }
        let Some(key) = TargetKey::of(&act.target) else { return };
        let incident = request.input.incident;
        let record = self.record(request, key.clone(), &act.target);
        record.incident = incident.clone();
        record.push(Containment::planned(act, request.event, undo, request.input.now));
        self.targets.insert(key);
    }

    /// What is remembered of a target by now.
    fn record(&mut self, request: &Request<'_>, key: TargetKey, target: &Target) -> &mut TargetRecord {
        let known = request.draft.target(&key).cloned();
        let fresh = || TargetRecord::new(target.clone(), request.input.incident.clone());
        self.records.entry(key).or_insert_with(|| known.unwrap_or_else(fresh))
    }

    /// The same in a page of its own.
    fn ask_at_once(&mut self, request: &Request<'_>, action: ActionName, planned: Planned, because: String) {
        let target = planned.target.clone();
        self.ask(request, action, planned, because);
        let withheld = self.withheld.last().cloned();
        self.at_once.extend(withheld.map(|withheld| Asked { action, target, withheld }));
    }

    /// A human is asked: the plan is kept as it is, and only it can be approved.
    fn ask(&mut self, request: &Request<'_>, action: ActionName, planned: Planned, because: String) {
        let PlanInput { mitigation, now, .. } = request.input;
        let expires_at = now + mitigation.approve_within;
        let id = ApprovalId::of(request.event, &effect(action));
        let would = said(&planned);
        let undo = planned.undo.clone();
        let act = act(request, action, planned, ActWhen::Now);
        self.withhold(
            action,
            Reason::Waits(Waits {
                because: because.clone(),
                until: mitigation.zone.minute(expires_at),
                approval: id.clone(),
                plan: act.hash.short().to_owned(),
                would,
            }),
        );
        let record = ApprovalRecord {
            event: request.event.clone(),
            act,
            undo,
            because,
            priority: request.priority,
            notice: Notice::empty(request.priority, request.input.incident, request.event),
            asked_at: now,
            expires_at,
            answer: None,
            asked_by: None,
            approvers: Vec::new(),
        };
        self.approvals.insert(id, record);
    }

    /// What is done if the quarantine cannot be verified: in the plan from the start.
    fn if_not_verified(&mut self, request: &Request<'_>, quarantine: usize) {
        let Some(next) = request.input.mitigation.if_not_verified.filter(|next| !self.has(*next)) else {
            return;
        };
        let id = self.acts[quarantine].id.clone();
        let Ok(planned) = request.input.plan(next) else { return };
        let people = request.input.mitigation.approvers_of(next);
        match self.ruling(request, next, &planned) {
            Ruling::Go if people > 1 && request.asked_by == AskedBy::Human => self.ask(
                request,
                next,
                planned,
                format!("{people} others have to approve it, and only if {id} fails"),
            ),
            Ruling::Go => self.take(request, next, planned, ActWhen::IfFailed(id)),
            Ruling::Ask(because) | Ruling::AskAtOnce(because) => {
                self.ask(request, next, planned, format!("{because}, and only if {id} fails"))
            }
            Ruling::Observe | Ruling::Refuse(_) => {}
        }
    }

    /// The end of the quarantine, where it has one.
    fn end(&mut self, request: &Request<'_>, quarantine: usize) {
        let PlanInput { mitigation, now, .. } = request.input;
        let Some(after) = mitigation.quarantine_ends_after else { return };
        let Act { target, id, .. } = &self.acts[quarantine];
        let Some(record) = TargetKey::of(target).and_then(|key| self.records.get(&key)) else { return };
        let undo = record.acts.iter().find(|containment| containment.effect == *id);
        let steps = undo.map(|containment| containment.undo.clone()).unwrap_or_default();
        let at = now + after;
        self.doing.push(format!("the quarantine ends at {}", mitigation.zone.minute(at)));
        let act =
            release(request, target.clone(), steps, ActWhen::NotBefore(at), at + mitigation.give_up_after);
        self.acts.push(act);
    }
}

fn spent(request: &Request<'_>, action: ActionName, target: &Target) -> Spent {
    let PlanInput { context, now, .. } = request.input;
    Spent::planned(action, target, context, (request.event.clone(), effect(action)), now)
}

fn act(request: &Request<'_>, action: ActionName, planned: Planned, when: ActWhen) -> Act {
    let Planned { target, about, steps, undo: _, ask: _, notes: _ } = planned;
    let PlanInput { mitigation, incident, now, .. } = request.input;
    Act {
        id: effect(action),
        action: ActionKind::Rule(action),
        role: action.role(),
        incident: incident.clone(),
        hash: PlanHash::of(&target, &steps),
        target,
        about,
        steps,
        when,
        give_up_at: now + mitigation.give_up_after,
        approved_by: None,
    }
}

/// The act that undoes.
pub(crate) fn release(
    request: &Request<'_>,
    target: Target,
    steps: Vec<crate::act::Step>,
    when: ActWhen,
    give_up_at: jiff::Timestamp,
) -> Act {
    let of = TargetKey::of(&target).map(|key| format!(":{key}")).unwrap_or_default();
    Act {
        id: EffectId::new(format!("release{of}")),
        action: ActionKind::Release,
        role: Role::Contain,
        incident: request.input.incident.clone(),
        hash: PlanHash::of(&target, &steps),
        target,
        about: Vec::new(),
        steps,
        when,
        give_up_at,
        approved_by: None,
    }
}

/// A plan's steps and notes, in a sentence.
fn said(planned: &Planned) -> String {
    let steps = summary(&planned.steps);
    let parts = [steps].into_iter().chain(planned.notes.iter().cloned());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}
