//! What operators do about noise, with the real binary: silences, incidents, and why. What it prints is in
//! `transcripts/`, with `#` for what differs from run to run.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, http, watchfire_with};

use crate::support::{accepted, paged, triggers};

const TOKEN: &str = "t0ken-of-the-operators";

/// A worker with an operator's token, and all that was done with it.
pub(crate) struct Stage {
    pub(crate) pagerduty: PagerDuty,
    pub(crate) watchfire: Watchfire,
    folder: TempDir,
    transcript: String,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::configured(|configuration| configuration).await
    }

    pub(crate) async fn configured(change: impl FnOnce(Configuration) -> Configuration) -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
        let token = folder.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let configuration =
            Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"file": token}));
        let watchfire = Watchfire::start(&change(configuration), None).await;
        Self { pagerduty, watchfire, folder, transcript: String::new() }
    }

    /// `watchfire` with these arguments, as `ana`; what it prints is in the transcript.
    pub(crate) async fn run(&mut self, line: &str) -> Output {
        let own = ["--server", &self.watchfire.ingest, "--token-file", "token", "--by", "ana"];
        let arguments: Vec<String> = line.split(' ').chain(own).map(|word| word.replace('_', " ")).collect();
        let folder = self.folder.path().to_owned();
        // In a thread of its own: the channel that the worker talks to is served by this one.
        let run = move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            watchfire_with(&folder, &[("COLUMNS", "80")], &arguments, "")
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let Output { code, stdout, stderr } = &output;
        self.transcript += &format!("$ watchfire {line}\n{stdout}{stderr}");
        if *code != 0 {
            self.transcript += &format!("exit code {code}\n");
        }
        self.transcript.push('\n');
        output
    }

    /// An event, once it is decided.
    pub(crate) async fn event(&mut self, finding: &GuardDuty, id: &str) {
        assert_eq!(self.watchfire.post(finding.event(id)).await, 202);
        let decided = self.watchfire.decided(id).await;
        let word = |name: &str| decided[name].as_str().unwrap_or_default().to_owned();
        let line = format!("event {id}: {} {} {}\n\n", word("priority"), word("verdict"), word("why"));
        self.transcript += &line;
    }

    /// The answer of the API, whatever its status.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let request = http().get(format!("{}{path}", self.watchfire.ingest)).bearer_auth(TOKEN);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The transcript is the one in that file.
    pub(crate) fn was(&self, name: &str) {
        crate::transcripts::was(name, &self.transcript);
    }
}

/// A P1 in that pod, by the shipped rules.
pub(crate) fn urgent(pod: &str) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/SuspiciousTool", 8.0, pod)
}

#[tokio::test]
async fn a_silence_shows_its_effect_holds_what_matches_and_tells_at_its_end_what_it_held() {
    let mut stage = Stage::start().await;
    for pod in ["loud-1", "loud-2", "loud-3", "quiet-0"] {
        stage.event(&urgent(pod), pod).await;
    }
    stage.run("silence add pod=quiet-* -d 1h30m -c upgrade --ticket CHG-1 --dry-run").await;
    let made = stage.run("silence add pod=quiet-* -d 1h30m -c upgrade --ticket CHG-1").await;
    // Scripts take the last line.
    let id = made.stdout.lines().last().unwrap().to_owned();
    stage.event(&urgent("quiet-1"), "event-1").await;
    stage.event(&urgent("quiet-1").again(), "event-2").await;
    for command in ["silence list", &format!("silence show {id}"), "why event-1", "why event-2", "why loud-1"]
    {
        stage.run(command).await;
    }
    stage.run(&format!("silence extend {id} -d 1h")).await;
    stage.run(&format!("silence extend {id} --end 2026-01-01T00:00:00Z")).await;
    stage.run(&format!("silence expire {id}")).await;
    stage.run(&format!("silence expire {id} s-00000000")).await;
    // What is due is looked for at the start.
    stage.watchfire.terminate().await;
    stage.watchfire.restart().await;
    let pages = paged(&stage.pagerduty, 5).await;
    let notice = pages[4]["payload"]["summary"].as_str().unwrap().to_owned();
    stage.transcript += &format!("page: {notice}\n\n");
    for command in ["silence list", "silence query --expired", "why event-1", "incidents list"] {
        stage.run(command).await;
    }
    // Its key is made from the silence's id.
    let key = pages[4]["dedup_key"].as_str().unwrap().trim_end_matches("-1");
    stage.transcript = stage.transcript.replace(&format!("\n{}  ", &key[4..12]), "\n########  ");
    stage.transcript = stage.transcript.replace(key, "wf1-the-incident-of-the-notice");
    stage.was("silence.txt");
    assert_eq!(triggers(&stage.pagerduty).len(), 5, "one notice of what it held");
}

