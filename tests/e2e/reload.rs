//! Reload with the real binary: what changes takes effect for the next event, what is wrong is refused, nothing is lost.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, until};

const SOON: Duration = Duration::from_secs(30);

/// A worker whose rules lie in a folder of their own.
struct Stage {
    pagerduty: PagerDuty,
    watchfire: Watchfire,
    configuration: Configuration,
    rules: TempDir,
}

/// Every miner is of that priority.
fn rules(priority: &str) -> String {
    let rest = "  - {name: rest, family: unclassified, priority: P2}\n";
    let miner = format!(
        "  - {{name: miner, family: miner, match: {{finding: {{type: [{{prefix: Crypto}}]}}}}, priority: {priority}}}\n"
    );
    format!("rules:\n{miner}{rest}")
}

impl Stage {
    async fn start() -> Self {
        let (pagerduty, rules_folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
        std::fs::write(rules_folder.path().join("rules.yaml"), rules("P2")).unwrap();
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("rules", json!({"directory": rules_folder.path()}));
        let watchfire = Watchfire::start(&configuration, None).await;
        Self { pagerduty, watchfire, configuration, rules: rules_folder }
    }

    fn write_rules(&self, text: &str) {
        std::fs::write(self.rules.path().join("rules.yaml"), text).unwrap();
    }

    async fn priority_of(&self, id: &str) -> Value {
        assert_eq!(self.watchfire.post(GuardDuty::miner(&format!("web-{id}")).event(id)).await, 202);
        self.watchfire.decided(id).await["priority"].clone()
    }

    async fn reloads(&self, outcome: &str) -> f64 {
        let label = format!("outcome=\"{outcome}\"");
        self.watchfire.metrics().await.sum("watchfire_reloads_total", &[&label])
    }

    async fn reloaded(&self, outcome: &str, times: f64) {
        let what = format!("{times} reloads: {outcome}");
        until(&what, SOON, async || (self.reloads(outcome).await == times).then_some(())).await;
    }

    async fn is_right(&self) -> f64 {
        self.watchfire.metrics().await.sum("watchfire_config_last_reload_successful", &[])
    }

    async fn asked(&self) -> Output {
        tokio::task::block_in_place(|| self.watchfire.command(&["reload"]))
    }

    fn hang_up(&self) {
        let sent =
            std::process::Command::new("kill").args(["-HUP", &self.watchfire.pid().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_change_take_effect_and_bad_ones_are_refused_and_told_and_the_old_ones_stay() {
    let stage = Stage::start().await;
    assert_eq!((stage.priority_of("1").await, stage.is_right().await), (json!("P2"), 1.0));
    stage.write_rules(&rules("P1"));
    stage.reloaded("taken", 1.0).await;
    assert_eq!(stage.priority_of("2").await, "P1");

    stage.write_rules(&rules("P9"));
    stage.reloaded("refused", 1.0).await;
    assert_eq!((stage.priority_of("3").await, stage.is_right().await), (json!("P1"), 0.0));
    let mistakes = stage.watchfire.logs().all("a mistake in the configuration");
    let told = mistakes.last().unwrap()["mistake"].as_str().unwrap_or_default().to_owned();
    assert!(told.contains("rules.yaml:2:") && told.contains("rules[0].priority: expected"), "{told}");

    let example = "    examples: [{event: absent.json, expect: {priority: P0}}]\n";
    let with_example =
        "rules:\n  - name: rest\n    family: unclassified\n    priority: P0\n".to_owned() + example;
    stage.write_rules(&with_example);
    stage.reloaded("refused", 2.0).await;
    assert_eq!(stage.priority_of("4").await, "P1", "an example that fails is a mistake like another");

    stage.write_rules(&rules("P3"));
    stage.reloaded("taken", 2.0).await;
    assert_eq!((stage.priority_of("5").await, stage.is_right().await), (json!("P3"), 1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_reloads_and_never_ends_the_worker() {
    let mut stage = Stage::start().await;
    let configuration = stage.configuration.clone().set("routes.P2.to", json!([]));
    stage.watchfire.configure(&configuration);
    stage.hang_up();
    stage.reloaded("taken", 1.0).await;
    let line =
        until("a line that says so", SOON, async || stage.watchfire.logs().all("reloaded").pop()).await;
    assert_eq!((&line["cause"], &line["changed"]), (&json!("SIGHUP"), &json!("routes")));
    assert_eq!(stage.priority_of("quiet").await, "P2");
    for times in 1..=5 {
        stage.hang_up();
        stage.reloaded("unchanged", f64::from(times)).await;
    }
    assert_eq!(stage.pagerduty.accepted(), 0, "it went to the digest");
    let ended = stage.watchfire.terminate().await;
    assert!(ended.status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_told_what_is_in_force_what_waits_for_a_start_and_what_is_wrong() {
    let stage = Stage::start().await;
    let answer = stage.asked().await;
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "nothing is different\n"), "{}", answer.stderr);

    let other = PagerDuty::start().await;
    let backup = json!({"pagerduty": {"routing_key": {"env": "PD_KEY"}, "url": other.url()}});
    let changed =
        stage.configuration.clone().set("channels.backup", backup).set("routes.P2.to", json!(["backup"]));
    stage.watchfire.configure(&changed.clone().set("store.keep_days", json!(30)));
    let answer = stage.asked().await;
    let said =
        "reloaded: routes, channels.backup; 2 rules, 2 channels\ntakes effect at the next start: store\n";
    assert_eq!((answer.code, answer.stdout.as_str()), (0, said), "{}", answer.stderr);
    stage.priority_of("by-backup").await;
    other.wait_for(1, SOON).await;
    assert_eq!(stage.pagerduty.accepted(), 0);

    stage.watchfire.configure(&changed.set("routes.P1.to", json!(["nobody"])));
    let answer = stage.asked().await;
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    assert!(
        answer.stderr.contains(": routes.P1.to[0]: expected a channel (backup, oncall), found `nobody`\n")
    );
    assert!(answer.stderr.ends_with("refused: what was in force stays\n"), "{}", answer.stderr);
    assert_eq!(stage.priority_of("still-by-backup").await, "P2");
    other.wait_for(2, SOON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_rotated_in_its_file_lets_in_without_a_restart_and_the_old_one_no_more() {
    let (before, after) = ("t0ken-before-it-was-rotated", "t0ken-that-came-after-it");
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let token = folder.path().join("token");
    std::fs::write(&token, before).unwrap();
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"file": token}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let client = watchfire_tests::http();
    let status = async |token: &str| {
        let request = client.get(format!("{}/v1/mitigation", watchfire.ingest)).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!([status(before).await, status(after).await], [200, 401]);
    std::fs::write(&token, after).unwrap();
    until("the new token lets in", SOON, async || (status(after).await == 200).then_some(())).await;
    assert_eq!(status(before).await, 401);
    // It lets in before it is written down.
    let line = until("a line that says so", SOON, async || watchfire.logs().all("reloaded").pop()).await;
    assert_eq!(line["changed"], "http.operator_token");
}
