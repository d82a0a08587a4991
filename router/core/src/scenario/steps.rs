//! One step after another: its messages and commands, each with ids that are the same every time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::build::StepInput;
use super::events::{self, Sent};
use super::file::{Offset, StepText};
use super::input::{AckText, ExpireText, ExtendText, FindingText, IncidentText, ReassignText, SilenceText};
use crate::command::{Command, CommandKind, silence_id};
use crate::context::Context;
use crate::event::{Event, messages};
use crate::identity::incident_key;
use crate::ids::{ChannelName, EventId, IncidentKey, SilenceId};
use crate::policy::Policy;
use crate::silence::{Extension, SilenceDraft};
use crate::yaml::{Mistake, Node, expected, wrong};

/// How a feed writes a finding.
type Write = fn(&FindingText, Sent<'_>) -> String;

/// What is known of the steps so far.
pub(super) struct Building<'b> {
    start: Timestamp,
    policy: &'b Policy,
    event: &'b dyn Fn(&str) -> Result<String, Mistake>,
    /// The last report of each finding.
    findings: BTreeMap<String, FindingText>,
    /// The incident that each id belongs to: that of its first report.
    incidents: BTreeMap<String, IncidentKey>,
    silences: BTreeMap<String, SilenceId>,
    /// The first message of each step.
    texts: Vec<String>,
}

impl<'b> Building<'b> {
    pub(super) fn new(
        start: Timestamp,
        policy: &'b Policy,
        event: &'b dyn Fn(&str) -> Result<String, Mistake>,
    ) -> Self {
        let (findings, incidents, silences) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { start, policy, event, findings, incidents, silences, texts: Vec::new() }
    }

    /// What silences are called, by id.
    pub(super) fn silences(self) -> BTreeMap<String, String> {
        self.silences.into_iter().map(|(name, id)| (id.to_string(), name)).collect()
    }

    /// The inputs of the step of that number, from 1.
    pub(super) fn step(
        &mut self,
        number: usize,
        step: StepText,
        node: &Node,
    ) -> Result<Vec<StepInput>, Mistake> {
        let times = step.times.unwrap_or(1);
        let apart = SignedDuration::from_secs(step.every_seconds.unwrap_or(0).into());
        let at = self.at(step.at);
        let mut inputs = Vec::new();
        if step.times.is_none() {
            inputs.push(self.input(&number.to_string(), step, at)?);
        } else {
            let text = node.json().to_string();
            for n in 1..=times {
                let text = text.replace("{n}", &n.to_string());
                let step: StepText = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
                let at = at + apart * i32::try_from(n - 1).unwrap_or(i32::MAX);
                inputs.push(self.input(&format!("{number}.{n}"), step, at)?);
            }
        }
        let text = inputs.iter().find_map(|input| match input {
            StepInput::Message { text, .. } => Some(text.clone()),
            StepInput::Command { .. } | StepInput::Tick { .. } => None,
        });
        self.texts.push(text.unwrap_or_default());
        Ok(inputs)
    }

    fn at(&self, Offset(offset): Offset) -> Timestamp {
        self.start + offset
    }

