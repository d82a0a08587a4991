//! Secrets that are rotated while an environment lives: fetched again, and used by all who have them.

use std::sync::Arc;

use serde_json::{Value, json};
use watchfire::app::{Called, Parts};
use watchfire::clients::Clients;
use watchfire::config::{Config, Ready};
use watchfire::rotation::Rotation;
use watchfire::router::Router;
use watchfire::rules_files;
use watchfire_core::rules::RuleSet;
use watchfire_lambda::{Deadline, Lambda, Operators};
use watchfire_tests::{Configuration, Fault, GuardDuty, Ministack, PagerDuty};

use super::requests::{request, shown};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";
const TOKENS: [&str; 2] = ["t0ken-that-was-rotated", "t0ken-that-came-after-it"];

/// A Lambda with a routing key and an operator's token in Secrets Manager.
struct Stage {
    ministack: Ministack,
    pagerduty: PagerDuty,
    key: String,
    token: String,
    router: Arc<Router>,
    rotation: Arc<Rotation>,
    lambda: Arc<Lambda>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let (ministack, pagerduty) = (Ministack::shared(), PagerDuty::start().await);
        let folder = tempfile::tempdir().unwrap();
        let key = ministack.secret("key", OLD).await;
        let token = ministack.secret("token", TOKENS[0]).await;
        let configuration = Configuration::new(&pagerduty.url())
            .set("channels.oncall.pagerduty.routing_key", json!({"secret_arn": key}))
            .set("http.operator_token", json!({"secret_arn": token}))
            .set("store.path", json!(folder.path().join("watchfire.redb")));
        let config = Config::parse("test", &configuration.text()).expect("no mistakes");
        let files = rules_files::read(None).expect("the shipped rules are in the binary");
        let policy = config.policy(RuleSet::load(&files).expect("the shipped rules are right"));
        let aws = crate::channel::aws(ministack.endpoint());
        let clients = Arc::new(Clients::with_aws(aws).expect("clients"));
        let ready = Ready::of(config, policy, &clients).await.expect("both secrets are there");
        let called: Called = Parts::of(ready, clients, None).await.expect("it opens").called().await;
        let (router, rotation) = (called.router.clone(), called.rotation.clone());
        let lambda = Arc::new(Lambda::new(called, Operators::ShowTheToken));
        Self { ministack, pagerduty, key, token, router, rotation, lambda, _folder: folder }
    }

    async fn answer(&self, payload: &Value) -> Value {
        let deadline = Deadline::within(std::time::Duration::from_secs(60));
        self.lambda.answer(&payload.to_string(), None, deadline).await.expect("it is answered")
    }

    /// The routing key of each request, and how it was answered.
    fn keys(&self) -> Vec<(String, Option<u16>)> {
        let key = |body: &Value| body["routing_key"].as_str().unwrap_or_default().to_owned();
        self.pagerduty.requests().iter().map(|request| (key(&request.body), request.status)).collect()
    }

    async fn is_let_in(&self, token: &str) -> bool {
        let asked = request("GET", "/v1/mitigation", "", shown(token), None);
        self.answer(&asked).await["statusCode"] == 200
    }
}

#[tokio::test]
async fn a_page_that_is_refused_with_a_rotated_key_is_sent_with_the_new_one() {
    let stage = Stage::new().await;
    let looking = stage.lambda.clone();
    tokio::spawn(async move { looking.keep_looking().await });
    stage.ministack.rotate(&stage.key, NEW).await;
    stage.pagerduty.script([Fault::Status(403, None)]);
    assert_eq!(stage.answer(&GuardDuty::miner("checkout-1").event("e1")).await, json!({"decided": 1}));
    assert_eq!(stage.keys(), [(OLD.to_owned(), Some(403)), (NEW.to_owned(), Some(202))]);
}

#[tokio::test]
async fn a_rotated_token_lets_in_once_it_was_looked_for_and_the_old_one_no_more() {
    let stage = Stage::new().await;
    stage.ministack.rotate(&stage.token, TOKENS[1]).await;
    assert_eq!([stage.is_let_in(TOKENS[0]).await, stage.is_let_in(TOKENS[1]).await], [true, false]);
    stage.rotation.look().await;
    assert_eq!([stage.is_let_in(TOKENS[0]).await, stage.is_let_in(TOKENS[1]).await], [false, true]);
}

#[tokio::test]
async fn what_does_not_fit_or_cannot_be_fetched_leaves_the_secret_as_it_was() {
    let stage = Stage::new().await;
    stage.ministack.rotate(&stage.key, "not-a-key").await;
    stage.ministack.rotate(&stage.token, "short").await;
    stage.rotation.look().await;
    stage.answer(&GuardDuty::miner("checkout-1").event("e1")).await;
    assert_eq!(stage.keys(), [(OLD.to_owned(), Some(202))]);
    assert!(stage.is_let_in(TOKENS[0]).await);
    assert_eq!(stage.router.journal(10).await.unwrap().len(), 1);
}
