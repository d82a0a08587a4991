//! A bundle whose time has come: what waited in it is said as one page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{About, Timer, own_notice};
use crate::attributes::Attributes;
use crate::decision::{Because, Reason, Withheld};
use crate::digest::DigestLine;
use crate::draft::Draft;
use crate::ending;
use crate::escalation;
use crate::event::{OWN_SOURCE, Subject};
use crate::follow_up;
use crate::hash::keyed;
use crate::ids::{BundleKey, IncidentKey, RuleName, dedup_key};
use crate::incident::IncidentRecord;
use crate::known_names::SEVERAL;
use crate::noise::{self, BundleKind, BundleRecord, Member, incident_of_bundle};
use crate::notice::{List, Notice};
use crate::policy::Routed;
use crate::priority::Priority;
use crate::state::{Key, State, Unread};
use crate::suppress::{self, as_said_by_now, channel_limit};
use crate::text::clean;
use crate::verdict::{Verdict, Why};
use crate::zone::Zone;

/// So many of its incidents stand in a page.
const LISTED: usize = 30;

impl Timer<'_> {
    pub(super) fn bundle<'s>(
        &self,
        key: &BundleKey,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Option<Draft<'s>>, Unread> {
        state.need(Key::Bundle(key.clone()))?;
        let is_due = |record: &&BundleRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.bundle(key).filter(is_due) else { return Ok(None) };
        let incident = incident_of_bundle(key);
        state.need_all([Key::Incident(incident.clone()), Key::PageDraft(incident.clone())])?;
        let mut draft = self.draft(state, about(record, &incident, state), Why::Bundled, now);
        if goes_on_covering(&draft, record)? {
            // It has begun again before anyone was told.
            draft.why(Why::Inhibited);
            draft.put_bundle(key, BundleRecord { due_at: None, ..record.clone() }, Because::WaitsOn);
            return Ok(Some(draft));
        }
        let last = self.move_held(&mut draft, key, record)?;
        let record = draft.bundle(key).expect("what moves out of it leaves it there").clone();
        let about = about(&record, &incident, state);
        draft.priority(about.priority);
        match last {
            Some((why, reason)) if record.unsaid == 0 => {
                draft.why(why);
                draft.withhold([Withheld::page(Reason::Suppressed(clean(&reason, 400)))]);
                let due_at = record.due_at.map(|at| self.after(at));
                draft.put_bundle(key, BundleRecord { due_at, ..record }, Because::WaitsOn);
            }
            Some(_) | None => self.say(&mut draft, key, &record, about)?,
        }
        Ok(Some(draft))
    }

    fn say(
        &self,
        draft: &mut Draft<'_>,
        key: &BundleKey,
        record: &BundleRecord,
        about: About<'_>,
    ) -> Result<(), Unread> {
        let has_news = record.unsaid > 0;
        let is_notice = has_news && matches!(record.kind, BundleKind::Silence { .. });
        let routed = self.routed_as_one(draft, record, about.priority)?;
        if routed.tells_nobody() || !record.is_open() && !is_notice {
            return self.over_before(draft, key, record, about);
        }
        let quieted = if has_news { BTreeSet::new() } else { self.quieted(draft, record)? };
        if !has_news && quieted.len() as u64 >= record.open {
            draft.why(Why::Silenced);
            let again_at = self.again(record, draft.now());
            let record = BundleRecord { due_at: again_at, again_at, ..record.clone() };
            draft.put_bundle(key, record, Because::WaitsOn);
            return Ok(());
        }
        if let Some((due_at, reason)) = self.no_room(draft, about.priority, &routed)? {
            draft.why(Why::Limited);
            draft.withhold([Withheld::page(Reason::Suppressed(reason))]);
            let due_at = Some(due_at);
            draft.put_bundle(key, BundleRecord { due_at, ..record.clone() }, Because::WaitsOn);
            return Ok(());
        }
        let notice = self.page_of(record, &quieted, about, draft.now());
        self.page(draft, (key, record), (about, notice), &routed);
        let mut said = record.clone();
        said.was_said(draft.now());
        said.again_at = self.again(record, draft.now()).filter(|_| said.open > 0);
        said.due_at = said.again_at;
        draft.put_bundle(key, said, Because::Told);
        Ok(())
    }

    /// Room in the limit of every channel is spent; otherwise there is some at that time, and that is why.
    fn no_room(
        &self,
        draft: &mut Draft<'_>,
        priority: Priority,
        routed: &Routed<'_>,
    ) -> Result<Option<(Timestamp, String)>, Unread> {
        if priority == Priority::P0 {
            return Ok(None);
        }
        let quota = self.policy.noise.limits.channel;
        let mut limits = Vec::new();
        for channel in routed.to() {
            let limit = channel_limit(channel.as_str(), priority);
            draft.need(Key::Limit(limit.clone()))?;
            if let Err(room_at) = noise::check(quota, draft.limit(&limit), draft.now()) {
                let at = self.policy.zone().minute(room_at);
                let reason = format!("no room in the limit of channel {channel} before {at}");
                return Ok(Some((room_at, reason)));
            }
            limits.push((limit, channel.clone()));
        }
        for (limit, channel) in limits {
            draft.spend(limit, quota, &format!("channel {channel}"));
        }
        Ok(None)
    }

    /// The bundle's own incident, which is paged.
    fn page(
        &self,
        draft: &mut Draft<'_>,
        (key, record): (&BundleKey, &BundleRecord),
        (about, notice): (About<'_>, Notice),
        routed: &Routed<'_>,
    ) {
        let (incident, priority, now) = (about.incident, about.priority, draft.now());
        let previous = draft.incident(incident);
        let current = previous.filter(|previous| previous.open);
        let is_worse = current.is_some_and(|current| priority < current.priority);
        let mut page = match current {
            Some(current) => current.clone(),
            None => IncidentRecord::begun(previous, priority, None, now),
        };
        page.events += 1;
        page.priority = page.priority.min(priority);
        page.title = notice.title.clone();
        page.subject = record.title.clone();
        page.family = SEVERAL.to_owned();
        page.tells_of = Some(key.clone());
        page.last_at = Some(now);
        page.routes.clone_from(&routed.by);
        page.said_at = now;
        // Its own members end it; a notice that nothing can end, the quiet period.
        page.quiet_at = Some(now + self.policy.noise.quiet_after.of(SEVERAL, record.open > 0));
        // What a limit gathers has nothing in common: whoever took what was told before has nothing of this.
        let is_anothers = record.unsaid > 0 && matches!(record.kind, BundleKind::RollUp { limit: _ });
        let is_anew = page.acknowledged.is_some() && is_anothers;
        if is_anew {
            page.acknowledged = None;
            page.escalation = 0;
            page.respond_by = None;
        }
        let why = if is_worse { Why::PriorityRose } else { Why::Bundled };
        escalation::start_clock(self.policy, &mut page, why, now);
        let mut effects = follow_up::page(routed, incident, Some(&mut page), &self.id(), &notice);
        if is_anew {
            // Nobody is called about an alert that somebody has: this is another one.
            let own = page.own_key(&dedup_key(incident, page.episode));
            effects.iter_mut().for_each(|effect| effect.dedup_key = own.clone());
            escalation::remember(&mut page, &self.id(), &effects);
        }
        draft.page(effects);
        draft.put_page_draft(incident, noise::PageDraft { face: face(about), notice });
        draft.put_incident(incident, page, Because::Told);
    }

    /// When a group that is still open is said again.
    fn again(&self, record: &BundleRecord, now: Timestamp) -> Option<Timestamp> {
        let BundleKind::Group { name } = &record.kind else { return None };
        Some(now + self.policy.group(name)?.repeat_interval)
    }

    /// Nobody has to hear of it at once: it goes to the digest.
    fn over_before(
        &self,
        draft: &mut Draft<'_>,
        key: &BundleKey,
        record: &BundleRecord,
        about: About<'_>,
    ) -> Result<(), Unread> {
        draft.why(Why::OverBefore);
        suppress::digested(draft, self.policy, self.put_by(record))?;
        let mut said = record.clone();
        said.was_said(draft.now());
        said.due_at = said.again_at.filter(|_| said.open > 0).map(|at| self.after(at));
        if said.open == 0 {
            said.is_done();
            if let Some(page) = draft.incident(about.incident).filter(|page| page.open) {
                let notice = own_notice(page.title.clone(), Why::OverBefore, about, &self.id());
                let resolves = ending::end_page(draft, about.incident, &notice);
                draft.tell(resolves);
            }
        }
        draft.put_bundle(key, said, Because::Digested);
        draft.verdict(if record.unsaid > 0 { Verdict::Digest } else { Verdict::Quiet });
        Ok(())
    }

    /// The lines of what was not said; what was counted only is counted there.
    fn put_by(&self, record: &BundleRecord) -> Vec<(IncidentKey, DigestLine)> {
        let held = Some(record.title.clone());
        let unsaid = record.members.iter().filter(|(_, member)| !member.said);
        let listed = unsaid.map(|(incident, member)| {
            let Member { priority, title, subject, family, at, open, said: _, said_before: _ } =
                member.clone();
            let (since, held) = (at, held.clone());
            let line =
                DigestLine { priority, family, title, subject, since, open, held, ..DigestLine::default() };
            (incident.clone(), line)
        });
        let counted = record.unlisted().into_iter().map(|(family, (priority, incidents))| {
            let key = keyed("counted", &[self.id().as_str(), &family]);
            let title = format!("{incidents} more, which were counted and not listed");
            let (since, held) = (record.since, held.clone());
            let line =
                DigestLine { priority, family, title, since, held, incidents, ..DigestLine::default() };
            (IncidentKey::new(format!("wf1-{key}")), line)
        });
        listed.chain(counted).collect()
    }

    fn page_of(
        &self,
        record: &BundleRecord,
        quieted: &BTreeSet<IncidentKey>,
        about: About<'_>,
        now: Timestamp,
    ) -> Notice {
        let BundleRecord { kind, title, since, members, open, unsaid, unsaid_by, total, .. } = record;
        let open = &open.saturating_sub(quieted.len() as u64);
        let families = families(unsaid_by);
        let head = match kind {
            BundleKind::Group { .. } if *unsaid == 0 => format!("{title}: {} still open", incidents(*open)),
            BundleKind::Group { .. } => format!("{title}: {}", incidents(*unsaid)),
            BundleKind::Storm => format!("{title}: {total} incidents, {unsaid} new: {families}"),
            BundleKind::RollUp { .. } => {
                let time = length(now.duration_since(*since));
                format!("{unsaid} more {} in the last {time}: {families}", about.priority)
            }
            BundleKind::Silence { .. } => {
                let open = members.values().filter(|member| !member.said && member.open).count();
                format!("Over: {title}. It held {}, {open} still open", incidents(*unsaid))
            }
            BundleKind::Cover { .. } => {
                let over = members.values().filter(|member| !member.said && !member.open).count() as u64;
                format!("{} still open, no longer {title}", incidents(unsaid.saturating_sub(over)))
            }
        };
        let mut notice = own_notice(head, Why::Bundled, about, &self.id());
        // All that leaves the boundary where a channel sends no names.
        notice.kind =
            format!("{} of {}", kind.as_str(), incidents(if *unsaid == 0 { *open } else { *unsaid }));
        if let BundleKind::RollUp { .. } = kind {
            notice.description = clean(&format!("They were {title}."), 1_000);
        }
        let everything = *unsaid == 0;
        let listed = members.iter().filter(|(incident, _)| !quieted.contains(*incident));
        let listed = listed.map(|(_, member)| member).filter(|member| everything || !member.said);
        let mut listed: Vec<&Member> = listed.collect();
        listed.sort_by(|a, b| (a.priority, a.at, &a.subject).cmp(&(b.priority, b.at, &b.subject)));
        let count = if everything { *open } else { *unsaid };
        let zone = self.policy.calendar.zone();
        let lines: Vec<_> = listed.iter().take(LISTED).map(|member| line(member, zone)).collect();
        let more = count.saturating_sub(lines.len() as u64);
        notice.lists.push(List { head: "Incidents:".to_owned(), lines, more });
        notice
    }
}

