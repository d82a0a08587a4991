//! One question about news: is it said now, with the digest, or held, and then why and until when?

use jiff::{SignedDuration, Timestamp};

use super::as_said_by_now;
use super::inhibition::covers_of;
use crate::attributes::Attributes;
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::{Finding, Mute};
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::IncidentRecord;
use crate::noise::{BundleKind, Group, Maintenance, bundle_key};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::silence::Silence;
use crate::state::{Key, Merge, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// News, and all that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suppressing<'s> {
    pub(crate) policy: &'s Policy,
    pub(crate) face: &'s Attributes,
    pub(crate) finding: Option<&'s Finding>,
    pub(crate) incident: &'s IncidentKey,
    /// As it is with this event.
    pub(crate) record: &'s IncidentRecord,
    pub(crate) news: Why,
    /// That its owner has muted it, by this event.
    pub(crate) mute: Option<&'s Mute>,
}

/// What becomes of news.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// It is said.
    Notify,
    /// It is said with the next digest.
    Digest,
    /// It is not said yet.
    Suppress(Suppression),
}

/// Why news is not said yet, and what it waits in.
#[derive(Debug)]
pub(crate) struct Suppression {
    pub(crate) why: Why,
    /// In a sentence, with what comes next.
    pub(crate) reason: String,
    /// What it waits in; none where it waits by itself.
    pub(crate) bundle: Option<Waiting>,
    /// Until when it waits by itself.
    pub(crate) until: Option<Timestamp>,
}

/// The bundle that it waits in, and when that is to be said.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) key: BundleKey,
    pub(crate) kind: BundleKind,
    pub(crate) title: String,
    /// None: when what holds it ends.
    pub(crate) due_at: Option<Timestamp>,
    /// The episode of the incident that covers it.
    pub(crate) episode: Option<u32>,
}

/// What will be asked for about news, as far as that can be told before anything was read.
pub(crate) fn first_asked(
    policy: &Policy,
    face: &Attributes,
    finding: Option<&Finding>,
    key: &IncidentKey,
    now: Timestamp,
) -> Vec<Key> {
    let is_p0 = face.priority == Priority::P0;
    let covers = covers_of(&policy.noise, face, finding).into_iter();
    let covers = covers.filter(|place| !is_p0 || place.covers_p0).map(|place| Key::Inhibition(place.key));
    let is_digested = !is_p0 && policy.routed(face, now).tells_nobody();
    covers.chain([Key::PageDraft(key.clone())]).chain(is_digested.then_some(Key::Digest)).collect()
}

