//! What there is to tell of an incident: past everything that may hold it, planned, composed, and told or kept.

use jiff::Timestamp;

use super::Case;
use super::counting::Counting;
use super::opening::Opening;
use crate::asking::ask_at_once;
use crate::decision::{Because, Reason, Wanted, Withheld};
use crate::digest::DigestLine;
use crate::draft::Draft;
use crate::escalation;
use crate::incident::{IncidentRecord, LeadingPage};
use crate::noise::PageDraft;
use crate::notice::{List, Notice};
use crate::planning::{self, Plans};
use crate::policy::Routed;
use crate::priority::Priority;
use crate::state::{Key, Unread};
use crate::suppress::{self, Disposition, Suppressing, Suppression, Untold, join, leave};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

/// What there is to tell of it.
pub(super) struct News<'o> {
    pub(super) opening: Opening<'o>,
    pub(super) why: Why,
    /// The incidents that came under it.
    pub(super) adopted: Option<List>,
    /// What its rule has counted, where it asks for several.
    pub(super) counting: Option<Counting<'o>>,
}

impl Opening<'_> {
    /// It was held, it is held for the same reason, and nothing is new.
    fn is_held_again(&self, disposition: &Disposition) -> bool {
        let (Disposition::Suppress(hold), Some(held)) = (disposition, &self.record.held) else {
            return false;
        };
        let waits_in = hold.bundle.as_ref().map(|waiting| &waiting.key);
        !self.judged.is_news() && waits_in == held.bundle.as_ref() && hold.why == held.by
    }
}

