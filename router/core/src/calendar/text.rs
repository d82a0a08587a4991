//! A calendar as it is written in a configuration, each part checked where it stands.

use jiff::civil::{Date, Time, Weekday};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Calendar, Closing};
use crate::value_schema;
use crate::zone::{Zone, ZoneError};

/// Why a text is no calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The time zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// A day.
    #[error("expected a day of the week such as `Mon`, found `{0}`")]
    Day(String),
    /// No day at all.
    #[error("expected at least one day of the week, found none")]
    NoDay,
    /// An hour.
    #[error("expected a time of day from `00:00` to `23:59`, found `{0}`")]
    Time(String),
    /// An hour at which a day ends.
    #[error("expected a time of day from `00:00` to `23:59`, or `24:00` for the end of the day, found `{0}`")]
    ClosingTime(String),
    /// A holiday.
    #[error("expected a date such as `2026-12-25`, found `{0}`")]
    Holiday(String),
    /// Closing is not after opening.
    #[error(
        "expected `closes` to be later than `opens`, found {closes} and {}",
        .opens.strftime("%H:%M")
    )]
    Closed {
        /// When the day begins.
        opens: Time,
        /// When it ends.
        closes: Closing,
    },
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Business")]
#[serde(deny_unknown_fields, expecting = "a mapping of time_zone, days, opens, closes, holidays")]
pub(super) struct CalendarText {
    /// The time zone of these hours; UTC if left out.
    #[serde(default)]
    time_zone: Zone,
    /// The days of business; Monday to Friday if left out.
    #[serde(default)]
    days: Option<Vec<Day>>,
    /// When they begin; 09:00 if left out.
    #[serde(default)]
    opens: Option<TimeOfDay>,
    /// When they end, 24:00 for the end of the day; 17:00 if left out.
    #[serde(default)]
    closes: Option<ClosingTime>,
    /// Days on which nobody works.
    #[serde(default)]
    holidays: Vec<Holiday>,
}

impl CalendarText {
    pub(super) fn parse(
        zone: &str,
        days: &[&str],
        opens: &str,
        closes: &str,
        holidays: &[&str],
    ) -> Result<Self, CalendarError> {
        Ok(Self {
            time_zone: Zone::named(zone)?,
            days: Some(days.iter().map(|day| (*day).to_owned().try_into()).collect::<Result<_, _>>()?),
            opens: Some(opens.to_owned().try_into()?),
            closes: Some(closes.to_owned().try_into()?),
            holidays: holidays.iter().map(|date| (*date).to_owned().try_into()).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<CalendarText> for Calendar {
    type Error = CalendarError;

    fn try_from(text: CalendarText) -> Result<Self, CalendarError> {
        let CalendarText { time_zone, days, opens, closes, holidays } = text;
        let usual = Calendar::default();
        let days = days.map_or(usual.days, |days| {
            let works = |weekday| days.iter().any(|Day(day)| *day == weekday);
            std::array::from_fn(|offset| works(WEEK[offset].1))
        });
        let opens = opens.map_or(usual.opens, |TimeOfDay(time)| time);
        let closes = closes.map_or(usual.closes, |ClosingTime(closing)| closing);
        if !days.contains(&true) {
            return Err(CalendarError::NoDay);
        }
        if !closes.is_after(opens) {
            return Err(CalendarError::Closed { opens, closes });
        }
        let holidays = holidays.into_iter().map(|Holiday(date)| date).collect();
        Ok(Calendar { zone: time_zone, days, opens, closes, holidays })
    }
}

value_schema!(Day, {
    "type": "string",
    "description": "A day of the week such as Mon.",
    "pattern": "^([Mm]on(day)?|[Tt]ue(sday)?|[Ww]ed(nesday)?|[Tt]hu(rsday)?|[Ff]ri(day)?|[Ss]at(urday)?|[Ss]un(day)?)$"
});
value_schema!(TimeOfDay, {
    "type": "string",
    "description": "A time of day from 00:00 to 23:59.",
    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"
});
value_schema!(ClosingTime, {
    "type": "string",
    "description": "A time of day from 00:00 to 23:59, or 24:00 for the end of the day.",
    "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
});
value_schema!(Holiday, {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"});

const WEEK: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// `Mon` or `Monday`, however it is capitalised.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day(Weekday);

impl TryFrom<String> for Day {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        let lower = text.to_ascii_lowercase();
        let day = WEEK.iter().find(|(name, _)| lower == *name || lower == name[..3]);
        day.map(|(_, weekday)| Day(*weekday)).ok_or(CalendarError::Day(text))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct TimeOfDay(Time);

impl TryFrom<String> for TimeOfDay {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        // Read and written again it must be the same: jiff alone takes `9:0` as well.
        let time = Time::strptime("%H:%M", &text).ok();
        let time = time.filter(|time| time.strftime("%H:%M").to_string() == text);
        time.map(TimeOfDay).ok_or(CalendarError::Time(text))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ClosingTime(Closing);

impl TryFrom<String> for ClosingTime {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        if text == Closing::WithTheDay.to_string() {
            return Ok(ClosingTime(Closing::WithTheDay));
        }
        let time = TimeOfDay::try_from(text.clone()).map_err(|_| CalendarError::ClosingTime(text))?;
        Ok(ClosingTime(Closing::At(time.0)))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Holiday(Date);

impl TryFrom<String> for Holiday {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
        date.map(Holiday).ok_or(CalendarError::Holiday(text))
    }
}
