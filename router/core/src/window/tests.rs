//! Recurring windows over clock changes, overlaps and lengths that are refused.

use proptest::prelude::*;

use super::*;
use crate::builders::at;

fn window(cron: &str, zone: &str, minutes: i64) -> Result<RecurringWindow, WindowError> {
    let (cron, zone) = (Cron::parse(cron).unwrap(), Zone::named(zone).unwrap());
    RecurringWindow::new("monthly upgrade", cron, zone, SignedDuration::from_mins(minutes))
}

fn span(start: &str, end: &str) -> Option<(Timestamp, Timestamp)> {
    Some((at(start), at(end)))
}

#[test]
fn a_window_goes_on_from_its_start_to_just_before_its_end() {
    let upgrade = window("0 22 * * TUE#2", "Europe/Berlin", 240).unwrap();
    let december = span("2026-12-08T21:00:00Z", "2026-12-09T01:00:00Z");
    for (now, running) in [
        ("2026-12-08T20:59:59.999Z", None),
        ("2026-12-08T21:00:00Z", december),
        ("2026-12-08T21:00:00.001Z", december),
        ("2026-12-09T00:59:59.999Z", december),
        ("2026-12-09T01:00:00Z", None),
        ("2026-12-15T22:00:00Z", None),
    ] {
        assert_eq!(upgrade.at(at(now)), running, "{now}");
    }
    assert_eq!(upgrade.next(at("2026-12-08T20:59:59.999Z")), december);
    assert_eq!(
        upgrade.next(at("2026-12-08T21:00:00Z")),
        span("2027-01-12T21:00:00Z", "2027-01-13T01:00:00Z")
    );
}

#[test]
fn a_window_keeps_to_the_wall_clock_and_to_its_length_when_the_clock_changes() {
    let night = window("0 22 * * SAT", "America/New_York", 360).unwrap();
    let starts = ["2026-03-01T12:00:00Z", "2026-03-08T12:00:00Z", "2026-10-25T12:00:00Z"]
        .map(|after| night.next(at(after)));
    assert_eq!(
        starts,
        [
            // Over the night in which 02:00 is left out: it ends at 05:00 on the wall.
            span("2026-03-08T03:00:00Z", "2026-03-08T09:00:00Z"),
            span("2026-03-15T02:00:00Z", "2026-03-15T08:00:00Z"),
            // Over the night in which 01:00 comes twice: it ends at 03:00 on the wall.
            span("2026-11-01T02:00:00Z", "2026-11-01T08:00:00Z"),
        ]
    );
}

