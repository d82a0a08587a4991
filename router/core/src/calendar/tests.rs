//! The calendar over weekends, holidays, clock changes and mistakes in its text.

use super::*;
use crate::builders::at;
use crate::yaml::{Misfit, Node};

const WEEKDAYS: [&str; 5] = ["Mon", "Tue", "Wed", "Thu", "Fri"];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn office(zone: &str, holidays: &[&str]) -> Calendar {
    Calendar::new(zone, &WEEKDAYS, "09:00", "17:00", holidays).unwrap()
}

#[test]
fn nothing_configured_is_utc_from_monday_to_friday() {
    assert_eq!(office("UTC", &[]), Calendar::default());
    assert_eq!(Node::parse("{}").unwrap().read::<Calendar>(), Ok(Calendar::default()));
}

#[test]
fn what_is_written_is_what_is_read() {
    let text = "time_zone: Europe/Berlin\ndays: [Sun, mon, Thursday]\nopens: 08:30\ncloses: '18:00'\n\
                holidays:\n- 2026-12-25\n- 2026-12-26\n";
    let read: Calendar = Node::parse(text).unwrap().read().unwrap();
    let built = Calendar::new(
        "Europe/Berlin",
        &["Mon", "Thu", "Sun"],
        "08:30",
        "18:00",
        &["2026-12-26", "2026-12-25"],
    );
    assert_eq!(Ok(read), built);
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let text = "time_zone: Berlin\ndays: [Mon, Tues]\nopens: '9:00'\ncloses: '24:30'\n\
                holidays: [2026-02-30, '20261225']\nlunch: '12:00'\n";
    let misfits = Node::parse(text).unwrap().read::<Calendar>().unwrap_err();
    let misfit = |line, path: &str, said: &str| (line, path.to_owned(), said.to_owned());
    let expected = [
        misfit(
            1,
            "time_zone",
            "expected a time zone of the IANA database, such as `Europe/Berlin` or `UTC`, found `Berlin`",
        ),
        misfit(2, "days[1]", "expected a day of the week such as `Mon`, found `Tues`"),
        misfit(3, "opens", "expected a time of day from `00:00` to `23:59`, found `9:00`"),
        misfit(
            4,
            "closes",
            "expected a time of day from `00:00` to `23:59`, or `24:00` for the end of the day, found `24:30`",
        ),
        misfit(5, "holidays[0]", "expected a date such as `2026-12-25`, found `2026-02-30`"),
        misfit(5, "holidays[1]", "expected a date such as `2026-12-25`, found `20261225`"),
        misfit(
            6,
            "lunch",
            "unknown member `lunch`: expected one of `time_zone`, `days`, `opens`, `closes`, `holidays`",
        ),
    ];
    let told = |Misfit { place, path, mistake }| (place.line, path, mistake.to_string());
    let mut told: Vec<_> = misfits.into_iter().map(told).collect();
    told.sort_by_key(|(line, ..)| *line);
    assert_eq!(told, expected);
}

#[test]
fn a_calendar_without_a_working_hour_is_refused() {
    assert_eq!(Calendar::new("UTC", &[], "09:00", "17:00", &[]), Err(CalendarError::NoDay));
    let closed = Calendar::new("UTC", &["Mon"], "17:00", "16:00", &[]).unwrap_err();
    assert_eq!(closed.to_string(), "expected `closes` to be later than `opens`, found 16:00 and 17:00");
}

#[test]
fn a_whole_day_is_open_to_its_last_moment_and_no_longer() {
    let whole = |days: &[&str]| Calendar::new("Europe/Berlin", days, "00:00", "24:00", &[]).unwrap();
    let weekend = whole(&["Sat", "Sun"]);
    let open = [
        ("2026-11-20T22:59:59.999999Z", false),
        ("2026-11-20T23:00:00Z", true),
        // 23:59 is a part of it, which `23:59` leaves out; between its days it stays open.
        ("2026-11-21T22:59:30Z", true),
        ("2026-11-21T23:00:00Z", true),
        ("2026-11-22T22:59:59.999999999Z", true),
        ("2026-11-22T23:00:00Z", false),
    ];
    for (moment, expected) in open {
        assert_eq!(weekend.is_open(at(moment)), expected, "{moment}");
    }
    let almost = Calendar::new("Europe/Berlin", &["Sat", "Sun"], "00:00", "23:59", &[]).unwrap();
    assert!(!almost.is_open(at("2026-11-21T22:59:30Z")));
    // What is due by the end of the day is due when the next begins, on a day of 25 hours too.
    assert_eq!(
        whole(&["Mon"]).next_business_day_ends(at("2026-11-20T12:00:00Z")),
        at("2026-11-23T23:00:00Z")
    );
    assert_eq!(
        whole(&["Sun"]).next_business_day_ends(at("2026-10-24T12:00:00Z")),
        at("2026-10-25T23:00:00Z")
    );
    let opens = Calendar::new("UTC", &["Mon"], "24:00", "24:00", &[]).unwrap_err();
    assert_eq!(opens, CalendarError::Time("24:00".to_owned()));
}

