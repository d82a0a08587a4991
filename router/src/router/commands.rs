//! What a human asks for, decided and performed like an event; or only rehearsed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::{Instant, sleep};
use watchfire_core::act::{Act, ActWhen, ActionKind, StepRecord};
use watchfire_core::attributes::Attributes;
use watchfire_core::command::{Asked, Command, CommandKind};
use watchfire_core::containment::{ApprovalRecord, SwitchRecord, TargetRecord};
use watchfire_core::context::Context;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ChannelName, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::notice::ByWhom;
use watchfire_core::silence::SilenceEffect;
use watchfire_core::state::{Key, Record, State};
use watchfire_core::text::clean;

use super::{PerformedBy, Router};
use crate::clients::chain;
use crate::failure::Nack;
use crate::responder::Named;
use crate::store::{self, Seen};

/// So long it is looked whether others do what was decided: a worker comes by every two seconds.
pub(crate) const SEEN_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What would be done, and what the API server said to each change of it.
#[derive(Debug)]
pub struct Rehearsal {
    /// What would be decided.
    pub decision: Decision,
    /// Each act with its steps, as far as they went.
    pub acts: Vec<(Act, Vec<StepRecord>)>,
    /// For a new silence: what it would have done to the events of the last day.
    pub effect: Option<SilenceEffect>,
}

/// What was done about what a human asks for.
#[derive(Debug)]
pub struct CommandResult {
    /// What was decided, and what became of it.
    pub entry: Entry,
    /// For a new silence: what it would have done to the events of the last day.
    pub effect: Option<SilenceEffect>,
}

impl Router {
    /// Does what a human asks for, on what they name. Repeated with the same id, it is decided once; what
    /// is still pending when this returns, a tick goes on with.
    ///
    /// # Errors
    /// [`Nack`] when it could not even be decided.
    pub async fn command(&self, command: &Command, on: Option<&Named>) -> Result<CommandResult, Nack> {
        let Some(_claim) = self.at_work.claim(&command.id) else { return Err(at_work_already()) };
        let CommandResult { entry, effect } = self.commit_command(command, on).await?;
        // What is pending is in the journal; the answer shows it.
        match self.performed_by {
            PerformedBy::Us => drop(Box::pin(self.perform(&entry)).await),
            PerformedBy::Others => return Ok(CommandResult { entry: self.seen(entry).await, effect }),
        }
        match self.store.find(&command.id).await {
            Ok(Some(entry)) => Ok(CommandResult { entry, effect }),
            Ok(None) | Err(_) => Ok(CommandResult { entry, effect }),
        }
    }

    /// The same entry once others have done all of it, or as far as they are after a while.
    async fn seen(&self, mut entry: Entry) -> Entry {
        let end = Instant::now() + SEEN_WITHIN;
        while entry.pending_ids().next().is_some() && Instant::now() < end {
            sleep(LOOK_EVERY).await;
            // What does not answer now may answer in a moment.
            if let Ok(Some(now)) = self.store.find(&entry.decision.event).await {
                entry = now;
            }
        }
        entry
    }

    /// As [`Router::command`], for those who cannot wait: returns as soon as it is on disk. It is performed in
    /// a task of its own; what that does not come to, a tick does.
    ///
    /// # Errors
    /// [`Nack`] when it could not even be decided.
    pub async fn command_recorded(self: &Arc<Self>, command: &Command) -> Result<Entry, Nack> {
        let entry = {
            let Some(_claim) = self.at_work.claim(&command.id) else { return Err(at_work_already()) };
            self.commit_command(command, None).await?.entry
        };
        let (router, id) = (Arc::clone(self), command.id.clone());
        tokio::spawn(async move { router.resume(&id).await });
        Ok(entry)
    }

    async fn commit_command(&self, command: &Command, on: Option<&Named>) -> Result<CommandResult, Nack> {
        let context = self.context_for(command, on).await?;
        let effect = self.effect_of(command).await?;
        let set = self.in_force();
        let (policy, names) = (&*set.policy, self.names_for(command, &set.policy));
        let (effect_of, names) = (effect.as_ref(), names.as_ref());
        let asked = Asked { command, policy, context: &context, effect: effect_of, names };
        let raw = recorded(command, on);
        let own = || IncidentKey::new(command.id.as_str());
        let turn = command.wish.incident().cloned().unwrap_or_else(own);
        let decide = |state: &State| asked.decide(state, self.clock.now());
        let entry = self.commit_own(&turn, &raw, decide).await?;
        Ok(CommandResult { entry, effect })
    }

    /// Decides and rehearses it: every check, every change as a server-side dry run, nothing recorded.
    ///
    /// # Errors
    /// [`Nack`] when it could not even be decided.
    pub async fn rehearse(&self, command: &Command, on: Option<&Named>) -> Result<Rehearsal, Nack> {
        let context = self.context_for(command, on).await?;
        let effect = self.effect_of(command).await?;
        let set = self.in_force();
        let (policy, names) = (&*set.policy, self.names_for(command, &set.policy));
        let (effect_of, names) = (effect.as_ref(), names.as_ref());
        let asked = Asked { command, policy, context: &context, effect: effect_of, names };
        let decide = |state: &State| asked.decide(state, self.clock.now());
        let (_, decision) = self.read(decide).await.map_err(failed)?;
        let mut acts = Vec::new();
        if let Some(responder) = &self.responder {
            for act in &decision.acts {
                let steps = match (&act.when, act.action) {
                    // It undoes what is not done yet.
                    (ActWhen::NotBefore(_), ActionKind::Release) => Vec::new(),
                    (ActWhen::Now | ActWhen::IfFailed(_) | ActWhen::NotBefore(_), _) => {
                        responder.rehearse(act).await
                    }
                };
                acts.push((act.clone(), steps));
            }
        }
        Ok(Rehearsal { decision, acts, effect })
    }

