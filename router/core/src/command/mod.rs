//! What a human asks for: approve or deny a plan, undo, contain by hand, switch mitigation off and on.
//!
//! A command never comes from a queue: nothing in a message can become one. It is decided, committed and
//! performed like an event, so that it is in the journal with who and why.

mod annotating;
mod approvals;
mod audited;
mod deed;
mod following_up;
mod incidents;
mod proposing;
mod silences;
mod switch;
mod wish;

pub use deed::Deed;
pub use following_up::FOLLOW_UP;
pub(crate) use silences::silence_id;
pub use wish::{Command, CommandKind};

use jiff::Timestamp;

use crate::act::{Act, ActWhen, ActionKind, Target};
use crate::action::{ActionName, Role};
use crate::budget::Spent;
use crate::containment::{Containment, TargetKey, TargetRecord};
use crate::context::Context;
use crate::decision::{Because, Decision, Effect, Reason, Wanted, Withheld};
use crate::draft::{Draft, Matter};
use crate::event::{OWN_SOURCE, Subject};
use crate::follow_up;
use crate::guard::AskedBy;
use crate::heading;
use crate::identity;
use crate::ids::{IncidentKey, RuleName};
use crate::incident::IncidentRecord;
use crate::known_names::{BY_HAND, KnownNames};
use crate::notice::Notice;
use crate::plan::PlanInput;
use crate::planning::{self, Plans, Request};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::silence::SilenceEffect;
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// A command ready to be decided.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The command.
    pub command: &'a Command,
    /// What was configured.
    pub policy: &'a Policy,
    /// What the cluster says about what it is to be done to, looked up now.
    pub context: &'a Context,
    /// For a new silence: what it would have done to the events of the last day.
    pub effect: Option<&'a SilenceEffect>,
    /// For a new silence: the names of the rules that decide; none where it is not known which these are.
    pub names: Option<&'a KnownNames>,
}

