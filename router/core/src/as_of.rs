//! The records as they are at a moment: what a clock that was ahead wrote into them counts from now.
//!
//! A clock that is set back leaves times behind that lie ahead: of what has happened, and of what is due. What has
//! happened has happened by now; and nothing is due later than its own rule could have put it from now. So
//! nothing waits for the day that the clock was in. A store says when each record was changed: one that was
//! changed by now is as it should be, and costs nothing here.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use crate::budget::BudgetRecord;
use crate::containment::ApprovalRecord;
use crate::digest::{DigestDays, DigestRecord};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::noise::{BundleKind, BundleRecord};
use crate::policy::Policy;
use crate::state::{Key, Record, State};
use crate::suppress;
use crate::verdict::Why;

/// A moment, and what was configured.
#[derive(Clone, Copy)]
pub(crate) struct AsOf<'p> {
    policy: &'p Policy,
    now: Timestamp,
}

impl State {
    /// The same with every record that was changed later than now as it is now.
    pub(crate) fn as_of(&self, policy: &Policy, now: Timestamp) -> Cow<'_, State> {
        if self.changed_after(now).next().is_none() {
            return Cow::Borrowed(self);
        }
        let as_of = AsOf { policy, now };
        let mut state = self.clone();
        // First, because what a silence holds is due when it ends.
        let (silences, others): (Vec<_>, Vec<_>) =
            self.changed_after(now).partition(|key| **key == Key::Silences);
        silences.into_iter().chain(others).for_each(|key| as_of.put_right(key, &mut state));
        Cow::Owned(state)
    }
}

