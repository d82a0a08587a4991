//! The digest's bounds, what it compares, and how it reads.

use super::*;
use crate::calendar::Calendar;
use crate::decision::EffectKind;
use crate::ids::EventId;
use crate::notice::{List, Notice};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn key(name: impl std::fmt::Display) -> IncidentKey {
    IncidentKey::new(format!("wf1-{name}"))
}

fn line(family: &str, title: &str) -> DigestLine {
    DigestLine {
        family: family.to_owned(),
        title: title.to_owned(),
        since: at("2026-11-21T10:00:00Z"),
        events: 1,
        open: true,
        ..DigestLine::default()
    }
}

fn page(record: &DigestRecord, now: &str) -> Notice {
    let none = BTreeMap::new();
    record.notice(&none, &Calendar::default(), &key("digest"), &EventId::new("tick"), at(now))
}

fn heads(notice: &Notice) -> Vec<&str> {
    notice.lists.iter().map(|list| list.head.as_str()).collect()
}

/// So many incidents of each family, on a day.
fn with(record: &mut DigestRecord, date: &str, families: &[(&str, usize)]) {
    for (family, count) in families {
        for number in 0..*count {
            record.add(&key(format!("{date}-{family}-{number}")), line(family, "t"), day(date));
        }
    }
}

#[test]
fn an_incident_that_comes_twice_is_one_line_and_counted_once() {
    let mut record = DigestRecord::default();
    let held = |held: &str| Some(held.to_owned());
    let first = DigestLine { priority: Priority::P2, held: held("silence s-1"), ..line("quiet", "first") };
    record.add(&key("a"), first, day("2026-11-21"));
    let later =
        DigestLine { since: at("2026-11-22T10:00:00Z"), events: 9, open: false, ..line("quiet", "later") };
    record.add(&key("a"), later.clone(), day("2026-11-22"));
    let both = DigestLine {
        priority: Priority::P2,
        since: at("2026-11-21T10:00:00Z"),
        held: held("silence s-1"),
        ..later
    };
    let once = BTreeMap::from([("quiet".to_owned(), 1)]);
    let expected = DigestRecord {
        due_at: None,
        from: at("2026-11-21T10:00:00Z"),
        lines: BTreeMap::from([(key("a"), both)]),
        more: 0,
        families: once.clone(),
        days: BTreeMap::from([(day("2026-11-21"), once)]),
        counted_from: Some(day("2026-11-21")),
        sent_on: None,
        again: 0,
    };
    assert_eq!(record, expected);
}

#[test]
fn a_flood_is_counted_and_takes_no_more_room() {
    let mut record = DigestRecord::default();
    for number in 0..1_200 {
        let family = format!("family-{:03}", number % 300);
        let long = "\u{1f525}".repeat(400);
        let line = DigestLine { subject: long.clone(), held: Some(long.clone()), ..line(&family, &long) };
        record.add(&key(number), line, day("2026-11-21"));
    }
    assert_eq!((record.lines.len(), record.more, record.families.len()), (200, 1_000, 201));
    assert_eq!(record.families[DigestRecord::OTHER], 400);
    assert_eq!(record.families.values().sum::<u64>(), 1_200);
    assert_eq!(record.days[&day("2026-11-21")], record.families);
    let notice = page(&record, "2026-11-23T09:00:00Z");
    let said = |list: &List| list.lines.len() as u64 + list.more;
    assert_eq!(notice.lists.iter().map(said).sum::<u64>(), 1_200);
    assert_eq!(
        notice.title,
        "1200 incidents since Saturday 10:00: 400 other families, 4 family-000, 796 other"
    );
    assert!(
        notice.description.ends_with("200 incidents, 200 still open. 1000 more are counted and not listed.")
    );
    assert!(notice.lists.iter().flat_map(|list| &list.lines).all(|line| line.chars().count() <= 300));
}