#[tokio::test]
async fn maintenance_windows_are_listed_with_the_silences_and_are_not_ended_by_hand() {
    // The next 29th of February is never now in a test that is run today.
    let window =
        json!({"name": "leap-day", "match": {"family": ["malware"]}, "cron": "0 3 29 2 *", "hours": 2});
    let mut stage = Stage::configured(|it| it.set("noise.maintenance", json!([window]))).await;
    let (status, silences) = stage.get("/v1/silences").await;
    assert_eq!(status, 200);
    let listed = &silences[0];
    let starts_at: jiff::Timestamp = listed["starts_at"].as_str().unwrap().parse().unwrap();
    let ends_at = starts_at + jiff::SignedDuration::from_hours(2);
    let id = format!("window:leap-day:{}", starts_at.as_second());
    let expected = json!([{
        "id": id, "state": "pending", "matches": r#"{"family":["malware"]}"#, "starts_at": starts_at,
        "ends_at": ends_at, "by": "configuration", "comment": "maintenance window leap-day", "ticket": null,
        "covers_p0": false, "made_at": starts_at, "expired_by": null, "holds": 0,
    }]);
    assert_eq!(silences, expected);
    assert!(listed["starts_at"].as_str().unwrap().ends_with("-02-29T03:00:00Z"));

    let Output { code, stdout, .. } = stage.run("silence list").await;
    let line = stdout.lines().nth(1).unwrap_or_default();
    assert!(code == 0 && line.starts_with(&format!("{id}  pending  begins in ")), "{stdout}");
    assert!(line.contains("  0      family="), "{stdout}");
    let Output { code, stderr, .. } = stage.run(&format!("silence expire {id}")).await;
    let refused = format!(
        "watchfire: not expired: {id} is a maintenance window: the configuration says when it ends\n"
    );
    assert_eq!((code, stderr), (1, refused));
}

#[tokio::test]
async fn a_p0_is_silenced_only_by_whoever_says_so() {
    let mut stage = Stage::start().await;
    stage.event(&GuardDuty::miner("miner-1"), "event-1").await;
    stage.event(&urgent("other-1"), "event-2").await;
    stage.event(&urgent("other-2"), "event-3").await;
    stage.run("silence add pod=miner-* -d 1h -c test").await;
    stage.run("silence add cluster=payments -d 1h -c test").await;
    stage.run("silence add pod=other-* -d 31d -c test").await;
    stage.run("silence add pod=other-* -d 1h -c _").await;
    stage.run("silence list").await;
    stage.run("silence add pod=miner-* -d 1h -c test --yes-cover-p0").await;
    stage.event(&GuardDuty::miner("miner-2"), "event-4").await;
    stage.event(&urgent("other-3"), "event-5").await;
    stage.run("why event-4").await;
    stage.was("p0.txt");
}

