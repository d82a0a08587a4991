//! Reports that are posted by the calendar: how everything is on each business day, what a week was like on its first.
//!
//! They go the way of the digest: a decision with an effect for each channel, recorded before anything is sent, so that
//! one that a channel does not take is tried again, and no two workers post the same.

mod day;
mod scaling;
#[cfg(test)]
mod tests;
mod week;

pub use day::daily;
pub use week::{Handled, Week};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::Serialize;

use crate::calendar::Calendar;
use crate::decision::{Cause, Decision, Effect, When};
use crate::draft::{Draft, Matter};
use crate::event::OWN_SOURCE;
use crate::heading;
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, IncidentKey, Own, RuleName};
use crate::notice::{List, Notice};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::state::{State, Unread};
use crate::text::clean;
use crate::verdict::{EffectKind, Why};
use crate::word;

/// What is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bulletin {
    /// How everything is, on each business day when it opens.
    Daily,
    /// What the last seven days were like, on the first business day of a week when it opens.
    Weekly,
}

/// What a bulletin says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// A paragraph.
    pub description: String,
    /// The rest.
    pub lists: Vec<List>,
}

impl Bulletin {
    /// Both.
    pub const ALL: [Self; 2] = [Bulletin::Daily, Bulletin::Weekly];

    /// The word in ids and claims.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// The day whose bulletin should have been posted by now; none where there is none today, or not yet. One that could
    /// not be posted that day is not posted later: the next tells more.
    pub fn due(self, calendar: &Calendar, now: Timestamp) -> Option<Date> {
        let day = calendar.day_from_opening(now);
        let is_open = day == calendar.date(now) && calendar.is_business_day(day);
        let is_due = match self {
            Bulletin::Daily => is_open,
            Bulletin::Weekly => is_open && is_first_of_its_week(day, calendar),
        };
        is_due.then_some(day)
    }

    /// Who gets it.
    pub fn to(self, policy: &Policy) -> &[ChannelName] {
        match self {
            Bulletin::Daily => &policy.bulletins.daily,
            Bulletin::Weekly => &policy.bulletins.weekly,
        }
    }

    /// The id of its decision: whoever posts it that day again finds it there.
    pub fn id(self, day: Date) -> EventId {
        EventId::own(Own::Bulletin { of: self.as_str(), day })
    }

    /// The decision that posts it.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn post(
        self,
        day: Date,
        words: &Words,
        policy: &Policy,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Decision>, Unread> {
        let (event, incident) = (self.id(day), IncidentKey::new(format!("wf1-{NAME}-{}", self.as_str())));
        let matter = Matter {
            event: event.clone(),
            cause: Cause::Timer,
            source: OWN_SOURCE.to_owned(),
            kind: format!("Due:{NAME}"),
            finding: None,
            subject: NAME.to_owned(),
            rule: RuleName::new(NAME),
            family: NAME.to_owned(),
            priority: Priority::P3,
            incident: Some(incident.clone()),
            face: None,
        };
        let Words { title, description, lists } = words;
        let notice = Notice {
            title: clean(title, 200),
            description: clean(description, 1_000),
            why: format!("the {} report of health is due", self.as_str()),
            family: NAME.to_owned(),
            lists: lists.clone(),
            at: Some(now),
            ..Notice::empty(Priority::P3, &incident, &event)
        };
        let effect = |channel: &ChannelName| Effect {
            id: EffectId::new(format!("{NAME}:{channel}")),
            kind: EffectKind::Digest,
            channel: channel.clone(),
            when: When::Now,
            dedup_key: DedupKey::new(format!("{incident}-{day}")),
            notice: notice.clone(),
        };
        let mut draft = Draft::quiet(state, matter, Why::Reported, now);
        draft.page(self.to(policy).iter().map(effect));
        heading::head(draft, policy).map(Some)
    }
}

const NAME: &str = "health";

fn is_first_of_its_week(day: Date, calendar: &Calendar) -> bool {
    let since_monday = day.weekday().to_monday_zero_offset();
    (1..=since_monday).all(|before| {
        let earlier = day.checked_sub(Span::new().days(i64::from(before)));
        earlier.is_ok_and(|earlier| !calendar.is_business_day(earlier))
    })
}