impl AsOf<'_> {
    fn put_right(&self, key: &Key, state: &mut State) {
        let Some(mut record) = state.take(key) else { return };
        match &mut record {
            Record::Incident(incident) => self.incident(incident),
            Record::Bundle(bundle) => self.bundle(bundle, state),
            Record::Finding(finding) => self.finding(finding),
            Record::Digest(digest) => self.digest(digest),
            Record::DigestLine(line) => {
                self.past(&mut line.since);
                line.day = line.day.min(self.policy.calendar.day_from_opening(self.now));
            }
            // It is closed already: whatever is left to do about it is due.
            Record::DigestEdition(edition) => {
                self.digest(&mut edition.closed);
                Self::due(&mut edition.due_at, self.now);
            }
            Record::DigestDays(days) => self.days(days),
            Record::Silences(silences) => {
                let mut right = (**silences).clone();
                right.as_of(self.now);
                *silences = right.into();
            }
            Record::Budget(BudgetRecord(spent)) => {
                spent.iter_mut().for_each(|spent| self.past(&mut spent.at))
            }
            Record::Approval(approval) => self.approval(approval),
            Record::Tally(tally) => tally.as_of(self.now),
            Record::Storm(storm) => storm.recent.iter_mut().for_each(|at| self.past(at)),
            Record::Switch(switch) => switch.off.iter_mut().for_each(|off| self.past(&mut off.at)),
            // What was done to a target is told apart by how far it is.
            Record::Target(target) => target.suspects.as_of(self.now),
            Record::Annotations(annotations) => annotations.as_of(self.now),
            Record::Triage(triage) => triage.as_of(self.now),
            // A limit is looked at as of now anyway, and so is what was used on a day.
            Record::Limit(_)
            | Record::TriageSpent(_)
            | Record::PageDraft(_)
            | Record::Inhibition(_)
            | Record::DigestContents(_)
            | Record::Audit(_)
            | Record::AuditHead(_) => {}
        }
        state.put_back(key, record);
    }

    /// It has happened by now.
    fn past(&self, at: &mut Timestamp) {
        *at = (*at).min(self.now);
    }

    /// It is due at that time at the latest.
    fn due(at: &mut Option<Timestamp>, latest: Timestamp) {
        *at = at.map(|at| at.min(latest));
    }

    /// So long from now.
    fn in_time(&self, wait: SignedDuration) -> Timestamp {
        self.now.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }

    fn incident(&self, record: &mut IncidentRecord) {
        let Policy { noise, .. } = self.policy;
        [&mut record.opened_at, &mut record.said_at].into_iter().for_each(|at| self.past(at));
        [&mut record.last_at, &mut record.flapping].into_iter().flatten().for_each(|at| self.past(at));
        record.turns.iter_mut().for_each(|at| self.past(at));
        record.led_to.iter_mut().for_each(|led| led.as_of(self.now));
        [&mut record.acknowledged, &mut record.ended]
            .into_iter()
            .flatten()
            .for_each(|it| self.past(&mut it.at));
        let respond_by = self.policy.respond_by(record.priority, self.now);
        Self::due(&mut record.respond_by, respond_by);
        let chain = self.policy.chain(record.priority, &record.routes);
        let step = chain.get(record.escalation as usize).filter(|_| record.escalation > 0);
        Self::due(&mut record.escalate_at, step.map_or(respond_by, |step| self.in_time(step.after)));
        let quiet = [true, false].map(|has_findings| noise.quiet_after.of(&record.family, has_findings));
        Self::due(&mut record.quiet_at, self.in_time(quiet[0].max(quiet[1])));
        if let Some(held) = &mut record.held {
            self.past(&mut held.since);
            let is_muted = held.by == Why::Muted;
            let longest = if is_muted { suppress::LONGEST_MUTE } else { noise.flapping.1 };
            Self::due(&mut held.until, self.in_time(longest));
        }
    }

    fn bundle(&self, record: &mut BundleRecord, state: &State) {
        self.past(&mut record.since);
        record.said_at.iter_mut().for_each(|at| self.past(at));
        record.members.values_mut().for_each(|member| self.past(&mut member.at));
        if let BundleKind::Group { name } = &record.kind {
            let group = self.policy.group(name);
            let again_at = group.map_or(self.now, |group| self.in_time(group.repeat_interval));
            Self::due(&mut record.again_at, again_at);
        }
        if let Some(latest) = self.latest(record, state) {
            Self::due(&mut record.due_at, latest);
            Self::due(&mut record.ends_at, latest);
        }
    }

    /// When a bundle would be due at the latest if all of it began now; none where that is not known.
    fn latest(&self, record: &BundleRecord, state: &State) -> Option<Timestamp> {
        let noise = &self.policy.noise;
        Some(match &record.kind {
            BundleKind::Group { name } => {
                let group = self.policy.group(name);
                group.map_or(self.now, |group| match record.unsaid {
                    0 => self.in_time(group.repeat_interval),
                    _ => self.in_time(group.group_wait.max(group.group_interval)),
                })
            }
            BundleKind::Storm => self.in_time(noise.storm.interval),
            BundleKind::RollUp { limit: _ } => self.in_time(suppress::longest_roll_up(&noise.limits)),
            BundleKind::Silence { id } => {
                let window = noise.maintenance.iter().find_map(|window| {
                    let (starts_at, ends_at) = window.window.at(self.now)?;
                    (window.id(starts_at) == *id).then_some(ends_at)
                });
                if !state.has_read(&Key::Silences) && window.is_none() {
                    return None;
                }
                let made = state.silences().and_then(|silences| silences.get(id));
                let made = made.filter(|silence| silence.is_active(self.now)).map(|silence| silence.ends_at);
                window.or(made).unwrap_or(self.now)
            }
            BundleKind::Cover { incident: _ } => self.now,
        })
    }

    fn finding(&self, record: &mut FindingRecord) {
        self.past(&mut record.seen_at);
        record.updated_at.iter_mut().for_each(|at| self.past(at));
    }

    fn digest(&self, record: &mut DigestRecord) {
        self.past(&mut record.from);
        Self::due(&mut record.due_at, self.policy.calendar.next_opening(self.now));
    }

    /// What was counted on a day that is still to come was counted today.
    fn days(&self, record: &mut DigestDays) {
        let today = self.policy.calendar.day_from_opening(self.now);
        while let Some((day, families)) = record.days.pop_last() {
            if day <= today {
                record.days.insert(day, families);
                break;
            }
            let counted = record.days.entry(today).or_default();
            families.into_iter().for_each(|(family, count)| *counted.entry(family).or_default() += count);
        }
        record.counted_from = record.counted_from.map(|from| from.min(today));
    }

    fn approval(&self, record: &mut ApprovalRecord) {
        self.past(&mut record.asked_at);
        let latest = self.in_time(self.policy.mitigation.approve_within);
        record.expires_at = record.expires_at.min(latest);
        record.answer.iter_mut().for_each(|answer| self.past(&mut answer.at));
        record.approvers.iter_mut().for_each(|approver| self.past(&mut approver.at));
    }
}
