//! What a human asks for: approve or deny a plan, undo, contain by hand, switch mitigation off and on.
//!
//! A command never comes from a queue: nothing in a message can become one. It is decided, committed and
//! performed like an event, so that it is in the journal with who and why.

mod approvals;
mod incidents;
mod silences;
mod switch;
mod wish;

pub(crate) use silences::silence_id;
pub use wish::{Command, CommandKind};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::act::{Act, ActWhen, ActionKind};
use crate::action::ActionName;
use crate::action::Role;
use crate::budget::Spent;
use crate::containment::{Containment, TargetKey, TargetRecord};
use crate::context::Context;
use crate::decision::{Decision, Effect, Matter, Withheld};
use crate::event::{OWN_SOURCE, Subject};
use crate::follow_up;
use crate::guard::AskedBy;
use crate::heading;
use crate::identity;
use crate::ids::{IncidentKey, RuleName};
use crate::incident::IncidentRecord;
use crate::notice::Notice;
use crate::plan::PlanInput;
use crate::planning::{self, Plans, Request};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::silence::SilenceEffect;
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

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
                let own = [Key::Approval(id.clone()), Key::Switch, Key::Budget];
                own.into_iter().chain(target).chain(incident).collect()
            }
            CommandKind::Release(incident) => {
                let targets = state.incident(incident).into_iter().flat_map(|record| record.targets.iter());
                let targets = targets.map(|target| Key::Target(target.clone()));
                [Key::Incident(incident.clone())].into_iter().chain(targets).collect()
            }
            CommandKind::Act(action) => {
                let incident = self.incident();
                let wanted = [*action];
                let input = self.input(&incident, &wanted, Timestamp::UNIX_EPOCH);
                let mut keys = planning::reads(&self.command.id, &input);
                keys.push(Key::Incident(incident.clone()));
                keys
            }
            CommandKind::Acknowledge(_)
            | CommandKind::Take(_)
            | CommandKind::Unacknowledge(_)
            | CommandKind::Resolve(_)
            | CommandKind::Reassign { .. }
            | CommandKind::Silence(_)
            | CommandKind::Expire(_)
            | CommandKind::Extend(_) => Vec::new(),
        };
        keys.into_iter().filter(|key| !state.has_read(key)).collect()
    }

    /// The decision: what is done, or why it is not.
    ///
    /// # Errors
    /// What has to be read into the state first; then it is to be asked again.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        state.need_all(self.reads(state))?;
        let state = &*state.as_of(self.policy, now);
        heading::head(self.decided(state, now)?, self.policy, state, now)
    }

    fn decided(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        Ok(match &self.command.wish {
            CommandKind::SwitchOff => self.switch_off(state, now)?,
            CommandKind::SwitchOn => self.switch_on(state, now)?,
            CommandKind::Deny(id) => self.deny(id, state, now),
            CommandKind::Approve(id) => self.approve(id, state, now),
            CommandKind::Release(incident) => self.release(incident, state, now),
            CommandKind::Act(action) => self.act(*action, state, now),
            CommandKind::Acknowledge(incident) => self.acknowledge(incident, state, now)?,
            CommandKind::Take(incident) => self.take(incident, state, now)?,
            CommandKind::Unacknowledge(incident) => self.unacknowledge(incident, state, now)?,
            CommandKind::Resolve(incident) => self.resolve(incident, state, now)?,
            CommandKind::Reassign { incident, to } => self.reassign(incident, to, state, now)?,
            CommandKind::Silence(draft) => self.silence(draft, state, now)?,
            CommandKind::Expire(id) => self.expire(id, state, now)?,
            CommandKind::Extend(extension) => self.extend(extension, state, now)?,
        })
    }

    fn release(&self, incident: &IncidentKey, state: &State, now: Timestamp) -> Decision {
        let Some(record) = state.incident(incident) else {
            return self.declined("release", format!("there is no incident {incident}"), now);
        };
        let held = record.targets.iter().filter_map(|key| state.target(key));
        let held: Vec<_> = held.filter(|target| !target.undo().is_empty()).collect();
        if held.is_empty() {
            return self.declined(
                "release",
                "nothing is held on its account that can be undone".to_owned(),
                now,
            );
        }
        let context = Context::none();
        let subject = Subject::default();
        let mitigation = &self.policy.mitigation;
        let input =
            PlanInput { subject: &subject, context: &context, mitigation, incident, wanted: &[], now };
        let (event, asked_by) = (&self.command.id, AskedBy::Human);
        let request = Request { event, input, priority: record.priority, asked_by, state };
        let release = |target: &TargetRecord| {
            let give_up_at = now + mitigation.give_up_after;
            let act =
                planning::release(&request, target.target.clone(), target.undo(), ActWhen::Now, give_up_at);
            Act { approved_by: Some(clean(&self.command.by, 100)), ..act }
        };
        let acts = held.into_iter().map(release).collect();
        Decision {
            incident: Some(incident.clone()),
            acts,
            ..self.blank(Why::Commanded, record.priority, now)
        }
    }

    fn act(&self, action: ActionName, state: &State, now: Timestamp) -> Decision {
        let incident = self.incident();
        let wanted = [action];
        let input = self.input(&incident, &wanted, now);
        let (event, asked_by) = (&self.command.id, AskedBy::Human);
        let request = Request { event, input, priority: Priority::P1, asked_by, state };
        let plans = planning::plan(&request, |plans| self.by_hand(&incident, action, plans));
        let mut changes = plans.changes(&request);
        let mut notice = self.by_hand(&incident, action, &plans);
        let Plans { acts, withheld, .. } = &plans;
        let (acts, withheld) = (acts.clone(), withheld.clone());
        if acts.iter().all(|act| act.role == Role::Capture) && !action.only_looks() {
            let reasons: Vec<_> = withheld.iter().map(Withheld::to_string).collect();
            return Decision { withheld, ..self.declined(action.as_str(), reasons.join("; "), now) };
        }
        let previous = state.incident(&incident);
        let mut record = match previous.filter(|record| record.open) {
            Some(record) => record.clone(),
            None => IncidentRecord::begun(previous, Priority::P1, None, now),
        };
        plans.named_by(&mut record);
        // Who looks at the list sees what it is.
        record.title.clone_from(&notice.title);
        record.subject = clean(&self.named(), 200);
        record.family.clone_from(&notice.family);
        record.last_at = Some(now);
        record.events += 1;
        notice.doing.truncate(20);
        let effects = self.page(&incident, Some(&mut record), notice);
        changes.insert(Key::Incident(incident.clone()), Record::Incident(record));
        let blank = self.blank(Why::Commanded, Priority::P1, now);
        let verdict = verdict_of(&effects);
        Decision { verdict, incident: Some(incident), effects, acts, withheld, changes, ..blank }
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

    fn remember(
        &self,
        act: &Act,
        undo: Vec<crate::act::Step>,
        spends: Spent,
        state: &State,
        now: Timestamp,
        changes: &mut BTreeMap<Key, Record>,
    ) {
        let Some(key) = TargetKey::of(&act.target) else { return };
        let fresh =
            || TargetRecord { target: act.target.clone(), incident: act.incident.clone(), acts: Vec::new() };
        let mut record = state.target(&key).cloned().unwrap_or_else(fresh);
        record.incident = act.incident.clone();
        record.push(Containment::planned(act, &self.command.id, undo, now));
        changes.insert(Key::Target(key.clone()), Record::Target(record));
        if let Some(mut incident) = state.incident(&act.incident).cloned() {
            incident.targets.insert(key);
            changes.insert(Key::Incident(act.incident.clone()), Record::Incident(incident));
        }
        if let Some(mut budget) = state.budget().filter(|_| act.role == Role::Contain) {
            budget.spend(spends, self.policy.mitigation.budget.window, now);
            changes.insert(Key::Budget, Record::Budget(budget));
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
        notice.withheld = plans.withheld.iter().map(|withheld| clean(&withheld.to_string(), 600)).collect();
        notice
    }

    fn notice(&self, incident: &IncidentKey, priority: Priority, title: String) -> Notice {
        Notice {
            title: clean(&title, 200),
            why: Why::Commanded.sentence().to_owned(),
            rule: RuleName::new("by-hand"),
            family: "by-hand".to_owned(),
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
        follow_up::page(self.policy, incident, record, &self.command.id, &notice)
    }

    fn declined(&self, action: &str, reason: String, now: Timestamp) -> Decision {
        let withheld = vec![Withheld { action: action.to_owned(), reason: clean(&reason, 500) }];
        Decision { withheld, ..self.blank(Why::Declined, Priority::P3, now) }
    }

    fn blank(&self, why: Why, priority: Priority, now: Timestamp) -> Decision {
        let Command { id, by, reason, wish, via: _, episode: _ } = self.command;
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let matter = Matter {
            source: OWN_SOURCE.to_owned(),
            kind: format!("Command:{}", wish.as_str()),
            finding: None,
            subject: clean(&format!("{} by {by}{because}", wish.as_str()), 300),
            rule: RuleName::new("by-hand"),
            family: "by-hand".to_owned(),
            priority,
            incident: None,
            face: None,
        };
        Decision::quiet(id.clone(), self.command.cause(), matter, why, now)
    }
}

fn verdict_of(effects: &[Effect]) -> Verdict {
    if effects.is_empty() { Verdict::Quiet } else { Verdict::Page }
}
