#![allow(clippy::unwrap_used)]

use axum::Router as Routes;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use tower::ServiceExt as _;

use super::*;
use crate::identity::{Digest, Grant, Known, NamedToken, Role};
use crate::secret::Secret;
use crate::telemetry::Metrics;

const OPERATORS: &str = "the-token-of-the-operators";

/// Each role's own token.
fn token(role: Role) -> String {
    format!("the-token-of-a-{role}")
}

fn access() -> Arc<Access> {
    let named = |role: Role| {
        let (sha256, roles) = (Digest::of(token(role).as_bytes()), vec![Grant::anywhere(role)]);
        NamedToken { name: format!("a-{role}"), sha256, expires_at: None, roles }
    };
    let all = [Role::Viewer, Role::Responder, Role::Approver, Role::Admin];
    let known = Known { tokens: all.map(named).into(), ..Known::default() };
    Access::new(Some(&Secret::new(OPERATORS)), known)
}

/// The status, and what was said.
async fn asked(access: &Arc<Access>, request: Request) -> (u16, String) {
    let who = Who { access: access.clone(), refusals: Refusals::new(Arc::new(Metrics::default())) };
    let told = async |request: Request| request.extensions().get::<Identity>().unwrap().name.clone();
    let routes = Routes::new()
        .fallback(any(told))
        .layer(from_fn_with_state(who.clone(), permitted))
        .layer(from_fn_with_state(who, identified));
    let answer = routes.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn request(endpoint: OperatorEndpoint, headers: &HeaderMap) -> Request {
    let method = match endpoint.method() {
        crate::api::Method::Get => Method::GET,
        crate::api::Method::Post => Method::POST,
    };
    let mut request = Request::builder().method(method).uri(endpoint.path()).body(Body::empty()).unwrap();
    *request.headers_mut() = headers.clone();
    request
}

fn bearing(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

#[tokio::test]
async fn each_route_lets_in_the_role_that_it_wants_and_those_above() {
    let access = access();
    for endpoint in OperatorEndpoint::ALL {
        for role in [Role::Viewer, Role::Responder, Role::Approver, Role::Admin] {
            let (status, said) = asked(&access, request(*endpoint, &bearing(&token(role)))).await;
            let least = endpoint.least();
            let expected = if role >= least {
                (200, format!("a-{role}"))
            } else {
                (403, format!(r#"{{"error":"it wants the role {least}; a-{role} has {role}"}}"#))
            };
            assert_eq!((status, said), expected, "{endpoint:?} {role}");
        }
        assert_eq!(asked(&access, request(*endpoint, &HeaderMap::new())).await.0, 401, "{endpoint:?}");
        let operator = asked(&access, request(*endpoint, &bearing(OPERATORS))).await;
        assert_eq!(operator, (200, "operator".to_owned()), "{endpoint:?}");
    }
}

#[tokio::test]
async fn who_asked_before_is_not_who_asks_now() {
    let mut stale = request(OperatorEndpoint::Incidents, &HeaderMap::new());
    stale.extensions_mut().insert(Identity::operator());
    assert_eq!(asked(&access(), stale).await.0, 401);
}

#[tokio::test]
async fn what_tells_of_every_namespace_wants_the_role_in_every_one() {
    let shop = Grant { namespaces: Some(["shop".to_owned()].into()), ..Grant::anywhere(Role::Viewer) };
    let secret = "the-token-of-one-in-shop";
    let ana = NamedToken {
        name: "ana".to_owned(),
        sha256: Digest::of(secret.as_bytes()),
        expires_at: None,
        roles: vec![shop],
    };
    let access = Access::new(None, Known { tokens: [ana].into(), ..Known::default() });
    for endpoint in WorkerEndpoint::ALL {
        let mut request = Request::get(endpoint.path()).body(Body::empty()).unwrap();
        *request.headers_mut() = bearing(secret);
        let may = !endpoint.is_about_everything() && endpoint.least() == Role::Viewer;
        let expected = if may { 200 } else { 403 };
        assert_eq!(asked(&access, request).await.0, expected, "{endpoint:?}");
    }
}

#[tokio::test]
async fn what_changes_something_by_a_cookie_carries_the_sessions_token_too() {
    let access = access();
    let admin = Secret::new(token(Role::Admin));
    let (_, cookie) = access.log_in(&admin, "", &HeaderMap::new(), Timestamp::now()).await.unwrap();
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&cookie).unwrap())]);
    let (_, session) = access
        .who(Shown { headers: &headers, peer: None, how: Use::Asked, now: Timestamp::now() })
        .await
        .unwrap();
    let csrf = session.unwrap().csrf;
    assert_eq!(asked(&access, request(OperatorEndpoint::Incidents, &headers)).await.0, 200);
    let (status, said) = asked(&access, request(OperatorEndpoint::Commands, &headers)).await;
    assert_eq!(status, 403);
    assert_eq!(said, r#"{"error":"expected the session's token in the header watchfire-csrf"}"#);
    headers.insert(CSRF_HEADER, HeaderValue::from_static("another"));
    assert_eq!(asked(&access, request(OperatorEndpoint::Commands, &headers)).await.0, 403);
    headers.insert(CSRF_HEADER, HeaderValue::from_str(csrf.as_str()).unwrap());
    assert_eq!(asked(&access, request(OperatorEndpoint::Commands, &headers)).await.0, 200);
}

#[tokio::test]
async fn whom_aws_has_let_in_needs_no_token_and_goes_by_the_name_that_aws_has() {
    let access = Access::new(None, Known::default());
    let mut vouched = request(OperatorEndpoint::Backup, &HeaderMap::new());
    vouched.extensions_mut().insert(Vouched);
    let arn = "arn:aws:sts::111122223333:assumed-role/Admin/ana@example.com";
    vouched.extensions_mut().insert(LetIn(arn.to_owned().into()));
    assert_eq!(asked(&access, vouched).await, (200, "ana@example.com".to_owned()));
    let (status, said) = asked(&access, request(OperatorEndpoint::Backup, &HeaderMap::new())).await;
    let nobody = "nobody may: neither http.operator_token nor access is configured";
    assert_eq!((status, said), (403, format!(r#"{{"error":"{nobody}"}}"#)));
}

#[test]
fn only_a_pages_link_is_told_what_to_type_and_only_an_id_is_repeated() {
    let of = |uri: &str| linked(&Request::get(uri).body(Body::empty()).unwrap());
    assert_eq!(of("/v1/story?of=wf1-5f3c9a"), Some("wf1-5f3c9a".to_owned()));
    for other in ["/v1/story", "/v1/story?of=", "/v1/story?of=a%0Ab", "/v1/story?of=$(x)", "/v1/event?of=a"] {
        assert_eq!(of(other), None, "{other}");
    }
}
