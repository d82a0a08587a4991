//! Promises about who is let in.

use jiff::SignedDuration;

use super::super::Role;
use super::*;

const OPERATORS: &str = "the-token-of-the-operators";
const ANAS: &str = "the-token-of-ana-in-tests";

fn known() -> Known {
    let roles = vec![Grant::anywhere(Role::Responder)];
    let sha256 = Digest::of(ANAS.as_bytes());
    let ana = NamedToken { name: "ana".to_owned(), sha256, expires_at: None, roles };
    Known { tokens: vec![ana], ..Known::default() }
}

fn access(known: Known) -> Arc<Access> {
    Access::new(Some(&Secret::new(OPERATORS)), known)
}

fn headers(named: &[(HeaderName, &str)]) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("a header");
    HeaderMap::from_iter(named.iter().map(|(name, text)| (name.clone(), value(text))))
}

fn bearing(token: &str) -> HeaderMap {
    headers(&[(header::AUTHORIZATION, &format!("Bearer {token}"))])
}

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

async fn who(access: &Access, headers: &HeaderMap, minute: i64) -> Result<(String, How), Stranger> {
    let shown = Shown { headers, peer: "127.0.0.1".parse().ok(), how: Use::Asked, now: at(minute) };
    access.who(shown).await.map(|(identity, _)| (identity.name, identity.how))
}

async fn log_in(access: &Access, token: &str, headers: &HeaderMap) -> Result<HeaderValue, Stranger> {
    access.log_in(&Secret::new(token), "", headers, at(0)).await.map(|(_, cookie)| cookie)
}

/// What a browser sends that was told to keep that.
fn keeps(cookie: &HeaderValue) -> HeaderMap {
    let text = cookie.to_str().expect("text").split(';').next().expect("it has a name");
    headers(&[(header::COOKIE, text)])
}

#[tokio::test]
async fn each_token_is_somebodys_and_a_wrong_one_nobodys() {
    let access = access(known());
    assert_eq!(who(&access, &bearing(ANAS), 0).await, Ok(("ana".to_owned(), How::Token)));
    let operator = Ok(("operator".to_owned(), How::OperatorToken));
    assert_eq!(who(&access, &bearing(OPERATORS), 0).await, operator);
    assert_eq!(who(&access, &bearing("another-token-of-tests"), 0).await, Err(Stranger::ShowsWrong));
    assert_eq!(
        who(&access, &bearing(&Digest::of(ANAS.as_bytes()).hex()), 0).await,
        Err(Stranger::ShowsWrong)
    );
    assert_eq!(who(&access, &HeaderMap::new(), 0).await, Err(Stranger::ShowsNothing));
    let nobody = Access::new(None, Known::default());
    assert_eq!(who(&nobody, &HeaderMap::new(), 0).await, Err(Stranger::NobodyMay));
    assert_eq!(who(&nobody, &bearing(ANAS), 0).await, Err(Stranger::NobodyMay));
}

#[tokio::test]
async fn a_token_ends_when_it_was_to_end_and_its_sessions_with_it() {
    let mut known = known();
    known.tokens[0].expires_at = Some(at(5));
    let access = access(known);
    let cookie = log_in(&access, ANAS, &HeaderMap::new()).await.expect("it is hers");
    for (minute, expected) in [(4, Ok(("ana".to_owned(), How::Token))), (5, Err(Stranger::ShowsWrong))] {
        assert_eq!(who(&access, &bearing(ANAS), minute).await, expected);
    }
    assert_eq!(who(&access, &keeps(&cookie), 4).await, Ok(("ana".to_owned(), How::Token)));
    assert_eq!(who(&access, &keeps(&cookie), 5).await, Err(Stranger::ShowsNothing));
}

#[tokio::test]
async fn a_session_has_the_roles_that_its_token_has_by_then() {
    let access = access(known());
    let cookie = log_in(&access, ANAS, &HeaderMap::new()).await.expect("it is hers");
    let cookie = keeps(&cookie);
    let roles = async || {
        let who = access.who(Shown { headers: &cookie, peer: None, how: Use::Asked, now: at(1) }).await;
        who.map(|(identity, session)| (identity.highest(), session.is_some()))
    };
    assert_eq!(roles().await, Ok((Some(Role::Responder), true)));
    let mut promoted = known();
    promoted.tokens[0].roles = vec![Grant::anywhere(Role::Admin)];
    access.becomes(promoted);
    assert_eq!(roles().await, Ok((Some(Role::Admin), true)));
    access.becomes(Known::default());
    assert_eq!(roles().await, Err(Stranger::ShowsNothing));
}

#[tokio::test]
async fn who_logs_out_is_out_and_who_logs_in_again_leaves_no_session_behind() {
    let access = access(known());
    let first = log_in(&access, ANAS, &HeaderMap::new()).await.expect("it is hers");
    let second = log_in(&access, ANAS, &keeps(&first)).await.expect("it is hers");
    assert!(who(&access, &keeps(&first), 1).await.is_err());
    assert!(who(&access, &keeps(&second), 1).await.is_ok());
    access.log_out(&keeps(&second), at(0)).await;
    assert!(who(&access, &keeps(&second), 1).await.is_err());
    let wrong = log_in(&access, "another-token-of-tests", &HeaderMap::new()).await;
    assert_eq!(wrong.err(), Some(Stranger::ShowsWrong));
}

#[tokio::test]
async fn a_wrong_token_is_not_outweighed_by_a_session_or_by_loopback() {
    let access = access(Known { loopback: Some(Role::Viewer), ..known() });
    let cookie = log_in(&access, ANAS, &HeaderMap::new()).await.expect("it is hers");
    let mut both = keeps(&cookie);
    both.extend(bearing("another-token-of-tests"));
    assert_eq!(who(&access, &both, 1).await, Err(Stranger::ShowsWrong));
}

#[tokio::test]
async fn who_shows_nothing_is_let_in_from_this_machine_alone_where_that_is_configured() {
    let access = access(Known { loopback: Some(Role::Viewer), ..known() });
    let ask = async |headers: &HeaderMap, peer: &str| {
        let shown = Shown { headers, peer: peer.parse().ok(), how: Use::Asked, now: at(0) };
        access.who(shown).await.map(|(identity, _)| (identity.how, identity.highest()))
    };
    let anonymous = Ok((How::AnonymousLoopback, Some(Role::Viewer)));
    for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(ask(&HeaderMap::new(), here).await, anonymous, "{here}");
    }
    for elsewhere in ["10.0.0.7", "2001:db8::1", ""] {
        assert_eq!(ask(&HeaderMap::new(), elsewhere).await, Err(Stranger::ShowsNothing), "{elsewhere}");
    }
    for name in FORWARDED {
        assert_eq!(ask(&headers(&[(name, "for=10.0.0.7")]), "127.0.0.1").await, Err(Stranger::ShowsNothing));
    }
}
