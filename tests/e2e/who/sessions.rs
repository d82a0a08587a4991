//! Sessions of the board: what is told to an open page ends with them, and nobody else's cookie says who somebody is.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use watchfire_tests::oidc::Cookies;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, http};

use crate::support::SOON;

/// What an open page hears next; none where that is over.
async fn heard(stream: &mut reqwest::Response) -> Option<String> {
    let chunk = timeout(SOON + Duration::from_secs(20), stream.chunk()).await.expect("it hears something");
    chunk.ok().flatten().map(|chunk| String::from_utf8_lossy(&chunk).into_owned())
}

#[tokio::test]
async fn what_an_open_page_hears_ends_with_its_session_and_no_others() {
    let pagerduty = PagerDuty::start().await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"env": "INGEST_TOKEN"}));
    let worker = Watchfire::start(&configuration, None).await;
    let at = |path: &str| format!("{}{path}", worker.ingest);
    let signed_in = async |name: &str| {
        let mut browser = Cookies::default();
        // Whoever serves another page of this site can put such a cookie there.
        browser.put("watchfire-name", "mallory");
        let form = [("token", Configuration::INGEST_TOKEN), ("name", name)];
        assert_eq!(browser.go(&at("/login"), None, Some(&form)).await.status.as_u16(), 303);
        browser
    };
    let (mut ana, bo) = (signed_in("ana").await, signed_in("bo").await);
    let listens = async |browser: &Cookies| {
        let cookie = format!("watchfire={}", browser.get("watchfire").unwrap());
        let mut stream = http().get(at("/board/live")).header("cookie", cookie).send().await.unwrap();
        assert_eq!(stream.status().as_u16(), 200);
        assert!(heard(&mut stream).await.unwrap().starts_with("data: "));
        stream
    };
    let (mut to_ana, mut to_bo) = (listens(&ana).await, listens(&bo).await);
    let page = ana.go(&at("/"), None, None).await;
    assert!(page.text.contains("ana") && !page.text.contains("mallory"), "{}", page.text);
    let csrf =
        page.text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let out = ana.go(&at("/logout"), None, Some(&[("csrf", csrf)])).await;
    assert_eq!((out.status.as_u16(), out.leads_to()), (303, "/login"));
    assert_eq!(heard(&mut to_ana).await, None);
    assert_eq!(worker.post(GuardDuty::miner("web-1").event("one")).await, 202);
    assert!(heard(&mut to_bo).await.unwrap().starts_with("data: "));
}