/// Whether it stands for several incidents. What was said before records told so is known by what nothing but a bundle is.
pub(super) fn stands_for_several(
    draft: &Draft<'_>,
    key: &IncidentKey,
    record: &IncidentRecord,
) -> Result<bool, Unread> {
    if record.tells_of.is_some() || record.family != SEVERAL {
        return Ok(record.tells_of.is_some());
    }
    draft.need(Key::PageDraft(key.clone()))?;
    let is_ours = |face: &Attributes| {
        face.source == OWN_SOURCE && face.kind == face.rule.as_str() && face.subject == Subject::default()
    };
    Ok(draft.page_draft(key).is_some_and(|said| is_ours(&said.face)))
}

/// What is said of a bundle is as urgent as what is open in it.
fn about<'a>(record: &'a BundleRecord, incident: &'a IncidentKey, state: &State) -> About<'a> {
    let priority = match record.priority() {
        Some(priority) if record.is_open() => priority,
        // What is over, or is said again, is no more urgent than the rest of the day's work.
        Some(_) => Priority::P3,
        None => state.incident(incident).map_or(Priority::P3, |incident| incident.priority),
    };
    let kind = record.kind.as_str();
    About { kind, incident, subject: &record.title, family: SEVERAL, rule: kind, priority }
}

/// Whether what covered it was said and has begun again.
fn goes_on_covering(draft: &Draft<'_>, record: &BundleRecord) -> Result<bool, Unread> {
    let BundleKind::Cover { incident: by } = &record.kind else { return Ok(false) };
    draft.need(Key::Incident(by.clone()))?;
    match draft.incident(by).filter(|by| by.open) {
        Some(by) => Ok(!record.is_over_for(by.episode) && as_said_by_now(by, draft)?.is_known()),
        None => Ok(false),
    }
}

