//! Who asks: tokens of their own, what each may and where, and who changed what, in a trail that proves itself.

mod iam;
mod kubernetes;
mod oidc;
mod sessions;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use watchfire_core::hash::sha256;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, http, until, watchfire};

use crate::support::SOON;

/// A worker with an operator's token, and people with tokens of their own.
struct Stage {
    worker: Watchfire,
    _pagerduty: PagerDuty,
    tokens: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set(people: &[(&'static str, &[&str])]) -> Self {
        let pagerduty = PagerDuty::start().await;
        let (tokens, known): (Vec<_>, Vec<_>) = people.iter().map(|(name, may)| token(name, may)).unzip();
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("access", json!({"tokens": known}));
        let worker = Watchfire::start(&configuration, None).await;
        Self { worker, _pagerduty: pagerduty, tokens }
    }

    /// Two findings, in two namespaces: the keys of their incidents.
    async fn incidents(&self) -> [String; 2] {
        for (id, namespace) in [("one", "shop"), ("two", "pay")] {
            let finding = GuardDuty::of("CryptoCurrency:Runtime/BitcoinTool.B", 8.0, id);
            let event = finding.in_namespace(namespace, id).id(id).event(id);
            assert_eq!(self.worker.post(event).await, 202);
            self.worker.decided(id).await;
        }
        ["one", "two"].map(|id| {
            let line = self.worker.logs().decided().into_iter().find(|line| line["event"] == id);
            line.unwrap()["incident"].as_str().unwrap().to_owned()
        })
    }

    /// The status, and what was answered.
    async fn get(&self, who: &str, path: &str) -> (u16, Value) {
        let request = http().get(format!("{}{path}", self.worker.ingest)).bearer_auth(self.token(who));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn command(&self, who: &str, wish: Value) -> (u16, Value) {
        let body = json!({"by": "mallory", "reason": "a test", "wish": wish});
        let request = http().post(format!("{}/v1/commands", self.worker.ingest));
        let answer = request.bearer_auth(self.token(who)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn token(&self, who: &str) -> &str {
        match self.tokens.iter().find(|(name, _)| *name == who) {
            Some((_, token)) => token,
            None => Configuration::INGEST_TOKEN,
        }
    }

    fn printed(&self, line: &str) -> String {
        let Output { code, stdout, stderr } = self.worker.command(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}: {stdout}");
        stdout
    }
}

/// What `token new` prints for somebody: the token, and what the configuration is to have.
fn token(name: &'static str, may: &[&str]) -> ((&'static str, String), Value) {
    let arguments = ["token", "new", "--output", "json", "--name", name];
    let Output { code, stdout, stderr } = watchfire(Path::new("."), &[&arguments, may].concat(), "");
    assert_eq!((code, stderr.as_str()), (0, ""));
    let printed: Value = serde_json::from_str(&stdout).unwrap();
    ((name, printed["token"].as_str().unwrap().to_owned()), printed["access"]["tokens"][0].clone())
}

#[tokio::test]
async fn a_command_is_recorded_by_the_name_of_the_token_whatever_its_sender_calls_itself() {
    let stage = Stage::set(&[("ana", &["--role", "responder"]), ("vi", &["--role", "viewer"])]).await;
    let [incident, _] = stage.incidents().await;
    let (status, answer) = stage.command("vi", json!({"acknowledge": incident})).await;
    let refused = json!({"error": "it wants the role responder; vi has viewer"});
    assert_eq!((status, answer), (403, refused));
    let (status, answer) = stage.command("ana", json!({"acknowledge": incident})).await;
    let cause = &answer["decision"]["cause"]["command"];
    let caller = json!({"how": "token", "says": "mallory"});
    assert_eq!((status, &cause["by"], &cause["caller"]), (200, &json!("ana"), &caller), "{answer}");

    let trail = stage.printed("audit list --output json");
    let trail: Value = serde_json::from_str(&trail).unwrap();
    let entry = &trail[0];
    let who = json!({"name": "ana", "how": "token", "says": "mallory", "from": "127.0.0.1"});
    assert_eq!(
        (&entry["who"], &entry["what"], &entry["on"]),
        (&who, &json!("acknowledge"), &json!(incident))
    );
    let key = format!("incident/{incident}");
    assert_eq!(entry["before"][&key]["acknowledged"], Value::Null);
    assert_eq!(entry["after"][&key]["acknowledged"]["by"], "ana");
    let verified = stage.printed("audit verify");
    assert!(verified.starts_with("1 entries, whole and unaltered; 1:"), "{verified}");
    // The log has the same entry, with the sum that was proven.
    let logged = stage.worker.logs().text();
    let mut lines = logged.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| line["message"] == "audited").unwrap();
    assert_eq!(
        verified.trim_end(),
        format!("1 entries, whole and unaltered; 1:{}", line["sha256"].as_str().unwrap())
    );
    let entry: Value = serde_json::from_str(line["entry"].as_str().unwrap()).unwrap();
    assert_eq!(entry["who"], who);
    let printed = stage.worker.printed();
    for (name, token) in &stage.tokens {
        assert!(!printed.contains(token.as_str()), "the token of {name} is in a log");
    }
}

#[tokio::test]
async fn a_role_in_one_namespace_shows_and_changes_what_is_in_it_alone() {
    let may = ["--role", "responder", "--namespace", "shop"];
    let stage = Stage::set(&[("ana", &may), ("vi", &["--role", "viewer"])]).await;
    let [shop, pay] = stage.incidents().await;
    let listed = async |who| {
        let (status, answer) = stage.get(who, "/v1/incidents").await;
        assert_eq!(status, 200, "{answer}");
        let incidents = answer["incidents"].as_array().unwrap().iter();
        incidents.map(|incident| incident["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("ana").await, std::slice::from_ref(&shop));
    assert_eq!(listed("vi").await.len(), 2);
    for (incident, status) in [(&shop, 200), (&pay, 404)] {
        assert_eq!(stage.get("ana", &format!("/v1/story?of={incident}")).await.0, status, "{incident}");
        let answer = stage.command("ana", json!({"acknowledge": incident})).await;
        assert_eq!(answer.0, status, "{}", answer.1);
    }
    // A name stands for what may be seen: for one of them it is enough, for who sees both it is not.
    let (status, answer) = stage.get("ana", "/v1/story?of=wf1-").await;
    assert_eq!((status, &answer["incident"]["key"]), (200, &json!(shop)), "{answer}");
    let (status, answer) = stage.get("vi", "/v1/story?of=wf1-").await;
    let found: BTreeSet<_> =
        answer["candidates"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!((status, found), (409, [&shop, &pay].map(String::as_str).into()), "{answer}");
    let note = json!({"annotate": {"incident": "wf1-", "with": {"note": "hello"}}});
    let (status, answer) = stage.command("ana", note).await;
    assert_eq!((status, &answer["decision"]["incident"]), (200, &json!(shop)), "{answer}");
    let silence = |namespace: &str| {
        let matches = json!({"subject": {"namespace": [namespace]}}).to_string();
        json!({"silence": {"matches": matches, "ends_at": "2099-01-01T00:00:00Z"}})
    };
    let (status, answer) = stage.command("ana", silence("pay")).await;
    let said = "it wants the role responder in namespace pay; ana has responder in namespace shop";
    assert_eq!((status, answer), (403, json!({"error": said})));
    // Declined for its length, which is not for want of a role.
    assert_eq!(stage.command("ana", silence("shop")).await.0, 200);
    for route in ["/v1/audit", "/v1/store/export"] {
        assert_eq!(stage.get("ana", route).await.0, 403, "{route}");
    }
}

#[tokio::test]
async fn what_is_elsewhere_is_answered_as_what_is_nowhere_whoever_asks_and_however() {
    let may = ["--role", "approver", "--namespace", "shop"];
    let stage = Stage::set(&[("ana", &may)]).await;
    let [shop, pay] = stage.incidents().await;
    let told = async |name: &str, (path, body): (&str, Option<Value>)| {
        let address = format!("{}{path}", stage.worker.ingest);
        let request = match &body {
            None => http().get(format!("{address}{name}")),
            Some(body) => {
                let body: Value = serde_json::from_str(&body.to_string().replace("NAME", name)).unwrap();
                http().post(address).header("accept", "application/json, text/event-stream").json(&body)
            }
        };
        let answer = request.bearer_auth(stage.token("ana")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap().replace(name, "NAME"))
    };
    let wish = |wish: Value| Some(json!({"by": "", "reason": "a test", "wish": wish}));
    let tool = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        Some(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
    };
    let commands = [
        json!({"acknowledge": "NAME"}),
        json!({"take": "NAME"}),
        json!({"unacknowledge": "NAME"}),
        json!({"resolve": "NAME"}),
        json!({"release": "NAME"}),
        json!({"approve": "NAME"}),
        json!({"deny": "NAME"}),
        json!({"reassign": {"incident": "NAME", "to": "bo"}}),
        json!({"annotate": {"incident": "NAME", "with": {"note": "hello"}}}),
        json!({"follow_up": {"incident": "NAME", "text": "to do"}}),
    ];
    let looks =
        ["/v1/story?of=", "/v1/event?of=", "/incident?of=", "/event?of=", "/why?of=", "/act?do=ack&of="];
    let tools = ["get_incident", "why", "cluster_context", "draft_postmortem"]
        .map(|name| ("/mcp", tool(name, json!({"id": "NAME"}))));
    let note = tool("add_note", json!({"id": "NAME", "text": "hello"}));
    let asked = looks.iter().map(|path| (*path, None));
    let asked = asked.chain([("/v1/report/sign", Some(json!({"of": "NAME"}))), ("/mcp", note)]);
    let asked = asked.chain(commands.map(|command| ("/v1/commands", wish(command)))).chain(tools);
    for asked in asked {
        // A whole key, the beginning of one, an event's name; each beside one that nothing has.
        for (hidden, nowhere) in [(pay.as_str(), "wf1-0123"), (&pay[4..14], "zz-0123"), ("two", "nix")] {
            let answer = told(hidden, asked.clone()).await;
            assert_eq!(answer, told(nowhere, asked.clone()).await, "{hidden} {asked:?}");
            assert!(
                answer.1.contains("is known of") || answer.1.contains("is known as"),
                "{asked:?}: {answer:?}"
            );
        }
        let (status, text) = told(&shop, asked.clone()).await;
        assert!(status < 400 || !text.contains("nothing is known"), "{asked:?}: {text}");
    }
}

#[tokio::test]
async fn a_token_that_is_taken_out_of_the_configuration_is_nobodys_after_a_reload_which_is_in_the_trail() {
    let stage = Stage::set(&[("ana", &["--role", "admin"]), ("bo", &["--role", "admin"])]).await;
    assert_eq!(stage.get("bo", "/v1/silences").await.0, 200);
    let path = stage.worker.path("watchfire.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut configuration: Value = serde_json::from_str(&text).expect("it is written as JSON, which is YAML");
    configuration["access"]["tokens"].as_array_mut().unwrap().pop();
    std::fs::write(&path, configuration.to_string()).unwrap();
    let reload = http().post(format!("{}/v1/reload", stage.worker.ingest)).bearer_auth(stage.token("ana"));
    let answer: Value = reload.json(&json!({})).send().await.unwrap().json().await.unwrap();
    // The worker may have looked by itself already.
    assert!(answer["outcome"] == "taken" || answer["outcome"] == "unchanged", "{answer}");
    let gone = async || (stage.get("bo", "/v1/silences").await.0 == 401).then_some(());
    until("the end of bo's token", SOON, gone).await;
    assert_eq!(stage.get("ana", "/v1/silences").await.0, 200);
    let trail: Value = serde_json::from_str(&stage.printed("audit list --output json")).unwrap();
    let bo = json!({"name": "bo", "roles": [{"role": "admin"}], "sha256": sha256(stage.token("bo"))});
    let after = json!({
        "access": {"tokens": []}, "configuration": {"changed": ["access"], "needs_restart": []},
    });
    assert_eq!(
        (&trail[0]["what"], &trail[0]["before"], &trail[0]["after"]),
        (&json!("reload"), &json!({"access": {"tokens": [bo]}}), &after)
    );
}
