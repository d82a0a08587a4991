//! What an operator types, with the real binary: short ids, lists, the client file, errors, completion, the tour.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, binary, watchfire_with};

use crate::transcripts;

const TOKEN: &str = "t0ken-of-the-operators";

/// A worker, and a folder with its client file.
struct Desk {
    _pagerduty: PagerDuty,
    worker: Watchfire,
    folder: TempDir,
}

impl Desk {
    async fn set() -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
        let token = folder.path().join("operator-token");
        std::fs::write(&token, TOKEN).unwrap();
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"file": token}))
            .set("business", json!({"time_zone": "Asia/Kolkata"}));
        let worker = Watchfire::start(&configuration, None).await;
        let desk = Self { _pagerduty: pagerduty, worker, folder };
        let server = &desk.worker.ingest;
        desk.client_file(&format!(
            "current: test\ncontexts:\n  test: {{server: \"{server}\", token: {{file: ../operator-token}}, author: ana}}\n  \
             bo: {{server: \"{server}\", token: {{command: [cat, operator-token]}}, author: bo}}\n"
        ));
        desk
    }

    fn client_file(&self, text: &str) {
        std::fs::create_dir_all(self.folder.path().join("watchfire")).unwrap();
        std::fs::write(self.folder.path().join("watchfire/client.yaml"), text).unwrap();
    }

    async fn event(&self, finding: &GuardDuty, id: &str) {
        assert_eq!(self.worker.post(finding.event(id)).await, 202);
        self.worker.decided(id).await;
    }

    async fn with(&self, variables: &[(&str, &str)], line: &str) -> Output {
        let folder = self.folder.path().to_owned();
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        // In a thread of its own: the channel that the worker talks to is served by this one.
        let run = move || {
            let variables: Vec<_> =
                variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            watchfire_with(&folder, &variables, &words.iter().map(String::as_str).collect::<Vec<_>>(), "")
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn run(&self, line: &str) -> Output {
        self.with(&[("COLUMNS", "80")], line).await
    }

    /// Exit code 0, and what was printed.
    async fn printed(&self, line: &str) -> String {
        let Output { code, stdout, stderr } = self.run(line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}: {stdout}");
        stdout
    }

    async fn answer(&self, line: &str) -> Value {
        serde_json::from_str(&self.printed(&format!("{line} -o json")).await).unwrap()
    }

    /// The key of the only incident about that.
    async fn key(&self, pod: &str) -> String {
        let listed = self.answer(&format!("incidents list pod={pod}")).await;
        let [incident] = listed["incidents"].as_array().unwrap().as_slice() else { panic!("{listed}") };
        incident["key"].as_str().unwrap().to_owned()
    }
}

/// A P1 in that pod, by the shipped rules.
fn urgent(pod: &str) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/SuspiciousTool", 8.0, pod)
}

