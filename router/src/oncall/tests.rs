//! Real connections to a server that says what a test wants, and counts.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use axum::Router as Routes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::SignedDuration;
use serde_json::json;
use watchfire_core::zone::Zone;

use super::*;
use crate::clients::Clients;

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:ana\r\nDTSTART:20261130T000000Z\r\n\
                        DTEND:20261201T000000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// What is answered, and how often it was asked.
#[derive(Clone, Default)]
struct Stage {
    status: Arc<AtomicU16>,
    whole: Arc<AtomicUsize>,
}

async fn calendar(State(stage): State<Stage>, headers: HeaderMap) -> Response {
    match stage.status.load(Ordering::Relaxed) {
        0 if headers.get(header::IF_NONE_MATCH).is_some_and(|mark| mark == "\"1\"") => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        0 => {
            stage.whole.fetch_add(1, Ordering::Relaxed);
            ([(header::ETAG, "\"1\"")], CALENDAR).into_response()
        }
        1 => ([(header::ETAG, "\"2\"")], "<html>hunter2</html>").into_response(),
        2 => "BEGIN:VCALENDAR\r\n".repeat(1024 * 1024).into_response(),
        status => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::LOCATION, "https://example.com/")], "hunter2").into_response()
        }
    }
}

/// PagerDuty's contract: a key, a version, ids of schedules, a window, pages.
async fn oncalls(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|token| token != "Token token=hunter2") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(headers.get(header::ACCEPT).unwrap(), "application/vnd.pagerduty+json;version=2");
    let query: Vec<(String, String)> =
        form_urlencoded::parse(query.unwrap().as_bytes()).into_owned().collect();
    let ids: Vec<_> =
        query.iter().filter(|(name, _)| name == "schedule_ids[]").map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids, ["PA1", "PB2"]);
    let query: BTreeMap<_, _> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((query["since"], query["until"]), ("2026-11-30T12:00:00Z", "2026-12-31T12:00:00Z"));
    let turn = |name: &str, start: &str, end: Option<&str>| {
        let user = json!({"id": "PT1", "type": "user_reference", "summary": name});
        json!({"user": user, "schedule": {"id": "PA1"}, "escalation_level": 1, "start": start, "end": end})
    };
    let (turns, more) = match query["offset"] {
        "0" => {
            let ana = turn("Ana", "2026-11-30T00:00:00-05:00", Some("2026-11-30T19:00:00-05:00"));
            (vec![ana.clone(), ana], true)
        }
        "100" => (vec![turn("Ben", "2026-12-01T00:00:00Z", None)], false),
        other => panic!("{other}"),
    };
    let page = json!({"oncalls": turns, "limit": 100, "offset": 0, "more": more, "total": null});
    page.to_string().into_response()
}

async fn server(stage: Stage) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = Routes::new()
        .route("/private-hunter2/basic.ics", get(calendar))
        .route("/oncalls", get(oncalls))
        .with_state(stage);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn roster(config: serde_json::Value) -> Roster {
    let config: OnCallConfig = serde_json::from_value(config).unwrap();
    config.check(&mut |path, mistake| panic!("{path}: {mistake}"));
    Roster::open(&config, &Zone::UTC, &Clients::new(None).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_calendar_is_fetched_when_it_is_another_and_what_was_read_stays_with_its_age() {
    let stage = Stage::default();
    let address = server(stage.clone()).await;
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), format!("{address}/private-hunter2/basic.ics")).unwrap();
    let roster = roster(json!({"ical_url": {"file": secret.path()}})).await;
    let start = at("2026-11-30T12:00:00Z");
    assert_eq!(roster.known(start).said, "not known: it was not read yet");

    assert_eq!(roster.look(start).await, News::None);
    assert_eq!(roster.known(start).said, "ana");
    let later = start + SignedDuration::from_mins(4);
    assert_eq!(roster.look(later).await, News::None);
    assert_eq!(roster.known(later).as_of, Some(start), "it is not asked before its time");
    let later = start + SignedDuration::from_mins(5);
    roster.look(later).await;
    assert_eq!(
        (roster.known(later).as_of, stage.whole.load(Ordering::Relaxed)),
        (Some(later), 1),
        "304 is as good"
    );

    let mut last = later;
    for (status, why) in [
        (500, "the calendar's address answers with status 500"),
        (302, "the calendar is elsewhere: its address sends us to another"),
        (1, "it is no calendar that is read (RFC 5545): line 1 is no line of a calendar"),
        (2, "the answer is over 4194304 bytes"),
    ] {
        stage.status.store(status, Ordering::Relaxed);
        last += SignedDuration::from_mins(5);
        let news = roster.look(last).await;
        assert_eq!(news, if status == 500 { News::Lost } else { News::None });
        let known = roster.known(last);
        assert_eq!((known.trouble.as_deref(), known.as_of), (Some(why), Some(later)), "{known:?}");
        assert!(!format!("{known:?} {roster:?}").contains("hunter2"), "{roster:?}");
    }
    let said = roster.known(last).said;
    assert_eq!(said, "ana; as it was 20 min ago: the answer is over 4194304 bytes");
    stage.status.store(0, Ordering::Relaxed);
    last += SignedDuration::from_mins(5);
    assert_eq!(roster.look(last).await, News::Found);
    assert_eq!((roster.known(last).trouble, roster.known(last).as_of), (None, Some(last)));
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_is_said_and_not_shown() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hunter2.ics", listener.local_addr().unwrap());
    drop(listener);
    let roster = roster(json!({"ical": address})).await;
    assert_eq!(roster.look(at("2026-11-30T12:00:00Z")).await, News::Lost);
    let said = roster.known(at("2026-11-30T12:00:00Z")).said;
    assert!(said.starts_with("not known: there is no answer: ") && !said.contains("hunter2"), "{said}");
    assert_eq!(roster.place(), "the calendar at 127.0.0.1");
}