#[tokio::test]
async fn what_cannot_be_a_silence_is_explained_before_anything_is_asked() {
    let mut stage = Stage::start().await;
    for line in [
        "silence add namespace=~shop-.* -d 1h -c test",
        "silence add alertname=Miner shop -d 1h -c test",
        "silence add --match {\"priority\":\"P1\"} -d 1h -c test",
    ] {
        stage.run(line).await;
    }
    stage.was("usage.txt");
}

#[tokio::test]
async fn an_incident_is_listed_shown_acknowledged_reassigned_and_resolved() {
    let mut stage = Stage::start().await;
    stage.run("incidents list").await;
    stage.event(&urgent("pay-1"), "event-1").await;
    stage.event(&urgent("pay-1").again(), "event-2").await;
    stage.event(&GuardDuty::low("pay-2"), "event-3").await;
    let (_, listed) = stage.get("/v1/incidents?priority=P1").await;
    let key = listed["incidents"][0]["key"].as_str().unwrap().to_owned();
    for command in ["incidents list", "incidents list --priority p3", "why event-2", "why event-3"] {
        stage.run(command).await;
    }
    stage.run(&format!("why {}", urgent("pay-1").arn())).await;
    for deed in ["ack", "ack", "unack", "reassign --to bo", "reassign --to oncall"] {
        let (verb, rest) =
            deed.split_once(' ').map_or((deed, String::new()), |(verb, rest)| (verb, format!(" {rest}")));
        stage.run(&format!("incidents {verb} {key}{rest} --reason on_it")).await;
    }
    stage.run(&format!("incidents show {key}")).await;
    stage.run(&format!("incidents resolve {key} wf1-0 --reason false_alarm")).await;
    for command in ["incidents show", "incidents timeline", "why"] {
        stage.run(&format!("{command} {key}")).await;
    }
    stage.run("incidents list").await;
    stage.run("incidents list --all").await;
    stage.run("why nothing").await;
    stage.was("incidents.txt");
    let count = |action| accepted(&stage.pagerduty, action).len();
    assert_eq!((count("trigger"), count("acknowledge"), count("resolve")), (2, 1, 2));
}

#[tokio::test]
async fn the_api_answers_operators_with_what_the_commands_show() {
    let mut stage = Stage::start().await;
    stage.event(&urgent("pay-1"), "event-1").await;
    for path in ["/v1/silences", "/v1/incidents", "/v1/story?of=event-1"] {
        let url = format!("{}{path}", stage.watchfire.ingest);
        assert_eq!(http().get(url).send().await.unwrap().status(), 401, "{path}");
    }
    let draft = json!({"matches": "{\"priority\": [\"P1\"]}", "ends_at": "2099-01-01T00:00:00Z"});
    let order = json!({"by": "ana", "reason": "test", "wish": {"silence": draft}, "dry_run": true});
    let request =
        http().post(format!("{}/v1/commands", stage.watchfire.ingest)).bearer_auth(TOKEN).json(&order);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["effect"], json!({"events": 1, "matched": 1, "p0": 0}));
    assert_eq!(answer["decision"]["why"], "declined");
    assert_eq!(stage.get("/v1/silences").await, (200, json!([])));

    let (status, story) = stage.get("/v1/story?of=event-1").await;
    let brief = |value: &Value| {
        let decision = &value["decisions"][0];
        json!([
            value["of"],
            value["event"],
            value["incident"]["state"],
            decision["verdict"],
            decision["effects"][0]["result"]
        ])
    };
    assert_eq!((status, brief(&story)), (200, json!(["event", "event-1", "open", "page", "done"])));
    let unknown = "nothing is known of `x`; expected an event's id, a finding's key or an incident's";
    assert_eq!(stage.get("/v1/story?of=x").await, (404, json!({"error": unknown})));
    for path in ["/v1/incidents?state=shut", "/v1/incidents?priority=P9", "/v1/incidents?of=x", "/v1/story"] {
        let (status, answer) = stage.get(path).await;
        assert!(status == 400 && answer["error"].is_string(), "{path}: {status} {answer}");
    }
}