impl Case<'_> {
    /// News, past everything that may hold it.
    pub(super) fn weighed(&self, draft: &mut Draft<'_>, mut news: News<'_>) -> Result<(), Unread> {
        let disposition = self.disposition(draft, &mut news)?;
        if news.opening.is_held_again(&disposition) {
            if let (Disposition::Suppress(hold), Some(held)) = (disposition, &mut news.opening.record.held)
                && hold.why == Why::Counted
            {
                held.reason = hold.reason;
            }
            self.holds_on(draft, news.opening);
            return Ok(());
        }
        if responds(&disposition) {
            draft.need_all(news.leading(draft))?;
        }
        let plans = self.planned(draft, &mut news, &disposition)?;
        let notice = self.composed(draft, &mut news, &plans, &disposition);
        if let Disposition::Suppress(hold) = &disposition {
            draft.withhold([Withheld::page(Reason::Suppressed(clean(&hold.reason, 400)))]);
        }
        let Plans { acts, withheld, at_once, .. } = plans;
        draft.act(acts);
        draft.withhold(withheld);
        if !responds(&disposition) {
            draft.withhold(self.not_done());
        }
        draft.priority(news.opening.face.priority);
        let because = because(&disposition);
        let routed = self.policy.routed(&news.opening.face, draft.now());
        self.told(draft, &mut news, disposition, (&notice, &routed))?;
        let Opening { key, mut record, .. } = news.opening;
        let own_pages = ask_at_once(&routed, key, &mut record, &self.event.id, &at_once, &notice);
        if !own_pages.is_empty() {
            // Whatever becomes of the news, who has to approve hears of it.
            draft.verdict(Verdict::Page);
            draft.tell(own_pages);
        }
        if self.context.incomplete && !draft.is_quiet() {
            draft.act([self.complete_later(key, draft.now())]);
        }
        draft.put_incident(key, record, because);
        Ok(())
    }

    fn disposition(&self, draft: &mut Draft<'_>, news: &mut News<'_>) -> Result<Disposition, Unread> {
        let Opening { finding, key, face, .. } = &mut news.opening;
        draft.need(Key::PageDraft(key.clone()))?;
        let is_of_it =
            |known: &&PageDraft| finding.is_some_and(|it| known.notice.finding.as_ref() == Some(&it.key));
        if let Some(known) = draft.page_draft(key).filter(is_of_it) {
            // A copy names less than its finding did: what silences the one silences the other.
            face.subject = std::mem::take(&mut face.subject).or(&known.face.subject);
        }
        if let Some(hold) = news.below(draft.now()) {
            return Ok(Disposition::Suppress(hold));
        }
        let Opening { finding, key, record, face, judged: _ } = &mut news.opening;
        let (policy, mute) = (self.policy, self.event.mute());
        let (finding, incident, mute) = (*finding, *key, mute.as_ref());
        Suppressing { policy, face, finding, incident, record, news: news.why, mute }.disposition(draft)
    }

    /// As before, for the same reason.
    fn holds_on(&self, draft: &mut Draft<'_>, opening: Opening<'_>) {
        let count = self.count(&opening);
        let Opening { key, mut record, .. } = opening;
        if let Some(held) = &mut record.held {
            held.count = held.count.max(count);
            draft.why(held.by);
            draft.withhold([Withheld::page(Reason::Suppressed(held.reason.clone()))]);
        }
        draft.put_incident(key, record, Because::WaitsOn);
    }

    /// As many as the finder counts; of what cannot be read there is no other count than our own.
    fn count(&self, opening: &Opening<'_>) -> u64 {
        match opening.finding {
            Some(finding) => finding.count,
            None if self.event.is_unreadable() => opening.record.events,
            None => 0,
        }
    }

    /// What is to be done to the cluster, where the disposition leaves that open.
    fn planned(
        &self,
        draft: &mut Draft<'_>,
        news: &mut News<'_>,
        disposition: &Disposition,
    ) -> Result<Plans, Unread> {
        if !responds(disposition) {
            return Ok(Plans::default());
        }
        let (key, now) = (news.opening.key, draft.now());
        if !self.rule.actions.is_empty() {
            draft.need_all(planning::reads(&self.event.id, &self.input(key, now)))?;
        }
        let plans = planning::plan(&self.request(key, draft), |plans| self.notice(key, news.why, plans, now));
        plans.stage(draft, &self.policy.mitigation);
        plans.named_by(&mut news.opening.record);
        Ok(plans)
    }

    /// What the page says, kept for whoever pages it later.
    fn composed(
        &self,
        draft: &mut Draft<'_>,
        news: &mut News<'_>,
        plans: &Plans,
        disposition: &Disposition,
    ) -> Notice {
        let page = match disposition {
            Disposition::Notify | Disposition::Digest => LeadingPage::Told,
            Disposition::Suppress(_) => LeadingPage::Waits,
        };
        let led = match responds(disposition) {
            true => news.led_to_it(draft, &self.event.id, page, self.policy.zone()),
            false => None,
        };
        let Opening { key, record, face, .. } = &mut news.opening;
        let mut notice = self.notice(key, news.why, plans, draft.now());
        notice.priority = face.priority;
        notice.lists.extend(news.adopted.take());
        if let Some((why, list)) = led {
            notice.why = format!("{}; {why}", notice.why);
            notice.lists.extend((!list.lines.is_empty()).then_some(list));
        }
        if let Some(flaps) = self.begins_to_flap(record, disposition, draft.now()) {
            notice.why = format!("{}; {flaps}", notice.why);
        }
        draft.put_page_draft(key, PageDraft { face: face.clone(), notice: notice.clone() });
        notice
    }

    /// The turn that is one too many is said, or waits with others to be said, with the count.
    fn begins_to_flap(
        &self,
        record: &mut IncidentRecord,
        disposition: &Disposition,
        now: Timestamp,
    ) -> Option<String> {
        let (most, window) = self.policy.noise.flapping;
        let turns = record.turns_within(window, now);
        let is_heard = match disposition {
            Disposition::Notify | Disposition::Digest => true,
            Disposition::Suppress(hold) => {
                !matches!(hold.why, Why::Silenced | Why::Muted | Why::Inhibited | Why::Counted)
            }
        };
        let may_be_held = self.rule.priority != Priority::P0;
        if turns <= most as usize || record.flapping.is_some() || !is_heard || !may_be_held {
            return None;
        }
        record.flapping = Some(now);
        let minutes = window.as_mins();
        Some(format!(
            "it has begun {turns} times in {minutes} minutes, and is held until it stays open for as long"
        ))
    }

    /// Every action of the rule, where the incident is held and nothing is planned.
    fn not_done(&self) -> impl Iterator<Item = Withheld> {
        self.rule
            .actions
            .iter()
            .map(|action| Withheld { action: Wanted::Action(*action), reason: Reason::Held })
    }

    /// Now, with the digest, or not yet.
    fn told(
        &self,
        draft: &mut Draft<'_>,
        news: &mut News<'_>,
        disposition: Disposition,
        (notice, routed): (&Notice, &Routed<'_>),
    ) -> Result<(), Unread> {
        match disposition {
            Disposition::Notify => {
                self.is_said(draft, news, routed);
                draft.verdict(Verdict::Page);
                let Opening { key, record, .. } = &mut news.opening;
                let pages = self.page(draft, key, record, notice, routed);
                draft.tell(pages);
            }
            Disposition::Digest => {
                self.is_said(draft, news, routed);
                draft.verdict(Verdict::Digest);
                let Opening { key, record, .. } = &news.opening;
                let line = DigestLine::of(record, draft.now());
                suppress::digested(draft, self.policy, [((*key).clone(), line)])?;
            }
            Disposition::Suppress(hold) => self.waits(draft, news, hold),
        }
        Ok(())
    }

    /// Somebody hears of it now or with the digest: it waits no longer, and its response clock runs from here.
    fn is_said(&self, draft: &mut Draft<'_>, news: &mut News<'_>, routed: &Routed<'_>) {
        let count = self.count(&news.opening);
        let Opening { key, record, .. } = &mut news.opening;
        leave(draft, key, record);
        record.routes.clone_from(&routed.by);
        record.said_at = draft.now();
        record.said_count = record.said_count.max(count);
        escalation::start_clock(self.policy, record, news.why, draft.now());
        draft.why(news.why);
    }

    fn waits(&self, draft: &mut Draft<'_>, news: &mut News<'_>, hold: Suppression) {
        let count = self.count(&news.opening);
        let Opening { key, record, face, .. } = &mut news.opening;
        draft.why(hold.why);
        let title = record.title.clone();
        if draft.withheld().iter().any(|withheld| withheld.reason.waits()) {
            // Whoever reads the list has to know that something waits for them.
            record.title = clean(&format!("{title} (a plan waits for approval)"), 200);
        }
        let untold = Untold { incident: key, news: news.why, priority: face.priority, count };
        join(draft, hold, untold, record);
        record.title = title;
    }
}

/// Attention is what noise control spares, not the response.
fn responds(disposition: &Disposition) -> bool {
    match disposition {
        Disposition::Notify | Disposition::Digest => true,
        Disposition::Suppress(hold) => {
            !matches!(hold.why, Why::Silenced | Why::Muted | Why::Flapping | Why::Counted)
        }
    }
}

fn because(disposition: &Disposition) -> Because {
    match disposition {
        Disposition::Notify => Because::Told,
        Disposition::Digest => Because::Digested,
        Disposition::Suppress(_) => Because::Waits,
    }
}
