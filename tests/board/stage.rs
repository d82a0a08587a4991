//! A worker with a board, somebody who is paged, and a browser that has signed in.

use serde_json::{Value, json};
use watchfire_tests::{Browser, Configuration, GuardDuty, PagerDuty, Tab, Watchfire};

/// Every page.
pub(crate) const PAGES: [&str; 12] = [
    "/",
    "/approvals",
    "/contained",
    "/silences",
    "/silences/new?match=rule%3Dminer-in-a-pod&for=2h",
    "/rules",
    "/stream",
    "/digest",
    "/health",
    "/why",
    "/incident?of=event-1",
    "/event?of=event-1",
];

/// All of them.
pub(crate) struct Stage {
    /// Who is paged: there as long as the worker is.
    _pagerduty: PagerDuty,
    pub(crate) worker: Watchfire,
}

impl Stage {
    /// Two incidents, one of them acknowledged by nobody yet, and a low finding in the digest.
    pub(crate) async fn set() -> Self {
        let pagerduty = PagerDuty::start().await;
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("digest", json!({"to": ["oncall"]}));
        let worker = Watchfire::start(&configuration, None).await;
        let stage = Self { _pagerduty: pagerduty, worker };
        stage.event(&GuardDuty::miner("web-1"), "event-1").await;
        stage.event(&GuardDuty::miner("pay-1"), "event-2").await;
        stage
    }

    pub(crate) async fn event(&self, finding: &GuardDuty, id: &str) {
        assert_eq!(self.worker.post(finding.event(id)).await, 202);
        self.worker.decided(id).await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.worker.ingest)
    }

    /// A page of a browser, signed in as ana.
    pub(crate) async fn signed_in<'b>(&self, browser: &'b Browser) -> Tab<'b> {
        let tab = browser.tab().await;
        tab.size(1200, 900).await;
        tab.go(&self.url("/")).await;
        tab.wait("document.querySelector('#token')").await;
        tab.fill("#token", Configuration::INGEST_TOKEN).await;
        tab.fill("#name", "ana").await;
        tab.follow("form button.main").await;
        tab
    }

    /// What the API says.
    pub(crate) async fn asked(&self, path: &str) -> Value {
        let asked = watchfire_tests::http().get(self.url(path)).bearer_auth(Configuration::INGEST_TOKEN);
        asked.send().await.unwrap().json().await.unwrap()
    }
}