#[tokio::test]
async fn any_beginning_of_an_id_that_stands_for_one_thing_is_enough_everywhere() {
    let desk = Desk::set().await;
    desk.event(&urgent("pay-1"), "6a1c0000-aaaa").await;
    desk.event(&urgent("pay-2"), "6a1c0000-bbbb").await;
    let (key, other) = (desk.key("pay-1").await, desk.key("pay-2").await);
    let bare = key.trim_start_matches("wf1-");
    let titles = |text: &str| text.lines().next().unwrap().to_owned();
    let whole = titles(&desk.printed(&format!("incidents show {key}")).await);
    for name in [bare, &bare[..8], &key[..12], &bare[..4], "6a1c0000-aaaa", "6a1c0000-a"] {
        assert_eq!(titles(&desk.printed(&format!("incidents show {name}")).await), whole, "{name}");
        assert!(desk.printed(&format!("why {name}")).await.contains(&key), "{name}");
        let acked = desk.printed(&format!("incidents ack {name}")).await;
        assert_eq!(acked, format!("acknowledged {key}\n"), "the whole id is said");
        assert_eq!(desk.printed(&format!("incidents unack {name}")).await, format!("unacknowledged {key}\n"));
    }
    let mut keys = [key.as_str(), other.as_str()];
    keys.sort_unstable();
    let ambiguous = format!("may be any of {}, {}; type more of the one that is meant", keys[0], keys[1]);
    for (line, code) in
        [("incidents ack wf1-", 1), ("incidents resolve 6a1c", 1), ("incidents reassign wf --to bo", 1)]
    {
        let refused = desk.run(line).await;
        assert_eq!(
            (refused.code, refused.stderr.contains(&ambiguous)),
            (code, true),
            "{line}: {}",
            refused.stderr
        );
    }
    let refused = desk.run("why 6a1c").await;
    let events = "watchfire: `6a1c` may be any of the event 6a1c0000-aaaa, the event 6a1c0000-bbbb; type more of the one that is meant\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (1, events));
    let nothing = desk.run("incidents ack 0123456789").await;
    assert_eq!(
        (nothing.code, nothing.stderr.as_str()),
        (1, "watchfire: not done: there is no incident 0123456789\n")
    );

    let made = desk.printed("silence add pod=pay-* -d 1h -c test --yes-cover-p0").await;
    let id = made.lines().last().unwrap();
    let short = &id[2..6];
    assert_eq!(
        desk.printed(&format!("silence show {short}")).await,
        desk.printed(&format!("silence show {id}")).await
    );
    assert!(desk.printed(&format!("silence expire {short}")).await.starts_with(&format!("expired {id};")));
}

#[tokio::test]
async fn what_a_sender_calls_its_event_never_takes_the_place_of_an_incident() {
    let desk = Desk::set().await;
    desk.event(&urgent("pay-1"), "event-1").await;
    let key = desk.key("pay-1").await;
    let short = key[4..12].to_owned();
    // Named like the short id that is about to be listed, and like the whole key.
    desk.event(&urgent("evil-1"), &short).await;
    desk.event(&urgent("evil-2"), &key).await;
    let refused = desk.run(&format!("incidents ack {short}")).await;
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains(&key) && refused.stderr.contains("may be any of"), "{}", refused.stderr);
    for name in [key.as_str(), &key[4..]] {
        assert_eq!(desk.printed(&format!("incidents ack {name}")).await, format!("acknowledged {key}\n"));
        desk.printed(&format!("incidents unack {name}")).await;
    }
    let listed = desk.answer("incidents list pod=pay-1").await;
    let listed = listed["incidents"][0]["short"].as_str().unwrap().to_owned();
    assert!(listed.len() > 8 && key[4..].starts_with(&listed), "{listed} is told from the event's name");
    assert_eq!(desk.printed(&format!("incidents ack {listed}")).await, format!("acknowledged {key}\n"));
}