fn line(member: &Member, zone: &Zone) -> String {
    let Member { priority, title, subject, at, open, .. } = member;
    let over = if *open { "" } else { ", over" };
    let at = at.to_zoned(zone.time_zone().clone());
    clean(&format!("{priority} {title}: {subject} ({}{over})", at.strftime("%H:%M %Z")), 300)
}

fn incidents(count: u64) -> String {
    if count == 1 { "1 incident".to_owned() } else { format!("{count} incidents") }
}

/// `30 x crypto-mining, 7 x brute-force`, the most first, at most five.
fn families(by: &BTreeMap<Priority, BTreeMap<String, u64>>) -> String {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    by.values().flatten().for_each(|(family, count)| *sums.entry(family).or_default() += count);
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(family, count)| (std::cmp::Reverse(*count), *family));
    let rest: u64 = sums.iter().skip(5).map(|(_, count)| count).sum();
    let mut named: Vec<_> =
        sums.iter().take(5).map(|(family, count)| format!("{count} x {family}")).collect();
    if rest > 0 {
        named.push(format!("{rest} x other"));
    }
    named.join(", ")
}

fn length(time: SignedDuration) -> String {
    match time.as_mins() {
        0 | 1 => "minute".to_owned(),
        minutes if minutes < 120 => format!("{minutes} minutes"),
        minutes => format!("{} hours", minutes / 60),
    }
}

fn face(about: About<'_>) -> Attributes {
    Attributes {
        priority: about.priority,
        rule: RuleName::new(about.rule),
        family: about.family.to_owned(),
        kind: about.kind.to_owned(),
        source: OWN_SOURCE.to_owned(),
        band: None,
        team: None,
        subject: Subject::default(),
    }
}
