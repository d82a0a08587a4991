//! The digest's bounds, what it compares, and how it reads.

use super::*;
use crate::builders::at;
use crate::calendar::Calendar;
use crate::ids::EventId;
use crate::notice::{List, Notice};
use crate::priority::Priority;
use crate::verdict::EffectKind;

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
        day: day("2026-11-21"),
        ..DigestLine::default()
    }
}

/// An edition that is written, and the days before it.
#[derive(Default)]
struct Written {
    from: Timestamp,
    contents: Contents,
    days: DigestDays,
}

impl Written {
    /// The first, or the one after the digests of these days.
    fn from(now: &str, date: &str) -> Self {
        Self { from: at(now), ..Self::default() }.up_to(date)
    }

    /// So many incidents of each family, on a day.
    fn with(mut self, date: &str, families: &[(&str, usize)]) -> Self {
        for (family, count) in families {
            for number in 0..*count {
                let line = DigestLine { day: day(date), ..line(family, "t") };
                self.contents.add(key(format!("{date}-{family}-{number}")), line);
            }
        }
        self
    }

    /// After the digest of that day.
    fn said(self, now: &str, date: &str) -> Self {
        let days = self.days.with(&self.contents.days, None);
        Self { from: at(now), contents: Contents::default(), days }.up_to(date)
    }

    fn up_to(mut self, date: &str) -> Self {
        self.days = std::mem::take(&mut self.days).up_to(day(date));
        self
    }

    fn page(&self, now: &str) -> Notice {
        let days = self.days.clone().with(&self.contents.days, None);
        let days = days.up_to(Calendar::default().day_from_opening(at(now)));
        let edition = Edition { from: self.from, contents: &self.contents, days: &days };
        let none = BTreeMap::new();
        edition.notice(&none, &Calendar::default(), &key("digest"), &EventId::new("tick"), at(now))
    }
}

fn heads(notice: &Notice) -> Vec<&str> {
    notice.lists.iter().map(|list| list.head.as_str()).collect()
}

#[test]
fn a_line_that_comes_twice_keeps_its_beginning_its_day_and_the_higher_priority() {
    let held = |held: &str| Some(held.to_owned());
    let first = DigestLine { priority: Priority::P2, held: held("silence s-1"), ..line("quiet", "first") };
    let later = DigestLine {
        since: at("2026-11-22T10:00:00Z"),
        day: day("2026-11-22"),
        events: 9,
        open: false,
        ..line("quiet", "later")
    };
    let both = DigestLine {
        priority: Priority::P2,
        since: at("2026-11-21T10:00:00Z"),
        day: day("2026-11-21"),
        held: held("silence s-1"),
        ..later.clone()
    };
    assert_eq!(later.after(&first), both);
}

#[test]
fn a_flood_is_counted_and_takes_no_more_room() {
    let mut written = Written { from: at("2026-11-21T10:00:00Z"), ..Written::default() };
    for number in 0..1_200 {
        let family = format!("family-{:03}", number % 300);
        let long = "\u{1f525}".repeat(400);
        let line = DigestLine { subject: long.clone(), held: Some(long.clone()), ..line(&family, &long) };
        written.contents.add(key(number), line.bounded());
    }
    let contents = &written.contents;
    assert_eq!((contents.listed().count(), contents.more(), contents.families.len()), (200, 1_000, 201));
    assert_eq!(contents.families[OTHER], 400);
    assert_eq!(contents.families.values().sum::<u64>(), 1_200);
    assert_eq!(contents.days[&day("2026-11-21")], contents.families);
    let notice = written.page("2026-11-23T09:00:00Z");
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
fn the_most_urgent_are_listed_first_wherever_they_stand_among_the_rows() {
    let mut written = Written { from: at("2026-11-21T10:00:00Z"), ..Written::default() };
    for number in 0..900 {
        let family = if number % 2 == 0 { "flood" } else { "rain" };
        let urgent = DigestLine { priority: Priority::P1, ..line("drop", "the one P1") };
        let line = if number == 777 { urgent } else { line(family, "t") };
        written.contents.add(key(format!("{:03}", number * 7 % 900)), line);
    }
    let notice = written.page("2026-11-23T09:00:00Z");
    assert_eq!(heads(&notice), ["drop: 1 new", "flood: 450 new", "rain: 449 new"]);
    assert_eq!(notice.lists[0].lines, ["[P1] the one P1: 1 event, still open"]);
}

#[test]
fn rows_come_to_the_same_in_whatever_order_they_are_read() {
    let rows = (0..700_u64).map(|number| {
        let since = at("2026-11-21T10:00:00Z") + jiff::SignedDuration::from_secs((number * 31 % 97) as i64);
        let priority = if number % 50 == 0 { Priority::P2 } else { Priority::P3 };
        (key(number), DigestLine { priority, since, ..line(&format!("family-{}", number % 9), "t") })
    });
    let rows: Vec<_> = rows.collect();
    let gather = |rows: &mut dyn Iterator<Item = &(IncidentKey, DigestLine)>| {
        let mut contents = Contents::default();
        rows.cloned().for_each(|(incident, line)| contents.add(incident, line));
        contents
    };
    assert_eq!(gather(&mut rows.iter()), gather(&mut rows.iter().rev()));
}

#[test]
fn after_a_digest_the_days_are_kept_for_two_weeks() {
    let written = Written::default().with("2026-11-01", &[("quiet", 1)]).with("2026-11-09", &[("quiet", 2)]);
    let next = written.said("2026-11-23T09:00:00Z", "2026-11-23");
    let expected = DigestDays {
        days: BTreeMap::from([(day("2026-11-09"), BTreeMap::from([("quiet".to_owned(), 2)]))]),
        counted_from: Some(day("2026-11-01")),
    };
    assert_eq!(next.days, expected);
    assert!(next.said("2026-11-24T09:00:00Z", "2026-11-24").days.days.is_empty());
}

#[test]
fn what_the_first_version_put_by_is_read_and_said() {
    let written = r#"{"from": "2026-11-20T09:00:00Z", "due_at": "2026-11-23T09:00:00Z",
        "lines": {"wf1-a": {"priority": "P2", "family": "quiet", "title": "kept", "since": "2026-11-21T10:00:00Z",
        "events": 2, "open": true, "held": null}}, "more": 3, "families": {"quiet": 4},
        "days": {"2026-11-13": {"quiet": 9}, "2026-11-21": {"quiet": 4}}, "counted_from": "2026-11-01"}"#;
    let record: DigestRecord = serde_json::from_str(written).unwrap();
    assert_eq!(record.edition, EditionNumber(0));
    let mut contents = Contents::default();
    contents.add(key("b"), line("quiet", "a row"));
    let contents = contents.with_record(&record);
    let days = DigestDays::default().with(&record.days, record.counted_from).with(&contents.days, None);
    let edition = Edition { from: record.from, contents: &contents, days: &days };
    let (none, now) = (BTreeMap::new(), at("2026-11-23T09:00:00Z"));
    let notice = edition.notice(&none, &Calendar::default(), &key("digest"), &EventId::new("tick"), now);
    assert_eq!(notice.title, "5 incidents since Friday 09:00: 5 quiet");
    let expected = List {
        head: "quiet: 5 new (last week 9, down)".to_owned(),
        lines: vec!["[P2] kept: 2 events, still open".into(), "[P3] a row: 1 event, still open".into()],
        more: 3,
    };
    assert_eq!(notice.lists, [expected]);
}