#[test]
fn the_next_opening_is_strictly_later() {
    let office = office("Europe/Berlin", &[]);
    let openings = [
        // Friday before, at and after opening; a weekend; Monday before opening.
        ("2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"),
        ("2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z"),
        ("2026-11-20T08:00:00.5Z", "2026-11-23T08:00:00Z"),
        ("2026-11-21T12:00:00Z", "2026-11-23T08:00:00Z"),
        // Already Monday in Berlin, still Sunday in UTC.
        ("2026-11-22T23:30:00Z", "2026-11-23T08:00:00Z"),
    ];
    for (after, opening) in openings {
        assert_eq!(office.next_opening(at(after)), at(opening), "{after}");
    }
}

#[test]
fn a_response_is_due_when_the_next_business_day_closes() {
    let office = office("America/New_York", &["2026-11-26"]);
    let ends = [
        // Wednesday at 20:00 in New York is Thursday in UTC; Thursday is Thanksgiving.
        ("2026-11-26T01:00:00Z", "2026-11-27T22:00:00Z"),
        // In the small hours of a business day: that day is its own, the next one is meant.
        ("2026-11-24T06:00:00Z", "2026-11-25T22:00:00Z"),
        ("2026-11-27T12:00:00Z", "2026-11-30T22:00:00Z"),
        ("2026-11-29T12:00:00Z", "2026-11-30T22:00:00Z"),
    ];
    for (from, end) in ends {
        assert_eq!(office.next_business_day_ends(at(from)), at(end), "{from}");
    }
}

#[test]
fn openings_keep_to_the_wall_clock_when_it_changes() {
    let office = office("Europe/Berlin", &[]);
    let openings = ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"].map(|from| office.next_opening(at(from)));
    assert_eq!(openings, [at("2026-03-30T07:00:00Z"), at("2026-10-26T08:00:00Z")]);
}

#[test]
fn an_hour_that_is_left_out_or_repeated_is_one_moment() {
    let sundays = |opens| Calendar::new("Europe/Berlin", &["Sun"], opens, "23:00", &[]).unwrap();
    let night = sundays("02:30");
    assert_eq!(night.next_opening(at("2026-03-28T12:00:00Z")), at("2026-03-29T01:30:00Z"));
    // 02:30 comes at 00:30 and at 01:30 UTC; the second is no second opening.
    assert_eq!(night.next_opening(at("2026-10-24T12:00:00Z")), at("2026-10-25T00:30:00Z"));
    assert_eq!(night.next_opening(at("2026-10-25T00:30:00Z")), at("2026-11-01T01:30:00Z"));
    // Midnight itself is left out in Beirut.
    let beirut = Calendar::new("Asia/Beirut", &["Sun"], "00:00", "12:00", &[]).unwrap();
    assert_eq!(beirut.next_opening(at("2026-03-28T12:00:00Z")), at("2026-03-28T22:00:00Z"));
    // Samoa had no 30 December 2011, a Friday.
    let samoa = office("Pacific/Apia", &[]);
    assert_eq!(samoa.date(at("2011-12-30T09:59:59Z")), day("2011-12-29"));
    assert_eq!(samoa.date(at("2011-12-30T10:00:00Z")), day("2011-12-31"));
    assert_eq!(samoa.next_opening(at("2011-12-31T12:00:00Z")), at("2012-01-01T19:00:00Z"));
}

#[test]
fn holidays_over_the_end_of_the_year_are_passed_over() {
    let office =
        office("UTC", &["2026-12-25", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01"]);
    assert_eq!(office.next_opening(at("2026-12-24T09:00:00Z")), at("2027-01-04T09:00:00Z"));
    assert_eq!(office.next_business_day_ends(at("2026-12-24T18:00:00Z")), at("2027-01-04T17:00:00Z"));
}

#[test]
fn a_year_of_holidays_does_not_put_an_answer_off_for_ever() {
    let all: Vec<String> =
        day("2026-01-01").series(jiff::Span::new().days(1)).take(800).map(|day| day.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let closed = office("UTC", &all);
    assert_eq!(closed.next_opening(at("2026-03-06T08:00:00Z")), at("2026-03-07T09:00:00Z"));
    assert_eq!(closed.next_business_day_ends(at("2026-03-06T08:00:00Z")), at("2026-03-07T17:00:00Z"));
}

#[test]
fn the_end_of_time_is_never_due() {
    let office = office("Pacific/Kiritimati", &[]);
    let end = Timestamp::MAX;
    assert!(office.next_opening(end) >= office.next_opening(at("9999-12-01T00:00:00Z")));
    assert!(office.next_business_day_ends(end) > at("9999-12-01T00:00:00Z"));
    assert!(office.day_from_opening(Timestamp::MIN) <= office.date(Timestamp::MIN));
}

#[test]
fn a_day_from_opening_to_opening_begins_at_the_opening() {
    let office = office("Europe/Berlin", &[]);
    let days =
        ["2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z", "2026-11-22T07:00:00Z", "2026-11-22T23:30:00Z"]
            .map(|moment| office.day_from_opening(at(moment)));
    assert_eq!(days, [day("2026-11-19"), day("2026-11-20"), day("2026-11-21"), day("2026-11-22")]);
}

#[test]
fn a_moment_near_by_is_called_by_its_weekday() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let now = at("2026-11-23T08:00:00Z");
    let spoken = ["2026-11-20T08:00:00Z", "2026-11-17T08:00:00Z", "2026-11-16T08:00:00Z"]
        .map(|moment| spoken(&berlin, at(moment), now));
    assert_eq!(spoken, ["Friday 09:00", "Tuesday 2026-11-17 09:00", "Monday 2026-11-16 09:00"]);
}
