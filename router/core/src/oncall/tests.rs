use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn berlin() -> Zone {
    Zone::named("Europe/Berlin").expect("a zone")
}

/// A calendar of these events.
fn calendar(events: &[&str]) -> Rota {
    let events: String = events
        .iter()
        .map(|event| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", event.replace('\n', "\r\n")))
        .collect();
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    Rota::calendar(&text, &berlin()).expect("a calendar")
}

fn said(rota: &Rota, now: &str) -> String {
    rota.at(at(now)).clause(&berlin(), at(now))
}

/// Ana and ben take turns by the week, on Mondays at nine in Berlin.
const WEEKS: [&str; 2] = [
    "UID:a\nSUMMARY:ana\nDTSTART;TZID=Europe/Berlin:20261123T090000\nDTEND;TZID=Europe/Berlin:20261130T090000\n\
     RRULE:FREQ=WEEKLY;INTERVAL=2",
    "UID:b\nSUMMARY:ben\nDTSTART;TZID=Europe/Berlin:20261130T090000\nDTEND;TZID=Europe/Berlin:20261207T090000\n\
     RRULE:FREQ=WEEKLY;INTERVAL=2",
];

#[test]
fn whose_turn_it_is_changes_when_the_calendar_says() {
    let rota = calendar(&WEEKS);
    let monday = "Mon 2026-11-30 09:00 CET";
    assert_eq!(rota.at(at("2026-11-30T07:59:59Z")).people[0].name, "ana", "until {monday}");
    assert_eq!(rota.at(at("2026-11-30T08:00:00Z")).people[0].name, "ben");
    let expected = OnCall {
        people: vec![Duty { name: "ben".to_owned(), until: Some(at("2026-12-07T08:00:00Z")) }],
        next: Some(Next { names: vec!["ana".to_owned()], from: at("2026-12-07T08:00:00Z") }),
        remarks: Vec::new(),
    };
    assert_eq!(rota.at(at("2026-12-01T00:00:00Z")), expected);
    let years = rota.at(at("2036-12-01T12:00:00Z")).people;
    assert_eq!(years.len(), 1, "{years:?}");
}

#[test]
fn a_week_over_the_change_to_summer_time_ends_at_the_same_hour_of_the_clock() {
    let rota = calendar(&WEEKS);
    let until = |now: &str| rota.at(at(now)).people.iter().map(|duty| duty.until).collect::<Vec<_>>();
    assert_eq!(until("2027-03-27T12:00:00Z"), [Some(at("2027-03-29T07:00:00Z"))]);
    assert_eq!(until("2027-10-28T12:00:00Z"), [Some(at("2027-11-01T08:00:00Z"))]);
}

#[test]
fn several_may_be_on_call_and_whose_turns_follow_each_other_has_one() {
    let rota = calendar(&[
        "SUMMARY:ana\nDTSTART:20261130T000000Z\nDTEND:20261130T120000Z",
        "SUMMARY:ana\nDTSTART:20261130T120000Z\nDURATION:PT12H",
        "SUMMARY:cy\nDTSTART:20261130T060000Z\nDTEND:20261130T180000Z",
        "SUMMARY:ben\nDTSTART:20261201T000000Z\nDTEND:20261202T000000Z",
    ]);
    assert_eq!(
        said(&rota, "2026-11-30T10:00:00Z"),
        "ana until Tue 2026-12-01 01:00 CET, cy until 19:00 CET; ben from Tue 2026-12-01 01:00 CET"
    );
    assert_eq!(said(&rota, "2026-12-03T00:00:00Z"), "nobody within 31 days");
    assert_eq!(said(&rota, "2026-11-29T00:00:00Z").split(';').next(), Some("nobody"));
}

#[test]
fn what_was_taken_out_moved_or_called_off_is_nobodys_turn() {
    let mut events = WEEKS.map(str::to_owned).to_vec();
    events[0].push_str("\nEXDATE;TZID=Europe/Berlin:20261207T090000");
    events[1].push_str("\nEXDATE:20261214T080000Z");
    events.push(
        "UID:b\nSUMMARY:cy for ben\nRECURRENCE-ID;TZID=Europe/Berlin:20261228T090000\n\
         DTSTART;TZID=Europe/Berlin:20261229T090000\nDTEND;TZID=Europe/Berlin:20270104T090000"
            .to_owned(),
    );
    events.push("UID:a\nSUMMARY:ana\nRECURRENCE-ID:20261221T080000Z\nDTSTART:20261221T080000Z\nDTEND:20261228T080000Z\nSTATUS:CANCELLED".to_owned());
    let rota = calendar(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let names = |now: &str| {
        let OnCall { people, remarks, .. } = rota.at(at(now));
        assert_eq!(remarks, Vec::<String>::new());
        people.into_iter().map(|duty| duty.name).collect::<Vec<_>>()
    };
    for (now, expected) in [
        ("2026-12-01T12:00:00Z", &["ben"][..]),
        ("2026-12-08T12:00:00Z", &[]),
        ("2026-12-15T12:00:00Z", &[]),
        ("2026-12-22T12:00:00Z", &[]),
        ("2026-12-28T12:00:00Z", &[]),
        ("2026-12-29T12:00:00Z", &["cy for ben"]),
        ("2027-01-05T12:00:00Z", &["ana"]),
    ] {
        assert_eq!(names(now), expected, "{now}");
    }
}

#[test]
fn a_whole_day_is_one_where_people_here_read_their_clocks() {
    let rota = calendar(&[
        "SUMMARY:ana\nDTSTART;VALUE=DATE:20261130\nRRULE:FREQ=DAILY;UNTIL=20261202\nRDATE;VALUE=DATE:20261205",
    ]);
    let is_on = |now: &str| !rota.at(at(now)).people.is_empty();
    assert!(!is_on("2026-11-29T22:59:59Z") && is_on("2026-11-29T23:00:00Z"));
    assert!(is_on("2026-12-02T22:59:59Z") && !is_on("2026-12-02T23:00:00Z"));
    assert!(is_on("2026-12-05T12:00:00Z") && !is_on("2026-12-06T12:00:00Z"));
    assert_eq!(rota.at(at("2026-11-30T12:00:00Z")).people[0].until, Some(at("2026-12-02T23:00:00Z")));
}

#[test]
fn an_end_by_another_clock_counts_as_it_stands_and_a_last_time_in_utc_too() {
    let rota =
        calendar(&["SUMMARY:ana\nDTSTART;TZID=America/New_York:20261130T200000\nDTEND:20261201T050000Z\n\
                           RRULE:FREQ=DAILY;UNTIL=20261202T010000Z"]);
    let until = |now: &str| rota.at(at(now)).people.iter().filter_map(|duty| duty.until).next();
    assert_eq!(until("2026-12-01T02:00:00Z"), Some(at("2026-12-01T05:00:00Z")));
    assert_eq!(until("2026-12-02T02:00:00Z"), Some(at("2026-12-02T05:00:00Z")));
    assert_eq!(until("2026-12-03T02:00:00Z"), None);
}

#[test]
fn what_is_not_read_is_said_and_the_rest_counts_all_the_same() {
    let rota = calendar(&[
        "SUMMARY:ana\nDTSTART:20261130T000000Z\nDTEND:20261201T000000Z",
        "SUMMARY:secret\nDTSTART:20261130T000000Z\nDTEND:20261201T000000Z\nRRULE:FREQ=HOURLY",
        "SUMMARY:secret\nDTSTART;TZID=Secret:20261130T000000\nDTEND:20261201T000000Z",
        "SUMMARY:secret\nDTSTART:20261130T000000Z",
        "SUMMARY:secret\nDTSTART:20261130T000000Z\nDTEND:20261129T000000Z",
        "SUMMARY:secret\nDTEND:20261129T000000Z",
    ]);
    let OnCall { people, remarks, .. } = rota.at(at("2026-11-30T12:00:00Z"));
    assert_eq!(people.len(), 1);
    let expected = [
        "an event is not read: it ends before it begins",
        "an event is not read: it has no DTSTART",
        "an event is not read: it has no end",
        "an event is not read: its RRULE has a FREQ that is not read",
        "an event is not read: the zone of its DTSTART is not known",
    ];
    assert_eq!(remarks, expected);
}

#[test]
fn what_is_no_calendar_is_refused_and_not_repeated() {
    let refused = |text: &str| Rota::calendar(text, &Zone::UTC).map(drop).map_err(|error| error.to_string());
    let because = |why: &str| Err(format!("it is no calendar that is read (RFC 5545): {why}"));
    assert_eq!(refused(""), because("it is empty"));
    assert_eq!(refused("<html>secret</html>"), because("line 1 is no line of a calendar"));
    assert_eq!(refused("BEGIN:VCARD\nEND:VCARD\n"), because("it does not begin with BEGIN:VCALENDAR"));
    assert_eq!(refused("BEGIN:VCALENDAR\nBEGIN:VEVENT\n"), because("it breaks off"));
    assert_eq!(refused("BEGIN:VCALENDAR\nEND:VEVENT\n"), because("a part does not end as it begins"));
    let deep = "BEGIN:VCALENDAR\nBEGIN:A\nBEGIN:A\nBEGIN:A\nBEGIN:A\n";
    assert_eq!(refused(deep), because("its parts stand too deep in each other"));
    let many = "BEGIN:VEVENT\nSUMMARY:a\nDTSTART:20261130\nEND:VEVENT\n".repeat(5_001);
    assert_eq!(
        refused(&format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n")),
        because("it has more than 5000 events")
    );
    assert_eq!(refused("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), Ok(()));
}

#[test]
fn a_hostile_name_is_one_short_line() {
    let name = format!("a\\nBcc: x\u{202e}{}", "x".repeat(200));
    let rota = calendar(&[
        &format!("SUMMARY:{name}\nDTSTART;VALUE=DATE:20261130"),
        "SUMMARY:\nDTSTART;VALUE=DATE:20261130",
    ]);
    let people = rota.at(at("2026-11-30T12:00:00Z")).people;
    assert!(
        people[0].name.starts_with("a Bcc: x\u{fffd}xx") && people[0].name.chars().count() == 100,
        "{people:?}"
    );
    assert_eq!(people[1].name, "somebody without a name");
}

#[test]
fn turns_that_were_told_one_by_one_are_asked_alike() {
    let rota = Rota::shifts(vec![
        Shift::new("ana", at("2026-11-30T00:00:00Z"), Some(at("2026-12-01T00:00:00Z"))),
        Shift::new("cy", at("2026-11-30T00:00:00Z"), None),
        Shift::new("ben", at("2026-12-01T00:00:00Z"), Some(at("2026-12-02T00:00:00Z"))),
    ]);
    assert_eq!(said(&rota, "2026-11-30T12:00:00Z"), "ana until Tue 2026-12-01 01:00 CET, cy, then ben");
}