#[test]
fn after_a_digest_the_lines_are_gone_and_the_days_are_kept() {
    let mut record = DigestRecord::default();
    with(&mut record, "2026-11-01", &[("quiet", 1)]);
    with(&mut record, "2026-11-09", &[("quiet", 2)]);
    assert!(!record.is_empty());
    let next = record.next(at("2026-11-23T09:00:00Z"), day("2026-11-23"));
    let expected = DigestRecord {
        from: at("2026-11-23T09:00:00Z"),
        days: BTreeMap::from([(day("2026-11-09"), BTreeMap::from([("quiet".to_owned(), 2)]))]),
        counted_from: Some(day("2026-11-01")),
        sent_on: Some(day("2026-11-23")),
        ..DigestRecord::default()
    };
    assert_eq!(next, expected);
    assert!(next.is_empty());
    assert!(next.next(at("2026-11-24T09:00:00Z"), day("2026-11-24")).days.is_empty());
}

#[test]
fn no_two_digests_have_one_number_however_often_a_day_comes() {
    let mut record = DigestRecord::default();
    let mut numbers = Vec::new();
    for date in ["2026-11-23", "2026-11-23", "2026-11-24", "2026-11-23", "2026-11-24", "2026-11-25"] {
        numbers.push(record.number(day(date)));
        record = record.next(at("2026-11-23T09:00:00Z"), day(date));
    }
    let expected = ["2026-11-23", "2026-11-23-1", "2026-11-24", "2026-11-23-2", "2026-11-24-3", "2026-11-25"];
    assert_eq!(numbers, expected);
}

#[test]
fn a_record_is_read_back_as_it_was_and_from_nothing() {
    let mut record = DigestRecord::default();
    with(&mut record, "2026-11-09", &[("quiet", 2)]);
    let written = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<DigestRecord>(&written).unwrap(), record);
    assert_eq!(serde_json::from_str::<DigestRecord>("{}").unwrap(), DigestRecord::default());
    let old = serde_json::from_str::<DigestRecord>(r#"{"lines": {"wf1-a": {"title": "t"}}}"#).unwrap();
    let expected = DigestLine { title: "t".to_owned(), ..DigestLine::default() };
    assert_eq!(old.lines[&key("a")], expected);
}

#[test]
fn families_are_compared_with_the_same_days_a_week_before() {
    let mut record = DigestRecord::default().next(at("2026-11-10T09:00:00Z"), day("2026-11-10"));
    // Thursday and Monday do not count: the digest tells of Friday, Saturday and Sunday.
    with(&mut record, "2026-11-12", &[("fewer", 9), ("thursday", 9)]);
    with(&mut record, "2026-11-13", &[("fewer", 3), ("gone", 1), ("same", 1)]);
    with(&mut record, "2026-11-15", &[("more", 1), ("gone", 1), ("also-gone", 5)]);
    with(&mut record, "2026-11-16", &[("new", 9)]);
    let mut record = record.next(at("2026-11-20T09:00:00Z"), day("2026-11-20"));
    with(&mut record, "2026-11-20", &[("fewer", 2), ("more", 2), ("same", 1)]);
    with(&mut record, "2026-11-22", &[("new", 4)]);
    let notice = page(&record, "2026-11-23T09:00:59Z");
    let expected = [
        "new: 4 new (last week none, new)",
        "fewer: 2 new (last week 3, down)",
        "more: 2 new (last week 1, up)",
        "same: 1 new (last week 1, the same)",
        "No longer:",
    ];
    assert_eq!(heads(&notice), expected);
    assert_eq!(notice.lists[4].lines, ["gone: also-gone (last week 5)", "gone: gone (last week 2)"]);
}