impl Asked<'_> {
    /// A time for whoever reads the answer.
    fn minute(&self, at: Timestamp) -> String {
        self.policy.zone().minute(at)
    }

    /// The records that acts on the cluster read.
    fn reads(&self, state: &State) -> Vec<Key> {
        let keys = match &self.command.wish {
            CommandKind::SwitchOff | CommandKind::SwitchOn => vec![Key::Switch],
            CommandKind::Deny(id) => vec![Key::Approval(id.clone())],
            CommandKind::Approve(id) => {
                let record = state.approval(id);
                let act = record.map(|record| &record.act);
                let target = act.and_then(|act| TargetKey::of(&act.target)).map(Key::Target);
                let incident = act.map(|act| Key::Incident(act.incident.clone()));
                let restarted = act.and_then(|act| planning::apart(act.clone()).1).map(Target::Workload);
                let restarted = restarted.and_then(|target| TargetKey::of(&target)).map(Key::Target);
                let own = [Key::Approval(id.clone()), Key::Switch, Key::Budget];
                own.into_iter().chain(target).chain(restarted).chain(incident).collect()
            }
            CommandKind::Release(incident) => {
                let targets = state.incident(incident).into_iter().flat_map(|record| record.targets.iter());
                let targets = targets.map(|target| Key::Target(target.clone()));
                [Key::Incident(incident.clone())].into_iter().chain(targets).collect()
            }
            CommandKind::Act(action) => self.read_by_plan(&self.incident(), *action),
            CommandKind::Propose { incident, action } => self.read_by_plan(incident, *action),
            CommandKind::Acknowledge(_)
            | CommandKind::Take(_)
            | CommandKind::Unacknowledge(_)
            | CommandKind::Resolve(_)
            | CommandKind::Reassign { .. }
            | CommandKind::Annotate { .. }
            | CommandKind::FollowUp { .. }
            | CommandKind::Silence(_)
            | CommandKind::Expire(_)
            | CommandKind::Extend(_) => Vec::new(),
        };
        keys.into_iter().chain([Key::AuditHead]).filter(|key| !state.has_read(key)).collect()
    }

    /// The records that planning an action on an incident's account reads.
    fn read_by_plan(&self, incident: &IncidentKey, action: ActionName) -> Vec<Key> {
        let wanted = [action];
        let input = self.input(incident, &wanted, Timestamp::UNIX_EPOCH);
        let mut keys = planning::reads(&self.command.id, &input);
        keys.push(Key::Incident(incident.clone()));
        keys
    }

    /// The decision: what is done, or why it is not.
    ///
    /// # Errors
    /// What has to be read into the state first; then it is to be asked again.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        state.need_all(self.reads(state))?;
        let state = &*state.as_of(self.policy, now);
        let mut draft = self.draft(state, Why::Commanded, now);
        match self.decided(&mut draft) {
            Ok(()) => {}
            Err(NotDone::Unread(unread)) => return Err(unread),
            Err(NotDone::Declined(Declined { withheld })) => {
                draft = self.draft(state, Why::Declined, now);
                draft.withhold(withheld);
            }
        }
        self.audited(heading::head(draft, self.policy)?, state)
    }

    fn decided(&self, draft: &mut Draft<'_>) -> Result<(), NotDone> {
        match &self.command.wish {
            CommandKind::SwitchOff => self.switch_off(draft)?,
            CommandKind::SwitchOn => self.switch_on(draft)?,
            CommandKind::Deny(id) => self.deny(draft, id)?,
            CommandKind::Approve(id) => self.approve(draft, id)?,
            CommandKind::Release(incident) => self.release(draft, incident)?,
            CommandKind::Act(action) => self.act(draft, *action)?,
            CommandKind::Propose { incident, action } => self.propose(draft, incident, *action)?,
            CommandKind::Acknowledge(incident) => self.acknowledge(draft, incident)?,
            CommandKind::Take(incident) => self.take(draft, incident)?,
            CommandKind::Unacknowledge(incident) => self.unacknowledge(draft, incident)?,
            CommandKind::Resolve(incident) => self.resolve(draft, incident)?,
            CommandKind::Reassign { incident, to } => self.reassign(draft, incident, to)?,
            CommandKind::Annotate { incident, with } => self.annotate(draft, incident, with)?,
            CommandKind::FollowUp { incident, text, to } => {
                self.follow_up(draft, incident, text, to.as_ref())?
            }
            CommandKind::Silence(silence) => self.silence(draft, silence)?,
            CommandKind::Expire(id) => self.expire(draft, id)?,
            CommandKind::Extend(extension) => self.extend(draft, extension)?,
        }
        Ok(())
    }

    fn release(&self, draft: &mut Draft<'_>, incident: &IncidentKey) -> Result<(), Declined> {
        let no_incident = || Declined::new("release", format!("there is no incident {incident}"));
        let record = draft.incident(incident).ok_or_else(no_incident)?;
        let held = record.targets.iter().filter_map(|key| draft.target(key));
        let held: Vec<_> = held.filter(|target| !target.undo().is_empty()).collect();
        if held.is_empty() {
            return Err(Declined::new("release", "nothing is held on its account that can be undone"));
        }
        let context = Context::none();
        let subject = Subject::default();
        let (mitigation, now, priority) = (&self.policy.mitigation, draft.now(), record.priority);
        let input =
            PlanInput { subject: &subject, context: &context, mitigation, incident, wanted: &[], now };
        let (event, asked_by) = (&self.command.id, AskedBy::Human);
        let request = Request { event, input, priority, asked_by, draft };
        let release = |target: &TargetRecord| {
            let give_up_at = now + mitigation.give_up_after;
            let act =
                planning::release(&request, target.target.clone(), target.undo(), ActWhen::Now, give_up_at);
            Act { approved_by: Some(clean(&self.command.by, 100)), ..act }
        };
        let acts: Vec<_> = held.into_iter().map(release).collect();
        draft.belongs_to(incident);
        draft.priority(priority);
        draft.act(acts);
        Ok(())
    }

    fn act(&self, draft: &mut Draft<'_>, action: ActionName) -> Result<(), Declined> {
        let incident = self.incident();
        let mut plans = self.planned(draft, &incident, action);
        plans.asked_by(&self.person());
        let waits_for_others = plans.asks() && self.policy.mitigation.approvers_of(action) > 1;
        let Plans { acts, withheld, .. } = &plans;
        if !waits_for_others && acts.iter().all(|act| act.role == Role::Capture) && !action.only_looks() {
            return Err(Declined { withheld: withheld.clone() });
        }
        let mut notice = self.by_hand(&incident, action, &plans);
        let mut record = begun(draft, &incident);
        plans.stage(draft, &self.policy.mitigation);
        plans.named_by(&mut record);
        // Who looks at the list sees what it is.
        record.title.clone_from(&notice.title);
        record.subject = clean(&self.named(), 200);
        record.family.clone_from(&notice.family);
        record.last_at = Some(draft.now());
        record.events += 1;
        notice.doing.truncate(20);
        draft.priority(Priority::P1);
        draft.belongs_to(&incident);
        draft.page(self.page(&incident, Some(&mut record), notice));
        draft.put_incident(&incident, record, Because::Commanded);
        draft.act(plans.acts);
        draft.withhold(plans.withheld);
        Ok(())
    }

    fn planned(&self, draft: &Draft<'_>, incident: &IncidentKey, action: ActionName) -> Plans {
        let wanted = [action];
        let input = self.input(incident, &wanted, draft.now());
        let (event, asked_by) = (&self.command.id, AskedBy::Human);
        let request = Request { event, input, priority: Priority::P1, asked_by, draft };
        planning::plan(&request, |plans| self.by_hand(incident, action, plans))
    }

    /// By hand, one pod, node or workload is one problem.
    fn incident(&self) -> IncidentKey {
        let pod = self.context.pod().map(|pod| format!("pods/{}", pod.full_name()));
        let node = self.context.node.as_ref().map(|node| format!("node/{}", node.name));
        let about = pod.or(node).unwrap_or_else(|| format!("event/{}", self.command.id));
        let cluster = self.policy.mitigation.cluster.as_ref().map_or("", |cluster| cluster.name.as_str());
        identity::by_hand(cluster, &about)
    }

    fn input<'o>(
        &'o self,
        incident: &'o IncidentKey,
        wanted: &'o [ActionName],
        now: Timestamp,
    ) -> PlanInput<'o> {
        static NOBODY: std::sync::LazyLock<Subject> = std::sync::LazyLock::new(Subject::default);
        let mitigation = &self.policy.mitigation;
        PlanInput { subject: &NOBODY, context: self.context, mitigation, incident, wanted, now }
    }

    /// Evidence again, right before: what was captured when it was asked for is old by now.
    fn evidence_first(&self, act: Act, input: &PlanInput<'_>) -> Vec<Act> {
        let evidence = match (act.role, input.plan(ActionName::Evidence)) {
            (Role::Contain, Ok(planned)) => Some(Act {
                id: crate::ids::EffectId::new(ActionName::Evidence.as_str()),
                action: ActionKind::Rule(ActionName::Evidence),
                role: Role::Capture,
                hash: crate::act::PlanHash::of(&planned.target, &planned.steps),
                target: planned.target,
                about: planned.about,
                steps: planned.steps,
                ..act.clone()
            }),
            (Role::Contain, Err(_)) | (Role::Notify | Role::Capture | Role::Record, _) => None,
        };
        evidence.into_iter().chain([act]).collect()
    }

    fn remember(&self, draft: &mut Draft<'_>, act: &Act, undo: Vec<crate::act::Step>, spends: Spent) {
        let Some(key) = TargetKey::of(&act.target) else { return };
        let fresh = || TargetRecord::new(act.target.clone(), act.incident.clone());
        let mut record = draft.target(&key).cloned().unwrap_or_else(fresh);
        record.incident = act.incident.clone();
        record.push(Containment::planned(act, &self.command.id, undo, draft.now()));
        draft.put(Key::Target(key.clone()), Record::Target(record), Because::Planned);
        if let Some(mut incident) = draft.incident(&act.incident).cloned() {
            incident.targets.insert(key);
            draft.put_incident(&act.incident, incident, Because::Planned);
        }
        if let Some(mut budget) = draft.budget().filter(|_| act.role == Role::Contain) {
            budget.spend(spends, self.policy.mitigation.budget.window, draft.now());
            draft.put(Key::Budget, Record::Budget(budget), Because::Planned);
        }
    }

    /// What it is done to, in words.
    fn named(&self) -> String {
        let what = self.context.pod().map(|pod| format!("pod {}", pod.full_name()));
        let what = what.or(self.context.node.as_ref().map(|node| format!("node {}", node.name)));
        what.unwrap_or_else(|| "nothing that is known".to_owned())
    }

    fn by_hand(&self, incident: &IncidentKey, action: ActionName, plans: &Plans) -> Notice {
        let Command { by, reason, .. } = self.command;
        let what = self.named();
        let title = format!("{} of {what} by hand, by {by}: {reason}", action.as_str());
        let mut notice = self.notice(incident, Priority::P1, title);
        notice.doing = plans.doing.iter().map(|doing| clean(doing, 500)).collect();
        notice.withheld = plans.withheld.iter().map(Withheld::told).collect();
        notice
    }

    fn notice(&self, incident: &IncidentKey, priority: Priority, title: String) -> Notice {
        Notice {
            title: clean(&title, 200),
            why: Why::Commanded.sentence().to_owned(),
            rule: RuleName::new(BY_HAND),
            family: BY_HAND.to_owned(),
            source: OWN_SOURCE.to_owned(),
            ..Notice::empty(priority, incident, &self.command.id)
        }
    }

    fn page(
        &self,
        incident: &IncidentKey,
        record: Option<&mut IncidentRecord>,
        notice: Notice,
    ) -> Vec<Effect> {
        let routed = self.policy.by_default(notice.priority);
        follow_up::page(&routed, incident, record, &self.command.id, &notice)
    }

    fn draft<'s>(&self, state: &'s State, why: Why, now: Timestamp) -> Draft<'s> {
        let Command { id, by, reason, wish, via: _, episode: _, plan: _, caller: _, from: _ } = self.command;
        let said = [wish.says(), Some(reason.clone()).filter(|reason| !reason.is_empty())];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let because = if said.is_empty() { String::new() } else { format!(": {said}") };
        let matter = Matter {
            event: id.clone(),
            cause: self.command.cause(),
            source: OWN_SOURCE.to_owned(),
            kind: format!("Command:{}", wish.as_str()),
            finding: None,
            subject: clean(&format!("{} by {by}{because}", wish.as_str()), 300),
            rule: RuleName::new(BY_HAND),
            family: BY_HAND.to_owned(),
            priority: Priority::P3,
            incident: None,
            face: None,
        };
        Draft::quiet(state, matter, why, now)
    }
}

/// Why nothing is done yet, or at all.
enum NotDone {
    Unread(Unread),
    Declined(Declined),
}

/// What was asked for and is not done, with the reasons.
struct Declined {
    withheld: Vec<Withheld>,
}

impl Declined {
    fn new(action: &str, reason: impl AsRef<str>) -> Self {
        let reason = Reason::Declined(clean(reason.as_ref(), 500));
        Self { withheld: vec![Withheld { action: Wanted::from(action.to_owned()), reason }] }
    }
}

impl From<Unread> for NotDone {
    fn from(unread: Unread) -> Self {
        NotDone::Unread(unread)
    }
}

impl From<Declined> for NotDone {
    fn from(declined: Declined) -> Self {
        NotDone::Declined(declined)
    }
}

/// The incident if it is open; otherwise its next episode, begun by hand.
fn begun(draft: &Draft<'_>, key: &IncidentKey) -> IncidentRecord {
    let previous = draft.incident(key);
    match previous.filter(|record| record.open) {
        Some(record) => record.clone(),
        None => IncidentRecord::begun(previous, Priority::P1, None, draft.now()),
    }
}