#[test]
fn records_are_read_back_as_they_were_and_from_nothing() {
    let record = DigestRecord {
        edition: EditionNumber(7),
        due_at: Some(at("2026-11-23T09:00:00Z")),
        ..DigestRecord::new(at("2026-11-20T09:00:00Z"))
    };
    let written = serde_json::to_string(&record).unwrap();
    assert_eq!(written, r#"{"edition":7,"from":"2026-11-20T09:00:00Z","due_at":"2026-11-23T09:00:00Z"}"#);
    assert_eq!(serde_json::from_str::<DigestRecord>(&written).unwrap(), record);
    assert_eq!(serde_json::from_str::<DigestRecord>("{}").unwrap(), DigestRecord::default());
    assert_eq!(serde_json::from_str::<EditionRecord>("{}").unwrap(), EditionRecord::default());
    let old = serde_json::from_str::<DigestLine>(r#"{"title": "t"}"#).unwrap();
    assert_eq!(old, DigestLine { title: "t".to_owned(), ..DigestLine::default() });
}

#[test]
fn families_are_compared_with_the_same_days_a_week_before() {
    // Thursday and Monday do not count: the digest tells of Friday, Saturday and Sunday.
    let written = Written::from("2026-11-10T09:00:00Z", "2026-11-10")
        .with("2026-11-12", &[("fewer", 9), ("thursday", 9)])
        .with("2026-11-13", &[("fewer", 3), ("gone", 1), ("same", 1)])
        .with("2026-11-15", &[("more", 1), ("gone", 1), ("also-gone", 5)])
        .with("2026-11-16", &[("new", 9)])
        .said("2026-11-20T09:00:00Z", "2026-11-20")
        .with("2026-11-20", &[("fewer", 2), ("more", 2), ("same", 1)])
        .with("2026-11-22", &[("new", 4)]);
    let notice = written.page("2026-11-23T09:00:59Z");
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
    let written = Written::from("2026-11-15T09:00:00Z", "2026-11-15")
        .with("2026-11-15", &[("quiet", 3)])
        .said("2026-11-20T09:00:00Z", "2026-11-20")
        .with("2026-11-20", &[("quiet", 1)]);
    assert_eq!(heads(&written.page("2026-11-23T09:00:00Z")), ["quiet: 1 new"]);
    // Over more than a week the week before is part of it.
    let written = Written::from("2026-10-01T09:00:00Z", "2026-10-01");
    let written = Written { from: at("2026-11-13T09:00:00Z"), ..written }.with("2026-11-20", &[("quiet", 1)]);
    assert_eq!(heads(&written.page("2026-11-20T09:00:00Z")), ["quiet: 1 new (last week none, new)"]);
    assert_eq!(heads(&written.page("2026-11-21T09:00:00Z")), ["quiet: 1 new"]);
}

#[test]
fn a_title_names_what_is_most() {
    let title = |families: &[(&str, usize)]| {
        let written = Written::from("2026-11-20T09:00:00Z", "2026-11-20").with("2026-11-20", families);
        written.page("2026-11-23T09:00:00Z").title
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
    let mut contents = Contents::default();
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
        contents.add(key(name), line);
    }
    let current = BTreeMap::from([(key("b"), (12, false)), (key("c"), (3, true)), (key("z"), (1, true))]);
    let now = at("2026-11-23T08:00:00Z");
    let days = DigestDays::default();
    let edition = Edition { from: at("2026-11-20T08:00:00Z"), contents: &contents, days: &days };
    let notice = edition.notice(&current, &berlin, &key("digest"), &EventId::new("tick"), now);
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
    assert!(html.contains("<li>[P2] Security group is open: 1 event, over</li>"));
}