#[test]
fn what_was_not_counted_is_not_compared() {
    // The second digest of all: of the week before it only Sunday is known.
    let mut record = DigestRecord::default().next(at("2026-11-15T09:00:00Z"), day("2026-11-15"));
    with(&mut record, "2026-11-15", &[("quiet", 3)]);
    let mut record = record.next(at("2026-11-20T09:00:00Z"), day("2026-11-20"));
    with(&mut record, "2026-11-20", &[("quiet", 1)]);
    assert_eq!(heads(&page(&record, "2026-11-23T09:00:00Z")), ["quiet: 1 new"]);
    // Over more than a week the week before is part of it.
    let mut record = DigestRecord::default().next(at("2026-10-01T09:00:00Z"), day("2026-10-01"));
    record.from = at("2026-11-13T09:00:00Z");
    with(&mut record, "2026-11-20", &[("quiet", 1)]);
    assert_eq!(heads(&page(&record, "2026-11-20T09:00:00Z")), ["quiet: 1 new (last week none, new)"]);
    assert_eq!(heads(&page(&record, "2026-11-21T09:00:00Z")), ["quiet: 1 new"]);
}

#[test]
fn a_title_names_what_is_most() {
    let title = |families: &[(&str, usize)]| {
        let mut record = DigestRecord::default().next(at("2026-11-20T09:00:00Z"), day("2026-11-20"));
        with(&mut record, "2026-11-20", families);
        page(&record, "2026-11-23T09:00:00Z").title
    };
    let since = "since Friday 09:00";
    assert_eq!(title(&[("a", 1)]), format!("1 incident {since}: 1 a"));
    assert_eq!(title(&[("a", 1), ("b", 4), ("c", 3)]), format!("8 incidents {since}: 4 b, 3 c, 1 a"));
    assert_eq!(
        title(&[("a", 1), ("d", 1), ("b", 4), ("c", 3)]),
        format!("9 incidents {since}: 4 b, 3 c, 2 other")
    );
    assert_eq!(title(&[]), format!("0 incidents {since}"));
}

#[test]
fn a_digest_reads_the_most_urgent_first_and_as_things_stand_now() {
    let berlin = Calendar::new("Europe/Berlin", &["Mon"], "09:00", "17:00", &[]).unwrap();
    let mut record = DigestRecord::default().next(at("2026-11-20T08:00:00Z"), day("2026-11-20"));
    let control = |title: &str| line("failed-control", title);
    let lines = [
        ("a", DigestLine { since: at("2026-11-21T09:00:00Z"), ..control("Bucket logs is not encrypted") }),
        ("b", DigestLine { subject: "bucket logs".to_owned(), ..control("Public access to bucket logs") }),
        (
            "c",
            DigestLine {
                priority: Priority::P2,
                subject: "role ops".to_owned(),
                held: Some("silence s-7".to_owned()),
                ..line("iam-activity", "Console sign-in\nfrom a new place")
            },
        ),
        ("d", DigestLine { priority: Priority::P2, open: false, ..control("Security group is open") }),
    ];
    for (name, line) in lines {
        record.add(&key(name), line, day("2026-11-21"));
    }
    let current = BTreeMap::from([(key("b"), (12, false)), (key("c"), (3, true)), (key("z"), (1, true))]);
    let now = at("2026-11-23T08:00:00Z");
    let notice = record.notice(&current, &berlin, &key("digest"), &EventId::new("tick"), now);
    assert_eq!(
        notice.text(EffectKind::Digest),
        "\
[Digest] 4 incidents since Friday 09:00: 3 failed-control, 1 iam-activity
To be read today; what could not wait was paged.
Why now: the digest is due.

From Friday 2026-11-20 09:00 to Monday 2026-11-23 09:00, Europe/Berlin: 4
incidents, 2 still open.

failed-control: 3 new
- [P2] Security group is open: 1 event, over
- [P3] Bucket logs is not encrypted: 1 event, still open
- [P3] Public access to bucket logs: 12 events, over

iam-activity: 1 new
- [P2] Console sign-in from a new place (role ops): 3 events, still open; held
  by silence s-7

Happened  2026-11-23 08:00:00 UTC
Incident  wf1-digest
Event     tick
"
    );
    let html = notice.html(EffectKind::Digest);
    assert!(
        html.contains("<p>failed-control: 3 new</p><ul><li>[P2] Security group is open: 1 event, over</li>")
    );
    assert_eq!(record.notice(&current, &berlin, &key("digest"), &EventId::new("tick"), now), notice);
}
