//! `watchfire store copy`: a store moved from its file into a table and back, with all that is due in it.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clock::Clock;
use watchfire::router::{Among, Meant, Sight};
use watchfire::source::spool::{Lane, Spool};
use watchfire::store::Store;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::ids::EventId;
use watchfire_core::state::State;
use watchfire_core::verdict::Why;

use watchfire_tests::store_contract::entry;
use watchfire_tests::{
    Configuration, DynamoDbTable, Fault, GuardDuty, Ministack, Output, PagerDuty, in_process, watchfire_at,
};

use crate::transcripts;

const FILE: &str = "watchfire.redb";

/// A folder with a store in a file that nobody has open: incidents open and over, told, owed and in the digest, with
/// everything that is due about them.
struct Moving {
    folder: TempDir,
    configuration: Configuration,
    table: DynamoDbTable,
    _pagerduty: PagerDuty,
}

impl Moving {
    async fn begun() -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
        let configuration = Configuration::new(&pagerduty.url());
        let clock = in_process::noon();
        let router = in_process::router(folder.path(), clock.clone(), &configuration).await;
        let mut incidents = Vec::new();
        for (index, pod) in ["pay-1", "pay-2", "pay-3"].iter().enumerate() {
            let event = GuardDuty::miner(pod).event(&format!("event-{index}")).to_string();
            incidents.extend(router.handle(&event).await.unwrap().decisions.remove(0).incident);
            router.handle(&GuardDuty::low(pod).event(&format!("low-{index}")).to_string()).await.unwrap();
        }
        let matches = r#"{"subject":{"namespace":["shop"]}}"#;
        let silence =
            json!({"silence": {"matches": matches, "ends_at": "2026-11-21T12:00:00Z", "yes_cover_p0": true}});
        let [over, acknowledged, _] = incidents.try_into().unwrap();
        for (number, wish) in [
            CommandKind::Resolve(over),
            CommandKind::Acknowledge(acknowledged),
            serde_json::from_value(silence).unwrap(),
        ]
        .into_iter()
        .enumerate()
        {
            let (id, by, reason) =
                (EventId::new(format!("command:{number}")), "sam".to_owned(), "drill".to_owned());
            let command = Command {
                id,
                by,
                reason,
                via: None,
                episode: None,
                plan: None,
                caller: None,
                from: None,
                wish,
            };
            let done = router.command(&command, None).await.unwrap();
            assert_eq!(done.entry.decision.why, Why::Commanded, "{:?}", done.entry.decision.withheld);
        }
        // Its page is owed: what is pending is due.
        pagerduty.always(Some(Fault::Status(500, None)));
        let owed = GuardDuty::miner("pay-4").event("owed").to_string();
        let handled = tokio::time::timeout(std::time::Duration::from_secs(2), router.handle(&owed)).await;
        assert!(handled.is_err() || handled.unwrap().is_err(), "it is owed");
        drop(router);
        let table = DynamoDbTable::at(Ministack::shared().endpoint());
        table.make().await;
        Self { folder, configuration, table, _pagerduty: pagerduty }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn copy(&self, from: &str, to: &str) -> Output {
        let (folder, [from, to]) = (self.folder.path().to_owned(), [from, to].map(str::to_owned));
        let run = move || watchfire_at(&folder, &["store", "copy", &from, &to], &Ministack::shared());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    fn store_name(&self) -> String {
        format!("dynamodb:{}", self.table.name)
    }

    /// Everything that somebody could see in a store, or that it brings up by itself.
    async fn seen(&self, store: Store) -> Vec<String> {
        let router = in_process::router_over(
            store.clone(),
            self.folder.path(),
            in_process::noon(),
            &self.configuration,
        )
        .await;
        let mut seen = Vec::new();
        let far: Timestamp = "2027-06-01T00:00:00Z".parse().unwrap();
        seen.push(format!("{:?}", store.due(far, 99).await.unwrap()));
        seen.push(format!("{:?}", store.wakes(far, 99).await.unwrap()));
        seen.push(format!("{:?}", store.recent(99).await.unwrap()));
        for among in [Among::Open, Among::All] {
            seen.push(format!("{:?}", router.incidents(99, among, |_, _| true).await.unwrap()));
        }
        for name in ["event-0", "event-1", "low-2", "owed", "nothing"] {
            let story = match router.story(name, Sight::Whole).await.unwrap() {
                Meant::One(story) => format!("{story:?}"),
                Meant::Nothing => "nothing".to_owned(),
                Meant::Several(several) => several.to_string(),
            };
            seen.push(story);
        }
        seen.push(format!("{:?}", router.silences().await.unwrap()));
        seen
    }

    async fn scanned(&self) -> Vec<Value> {
        let scanned = self.table.call("Scan", &json!({"TableName": self.table.name})).await;
        scanned["Items"].as_array().unwrap().clone()
    }
}

fn export(folder: &Path, file: &str) -> Output {
    watchfire_at(folder, &["store", "export", "--store", file], &Ministack::shared())
}

#[tokio::test]
async fn a_store_is_moved_into_a_table_and_back_and_nothing_that_is_due_is_lost() {
    let moving = Moving::begun().await;
    let before = moving.seen(Store::open(&moving.path(FILE)).unwrap()).await;
    assert!(before[0].contains("owed") && before[1] != "[]", "{before:#?}");
    let there = moving.copy(FILE, &moving.store_name()).await;
    assert_eq!((there.code, there.stderr.as_str()), (0, ""), "{}", there.stdout);
    assert!(there.stdout.ends_with(&format!(" rows, all as in {FILE}\n")), "{}", there.stdout);
    let shown = format!("$ watchfire store copy {FILE} dynamodb:watchfire\n{}", there.stdout);
    transcripts::is_documented(
        "router/docs/store.md",
        "a copy",
        &shown.replace(&moving.store_name(), "dynamodb:watchfire"),
    );
    let of_entries = there.stdout.lines().find(|line| line.starts_with("entries")).unwrap().to_owned();
    assert_eq!(of_entries.split_whitespace().nth(1), Some("10"), "{of_entries}");
    assert_eq!(moving.seen(moving.table.try_open().await.unwrap()).await, before, "in the table");

    let back = moving.copy(&moving.store_name(), "back.redb").await;
    assert_eq!((back.code, back.stderr.as_str()), (0, ""), "{}", back.stdout);
    let sums = |out: &str| {
        out.lines().filter(|line| !line.contains("all as in")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sums(&back.stdout), sums(&there.stdout));
    assert_eq!(moving.seen(Store::open(&moving.path("back.redb")).unwrap()).await, before, "back in a file");
    let [first, last] = [FILE, "back.redb"].map(|file| export(moving.folder.path(), file));
    assert_eq!((first.code, first.stdout), (last.code, last.stdout), "the journal, to the byte");
    let checked = watchfire_at(moving.folder.path(), &["store", "check", "back.redb"], &Ministack::shared());
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}

#[tokio::test]
async fn a_copy_that_was_broken_off_is_opened_by_nobody_and_goes_on_when_it_is_asked_for_again() {
    let moving = Moving::begun().await;
    let before = moving.seen(Store::open(&moving.path(FILE)).unwrap()).await;
    assert_eq!(moving.copy(FILE, &moving.store_name()).await.code, 0);
    let whole = moving.scanned().await;
    // As if it had ended in the middle.
    for item in whole.iter().filter(|item| item["pk"]["S"] != "format").step_by(2) {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        moving.table.call("DeleteItem", &json!({"TableName": moving.table.name, "Key": key})).await;
    }
    let mut format = whole.iter().find(|item| item["pk"]["S"] == "format").unwrap().clone();
    format["copying"] = json!({"S": FILE});
    moving.table.call("PutItem", &json!({"TableName": moving.table.name, "Item": format})).await;

    let refused = moving.table.try_open().await.unwrap_err().to_string();
    let said = format!(
        "a copy of {FILE} into it is not finished; `watchfire store copy {FILE} {}` goes on with it",
        moving.store_name()
    );
    assert!(refused.ends_with(&said), "{refused}");
    let other = moving.copy("other.redb", &moving.store_name()).await;
    assert_eq!(other.code, 1, "there is no such file: {}", other.stderr);
    std::fs::copy(moving.path(FILE), moving.path("other.redb")).unwrap();
    let other = moving.copy("other.redb", &moving.store_name()).await;
    let said = format!(
        "watchfire: a copy of {FILE} into the table {} is not finished: finish that, or delete the table and make it anew\n",
        moving.table.name
    );
    assert_eq!((other.code, other.stderr), (1, said));
    let again = moving.copy(FILE, &moving.store_name()).await;
    assert_eq!((again.code, again.stderr.as_str()), (0, ""), "{}", again.stdout);
    assert_eq!(moving.seen(moving.table.try_open().await.unwrap()).await, before);
}

#[tokio::test]
async fn what_is_at_work_or_not_empty_is_not_copied_and_stays_as_it_is() {
    let moving = Moving::begun().await;
    let open = Store::open(&moving.path(FILE)).unwrap();
    let refused = moving.copy(FILE, &moving.store_name()).await;
    assert_eq!(
        (refused.code, refused.stderr.contains("in use by another process")),
        (1, true),
        "{}",
        refused.stderr
    );
    drop(open);
    for (from, to) in [(FILE, "b.redb"), ("dynamodb:aaa", "dynamodb:bbb")] {
        assert_eq!(moving.copy(from, to).await.code, 2, "{from} {to}");
    }
    assert_eq!(moving.copy(FILE, &moving.store_name()).await.code, 0);
    let full = moving.copy(FILE, &moving.store_name()).await;
    let said = format!(
        "watchfire: the table {} is not empty, and nothing was changed: a copy goes into one that was just made\n",
        moving.table.name
    );
    assert_eq!((full.code, full.stderr), (1, said));
    let taken = moving.copy(&moving.store_name(), FILE).await;
    assert_eq!(
        (taken.code, taken.stderr.contains("exists already; nothing was changed")),
        (1, true),
        "{}",
        taken.stderr
    );

    // Somebody decides.
    let store = moving.table.try_open().await.unwrap();
    let mut now = entry("now", 0, &[]);
    now.decision.at = Timestamp::now();
    store.commit(&State::default(), &now).await.unwrap();
    let at_work = moving.copy(&moving.store_name(), "late.redb").await;
    let said = "watchfire: something was decided on the table less than a minute ago: stop its workers, have no Lambda called \
                and no operator at it, and try again\n";
    assert_eq!((at_work.code, at_work.stderr.as_str()), (1, said));
    assert!(!moving.path("late.redb").exists());
}

#[tokio::test]
async fn what_waits_in_the_embedded_queue_is_not_left_behind() {
    let moving = Moving::begun().await;
    let store = Store::open(&moving.path(FILE)).unwrap();
    let spool = Spool::new(&store).unwrap();
    spool.append(vec![(Lane::Ordinary, "{}".to_owned())]).await.unwrap();
    drop((spool, store));
    let refused = moving.copy(FILE, &moving.store_name()).await;
    let said = format!(
        "watchfire: 1 messages wait in the embedded queue of {FILE}, and a table has none: let the worker take them first\n"
    );
    assert_eq!((refused.code, refused.stderr), (1, said));
    assert_eq!(moving.scanned().await, Vec::<Value>::new(), "nothing was begun");
}

/// The clock of what was moved goes on.
#[tokio::test]
async fn what_was_due_in_the_file_is_done_by_who_works_on_the_table() {
    let moving = Moving::begun().await;
    assert_eq!(moving.copy(FILE, &moving.store_name()).await.code, 0);
    moving._pagerduty.always(None);
    let store = moving.table.try_open().await.unwrap();
    let later: Timestamp = "2026-11-20T12:10:00Z".parse().unwrap();
    let router =
        in_process::router_over(store.clone(), moving.folder.path(), Clock::at(later), &moving.configuration)
            .await;
    assert!(router.tick(later, jiff::SignedDuration::from_hours(24 * 90)).await.unwrap().resumed > 0);
    let owed: Vec<EventId> = store.named("owed", 9).await.unwrap();
    let entry = store.find(&owed[0]).await.unwrap().unwrap();
    assert_eq!(entry.pending_ids().count(), 0, "what was owed is paid");
    assert_eq!(store.due("2027-06-01T00:00:00Z".parse().unwrap(), 9).await.unwrap(), []);
}