#[tokio::test]
async fn a_list_is_as_wide_as_the_terminal_and_says_what_is_asked_for() {
    let desk = Desk::set().await;
    desk.event(&GuardDuty::low("pay-3"), "event-3").await;
    desk.event(&urgent("pay-2"), "event-2").await;
    desk.event(&GuardDuty::miner("pay-1"), "event-1").await;
    for columns in [60, 80, 120] {
        let listed = desk.with(&[("COLUMNS", &columns.to_string())], "incidents list").await.stdout;
        let priorities: Vec<_> = listed.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
        assert_eq!(priorities, ["PRI", "P0", "P1", "P3"], "{listed}");
        assert!(listed.lines().all(|line| line.chars().count() <= columns), "{columns}: {listed}");
        assert!(!listed.contains('\u{1b}'), "no colours where nobody looks");
    }
    let rows = async |line: &str| desk.printed(line).await.lines().skip(1).count();
    assert_eq!(rows("incidents list pod=pay-1").await, 1);
    assert_eq!(rows("incidents list severity=HIGH").await, 2);
    assert_eq!(rows("incidents list priority=P0 priority=P3").await, 2);
    assert_eq!(rows("incidents list --since 1h").await, 3);
    assert_eq!(desk.printed("incidents list pod=pay-9").await, "no open incident is as asked for\n");
    desk.printed("incidents ack event-2").await;
    assert_eq!(rows("incidents list --mine").await, 1);
    assert_eq!(
        desk.printed("incidents list --mine --context bo").await,
        "no open incident is as asked for\n"
    );
    // In the zone of the worker's configuration.
    let wide = desk.printed("incidents list -o wide").await;
    assert!(wide.contains(" IST "), "{wide}");
    let yaml = desk.printed("incidents list pod=pay-1 -o yaml").await;
    assert!(yaml.contains("incidents:\n  - ") && yaml.contains("priority: P0\n"), "{yaml}");
    let wrong = desk.run("incidents list pods=x").await;
    assert!(
        wrong.code == 2 && wrong.stderr.starts_with("there is no `pods` to match; there are "),
        "{}",
        wrong.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_watched_is_shown_again() {
    use std::io::BufRead as _;
    use std::process::{Command, Stdio};
    let desk = Desk::set().await;
    desk.event(&urgent("pay-1"), "event-1").await;
    let mut command = Command::new(binary("watchfire"));
    command.args(["incidents", "list", "--watch", "--server", &desk.worker.ingest]);
    command.args(["--token-file", "operator-token"]).current_dir(desk.folder.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let printed = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let printed: Vec<_> = printed.take(4).map(|line| line.unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(printed[0].starts_with("ID ") && printed[1].contains("pay-1"), "{printed:?}");
    assert_eq!((&printed[0], &printed[1]), (&printed[2], &printed[3]));
}

#[tokio::test]
async fn an_incident_is_taken_over_from_another() {
    let desk = Desk::set().await;
    desk.event(&urgent("pay-1"), "event-1").await;
    let key = desk.key("pay-1").await;
    desk.printed("incidents ack event-1").await;
    let refused = desk.run("incidents ack event-1 --context bo").await;
    assert!(refused.code == 1 && refused.stderr.contains("ana has it already"), "{}", refused.stderr);
    assert_eq!(
        desk.printed("incidents ack event-1 --take --context bo").await,
        format!("taken over: {key}\n")
    );
    let shown = desk.printed("incidents show event-1").await;
    assert!(shown.lines().any(|line| line.starts_with("Has it") && line.contains("bo, at ")), "{shown}");
    let again = desk.run("incidents ack event-1 --take --context bo").await;
    assert!(again.code == 1 && again.stderr.contains("bo has it already"), "{}", again.stderr);
}

#[tokio::test]
async fn why_a_worker_does_not_answer_is_said() {
    let desk = Desk::set().await;
    let wrong = async |variables: &[(&str, &str)], line: &str| {
        let Output { code, stderr, .. } = desk.with(variables, line).await;
        (code, stderr)
    };
    let token = [("WATCHFIRE_TOKEN", TOKEN)];
    let (code, said) = wrong(&token, "incidents list --server watchfire:8080").await;
    assert_eq!(code, 2);
    assert_eq!(
        said,
        "expected a worker's address such as http://127.0.0.1:8080, found `watchfire:8080` (--server or WATCHFIRE_SERVER)\n"
    );
    let (code, said) = wrong(&token, "incidents list --server http://127.0.0.1:9").await;
    assert!(code == 1 && said.contains("http://127.0.0.1:9 cannot be reached: Connection refused"), "{said}");
    let health = format!("incidents list --server {}", desk.worker.health);
    let (code, said) = wrong(&token, &health).await;
    assert!(code == 1 && said.contains("is not a Watchfire worker's http.listen: it answers 404"), "{said}");
    let alone = format!("incidents list --server {}", desk.worker.ingest);
    let (code, said) = wrong(&[("WATCHFIRE_TOKEN", "an0ther-token-of-nobody")], &alone).await;
    assert!(code == 1 && said.contains("does not take this token"), "{said}");
    // The token of a context is not shown to an address that is not its own.
    let (code, said) = wrong(&[], &alone).await;
    assert!(code == 1 && said.contains("expected the operator's token: in WATCHFIRE_TOKEN"), "{said}");
    let (code, said) = wrong(&[], "incidents list --context stage").await;
    assert!(
        code == 2 && said.ends_with("client.yaml: expected a context (bo, test), found `stage`\n"),
        "{said}"
    );
    desk.client_file("contexts:\n  test:\n    server: http://127.0.0.1:1\n    token: t0ps3cret\n");
    let (code, said) = wrong(&[], "incidents list --context test").await;
    let place = "watchfire/client.yaml:4:12: contexts.test.token: expected where the token comes from";
    assert!(code == 2 && said.contains(place) && !said.contains("t0ps3cret"), "{said}");
}

#[tokio::test]
async fn a_shell_completes_the_ids_of_a_worker_that_answers() {
    let desk = Desk::set().await;
    desk.event(&urgent("pay-1"), "event-1").await;
    let key = desk.key("pay-1").await;
    let completed = async |words: &str, last: &str| {
        let index = words.split(' ').count().to_string();
        let variables =
            [("WATCHFIRE_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", index.as_str()), ("_CLAP_IFS", "\n")];
        let Output { code, stdout, stderr } = desk.with(&variables, &format!("-- {words} {last}")).await;
        assert_eq!((code, stderr.as_str()), (0, ""));
        stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed("watchfire incidents ack", &key[4..6]).await, [key[4..12].to_owned()]);
    assert_eq!(completed("watchfire why", &key[..6]).await.join(" "), key);
    assert_eq!(completed("watchfire incidents ack", "nothing").await, Vec::<String>::new());
    assert_eq!(completed("watchfire why --context", "").await, ["bo", "test"]);
    assert!(completed("watchfire", "inc").await.contains(&"incidents".to_owned()));
    desk.client_file(
        "current: gone\ncontexts: {gone: {server: \"http://127.0.0.1:9\", token: {env: HOME}}}\n",
    );
    assert_eq!(completed("watchfire incidents ack", "1").await, Vec::<String>::new(), "and nothing is said");
}

#[test]
fn the_manual_has_a_page_for_each_command_and_the_version_is_for_programs_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| watchfire_with(folder.path(), &[], words, "");
    assert_eq!(run(&["man", "man1"]).code, 0);
    let page = std::fs::read_to_string(folder.path().join("man1/watchfire-incidents-ack.1")).unwrap();
    assert!(page.contains("incidents ack") && page.contains("Example"), "{page}");
    let version = run(&["version", "--output", "json"]);
    let version: Value = serde_json::from_str(&version.stdout).unwrap();
    assert_eq!(version["version"], "0.1.0");
    for level in ["error", "debug"] {
        let demo = run(&["demo", "--log-level", level]);
        assert_eq!((demo.code, demo.stderr.contains("decided")), (0, level == "debug"), "{}", demo.stderr);
    }
}

#[test]
fn the_tour_contains_a_miner_and_lets_it_go_and_is_in_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    for columns in ["80", "120"] {
        let Output { code, stdout, stderr } =
            watchfire_with(folder.path(), &[("COLUMNS", columns), ("USER", "ana")], &["demo", "--tour"], "");
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        let said = stdout.lines().filter(|line| line.starts_with('(')).collect::<Vec<_>>();
        let [rehearsed, approved, released] = said.as_slice() else { panic!("{stdout}") };
        assert!(rehearsed.starts_with("(the pod's labels: app=checkout"), "{rehearsed}");
        assert!(approved.starts_with("(the pod's labels: watchfire.dev/quarantine=wf1-"), "{approved}");
        let is_back = ["(back at its Deployment", "(the pod's labels: app=checkout"];
        assert!(is_back.iter().any(|back| released.starts_with(back)), "{released}");
        let listed = stdout.lines().skip_while(|line| *line != "$ watchfire incidents list");
        let widest = listed.take(4).map(|line| line.chars().count()).max();
        assert!(widest <= columns.parse().ok(), "{stdout}");
        if columns == "80" {
            // Whichever it was when it was looked at.
            let shown = transcripts::shortened(&stdout).replace(" is gone", " is on its way out");
            transcripts::is_documented("router/docs/on-call.md", "the tour", &shown);
        }
    }
}