impl Suppressing<'_> {
    /// The answer, or a record that has to be read first. The draft then has what was counted and spent.
    pub(crate) fn disposition(&self, draft: &mut Draft<'_>) -> Result<Disposition, Unread> {
        let now = draft.now();
        if let Some(hold) = self.held_by_others(draft)? {
            return Ok(Disposition::Suppress(hold));
        }
        if let Some(hold) = self.muted(now) {
            return Ok(Disposition::Suppress(hold));
        }
        if self.face.priority == Priority::P0 {
            return Ok(Disposition::Notify);
        }
        if let Some(hold) = self.flapping(now).or_else(|| self.paced(now)) {
            return Ok(Disposition::Suppress(hold));
        }
        if self.policy.routed(self.face, now).tells_nobody() {
            draft.need_digest([self.incident])?;
            return Ok(Disposition::Digest);
        }
        if let Some(hold) = self.storm(draft)? {
            return Ok(Disposition::Suppress(hold));
        }
        if let Some(hold) = self.grouped(draft)? {
            return Ok(Disposition::Suppress(hold));
        }
        Ok(self.limited(draft)?.map_or(Disposition::Notify, Disposition::Suppress))
    }

    /// A silence or a greater incident, if one holds it.
    pub(crate) fn held_by_others(&self, draft: &Draft<'_>) -> Result<Option<Suppression>, Unread> {
        let is_p0 = self.face.priority == Priority::P0;
        match self.silenced(draft, is_p0)? {
            Some(hold) => Ok(Some(hold)),
            None => self.covered(draft, is_p0),
        }
    }

    fn silenced(&self, draft: &Draft<'_>, is_p0: bool) -> Result<Option<Suppression>, Unread> {
        draft.need(Key::Silences)?;
        let silences = draft.silences();
        let made = silences.and_then(|silences| silences.of(self.face, is_p0, draft.now()));
        let window = self.window(is_p0, draft.now());
        let (id, until, said) = match (made, window) {
            (Some(Silence { id, ends_at, by, comment, .. }), None) => {
                (id.clone(), *ends_at, format!("silence {id} by {by} ({comment})"))
            }
            (None, Some((maintenance, (starts_at, ends_at)))) => {
                let name = maintenance.window.name();
                (maintenance.id(starts_at), ends_at, format!("maintenance window {name}"))
            }
            (Some(silence), Some((maintenance, (starts_at, ends_at)))) => match silence.ends_at >= ends_at {
                true => (silence.id.clone(), silence.ends_at, format!("silence {}", silence.id)),
                false => {
                    let name = maintenance.window.name();
                    (maintenance.id(starts_at), ends_at, format!("maintenance window {name}"))
                }
            },
            (None, None) => return Ok(None),
        };
        let kind = BundleKind::Silence { id };
        let key = bundle_key(&kind, &[]);
        draft.need(Key::Bundle(key.clone()))?;
        Ok(Some(Suppression {
            why: Why::Silenced,
            reason: format!("{said} until {}", self.policy.zone().minute(until)),
            bundle: Some(Waiting { key, kind, title: said, due_at: Some(until), episode: None }),
            until: None,
        }))
    }

    fn window(&self, is_p0: bool, now: Timestamp) -> Option<(&Maintenance, (Timestamp, Timestamp))> {
        let json = std::cell::LazyCell::new(|| self.face.json());
        let running = self.policy.noise.maintenance.iter().filter(|it| !is_p0 || it.covers_p0);
        // A pattern is looked at sooner than a calendar.
        let running = running.filter(|it| it.matches.matches(&json));
        running.filter_map(|it| Some((it, it.window.at(now)?))).max_by_key(|(_, (_, ends_at))| *ends_at)
    }

    /// A cover counts only while it is open and was itself said: what nobody knows of covers nothing.
    fn covered(&self, draft: &Draft<'_>, is_p0: bool) -> Result<Option<Suppression>, Unread> {
        let own = self.finding.and_then(|finding| finding.sequence.as_ref());
        let campaign = match own {
            Some(sequence) => {
                draft.need(Key::Finding(sequence.clone()))?;
                draft.finding(sequence).map(|known| &known.incident)
            }
            // What waits is not asked about finding by finding.
            None => self.record.campaign.as_ref().filter(|_| self.finding.is_none()),
        };
        if let Some(campaign) = campaign
            && self.is_of_our_account(draft, campaign)?
            && let Some(hold) = self.covered_by(draft, campaign, "attack-sequence")?
        {
            return Ok(Some(hold));
        }
        for place in covers_of(&self.policy.noise, self.face, self.finding) {
            if is_p0 && !place.covers_p0 {
                continue;
            }
            draft.need(Key::Inhibition(place.key.clone()))?;
            let Some(cover) = draft.cover(&place.key) else { continue };
            for by in &cover.by {
                if let Some(hold) = self.covered_by(draft, by, &place.inhibition)? {
                    return Ok(Some(hold));
                }
            }
        }
        Ok(None)
    }

    /// Whether what is said of that incident is about the same account as this: nobody else's covers it.
    fn is_of_our_account(&self, draft: &Draft<'_>, by: &IncidentKey) -> Result<bool, Unread> {
        draft.need(Key::PageDraft(by.clone()))?;
        let account = |face: &Attributes| face.subject.account.clone();
        let theirs = draft.page_draft(by).and_then(|page_draft| account(&page_draft.face));
        Ok(theirs.is_some() && theirs == account(self.face))
    }

    fn covered_by(
        &self,
        draft: &Draft<'_>,
        by: &IncidentKey,
        inhibition: &str,
    ) -> Result<Option<Suppression>, Unread> {
        if by == self.incident {
            return Ok(None);
        }
        draft.need(Key::Incident(by.clone()))?;
        let Some(record) = draft.incident(by).filter(|record| record.open) else { return Ok(None) };
        let record = as_said_by_now(record, draft)?;
        // Of two that cover each other, each escalation would wait for the other.
        let covers = if self.news == Why::Escalated { record.held.is_none() } else { record.is_known() };
        if !covers {
            return Ok(None);
        }
        // Whoever was told of something less urgent does not expect something more urgent under it.
        if record.priority > self.face.priority {
            return Ok(None);
        }
        let kind = BundleKind::Cover { incident: by.clone() };
        let key = bundle_key(&kind, &[]);
        draft.need(Key::Bundle(key.clone()))?;
        let episode = record.episode;
        // It ends in this moment.
        if draft.bundle(&key).is_some_and(|covered| covered.is_over_for(episode)) {
            return Ok(None);
        }
        let title = format!("covered by {}", record.title);
        Ok(Some(Suppression {
            why: Why::Inhibited,
            reason: format!("{inhibition}: {by} covers it, and is paged if it is open when that ends"),
            bundle: Some(Waiting { key, kind, title, due_at: None, episode: Some(episode) }),
            until: None,
        }))
    }

    /// The turn that is one too many is still said, with the count; those after it are held.
    fn flapping(&self, now: Timestamp) -> Option<Suppression> {
        let (most, window) = self.policy.noise.flapping;
        let turns = self.record.turns_within(window, now);
        if turns <= most as usize || self.record.flapping.is_none() {
            return None;
        }
        let latest = self.record.turns.back().copied().unwrap_or(now);
        let until = latest + window;
        let minutes = window.as_mins();
        Some(Suppression {
            why: Why::Flapping,
            reason: format!(
                "{turns} turns in {minutes} minutes; paged if it is still open at {}",
                self.policy.zone().minute(until)
            ),
            bundle: None,
            until: Some(until),
        })
    }

    /// A new incident of an account and family that has had too many of them lately.
    fn storm(&self, draft: &mut Draft<'_>) -> Result<Option<Suppression>, Unread> {
        let Attributes { family, subject, .. } = self.face;
        let account = subject.account.as_deref().unwrap_or("-");
        let kind = BundleKind::Storm;
        let key = bundle_key(&kind, &[account, family]);
        let is_in_it = self.record.held.as_ref().is_some_and(|held| held.bundle.as_ref() == Some(&key));
        // What is held by something else was counted when it began.
        let is_new = self.news.opens() && self.record.events == 1 && self.record.held.is_none();
        if !is_new && !is_in_it {
            return Ok(None);
        }
        draft.need_all([Key::Storm(key.clone()), Key::Bundle(key.clone())])?;
        let (storm, now) = (self.policy.noise.storm, draft.now());
        let rages = draft.storm(&key).is_some_and(|known| known.is_raging(storm.most, storm.within, now));
        let said = draft.bundle(&key).and_then(|known| known.said_at);
        let title = format!("storm of {} in account {}", clean(family, 60), clean(account, 40));
        if !is_in_it {
            draft.merge(Key::Storm(key.clone()), Merge::Count { most: storm.most }, Because::Counted);
        }
        let next = said.map_or(now, |said| now.max(said + storm.interval));
        Ok((rages || is_in_it).then(|| Suppression {
            why: Why::Stormed,
            reason: format!("{title}: more than {} in {}", storm.most, length(storm.within)),
            bundle: Some(Waiting { key, kind, title, due_at: Some(next), episode: None }),
            until: None,
        }))
    }

    fn grouped(&self, draft: &Draft<'_>) -> Result<Option<Suppression>, Unread> {
        let json = self.face.json();
        let routed = self.policy.routed(self.face, draft.now());
        let groups = routed.group.into_iter().chain(&self.policy.noise.groups);
        let mut groups = groups.filter(|group| group.matches.matches(&json));
        let group = groups.find_map(|group| Some((group, self.face.values(&group.group_by)?)));
        let Some((group, values)) = group else { return Ok(None) };
        let Group { name, group_wait, group_interval, .. } = group;
        let kind = BundleKind::Group { name: name.clone() };
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        // A P1 and a P2 do not wait for each other: neither would come when it should.
        let parts: Vec<_> = [self.face.priority.as_str()].into_iter().chain(values.iter().copied()).collect();
        let key = bundle_key(&kind, &parts);
        draft.need(Key::Bundle(key.clone()))?;
        let known = draft.bundle(&key);
        let waiting = known.filter(|known| known.unsaid > 0).and_then(|known| known.due_at);
        let said = known.filter(|known| known.open > 0).and_then(|known| known.said_at);
        let fresh = draft.now() + *group_wait;
        let due_at = waiting.unwrap_or_else(|| said.map_or(fresh, |said| fresh.max(said + *group_interval)));
        let title = clean(&format!("{name}: {}", values.join(", ")), 200);
        Ok(Some(Suppression {
            why: Why::Grouped,
            reason: format!("with its group {name} at {}", self.policy.zone().second(due_at)),
            bundle: Some(Waiting { key, kind, title, due_at: Some(due_at), episode: None }),
            until: None,
        }))
    }
}

fn length(time: SignedDuration) -> String {
    format!("{} minutes", time.as_mins())
}