#[test]
fn a_start_that_is_left_out_is_when_the_clock_has_gone_forward() {
    let window = window("30 2 * * *", "Europe/Berlin", 60).unwrap();
    let gap = span("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    assert_eq!(window.next(at("2026-03-29T00:00:00Z")), gap);
    assert_eq!(window.at(at("2026-03-29T01:59:59Z")), gap);
    assert_eq!(window.next(at("2026-03-29T01:00:00Z")), span("2026-03-30T00:30:00Z", "2026-03-30T01:30:00Z"));
}

#[test]
fn a_start_that_is_repeated_comes_once() {
    let window = window("30 2 * * *", "Europe/Berlin", 30).unwrap();
    let fold = span("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z");
    assert_eq!(window.next(at("2026-10-25T00:00:00Z")), fold);
    assert_eq!(window.at(at("2026-10-25T01:45:00Z")), None);
    assert_eq!(window.next(at("2026-10-25T00:30:00Z")), span("2026-10-26T01:30:00Z", "2026-10-26T02:00:00Z"));
}

#[test]
fn windows_that_overlap_or_touch_are_one() {
    // Every hour from 01:00 to 03:00, for an hour and a half: one from 01:00 to 04:30.
    let overlapping = window("0 1-3 * * *", "UTC", 90).unwrap();
    let touching = window("0 1-3 * * *", "UTC", 60).unwrap();
    let apart = window("0 1-3 * * *", "UTC", 59).unwrap();
    let night = span("2026-12-08T01:00:00Z", "2026-12-08T04:30:00Z");
    for now in ["2026-12-08T01:00:00Z", "2026-12-08T02:15:00Z", "2026-12-08T04:29:59Z"] {
        assert_eq!(overlapping.at(at(now)), night, "{now}");
    }
    assert_eq!(overlapping.next(at("2026-12-08T00:00:00Z")), night);
    assert_eq!(
        overlapping.next(at("2026-12-08T01:00:00Z")),
        span("2026-12-09T01:00:00Z", "2026-12-09T04:30:00Z")
    );
    assert_eq!(touching.at(at("2026-12-08T02:00:00Z")), span("2026-12-08T01:00:00Z", "2026-12-08T04:00:00Z"));
    assert_eq!(apart.at(at("2026-12-08T01:59:00Z")), None);
    assert_eq!(apart.at(at("2026-12-08T02:00:00Z")), span("2026-12-08T02:00:00Z", "2026-12-08T02:59:00Z"));
}

#[test]
fn a_night_that_overlaps_only_when_the_clock_changes_is_a_window_all_the_same() {
    // 23 hours and a half a day: where the day has 23 hours only, two are one.
    let long = window("0 12 * * *", "Europe/Berlin", 23 * 60 + 30).unwrap();
    let joined = span("2026-03-28T11:00:00Z", "2026-03-30T09:30:00Z");
    assert_eq!(long.at(at("2026-03-28T12:00:00Z")), joined);
    assert_eq!(long.at(at("2026-03-30T09:00:00Z")), joined);
    assert_eq!(long.at(at("2026-03-30T09:30:00Z")), None);
}

#[test]
fn a_window_has_a_length_and_an_end() {
    let minutes = |days: i64| days * 24 * 60;
    assert_eq!(window("0 0 1 JAN *", "UTC", 0), Err(WindowError::NoLength));
    assert_eq!(window("0 0 1 JAN *", "UTC", -5), Err(WindowError::NoLength));
    assert!(window("0 0 1 JAN *", "UTC", minutes(30)).is_ok());
    let refusal = |cron, minutes| window(cron, "UTC", minutes).unwrap_err().to_string();
    assert_eq!(refusal("0 0 1 JAN *", minutes(30) + 60), "expected at most 30 days, found 721 hours");
    for (cron, minutes) in [
        ("* * * * *", 1),
        ("0 * * * *", 61),
        ("0 0 * * *", minutes(1)),
        ("0 0 * * MON", minutes(7)),
        // From the first of February it goes over into March.
        ("0 0 1 * *", minutes(30)),
    ] {
        assert_eq!(
            refusal(cron, minutes),
            format!(
                "expected a window that ends within 30 days: lasting {minutes} minutes, each `{cron}` goes over into \
                 the next"
            )
        );
    }
    // Every hour of the working week, and free at the weekend.
    assert!(window("0 * * * MON-FRI", "UTC", 61).is_ok());
}

#[test]
fn a_length_is_given_in_hours_or_minutes() {
    let length = |hours, minutes| RecurringWindow::length(hours, minutes);
    assert_eq!(length(Some(4), None), Ok(SignedDuration::from_hours(4)));
    assert_eq!(length(Some(1), Some(30)), Ok(SignedDuration::from_mins(90)));
    assert_eq!(length(None, None), Err(WindowError::NoLength));
    assert_eq!(length(Some(0), Some(0)), Err(WindowError::NoLength));
    assert!(length(Some(u32::MAX), Some(u32::MAX)).is_ok());
}

#[test]
fn the_ends_of_time_hold_no_window() {
    let daily = window("0 22 * * *", "Pacific/Kiritimati", 60).unwrap();
    assert_eq!(daily.at(Timestamp::MIN), None);
    assert_eq!(daily.next(Timestamp::MAX), None);
    assert_eq!(daily.at(Timestamp::MAX), None);
}

/// What the two say of one another, over a year with its clock changes in steps that hit every minute.
#[test]
fn what_runs_now_is_what_was_next_before() {
    let windows = [
        window("0 22 * * TUE#2", "Europe/Berlin", 240),
        window("30 2 * * *", "America/New_York", 60),
        window("15 1,13 * * *", "America/New_York", 120),
        window("*/20 0-4 * * SUN", "Europe/Berlin", 25),
        window("0 0 L * *", "Australia/Lord_Howe", 36 * 60),
    ];
    for window in windows.map(Result::unwrap) {
        let mut now = at("2026-01-01T00:00:00Z");
        let mut next = window.at(now).or_else(|| window.next(now));
        while now < at("2027-01-01T00:00:00Z") {
            let (start, end) = next.unwrap();
            assert_eq!(window.at(now), (start <= now).then_some((start, end)), "{} at {now}", window.cron());
            now += SignedDuration::from_mins(97);
            if end <= now {
                next = window.next(end);
            }
        }
    }
}

proptest! {
    // Each window is tried over years when it is made.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_is_too_odd_for_a_cron_line(
        fields in proptest::collection::vec("[0-9]{1,2}|[0-9A-Zl*,/#+?@-]{1,5}|MON|\\*|[0-9]{20}", 4..7),
        after in -2_000_000_000_i64..20_000_000_000,
    ) {
        let after = Timestamp::from_second(after).unwrap();
        if let Ok(cron) = Cron::parse(&fields.join(" ")) {
            let next = cron.after(after, &Zone::named("Europe/Berlin").unwrap());
            prop_assert!(next.is_some_and(|next| next > after), "{cron}: {next:?}");
        }
    }

    #[test]
    fn a_window_that_runs_holds_the_moment_and_the_next_begins_after_it(
        (minute, hour, minutes) in (0..60_u8, 0..24_u8, 1..1_500_i64),
        day in "\\* \\* (\\*|MON-FRI|SUN|TUE#2|FRI#L)|(1|L|10-12|29) \\* \\*",
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
        now in 1_700_000_000_i64..2_000_000_000,
    ) {
        let now = Timestamp::from_second(now).unwrap();
        let Ok(window) = window(&format!("{minute} {hour} {day}"), zone, minutes) else { return Ok(()) };
        let next = window.next(now).unwrap();
        prop_assert!(now < next.0 && next.0 < next.1);
        prop_assert_eq!(window.at(next.0), Some(next));
        if let Some((start, end)) = window.at(now) {
            prop_assert!(start <= now && now < end && end < next.0);
            prop_assert_eq!(window.next(start - SignedDuration::from_secs(1)), Some((start, end)));
        }
    }
}