    /// What a new silence would have done to the events of the last day.
    ///
    /// # Errors
    /// The store's.
    pub async fn effect_of(&self, command: &Command) -> Result<Option<SilenceEffect>, Nack> {
        let CommandKind::Silence(draft) = &command.wish else { return Ok(None) };
        let Ok(pattern) = Attributes::pattern(&draft.matches) else { return Ok(None) };
        let since = self.clock.now() - SignedDuration::from_hours(24);
        let count = move |effect: &mut SilenceEffect, seen: Seen| effect.count(&pattern, &seen.face);
        self.store.fold_faces(since, SilenceEffect::default(), count).await.map(Some).map_err(failed)
    }

    async fn context_for(&self, command: &Command, on: Option<&Named>) -> Result<Context, Nack> {
        let Some(responder) = &self.responder else { return Ok(Context::none()) };
        Ok(match (&command.wish, on) {
            (CommandKind::Act(_) | CommandKind::Propose { .. }, Some(named)) => {
                responder.context_of_named(named).boxed().await
            }
            (CommandKind::Approve(id), _) => {
                let mut state = State::default();
                self.store.load(&[Key::Approval(id.clone())], &mut state).await.map_err(failed)?;
                match state.approval(id) {
                    Some(record) => responder.context_of(&record.act.target).boxed().await,
                    None => Context::none(),
                }
            }
            (CommandKind::Act(_) | CommandKind::Propose { .. }, None)
            | (
                CommandKind::Deny(_)
                | CommandKind::Release(_)
                | CommandKind::SwitchOff
                | CommandKind::SwitchOn
                | CommandKind::Acknowledge(_)
                | CommandKind::Take(_)
                | CommandKind::Unacknowledge(_)
                | CommandKind::Resolve(_)
                | CommandKind::Reassign { .. }
                | CommandKind::Annotate { .. }
                | CommandKind::FollowUp { .. }
                | CommandKind::Silence(_)
                | CommandKind::Expire(_)
                | CommandKind::Extend(_),
                _,
            ) => Context::none(),
        })
    }

    /// What whoever asks may not know: whose it was that they end, that nobody is paged by a name.
    ///
    /// # Errors
    /// The store's.
    pub async fn remark(&self, command: &Command) -> Result<Option<String>, store::Error> {
        let set = self.in_force();
        match &command.wish {
            CommandKind::Resolve(key) => {
                let mut state = State::default();
                self.store.load(&[Key::Incident(key.clone())], &mut state).await?;
                let had = state.incident(key).filter(|record| record.open);
                let had =
                    had.and_then(|record| record.acknowledged.clone()).filter(|had| had.by != command.by);
                Ok(had
                    .map(|ByWhom { by, at }| format!("{by} had it, since {}", set.policy.zone().minute(at))))
            }
            CommandKind::Reassign { incident: _, to } => {
                let channels = set.policy.channels();
                let is_known = channels.contains(&ChannelName::new(to.clone()));
                Ok((!is_known).then(|| {
                    let known: Vec<_> = channels.iter().map(ChannelName::as_str).collect();
                    let (to, known) = (clean(to, 100), known.join(", "));
                    format!("`{to}` is no channel of the configuration ({known}): the name is recorded, nobody is paged")
                }))
            }
            CommandKind::Approve(_)
            | CommandKind::Deny(_)
            | CommandKind::Release(_)
            | CommandKind::Act(_)
            | CommandKind::Propose { .. }
            | CommandKind::SwitchOff
            | CommandKind::SwitchOn
            | CommandKind::Acknowledge(_)
            | CommandKind::Take(_)
            | CommandKind::Unacknowledge(_)
            | CommandKind::Annotate { .. }
            | CommandKind::FollowUp { .. }
            | CommandKind::Silence(_)
            | CommandKind::Expire(_)
            | CommandKind::Extend(_) => Ok(None),
        }
    }

    /// The plans that wait for a human, or were answered lately.
    ///
    /// # Errors
    /// The store's.
    pub async fn approvals(&self) -> Result<Vec<(String, ApprovalRecord)>, store::Error> {
        let gather = |found: &mut Vec<_>, key: &str, record| {
            if let Record::Approval(record) = record {
                found.push((key.to_owned(), *record));
            }
        };
        self.store.fold_records(Key::APPROVALS, Vec::new(), gather).await
    }

    /// What is held, and can be released.
    ///
    /// # Errors
    /// The store's.
    pub async fn held(&self) -> Result<Vec<TargetRecord>, store::Error> {
        let gather = |found: &mut Vec<_>, _: &str, record: &Record| {
            if let Record::Target(target) = record
                && !target.undo().is_empty()
            {
                found.push(target.clone());
            }
        };
        self.store.fold_open(Key::TARGETS, Vec::new(), gather).await
    }

    /// Whether mitigation is switched off in the store.
    ///
    /// # Errors
    /// The store's.
    pub async fn switch(&self) -> Result<SwitchRecord, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Switch], &mut state).await?;
        Ok(state.switch().unwrap_or_default())
    }
}

/// A command as the journal keeps it, with what was named: two that differ in it are two commands.
pub fn recorded(command: &Command, on: Option<&Named>) -> String {
    let Some(on) = on else { return serde_json::to_string(command).expect("texts and enums") };
    let mut command = serde_json::to_value(command).expect("texts and enums");
    command["on"] = json!(on);
    command.to_string()
}

fn at_work_already() -> Nack {
    Nack { reason: "it is at work already".to_owned(), retry_after: None }
}

fn failed(error: store::Error) -> Nack {
    Nack { reason: format!("the store failed: {}", chain(&error)), retry_after: None }
}
