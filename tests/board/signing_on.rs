//! People sign in at a provider of another site, by a real browser that keeps cookies as browsers do.

use serde_json::json;
use watchfire_tests::oidc::OidcProvider;
use watchfire_tests::{Browser, Configuration, GuardDuty, PagerDuty, PythonServer, Watchfire};

const HOST: &str = "watchfire.example.com";

#[tokio::test]
async fn whoever_signs_in_at_a_provider_of_another_site_sees_the_page_that_was_wanted_and_acts_by_their_own_name()
 {
    let provider = OidcProvider::start(&format!("https://{HOST}/login/oidc/back"));
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let secret = folder.path().join("client");
    std::fs::write(&secret, OidcProvider::SECRET).unwrap();
    let oidc = json!({
        "issuer": provider.issuer, "client_id": OidcProvider::CLIENT, "client_secret": {"file": secret},
        "label": "Example", "scopes": ["email", "groups"],
        "roles": [{"who": ["sre"], "roles": [{"role": "responder"}]}],
    });
    let configuration = Configuration::new(&pagerduty.url())
        .set("http.public_url", json!(format!("https://{HOST}")))
        .set("http.hosts", json!([HOST]))
        .set("access", json!({"oidc": oidc}));
    let worker = Watchfire::start(&configuration, None).await;
    let inside = worker.ingest.rsplit(':').next().unwrap();
    let front = PythonServer::start("tls.py", &[folder.path().to_str().unwrap(), inside]);
    assert_eq!(worker.post(GuardDuty::miner("web-1").event("event-1")).await, 202);
    worker.decided("event-1").await;

    let browser = Browser::start_knowing(HOST, front.port()).await;
    let tab = browser.tab().await;
    tab.go(&format!("https://{HOST}/incident?of=event-1")).await;
    tab.follow("a[href^='/login/oidc']").await;
    // At the provider, which is at 127.0.0.1: who they are, and that Watchfire may know.
    tab.fill("input[name=login]", "ana").await;
    tab.fill("input[name=password]", "any").await;
    tab.follow("button[type=submit]").await;
    tab.follow("button[type=submit]").await;
    tab.wait(&format!(
        "location.host === '{HOST}' && location.pathname === '/incident' && document.querySelector('main h1')"
    ))
    .await;
    assert!(tab.text().await.contains("web-1"), "{}", tab.text().await);
    let cookies = tab.value("document.cookie").await;
    assert_eq!(cookies, "", "no script reads the session");
    tab.follow("[data-do=ack]").await;
    tab.follow("form button.main").await;
    tab.follow(".actions a").await;
    let text = tab.text().await;
    assert!(text.contains("ana@example.com has it"), "{text}");
}
