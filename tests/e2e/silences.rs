//! What operators do about noise, with the real binary: silences, incidents, and why.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, http, until, watchfire};

use crate::support::{SOON, paged, triggers};

const TOKEN: &str = "t0ken-of-the-operators";

/// A worker with an operator's token, and the commands that show it.
struct Stage {
    pagerduty: PagerDuty,
    watchfire: Watchfire,
    folder: TempDir,
}

impl Stage {
    async fn start() -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
        let token = folder.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let configuration =
            Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"file": token}));
        let watchfire = Watchfire::start(&configuration, None).await;
        Self { pagerduty, watchfire, folder }
    }

    /// `watchfire` with these arguments, as `ana`.
    async fn run(&self, arguments: &[&str]) -> Output {
        let token = self.token();
        let own = ["--server", &self.watchfire.ingest, "--token-file", token.to_str().unwrap(), "--by", "ana"];
        let arguments: Vec<String> = arguments.iter().chain(&own).map(|word| (*word).to_owned()).collect();
        let folder = self.folder.path().to_owned();
        // In a thread of its own: the channel that the worker talks to is served by this one.
        let run = move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            watchfire(&folder, &arguments, "")
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// What it prints, if all is well.
    async fn said(&self, arguments: &[&str]) -> String {
        let Output { code, stdout, stderr } = self.run(arguments).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}: {stdout}");
        stdout
    }

    /// What it says when it refuses: standard output, and the reason.
    async fn refused(&self, arguments: &[&str]) -> (String, String) {
        let Output { code, stdout, stderr } = self.run(arguments).await;
        assert_eq!(code, 1, "{arguments:?}: {stdout}{stderr}");
        (masked(&stdout), masked(&stderr))
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    async fn event(&self, finding: &GuardDuty, id: &str) -> Value {
        assert_eq!(self.watchfire.post(finding.event(id)).await, 202);
        self.watchfire.decided(id).await
    }
}

/// A P1 in that pod.
fn urgent(pod: &str) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/SuspiciousTool", 8.0, pod)
}

/// The same on every run: digits of times, ages and ids become `#`.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for word in text.split_inclusive([' ', '\n']) {
        let hidden = match word.strip_prefix("s-") {
            Some(id) if id.trim().len() >= 8 => {
                format!("s-########{}", &id[8..])
            }
            Some(_) | None => word.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect(),
        };
        masked.push_str(&hidden);
    }
    masked
}

#[tokio::test]
async fn a_silence_shows_its_effect_holds_what_matches_and_tells_at_its_end_what_it_held() {
    let mut stage = Stage::start().await;
    for pod in ["loud-1", "loud-2", "loud-3", "quiet-0"] {
        stage.event(&urgent(pod), pod).await;
    }
    let add = ["silence", "add", "pod=quiet-*", "-d", "1h30m", "-c", "upgrade", "--ticket", "CHG-1"];
    let made = stage.said(&add).await;
    println!("{made}");
    let id = made.lines().last().unwrap().to_owned();
    println!("{}", stage.said(&["silence", "list"]).await);
    println!("{}", stage.said(&["silence", "show", &id]).await);
    let decided = stage.event(&urgent("quiet-1"), "event-1").await;
    println!("{decided}");
    println!("{}", stage.said(&["why", "event-1"]).await);
    println!("{}", stage.said(&["why", "loud-1"]).await);
    println!("{}", stage.said(&["silence", "extend", &id, "-d", "1h"]).await);
    println!("{}", stage.said(&["incidents", "list"]).await);
    println!("{}", stage.said(&["silence", "expire", &id]).await);
    println!("{:?}", stage.refused(&["silence", "expire", &id]).await);
    stage.watchfire.terminate().await;
    stage.watchfire.restart().await;
    paged(&stage.pagerduty, 5).await;
    println!("{:?}", triggers(&stage.pagerduty).last());
    println!("{}", stage.said(&["silence", "list"]).await);
    println!("{}", stage.said(&["silence", "list", "--expired"]).await);
    println!("{}", stage.said(&["why", "event-1"]).await);
    println!("{}", stage.said(&["incidents", "list"]).await);
    println!("{}", stage.said(&["incidents", "timeline", "loud-1"]).await);
    println!("{}", stage.said(&["incidents", "show", "loud-1"]).await);
    panic!("see");
}