    fn input(&mut self, number: &str, step: StepText, at: Timestamp) -> Result<StepInput, Mistake> {
        let StepText {
            at: _,
            expect: _,
            times: _,
            every_seconds: _,
            guardduty,
            securityhub,
            ocsf,
            sequence,
            control,
            alarm,
            event,
            eventbridge,
            message,
            redelivered,
            ack,
            unack,
            resolve,
            reassign,
            silence,
            expire,
            extend,
        } = step;
        let id = format!("event-{number}");
        let sent = Sent { id: &id, at, updated: at };
        let by = |part: &AckText| (part.by.clone(), part.via.clone(), part.episode);
        let mut inputs = Vec::new();
        let feeds: [(_, Write); 3] = [
            (guardduty, FindingText::guardduty),
            (securityhub, FindingText::securityhub),
            (ocsf, FindingText::ocsf),
        ];
        for (finding, write) in feeds {
            let Some(finding) = finding else { continue };
            let finding = match self.findings.get(&finding.id) {
                Some(before) => finding.after(before),
                None => finding,
            };
            let updated = finding.updated.map_or(at, |updated| self.at(updated));
            inputs.push(self.message(Some(&finding.id), write(&finding, Sent { updated, ..sent }), at));
            self.findings.insert(finding.id.clone(), finding);
        }
        if let Some(text) = sequence {
            inputs.push(self.message(Some(&text.id), events::sequence(&text, sent), at));
        }
        if let Some(text) = control {
            inputs.push(self.message(Some(&text.id), events::control(&text, sent), at));
        }
        if let Some(text) = alarm {
            inputs.push(self.message(Some(&text.name), events::alarm(&text, sent), at));
        }
        if let Some(text) = eventbridge {
            inputs.push(self.message(Some(&text.kind), events::eventbridge(&text, sent), at));
        }
        if let Some(name) = event {
            let text = (self.event)(&name)?;
            inputs.push(self.message(Some(&name), text, at));
        }
        if let Some(text) = message {
            inputs.push(self.message(None, text, at));
        }
        if let Some(step) = redelivered {
            let text = step.checked_sub(1).and_then(|index| self.texts.get(index));
            let text = text.filter(|text| !text.is_empty()).ok_or_else(|| {
                expected("the number of an earlier step with a message").found(step.to_string())
            })?;
            inputs.push(StepInput::Message { text: text.clone(), at });
        }
        let mut ask =
            |wish, (by, via, episode): (Option<String>, Option<String>, Option<u32>), reason: String| {
                let by = by.unwrap_or_else(|| "sam".to_owned());
                let id = EventId::new(format!("command-{number}"));
                let via = via.map(ChannelName::new);
                let command =
                    Command { id, by, reason, via, episode, plan: None, caller: None, from: None, wish };
                inputs.push(StepInput::Command { command, at });
            };
        let nobody = || (None, None, None);
        if let Some(text) = ack {
            ask(CommandKind::Acknowledge(self.incident(&text.of)?), by(&text), String::new());
        }
        if let Some(IncidentText { of }) = unack {
            ask(CommandKind::Unacknowledge(self.incident(&of)?), nobody(), String::new());
        }
        if let Some(text) = resolve {
            ask(CommandKind::Resolve(self.incident(&text.of)?), by(&text), String::new());
        }
        if let Some(ReassignText { of, to }) = reassign {
            ask(CommandKind::Reassign { incident: self.incident(&of)?, to }, nobody(), String::new());
        }
        if let Some(SilenceText { name, matches, hours, from, comment, yes_cover_p0 }) = silence {
            let starts_at = from.map(|from| self.at(from));
            let ends_at = starts_at.unwrap_or(at) + SignedDuration::from_hours(hours.into());
            let matches = matches.to_string();
            let draft = SilenceDraft { matches, starts_at, ends_at, ticket: None, yes_cover_p0 };
            self.silences.insert(name.clone(), silence_id(&EventId::new(format!("command-{number}"))));
            ask(CommandKind::Silence(draft), nobody(), comment.unwrap_or(name));
        }
        if let Some(ExpireText { name }) = expire {
            ask(CommandKind::Expire(self.silence(&name)?), nobody(), String::new());
        }
        if let Some(ExtendText { name, to }) = extend {
            let extension = Extension { silence: self.silence(&name)?, ends_at: self.at(to) };
            ask(CommandKind::Extend(extension), nobody(), String::new());
        }
        match inputs.len() {
            0 => Ok(StepInput::Tick { at }),
            1 => Ok(inputs.remove(0)),
            more => Err(expected("one thing to happen").found(more.to_string())),
        }
    }

    fn incident(&self, id: &str) -> Result<IncidentKey, Mistake> {
        let known = self.incidents.get(id).cloned();
        known.ok_or_else(|| expected("the id of an earlier step").found(format!("`{id}`")))
    }

    fn silence(&self, name: &str) -> Result<SilenceId, Mistake> {
        let known = self.silences.get(name).cloned();
        known.ok_or_else(|| expected("the name of an earlier silence").found(format!("`{name}`")))
    }

    /// Remembers the incident that it begins, so that a later step can be about it.
    fn message(&mut self, id: Option<&str>, text: String, at: Timestamp) -> StepInput {
        let texts = messages(&text).unwrap_or_default();
        if let (Some(id), Some(Ok(event))) = (id, texts.first().map(|text| Event::read(text))) {
            let family = &self.policy.rules.classify(&event, &Context::none()).rule.family;
            let incident = incident_key(&event, family);
            self.incidents.entry(id.to_owned()).or_insert(incident);
        }
        StepInput::Message { text, at }
    }
}