#[tokio::test]
async fn a_file_is_read_anew_each_time_and_only_so_much_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rota.ics");
    let roster = roster(json!({"ical": path})).await;
    let (first, second) = (at("2026-11-30T12:00:00Z"), at("2026-11-30T12:05:00Z"));
    assert_eq!(roster.look(first).await, News::Lost);
    assert!(roster.known(first).said.contains("cannot be read"), "{}", roster.known(first).said);
    std::fs::write(&path, CALENDAR).unwrap();
    assert_eq!(roster.look(second).await, News::Found);
    assert_eq!(roster.known(second).on_call.unwrap().people[0].name, "ana");
    std::fs::write(&path, vec![b'a'; 4 * 1024 * 1024 + 1]).unwrap();
    assert_eq!(roster.read(second).await, News::Lost);
    assert!(roster.trouble().unwrap().ends_with("is over 4194304 bytes"));
}

#[tokio::test]
async fn schedules_are_asked_page_by_page_and_a_token_that_is_refused_is_not_shown() {
    let address = server(Stage::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "hunter2").unwrap();
    let pagerduty = json!({"schedules": ["PA1", "PB2"], "token": {"file": token}, "api": address});
    let roster_of = async || roster(json!({"pagerduty": pagerduty})).await;
    let now = at("2026-11-30T12:00:00Z");
    let roster = roster_of().await;
    assert_eq!(roster.look(now).await, News::None, "{:?}", roster.trouble());
    assert_eq!(roster.known(now).said, "Ana until Tue 2026-12-01 00:00 UTC, then Ben");
    assert_eq!(roster.known(at("2026-12-02T00:00:00Z")).said, "Ben");
    std::fs::write(&token, "hunter3").unwrap();
    let refused = roster_of().await;
    refused.look(now).await;
    assert_eq!(refused.known(now).said, "not known: PagerDuty refuses the token");
    assert!(!format!("{refused:?}").contains("hunter3"));
}

#[test]
fn one_place_is_named_and_what_is_wrong_is_said() {
    let mistakes = |config: serde_json::Value| {
        let config: OnCallConfig = serde_json::from_value(config).unwrap();
        let mut all = Vec::new();
        config.check(&mut |path, mistake| all.push(format!("{path}: {mistake}")));
        all
    };
    assert_eq!(mistakes(json!({"ical": "rota.ics"})), Vec::<String>::new());
    assert_eq!(mistakes(json!({})).len(), 1);
    assert_eq!(mistakes(json!({"ical": "rota.ics", "ical_url": {"env": "ROTA"}})).len(), 1);
    assert_eq!(mistakes(json!({"ical": "rota.ics", "every_minutes": 0})).len(), 1);
    let schedules = json!({"schedules": ["P/1", "P1"], "token": {"env": "T"}});
    assert_eq!(mistakes(json!({"pagerduty": schedules})).len(), 1);
    for wrong in ["", "http://example.com/rota.ics", "ftp://example.com/rota.ics"] {
        assert!(serde_json::from_value::<OnCallConfig>(json!({"ical": wrong})).is_err(), "{wrong}");
    }
}
