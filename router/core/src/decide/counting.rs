//! A rule that asks for several: whether there are as many, and what led to it.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use super::Case;
use super::opening::Opening;
use super::telling::News;
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::Finding;
use crate::ids::EventId;
use crate::incident::{FindingRecord, IncidentRecord, LeadingPage, LedTo};
use crate::noise::{Counted, Place, TallyStanding};
use crate::notice::List;
use crate::priority::Priority;
use crate::rules::Threshold;
use crate::state::{Key, Record, Unread};
use crate::suppress::Suppression;
use crate::text::clean;
use crate::verdict::Why;
use crate::zone::Zone;

/// What was counted, and how that stands.
pub(super) struct Counting<'c> {
    threshold: &'c Threshold,
    place: Place,
    standing: TallyStanding,
    /// The page that has named what led to it.
    page: Option<LedTo>,
    /// It names nothing to be counted by, so that it is counted with its own incident.
    is_by_itself: bool,
}

impl Case<'_> {
    /// Whether it is another one to count: a report that tells nothing new is not.
    pub(super) fn is_another(&self, finding: Option<&Finding>, known: Option<&FindingRecord>) -> bool {
        !finding.zip(known).is_some_and(|(finding, known)| self.is_seen(finding, known))
    }

    /// Counts it, where its rule asks for several.
    pub(super) fn counted(
        &self,
        draft: &mut Draft<'_>,
        opening: &Opening<'_>,
        is_another: bool,
    ) -> Result<Option<Counting<'_>>, Unread> {
        let Some(threshold) = &self.rule.after else { return Ok(None) };
        let incident = opening.key;
        // Names are given within an account: two of one name are strangers, and so are those of whom it is not known.
        let account = opening.face.subject.account.clone().filter(|_| !threshold.per.is_empty());
        let known = opening.face.equals(&threshold.per).zip(account);
        let known = known.map(|(values, account)| values.into_iter().chain([account]).collect::<Vec<_>>());
        let (is_by_itself, values) = (known.is_none(), known.unwrap_or_else(|| vec![incident.to_string()]));
        let kind = if is_by_itself { "incident" } else { "values" };
        let values: Vec<_> = [kind].into_iter().chain(values.iter().map(String::as_str)).collect();
        let place = Place::of(&self.rule.name, &values);
        draft.need(Key::Tally(place.record.clone()))?;
        let mut record = draft.tally(&place.record).cloned().unwrap_or_default();
        let at = draft.now();
        let standing = if is_another {
            let line =
                format!("{}: {}", opening.record.title.trim_end_matches('.'), self.event.subject.line());
            let standing = record.count(&place, threshold, Counted { at, incident: incident.clone(), line });
            draft.put(Key::Tally(place.record.clone()), Record::Tally(Box::new(record)), Because::Counted);
            standing
        } else {
            // Nothing to write: others share the record.
            record.forget(threshold, at);
            record.standing(&place, threshold, incident)
        };
        let page = draft.tally(&place.record).and_then(|record| record.page(&place)).cloned();
        let page = page.filter(|_| standing == TallyStanding::Named);
        Ok(Some(Counting { threshold, place, standing, page, is_by_itself }))
    }
}

