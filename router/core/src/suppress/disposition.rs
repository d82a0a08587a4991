//! One question about news: is it said now, with the digest, or held, and then why and until when?

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::as_said;
use super::inhibition::covers_of;
use crate::attributes::Attributes;
use crate::event::{Finding, Mute};
use crate::ids::{BundleKey, IncidentKey, LimitKey};
use crate::incident::IncidentRecord;
use crate::noise::{
    self, BundleKind, BundleRecord, Group, Limits, Maintenance, Quota, bundle_key, limit_key,
};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::silence::Silence;
use crate::state::Unread;
use crate::state::{Key, Record, State};
use crate::text::clean;
use crate::verdict::Why;

/// What is over a limit waits at least this long for more of it.
const ROLL_UP_WAIT: SignedDuration = SignedDuration::from_mins(1);

/// News, and all that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suppressing<'s> {
    pub(crate) policy: &'s Policy,
    pub(crate) state: &'s State,
    pub(crate) face: &'s Attributes,
    pub(crate) finding: Option<&'s Finding>,
    pub(crate) incident: &'s IncidentKey,
    /// As it is with this event.
    pub(crate) record: &'s IncidentRecord,
    pub(crate) news: Why,
    /// That its owner has muted it, by this event.
    pub(crate) mute: Option<&'s Mute>,
    pub(crate) now: Timestamp,
}

/// What becomes of news.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// It is said; what that spends.
    Notify(BTreeMap<Key, Record>),
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
    pub(crate) changes: BTreeMap<Key, Record>,
}

/// The bundle that it waits in, and when that is to be said.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) key: BundleKey,
    pub(crate) kind: BundleKind,
    pub(crate) title: String,
    /// None: when what holds it ends.
    pub(crate) due_at: Option<Timestamp>,
}

/// What will be asked for about news, as far as that can be told before anything was read.
pub(crate) fn first_asked(
    policy: &Policy,
    face: &Attributes,
    finding: Option<&Finding>,
    key: &IncidentKey,
) -> Vec<Key> {
    let is_p0 = face.priority == Priority::P0;
    let covers = covers_of(&policy.noise, face, finding).into_iter();
    let covers = covers.filter(|place| !is_p0 || place.covers_p0).map(|place| Key::Inhibition(place.key));
    let is_digested = !is_p0 && policy.routes.of(face.priority).to.is_empty();
    covers.chain([Key::PageDraft(key.clone())]).chain(is_digested.then_some(Key::Digest)).collect()
}

