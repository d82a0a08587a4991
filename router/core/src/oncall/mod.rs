//! Who is on call, as a calendar or PagerDuty says. Nothing here plans shifts: they are read, and asked about a moment.

mod ical;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::moment;
use crate::text::clean;
use crate::zone::Zone;

/// Somebody's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who, as the calendar calls it: fit for one line, and not long.
    pub(crate) name: String,
    /// From when on.
    pub(crate) start: Timestamp,
    /// Until when, exclusive; none where no end is known.
    pub(crate) end: Option<Timestamp>,
}

impl Shift {
    /// A name has no more characters.
    const LONGEST_NAME: usize = 100;

    /// A turn from when on, until when.
    pub fn new(name: &str, start: Timestamp, end: Option<Timestamp>) -> Self {
        Self { name: clean(name, Self::LONGEST_NAME), start, end }
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.start <= now && self.end.is_none_or(|end| now < end)
    }
}

/// Whose turn it is when.
#[derive(Clone, Debug, PartialEq)]
pub struct Rota(Source);

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Calendar(ical::Calendar),
    Shifts(Vec<Shift>),
}

/// Why a text is no calendar, in a clause that repeats nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no calendar that is read (RFC 5545): {0}")]
pub struct NoCalendar(String);

/// Who is on call at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnCall {
    /// They, by name; nobody may be.
    pub people: Vec<Duty>,
    /// Who comes next, within 31 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// What of it is not known, a clause each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Somebody who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Duty {
    /// Who.
    pub name: String,
    /// Until when, turns that follow each other taken as one; none where no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Whose turn comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// They, by name.
    pub names: Vec<String>,
    /// From when on.
    pub from: Timestamp,
}

/// So far ahead is looked for who comes next.
const AHEAD: SignedDuration = SignedDuration::from_hours(31 * 24);
/// More people than this are counted, not named.
const MOST_NAMED: usize = 5;

impl Rota {
    /// How far ahead a source has to know it.
    pub const AHEAD: SignedDuration = AHEAD;

    /// What an iCalendar file says: each event is somebody's turn, whom its summary names. Days, and times without a
    /// zone, are those of `zone`.
    ///
    /// # Errors
    /// It is none.
    pub fn calendar(text: &str, zone: &Zone) -> Result<Self, NoCalendar> {
        ical::Calendar::read(text, zone).map(Source::Calendar).map(Self).map_err(NoCalendar)
    }

    /// These turns.
    pub fn shifts(shifts: Vec<Shift>) -> Self {
        Self(Source::Shifts(shifts))
    }

    /// Who is on call then.
    pub fn at(&self, now: Timestamp) -> OnCall {
        let horizon = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let (mut shifts, remarks) = match &self.0 {
            Source::Calendar(calendar) => calendar.shifts(now, horizon),
            Source::Shifts(shifts) => (shifts.clone(), Vec::new()),
        };
        shifts.sort_by_key(|shift| (shift.start, shift.name.clone()));
        let mut untils: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
        for shift in shifts.iter().filter(|shift| shift.holds(now)) {
            let until = untils.entry(&shift.name).or_insert(shift.end);
            *until = until.zip(shift.end).map(|(one, other)| one.max(other));
        }
        for shift in &shifts {
            // Whose next turn follows this one is on call until that is over.
            if let Some(Some(until)) = untils.get(shift.name.as_str()).copied()
                && shift.start <= until
                && shift.end.is_none_or(|end| end > until)
            {
                untils.insert(&shift.name, shift.end);
            }
        }
        let goes_on = |shift: &&Shift| {
            untils.get(shift.name.as_str()).is_some_and(|until| until.is_none_or(|until| shift.start < until))
        };
        let coming: Vec<_> = shifts
            .iter()
            .filter(|shift| shift.start > now && shift.start <= horizon && !goes_on(shift))
            .collect();
        let next = coming.first().map(|first| {
            let together = coming.iter().filter(|shift| shift.start == first.start);
            let mut names: Vec<_> = together.map(|shift| shift.name.clone()).collect();
            names.dedup();
            Next { names, from: first.start }
        });
        // Whose turns go on for longer than is looked have no end that is known.
        let people = untils.into_iter().map(|(name, until)| Duty {
            name: name.to_owned(),
            until: until.filter(|until| *until <= horizon),
        });
        let people = people.collect();
        OnCall { people, next, remarks }
    }
}

impl OnCall {
    /// In a clause: `ana until 09:00 CET, in 3 h, then ben`.
    pub fn clause(&self, zone: &Zone, now: Timestamp) -> String {
        let Self { people, next, remarks } = self;
        let shown = |at: Timestamp| moment(zone, at, now);
        let mut named: Vec<_> = people
            .iter()
            .take(MOST_NAMED)
            .map(|Duty { name, until }| match until {
                Some(until) => format!("{name} until {}", shown(*until)),
                None => name.clone(),
            })
            .collect();
        if people.len() > MOST_NAMED {
            named.push(format!("{} more", people.len() - MOST_NAMED));
        }
        let now_on = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
        let first_end = people.iter().filter_map(|duty| duty.until).min();
        let then = next.as_ref().map(|Next { names, from }| match first_end == Some(*from) {
            true => format!(", then {}", several(names)),
            false => format!("; {} from {}", several(names), shown(*from)),
        });
        let none = (people.is_empty() && next.is_none()).then(|| " within 31 days".to_owned());
        let remarks: String = remarks.iter().map(|remark| format!("; {remark}")).collect();
        format!("{now_on}{}{}{remarks}", then.unwrap_or_default(), none.unwrap_or_default())
    }
}

fn several(names: &[String]) -> String {
    match names.len() {
        0..=MOST_NAMED => names.join(", "),
        all => format!("{} and {} more", names[..MOST_NAMED].join(", "), all - MOST_NAMED),
    }
}

#[cfg(test)]
mod tests;
