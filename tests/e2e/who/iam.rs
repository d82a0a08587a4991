//! Whom AWS knows: a question to STS that they have signed is sent for them, and nothing else of theirs.

use serde_json::{Value, json};
use watchfire_tests::sts::{Key, Sts};
use watchfire_tests::{Configuration, Output, PagerDuty, Watchfire, http, watchfire_calling};

const ANA: Key = Key {
    id: "AKIAEXAMPLEOFANA0001",
    secret: "secret-of-ana/with+signs",
    arn: "arn:aws-us-gov:sts::111122223333:assumed-role/oncall/ana@example.com",
};
const CY: Key = Key {
    id: "AKIAEXAMPLEOFCY00001",
    secret: "secret-of-cy",
    arn: "arn:aws-us-gov:iam::444455556666:user/cy",
};

struct Stage {
    sts: Sts,
    _pagerduty: PagerDuty,
    worker: Watchfire,
}

impl Stage {
    async fn set() -> Self {
        let (sts, pagerduty) = (Sts::start("us-gov-west-1", &[ANA, CY]).await, PagerDuty::start().await);
        let roles =
            json!([{"who": ["arn:aws-us-gov:iam::111122223333:role/on*"], "roles": [{"role": "admin"}]}]);
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("access", json!({"iam": {"id": "prod", "roles": roles}}));
        let worker = Watchfire::start_calling(&configuration, sts.url()).await;
        Self { sts, _pagerduty: pagerduty, worker }
    }

    async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        let request = http().get(format!("{}{path}", self.worker.ingest)).bearer_auth(token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn runs(&self, key: &Key, arguments: &[&str]) -> Output {
        let variables = [
            ("AWS_ACCESS_KEY_ID", key.id),
            ("AWS_SECRET_ACCESS_KEY", key.secret),
            ("XDG_CONFIG_HOME", "."),
            ("WATCHFIRE_CONTEXT", "prod"),
        ];
        watchfire_calling(&self.worker.path(""), self.sts.url(), &variables, arguments)
    }

    fn token(&self, key: &Key, id: &str) -> String {
        let Output { code, stdout, stderr } = self.runs(key, &["token", "iam", "--id", id]);
        assert_eq!((code, stderr.as_str()), (0, ""));
        stdout.trim().to_owned()
    }
}

// The program that is waited for asks a server of this test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_by_credentials_of_aws_is_by_the_role_and_the_session() {
    let stage = Stage::set().await;
    std::fs::create_dir(stage.worker.path("watchfire")).unwrap();
    let context = json!({"server": stage.worker.ingest, "token": {"iam": {"id": "prod"}}});
    let client = json!({"contexts": {"prod": context}});
    std::fs::write(stage.worker.path("watchfire/client.yaml"), client.to_string()).unwrap();
    let Output { code, stdout, stderr } = stage.runs(&ANA, &["mitigation", "off", "--reason", "a game day"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let Output { code, stdout, .. } = stage.runs(&ANA, &["audit", "list", "--output", "json"]);
    let trail: Value = serde_json::from_str(&stdout).unwrap();
    let who = &trail[0]["who"];
    let role = "arn:aws-us-gov:iam::111122223333:role/oncall";
    assert_eq!(
        (code, &who["name"], &who["how"], &who["subject"]),
        (0, &json!("oncall/ana@example.com"), &json!("iam"), &json!(role)),
        "{stdout}"
    );
    // Somebody of another account is known, and may nothing.
    let Output { code, stderr, .. } = stage.runs(&CY, &["incidents", "list"]);
    assert!(code != 0 && stderr.contains("it wants the role viewer; cy has no role"), "{stderr}");
}

#[tokio::test]
async fn a_token_for_another_watchfire_or_of_no_key_is_refused_and_one_is_asked_about_once() {
    let stage = Stage::set().await;
    let token = stage.token(&ANA, "prod");
    for _ in 0..3 {
        assert_eq!(stage.get(&token, "/v1/incidents").await.0, 200);
    }
    assert_eq!(stage.sts.calls(), 1);
    let wrong = Key { secret: "another-secret", ..ANA };
    let unknown = Key { id: "AKIAEXAMPLEOFNOBODY1", ..ANA };
    for token in [stage.token(&ANA, "stage"), stage.token(&wrong, "prod"), stage.token(&unknown, "prod")] {
        let (status, answer) = stage.get(&token, "/v1/incidents").await;
        let said = "expected `Authorization: Bearer` with an operator's token: AWS does not take the token (403): it is too \
                    old, of no key that there is, or not for `prod`";
        assert_eq!((status, answer), (401, json!({"error": said})));
    }
    assert!(!stage.worker.printed().contains(&token), "a token is in a log");
}

#[tokio::test]
async fn an_sts_that_sends_elsewhere_or_fails_lets_nobody_in_and_says_so() {
    let stage = Stage::set().await;
    let elsewhere = Sts::start("us-gov-west-1", &[ANA]).await;
    let token = stage.token(&ANA, "prod");
    for (instead, why) in [
        ((302, Some(elsewhere.url())), "it answers 302"),
        ((500, None), "it answers 500"),
        ((200, None), "200 with a body that is not its own"),
    ] {
        stage.sts.answers(Some(instead));
        let said = format!("it is not known who asks: STS in us-gov-west-1 does not answer: {why}");
        assert_eq!(stage.get(&token, "/v1/incidents").await, (503, json!({"error": said})), "{why}");
    }
    assert_eq!(elsewhere.calls(), 0);
    stage.sts.answers(None);
    assert_eq!(stage.get(&token, "/v1/incidents").await.0, 200);
}