impl Suppressing<'_> {
    /// The answer; or a record that has to be read first.
    pub(crate) fn disposition(&self) -> Result<Disposition, Unread> {
        if let Some(hold) = self.held_by_others()? {
            return Ok(Disposition::Suppress(hold));
        }
        if let Some(hold) = self.muted() {
            return Ok(Disposition::Suppress(hold));
        }
        if self.face.priority == Priority::P0 {
            return Ok(Disposition::Notify(BTreeMap::new()));
        }
        if let Some(hold) = self.flapping().or_else(|| self.paced()) {
            return Ok(Disposition::Suppress(hold));
        }
        if self.policy.routes.of(self.face.priority).to.is_empty() {
            self.state.need_digest([self.incident])?;
            return Ok(Disposition::Digest);
        }
        let (storm, mut changes) = self.storm()?;
        if let Some(hold) = storm {
            return Ok(Disposition::Suppress(Suppression { changes, ..hold }));
        }
        if let Some(hold) = self.grouped()? {
            return Ok(Disposition::Suppress(Suppression { changes, ..hold }));
        }
        Ok(match self.limited()? {
            Ok(spent) => {
                changes.extend(spent);
                Disposition::Notify(changes)
            }
            Err(hold) => Disposition::Suppress(Suppression { changes, ..hold }),
        })
    }

    /// A silence or a greater incident, if one holds it.
    pub(crate) fn held_by_others(&self) -> Result<Option<Suppression>, Unread> {
        let is_p0 = self.face.priority == Priority::P0;
        match self.silenced(is_p0)? {
            Some(hold) => Ok(Some(hold)),
            None => self.covered(is_p0),
        }
    }

    fn silenced(&self, is_p0: bool) -> Result<Option<Suppression>, Unread> {
        self.state.need(Key::Silences)?;
        let silences = self.state.silences();
        let made = silences.and_then(|silences| silences.of(self.face, is_p0, self.now));
        let window = self.window(is_p0);
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
        self.state.need(Key::Bundle(key.clone()))?;
        Ok(Some(Suppression {
            why: Why::Silenced,
            reason: format!("{said} until {}", self.policy.zone().minute(until)),
            bundle: Some(Waiting { key, kind, title: said, due_at: Some(until) }),
            until: None,
            changes: BTreeMap::new(),
        }))
    }

    fn window(&self, is_p0: bool) -> Option<(&Maintenance, (Timestamp, Timestamp))> {
        let json = std::cell::LazyCell::new(|| self.face.json());
        let running = self.policy.noise.maintenance.iter().filter(|it| !is_p0 || it.covers_p0);
        // A pattern is looked at sooner than a calendar.
        let running = running.filter(|it| it.matches.matches(&json));
        running.filter_map(|it| Some((it, it.window.at(self.now)?))).max_by_key(|(_, (_, ends_at))| *ends_at)
    }

    /// A cover counts only while it is open and was itself said: what nobody knows of covers nothing.
    fn covered(&self, is_p0: bool) -> Result<Option<Suppression>, Unread> {
        let own = self.finding.and_then(|finding| finding.sequence.as_ref());
        let campaign = match own {
            Some(sequence) => {
                self.state.need(Key::Finding(sequence.clone()))?;
                self.state.finding(sequence).map(|known| &known.incident)
            }
            // What waits is not asked about finding by finding.
            None => self.record.campaign.as_ref().filter(|_| self.finding.is_none()),
        };
        if let Some(campaign) = campaign
            && self.is_of_our_account(campaign)?
            && let Some(hold) = self.covered_by(campaign, "attack-sequence")?
        {
            return Ok(Some(hold));
        }
        for place in covers_of(&self.policy.noise, self.face, self.finding) {
            if is_p0 && !place.covers_p0 {
                continue;
            }
            self.state.need(Key::Inhibition(place.key.clone()))?;
            let Some(cover) = self.state.cover(&place.key) else { continue };
            for by in &cover.by {
                if let Some(hold) = self.covered_by(by, &place.inhibition)? {
                    return Ok(Some(hold));
                }
            }
        }
        Ok(None)
    }

    /// Whether what is said of that incident is about the same account as this: nobody else's covers it.
    fn is_of_our_account(&self, by: &IncidentKey) -> Result<bool, Unread> {
        self.state.need(Key::PageDraft(by.clone()))?;
        let account = |face: &Attributes| face.subject.account.clone();
        let theirs = self.state.page_draft(by).and_then(|page_draft| account(&page_draft.face));
        Ok(theirs.is_some() && theirs == account(self.face))
    }

    fn covered_by(&self, by: &IncidentKey, inhibition: &str) -> Result<Option<Suppression>, Unread> {
        if by == self.incident {
            return Ok(None);
        }
        self.state.need(Key::Incident(by.clone()))?;
        let Some(record) = self.state.incident(by).filter(|record| record.open) else { return Ok(None) };
        let record = as_said(record, self.state)?;
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
        self.state.need(Key::Bundle(key.clone()))?;
        let title = format!("covered by {}", record.title);
        Ok(Some(Suppression {
            why: Why::Inhibited,
            reason: format!("{inhibition}: {by} covers it, and is paged if it is open when that ends"),
            bundle: Some(Waiting { key, kind, title, due_at: None }),
            until: None,
            changes: BTreeMap::new(),
        }))
    }

    /// The turn that is one too many is still said, with the count; those after it are held.
    fn flapping(&self) -> Option<Suppression> {
        let (most, window) = self.policy.noise.flapping;
        let turns = self.record.turns_within(window, self.now);
        if turns <= most as usize || self.record.flapping.is_none() {
            return None;
        }
        let latest = self.record.turns.back().copied().unwrap_or(self.now);
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
            changes: BTreeMap::new(),
        })
    }

    /// A new incident of an account and family that has had too many of them lately.
    fn storm(&self) -> Result<(Option<Suppression>, BTreeMap<Key, Record>), Unread> {
        let Attributes { family, subject, .. } = self.face;
        let account = subject.account.as_deref().unwrap_or("-");
        let kind = BundleKind::Storm;
        let key = bundle_key(&kind, &[account, family]);
        let is_in_it = self.record.held.as_ref().is_some_and(|held| held.bundle.as_ref() == Some(&key));
        // What is held by something else was counted when it began.
        let is_new = self.news.opens() && self.record.events == 1 && self.record.held.is_none();
        if !is_new && !is_in_it {
            return Ok((None, BTreeMap::new()));
        }
        self.state.need(Key::Bundle(key.clone()))?;
        let known = self.state.bundle(&key);
        let storm = self.policy.noise.storm;
        let rages = known.is_some_and(|known| known.is_raging(storm.most, storm.within, self.now));
        let title = format!("storm of {} in account {}", clean(family, 60), clean(account, 40));
        if rages || is_in_it {
            let said = known.and_then(|known| known.said_at);
            let next = said.map_or(self.now, |said| self.now.max(said + storm.interval));
            let hold = Suppression {
                why: Why::Stormed,
                reason: format!("{title}: more than {} in {}", storm.most, length(storm.within)),
                bundle: Some(Waiting {
                    key: key.clone(),
                    kind: kind.clone(),
                    title: title.clone(),
                    due_at: Some(next),
                }),
                until: None,
                changes: BTreeMap::new(),
            };
            if is_in_it {
                return Ok((Some(hold), BTreeMap::new()));
            }
            let mut record = known.cloned().unwrap_or_else(|| BundleRecord::new(kind, title, self.now));
            record.blows(storm.most, self.now);
            return Ok((Some(hold), BTreeMap::from([(Key::Bundle(key), Record::Bundle(Box::new(record)))])));
        }
        let mut record = known.cloned().unwrap_or_else(|| BundleRecord::new(kind, title, self.now));
        record.blows(storm.most, self.now);
        Ok((None, BTreeMap::from([(Key::Bundle(key), Record::Bundle(Box::new(record)))])))
    }

    fn grouped(&self) -> Result<Option<Suppression>, Unread> {
        let json = self.face.json();
        let mut groups = self.policy.noise.groups.iter().filter(|group| group.matches.matches(&json));
        let group = groups.find_map(|group| Some((group, self.face.values(&group.group_by)?)));
        let Some((group, values)) = group else { return Ok(None) };
        let Group { name, group_wait, group_interval, .. } = group;
        let kind = BundleKind::Group { name: name.clone() };
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        // A P1 and a P2 do not wait for each other: neither would come when it should.
        let parts: Vec<_> = [self.face.priority.as_str()].into_iter().chain(values.iter().copied()).collect();
        let key = bundle_key(&kind, &parts);
        self.state.need(Key::Bundle(key.clone()))?;
        let known = self.state.bundle(&key);
        let waiting = known.filter(|known| known.unsaid > 0).and_then(|known| known.due_at);
        let said = known.filter(|known| known.open > 0).and_then(|known| known.said_at);
        let fresh = self.now + *group_wait;
        let due_at = waiting.unwrap_or_else(|| said.map_or(fresh, |said| fresh.max(said + *group_interval)));
        let title = clean(&format!("{name}: {}", values.join(", ")), 200);
        Ok(Some(Suppression {
            why: Why::Grouped,
            reason: format!("with its group {name} at {}", self.policy.zone().second(due_at)),
            bundle: Some(Waiting { key, kind, title, due_at: Some(due_at) }),
            until: None,
            changes: BTreeMap::new(),
        }))
    }

    /// Room in every limit that it falls under, or the first that has none.
    fn limited(&self) -> Result<Result<BTreeMap<Key, Record>, Suppression>, Unread> {
        let mut spent = BTreeMap::new();
        let limits = &self.policy.noise.limits;
        let account = self.face.subject.account.as_deref().unwrap_or("-");
        let family = self.face.family.as_str();
        let rule = self.face.rule.as_str();
        let channels = self.policy.routes.of(self.face.priority).to;
        let channels = channels.iter().map(|channel| {
            let key = channel_limit(channel.as_str(), self.face.priority);
            (limits.channel, key, format!("channel {channel}"))
        });
        let class = class(self.face.priority);
        let others = [
            (limits.rule, limit_key("rule", &[rule, class]), format!("rule {rule}")),
            (
                limits.family,
                limit_key("family", &[account, family, class]),
                format!("{family} in account {account}"),
            ),
        ];
        let limits = channels.chain(others).map(|(quota, key, name)| {
            let kind = BundleKind::RollUp { limit: clean(&name, 100) };
            let waiting = bundle_key(&kind, &[key.as_str(), self.face.priority.as_str()]);
            (quota, key, name, kind, waiting)
        });
        let limits: Vec<_> = limits.collect();
        self.state.need_all(
            limits
                .iter()
                .flat_map(|(_, key, _, _, waiting)| [Key::Limit(key.clone()), Key::Bundle(waiting.clone())]),
        )?;
        for (quota, key, name, kind, waiting) in limits {
            let ahead = self.state.bundle(&waiting).filter(|ahead| ahead.unsaid > 0);
            let due_at = match (noise::check(quota, self.state.limit(&key), self.now), ahead) {
                // Nothing overtakes what was there first.
                (_, Some(ahead)) => ahead.due_at.unwrap_or(self.now),
                (Err(room_at), None) => room_at.max(self.now + ROLL_UP_WAIT),
                (Ok(record), None) => {
                    spent.insert(Key::Limit(key), Record::Limit(record));
                    continue;
                }
            };
            let title = format!("over the limit of {} ({})", clean(&name, 100), quota.sentence());
            return Ok(Err(Suppression {
                why: Why::Limited,
                reason: format!("{title}; in a roll-up at {}", self.policy.zone().second(due_at)),
                bundle: Some(Waiting { key: waiting, kind, title, due_at: Some(due_at) }),
                until: None,
                changes: BTreeMap::new(),
            }));
        }
        Ok(Ok(spent))
    }
}

/// The longest that a roll-up waits: for the room that one quota has at the latest.
pub(crate) fn longest_roll_up(limits: &Limits) -> SignedDuration {
    let Limits { channel, rule, family } = limits;
    [channel, rule, family].map(Quota::period).into_iter().fold(ROLL_UP_WAIT, SignedDuration::max)
}

/// The limit of a channel.
pub(crate) fn channel_limit(channel: &str, priority: Priority) -> LimitKey {
    limit_key("channel", &[channel, class(priority)])
}

/// Each limit is two: P1 does not wait for the room that others have spent.
fn class(priority: Priority) -> &'static str {
    if priority == Priority::P1 { "urgent" } else { "routine" }
}

fn length(time: SignedDuration) -> String {
    format!("{} minutes", time.as_mins())
}
