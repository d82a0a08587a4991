//! Promises about sessions and their cookies.

use super::*;

const LASTS: Lasts = Lasts { idle: SignedDuration::from_mins(10), whole: SignedDuration::from_mins(25) };

fn minute(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

fn begun_by(person: &str) -> Begun {
    let basis = Basis::Token(Digest::of(person.as_bytes()));
    Begun { basis, person: person.to_owned(), says: None }
}

fn begin(sessions: &Sessions, at: i64) -> String {
    sessions.begin(begun_by("ana"), LASTS, minute(at)).expect("random bits")
}

fn is_there(sessions: &Sessions, id: &str, at: i64) -> bool {
    sessions.of(id, LASTS, Use::Asked, minute(at)).is_some()
}

#[test]
fn a_session_is_over_when_it_is_idle_and_however_much_it_is_used_when_it_is_old() {
    let sessions = Sessions::default();
    let (idle, used) = (begin(&sessions, 0), begin(&sessions, 0));
    assert!(is_there(&sessions, &idle, 9) && is_there(&sessions, &used, 9));
    assert!(is_there(&sessions, &used, 18));
    assert!(!is_there(&sessions, &idle, 19));
    assert!(is_there(&sessions, &used, 24));
    assert!(!is_there(&sessions, &used, 25));
}

#[test]
fn a_page_that_is_left_open_keeps_no_session() {
    let sessions = Sessions::default();
    let id = begin(&sessions, 0);
    let open = |at| sessions.of(&id, LASTS, Use::ByItself, minute(at)).is_some();
    assert!((1..10).all(open));
    assert!(!open(10));
    assert!(!is_there(&sessions, &id, 10));
}

#[test]
fn a_session_that_was_ended_is_over_and_no_other() {
    let sessions = Sessions::default();
    let [one, other] = [0, 0].map(|at| begin(&sessions, at));
    sessions.end(&one);
    assert!(!is_there(&sessions, &one, 1));
    assert!(is_there(&sessions, &other, 1));
}

#[test]
fn each_session_has_a_csrf_token_of_its_own() {
    let sessions = Sessions::default();
    let [one, other] = [0, 0].map(|at| begin(&sessions, at));
    let csrf = |id: &str| sessions.of(id, LASTS, Use::Asked, minute(1)).expect("it is there").csrf;
    assert!(csrf(&one).is(csrf(&one).as_str()));
    assert!(!csrf(&one).is(csrf(&other).as_str()) && !csrf(&one).is(""));
    assert_eq!(format!("{:?}", csrf(&one)), "***");
}

#[test]
fn of_more_sessions_than_are_kept_the_idlest_is_over() {
    let sessions = Sessions::default();
    let (first, second) = (begin(&sessions, 0), begin(&sessions, 0));
    assert!(is_there(&sessions, &first, 1));
    for number in 2..=MOST {
        sessions.begin(begun_by(&number.to_string()), LASTS, minute(2)).expect("random bits");
    }
    assert!(!is_there(&sessions, &second, 3));
    assert!(is_there(&sessions, &first, 3));
}

#[test]
fn whoever_begins_many_sessions_ends_their_own_and_nobody_elses() {
    let sessions = Sessions::default();
    let other = sessions.begin(begun_by("bo"), LASTS, minute(0)).expect("random bits");
    let first = begin(&sessions, 1);
    let all: Vec<_> = (0..MOST_OF_ONE).map(|_| begin(&sessions, 2)).collect();
    assert!(!is_there(&sessions, &first, 3));
    assert!(all.iter().chain([&other]).all(|id| is_there(&sessions, id, 3)));
}

#[test]
fn a_cookie_goes_over_tls_alone_except_to_loopback() {
    let set = |host: &'static str| {
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
        let value = Cookie::Begins("an-id").header(&headers).expect("a header");
        value.to_str().expect("text").to_owned()
    };
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST."] {
        assert_eq!(set(host), "watchfire=an-id; Path=/; HttpOnly; SameSite=Strict", "{host}");
    }
    for host in ["alerts.example.com", "localhost.example.com", "10.0.0.7:8080", ""] {
        assert_eq!(set(host), "__Host-watchfire=an-id; Path=/; HttpOnly; SameSite=Strict; Secure", "{host}");
    }
    let ends = Cookie::Ends.header(&HeaderMap::new()).expect("a header");
    assert_eq!(ends, "__Host-watchfire=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
}

#[test]
fn the_cookie_of_the_other_kind_of_host_and_two_of_a_name_are_no_session() {
    let shown_to = |host: &'static str, cookies: &'static str| {
        let named = [(header::HOST, host), (header::COOKIE, cookies)];
        let named = named.map(|(name, value)| (name, HeaderValue::from_static(value)));
        shown(&HeaderMap::from_iter(named)).map(str::to_owned)
    };
    assert_eq!(shown_to("localhost", "a=b; watchfire=id; c=d").as_deref(), Some("id"));
    assert_eq!(shown_to("alerts.example.com", "__Host-watchfire=id").as_deref(), Some("id"));
    for (host, cookies) in [
        ("localhost", "__Host-watchfire=id"),
        ("alerts.example.com", "watchfire=id"),
        ("localhost", "watchfire=id; watchfire=other"),
        ("localhost", "watchfire="),
        ("localhost", "awatchfire=id"),
    ] {
        assert_eq!(shown_to(host, cookies), None, "{host} {cookies}");
    }
}