impl News<'_> {
    /// Whether only its own rule could keep it quiet: people were told of nothing, and nothing else holds it. A P0 is
    /// told whatever was counted.
    fn waits_for_more(&self) -> bool {
        let Opening { record, face, .. } = &self.opening;
        let is_untold = match &record.held {
            Some(held) => held.by == Why::Counted,
            None => self.why.opens(),
        };
        is_untold && face.priority != Priority::P0
    }

    /// That there are not as many yet, or that a page has named it when there were.
    pub(super) fn below(&mut self, now: Timestamp) -> Option<Suppression> {
        let waits_for_more = self.waits_for_more();
        let Counting { threshold, standing, page, is_by_itself, place: _ } =
            self.counting.as_ref().filter(|_| waits_for_more)?;
        let asked = threshold.sentence();
        self.opening.record.is_counted(standing, page.as_ref(), now);
        let reason = match standing {
            TallyStanding::Below(so_far) if *is_by_itself && !threshold.per.is_empty() => {
                format!("{so_far} of {asked}; it names none, and is counted with its own incident")
            }
            TallyStanding::Below(so_far) => format!("{so_far} of {asked}; told when there are as many"),
            TallyStanding::Named if self.opening.judged.is_news() && !self.opening.judged.opens() => {
                return None;
            }
            TallyStanding::Named => named(page.as_ref(), &asked),
            TallyStanding::Reached | TallyStanding::NoRoom => return None,
        };
        Some(Suppression { why: Why::Counted, reason, bundle: None, until: None })
    }

    /// What led to it, for the page that tells that there are as many; the incidents that it names are told by it.
    pub(super) fn led_to_it(
        &self,
        draft: &mut Draft<'_>,
        event: &EventId,
        page: LeadingPage,
        zone: &Zone,
    ) -> Option<(String, List)> {
        let counting = self.counting.as_ref().filter(|_| self.waits_for_more())?;
        let Counting { threshold, place, standing, page: _, is_by_itself: _ } = counting;
        if *standing == TallyStanding::NoRoom {
            let why = format!("too many others are counted by its rule to wait for {}", threshold.sentence());
            return Some((why, List { head: String::new(), lines: Vec::new(), more: 0 }));
        }
        let mut record =
            draft.tally(&place.record).cloned().filter(|_| *standing == TallyStanding::Reached)?;
        record.forget(threshold, draft.now());
        let at = draft.now();
        let from = at.saturating_sub(threshold.within).unwrap_or(Timestamp::MIN);
        let page = LedTo { incident: self.opening.key.clone(), by: event.clone(), at, from, page };
        let named = record.tell(place, page.clone());
        self.names(draft, &named, &page, threshold);
        draft.put(Key::Tally(place.record.clone()), Record::Tally(Box::new(record)), Because::Counted);
        let line = |counted: &Counted| {
            clean(&format!("{} {} ({})", zone.second(counted.at), counted.line, counted.incident), 300)
        };
        let lines: Vec<_> = named.iter().map(line).collect();
        let more = u64::from(threshold.count).saturating_sub(lines.len() as u64);
        let why = format!("there are {}", threshold.sentence());
        Some((why, List { head: "What led to it:".to_owned(), lines, more }))
    }

    /// The incidents that the page will name, which are to remember it.
    pub(super) fn leading(&self, draft: &Draft<'_>) -> Vec<Key> {
        let reached = |counting: &&Counting<'_>| counting.standing == TallyStanding::Reached;
        let Some(counting) = self.counting.as_ref().filter(reached).filter(|_| self.waits_for_more()) else {
            return Vec::new();
        };
        let record = draft.tally(&counting.place.record);
        let named = record.into_iter().flat_map(|record| record.named(&counting.place));
        let others = named.map(|counted| &counted.incident).filter(|incident| *incident != self.opening.key);
        others.cloned().map(Key::Incident).collect()
    }

    /// Each of the other incidents that the page names knows of it from now on.
    fn names(&self, draft: &mut Draft<'_>, counted: &VecDeque<Counted>, page: &LedTo, threshold: &Threshold) {
        let others = counted.iter().map(|counted| &counted.incident);
        let others: BTreeSet<_> = others.filter(|incident| *incident != self.opening.key).collect();
        for incident in others {
            let Some(mut record) = draft.incident(incident).cloned() else { continue };
            record.led_to = Some(page.clone());
            if let Some(held) = record.held.as_mut().filter(|held| held.by == Why::Counted) {
                held.reason = named(Some(page), &threshold.sentence());
            }
            draft.put_incident(incident, record, Because::LedToIt);
        }
    }
}

impl IncidentRecord {
    /// It was counted: with what a page has named, or anew, of which nobody knows.
    fn is_counted(&mut self, standing: &TallyStanding, page: Option<&LedTo>, now: Timestamp) {
        match standing {
            TallyStanding::Named => self.led_to = page.cloned().or_else(|| self.led_to.take()),
            TallyStanding::Below(_) => {
                let is_told = self.held.is_some() && self.untold().is_none();
                self.held.iter_mut().filter(|_| is_told).for_each(|held| held.since = now);
            }
            TallyStanding::Reached | TallyStanding::NoRoom => {}
        }
    }
}

fn named(page: Option<&LedTo>, asked: &str) -> String {
    match page {
        Some(LedTo { incident, .. }) => format!("named by {incident}, which tells of {asked}"),
        None => format!("named by the page that told of {asked}"),
    }
}
