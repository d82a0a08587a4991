//! Assistants: the Python SDK of the Model Context Protocol over both transports, the protocol's conformance suite, and who is
//! refused at the door.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use watchfire_core::hash::sha256;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, binary, http};

use crate::support::paged;
use crate::transcripts;

const RESPONDER: &str = "the-token-of-an-assistant-that-may-propose";
const VIEWER: &str = "the-token-of-an-assistant-that-may-look";

/// What `tests/mcp/install` has put there.
fn installed(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let found = program.ancestors().map(|folder| folder.join("mcp").join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: run tests/mcp/install"))
}

/// A worker that has paged a miner.
struct World {
    _pagerduty: PagerDuty,
    worker: Watchfire,
}

impl World {
    async fn new() -> Self {
        let pagerduty = PagerDuty::start().await;
        let token = |name: &str, secret: &str, role: &str| json!({"name": name, "sha256": sha256(secret), "roles": [{"role": role}]});
        let tokens = json!([token("aide", RESPONDER, "responder"), token("looker", VIEWER, "viewer")]);
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("access", json!({"tokens": tokens, "loopback": "viewer"}));
        let worker = Watchfire::start(&configuration, None).await;
        let miner = GuardDuty::miner("web-1").at("12:14").event("miner-1");
        assert_eq!(worker.post(miner).await, 202);
        paged(&pagerduty, 1).await;
        worker.decided("miner-1").await;
        Self { _pagerduty: pagerduty, worker }
    }

    fn address(&self) -> String {
        format!("{}/mcp", self.worker.ingest)
    }

    /// What the SDK is answered, in that mode, by that transport.
    async fn asked(&self, mode: &str, transport: &[&str], questions: Value) -> Vec<Value> {
        let mut command = Command::new(installed("venv/bin/python"));
        command.arg(installed("client.py")).arg(mode).args(transport);
        command.env("WATCHFIRE_SERVER", &self.worker.ingest).env("WATCHFIRE_TOKEN", RESPONDER);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // In a thread of its own: PagerDuty is served by this one.
        let run = move || {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(questions.to_string().as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let answers: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        answers.as_array().unwrap().clone()
    }
}

fn structured(answer: &Value) -> &Value {
    assert_eq!(answer["isError"], false, "{answer}");
    &answer["structuredContent"]
}

#[tokio::test]
async fn a_client_lists_looks_notes_and_proposes_over_http_in_the_newest_version_and_one_with_a_handshake() {
    let world = World::new().await;
    let http = ["http", &world.address(), RESPONDER];
    let first = json!([["who"], ["tools"], ["call", "list_incidents", {"priority": "P0"}], ["templates"], ["prompts"]]);
    let [who, tools, listed, templates, prompts] =
        <[Value; 5]>::try_from(world.asked("auto", &http, first).await).unwrap();
    assert_eq!(who, json!({"protocol": "2026-07-28", "server": "watchfire"}));
    let hints = |tool: &Value| {
        (tool["name"].as_str().unwrap().to_owned(), tool["annotations"]["readOnlyHint"] == true)
    };
    let tools: Vec<_> = tools["tools"].as_array().unwrap().iter().map(hints).collect();
    assert_eq!(tools.len(), 14);
    let changing: Vec<_> = tools.iter().filter(|(_, reads)| !reads).map(|(name, _)| name.as_str()).collect();
    assert_eq!(changing, ["acknowledge", "add_note", "propose_silence", "propose_containment"]);
    assert_eq!(templates["resourceTemplates"].as_array().map(Vec::len), Some(3));
    assert_eq!(prompts["prompts"].as_array().map(Vec::len), Some(2));
    let id = structured(&listed)["incidents"][0]["id"].as_str().unwrap().to_owned();
    let silence = json!({"id": id, "matchers": [{"name": "namespace", "value": "shop"}], "minutes": 30, "reason": "a load test of the shop team"});
    let calls = [
        ("explain_rule", json!({"rule": "miner-in-a-pod"})),
        ("why", json!({"id": id})),
        ("add_note", json!({"id": id, "text": "the pool's address is in the flow logs, too"})),
        ("propose_silence", silence),
        ("get_incident", json!({"id": id})),
    ];
    let questions: Vec<_> = calls.iter().map(|(name, arguments)| json!(["call", name, arguments])).collect();
    let answers = world.asked("legacy", &http, questions.into()).await;
    let mut transcript = String::new();
    for ((name, arguments), answer) in calls.iter().zip(&answers) {
        transcript += &format!("> {name} {arguments}\n{:#}\n\n", structured(answer));
    }
    let proposed = structured(&answers[3]);
    let hash = proposed["plan_hash"].as_str().unwrap();
    let notes = &structured(&answers[4])["untrusted"]["notes"];
    assert!(
        notes[0].as_str().unwrap().contains(&format!("plan {hash}: namespace=shop for 30 min")),
        "{notes}"
    );
    transcripts::is_documented("router/docs/mcp.md", "mcp", &transcript);
    let audit = world.worker.command(&["audit", "list", "--output", "json"]);
    let trail: Value = serde_json::from_str(&audit.stdout).unwrap();
    let entry = |entry: &Value| {
        (entry["who"]["name"].as_str().unwrap().to_owned(), entry["what"].as_str().unwrap().to_owned())
    };
    let trail: Vec<_> = trail.as_array().unwrap().iter().map(entry).collect();
    assert_eq!(
        trail,
        [("aide", "note"), ("aide", "note")].map(|(who, what)| (who.to_owned(), what.to_owned()))
    );
}

#[tokio::test]
async fn over_standard_input_and_output_a_client_is_answered_the_same_with_the_token_of_whoever_starts_it() {
    let world = World::new().await;
    let command = binary("watchfire").display().to_string();
    let questions = json!([["who"], ["resources"], ["call", "list_incidents", {}], ["read", "watchfire://playbook/crypto-mining"],
                           ["prompt", "triage", {"id": "wf1-2e40f329"}], ["call", "approve", {}]]);
    let stdio = world.asked("auto", &["stdio", &command, "mcp"], questions.clone()).await;
    let over_http = world.asked("auto", &["http", &world.address(), VIEWER], questions).await;
    assert_eq!(stdio, over_http);
    assert_eq!(stdio[0]["server"], "watchfire");
    assert!(stdio[3]["contents"][0]["text"].as_str().unwrap().starts_with("# Crypto mining\n"));
    assert!(stdio[4]["messages"][0]["content"]["text"].as_str().unwrap().contains("wf1-2e40f329"));
    assert!(stdio[5]["refused"].as_str().unwrap().contains("there is no tool `approve`"), "{}", stdio[5]);
}

#[tokio::test]
async fn who_shows_another_token_or_asks_by_another_name_or_for_another_page_is_refused_and_there_are_no_sessions()
 {
    let world = World::new().await;
    let ask = async |method: reqwest::Method, headers: &[(&str, &str)]| {
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        let mut request = http().request(method, world.address()).json(&ping);
        request = request.header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        assert!(!answer.headers().contains_key("mcp-session-id"));
        answer.status().as_u16()
    };
    let bearer = |token: &str| format!("Bearer {token}");
    let (right, wrong) = (bearer(VIEWER), bearer("of nobody"));
    let post = reqwest::Method::POST;
    assert_eq!(ask(post.clone(), &[("authorization", &right)]).await, 200);
    assert_eq!(ask(post.clone(), &[("authorization", &wrong)]).await, 401);
    assert_eq!(
        ask(post.clone(), &[("authorization", &right), ("host", "watchfire.evil.example")]).await,
        403
    );
    assert_eq!(
        ask(post.clone(), &[("authorization", &right), ("origin", "https://evil.example")]).await,
        403
    );
    assert_eq!(ask(reqwest::Method::GET, &[("authorization", &right)]).await, 405);
    assert_eq!(ask(reqwest::Method::DELETE, &[("authorization", &right)]).await, 405);
}

#[tokio::test]
async fn the_protocols_own_suite_finds_nothing_wrong_with_what_every_server_has() {
    let world = World::new().await;
    let suite = installed("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let scenarios = [
        "server-initialize",
        "ping",
        "tools-list",
        "resources-list",
        "prompts-list",
        "dns-rebinding-protection",
    ];
    let run = |scenario: &str| {
        let mut command = Command::new("node");
        command.arg("--import").arg(installed("register.mjs")).arg(&suite);
        // Let in as a viewer: it asks from this machine, and shows no token.
        command.args(["server", "--url", &world.address(), "--scenario", scenario]);
        command
            .current_dir(world.worker.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let running: Vec<_> = scenarios.iter().map(|scenario| (*scenario, run(scenario))).collect();
    let ended = move || {
        let ended =
            running.into_iter().map(|(scenario, child)| (scenario, child.wait_with_output().unwrap()));
        ended.collect::<Vec<_>>()
    };
    for (scenario, output) in tokio::task::spawn_blocking(ended).await.unwrap() {
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.contains("Passed"), "{scenario}: {said}");
    }
}
