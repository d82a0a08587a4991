//! Operators without a worker: every command on the table itself, recorded as by whom AWS says it is.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_core::decision::{Caller, Cause};
use watchfire_tests::{
    Configuration, DynamoDbTable, GuardDuty, Ministack, Output, PagerDuty, Watchfire, until, watchfire_with,
};

use crate::support::{SOON, paged};
use crate::transcripts;

const ARN: &str = "arn:aws-us-gov:sts::000000000000:assumed-role/Oncall/ana";

/// A table that a worker works on, an operator whom AWS knows, and a folder with the worker's configuration.
struct Desk {
    pagerduty: PagerDuty,
    table: DynamoDbTable,
    worker: Watchfire,
    folder: TempDir,
    credentials: Vec<(&'static str, String)>,
}

impl Desk {
    async fn set() -> Self {
        let (folder, pagerduty, aws) =
            (tempfile::tempdir().unwrap(), PagerDuty::start().await, Ministack::shared());
        let table = DynamoDbTable::at(aws.endpoint());
        table.open().await;
        let queue = aws.queue("desk", 30, 50).await;
        let configuration = Configuration::new(&pagerduty.url())
            .queue(&queue.url)
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("business", json!({"time_zone": "Asia/Kolkata"}))
            .set("store.dynamodb", json!({"table": table.name}));
        let worker = Watchfire::start(&configuration, Some(&aws)).await;
        std::fs::write(folder.path().join("watchfire.yaml"), configuration.text()).unwrap();
        let credentials = aws.assumed("Oncall", "ana").await;
        Self { pagerduty, table, worker, folder, credentials }
    }

    async fn event(&self, finding: &GuardDuty, id: &str) {
        assert_eq!(self.worker.post(finding.event(id)).await, 202);
        self.worker.decided(id).await;
    }

    async fn with(&self, variables: &[(&str, &str)], line: &str) -> Output {
        let aws = Ministack::shared();
        let own = [
            ("AWS_ENDPOINT_URL", aws.endpoint()),
            ("PD_KEY", Configuration::ROUTING_KEY),
            ("COLUMNS", "120"),
        ];
        let token = [("INGEST_TOKEN", Configuration::INGEST_TOKEN), ("AWS_REGION", "us-gov-west-1")];
        let credentials = self.credentials.iter().map(|(name, value)| (*name, value.as_str()));
        let all = own.into_iter().chain(token).chain(credentials).chain(variables.iter().copied());
        let all: Vec<(String, String)> =
            all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let folder = self.folder.path().to_owned();
        // In a thread of its own: the channel that is told is served by this one.
        let run = move || {
            let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            watchfire_with(&folder, &all, &words.iter().map(String::as_str).collect::<Vec<_>>(), "")
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// On the table, without a configuration.
    async fn at_table(&self, line: &str) -> Output {
        self.with(&[("WATCHFIRE_STORE", &format!("dynamodb:{}", self.table.name))], line).await
    }

    async fn printed(&self, line: &str) -> String {
        let Output { code, stdout, stderr } = self.at_table(line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}: {stdout}");
        stdout
    }

    /// By the worker.
    async fn worker_printed(&self, line: &str) -> String {
        let variables = [
            ("WATCHFIRE_SERVER", self.worker.ingest.as_str()),
            ("WATCHFIRE_TOKEN", Configuration::INGEST_TOKEN),
        ];
        let Output { code, stdout, stderr } = self.with(&variables, line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}: {stdout}");
        stdout
    }

    async fn key(&self, pod: &str) -> String {
        let listed = self.printed(&format!("incidents list pod={pod} -o json")).await;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let [incident] = listed["incidents"].as_array().unwrap().as_slice() else { panic!("{listed}") };
        incident["key"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn what_is_looked_at_on_the_table_is_what_its_worker_shows() {
    let desk = Desk::set().await;
    desk.event(&GuardDuty::miner("pay-1"), "event-1").await;
    desk.event(&GuardDuty::low("pay-2"), "event-2").await;
    paged(&desk.pagerduty, 1).await;
    let key = desk.key("pay-1").await;
    desk.worker_printed(&format!("incidents ack {key} --by ana")).await;
    desk.worker_printed("silence add pod=pay-9 -d 1h -c test --yes-cover-p0 --by ana").await;
    for line in [
        "incidents list -o json".to_owned(),
        "incidents list --all -o json".to_owned(),
        format!("incidents show {key} -o yaml"),
        format!("incidents timeline {key}"),
        format!("incidents report {key}"),
        format!("incidents report {key} --format html"),
        "incidents report event-1 -o json".to_owned(),
        format!("incidents report {key} --format svg"),
        format!("why {key}"),
        "why event-2".to_owned(),
        "event event-1".to_owned(),
        "approvals".to_owned(),
        "contained".to_owned(),
        "mitigation status".to_owned(),
        "silence list -o json".to_owned(),
        "store export".to_owned(),
    ] {
        let by_worker = desk.worker_printed(&line).await;
        assert_eq!(desk.printed(&format!("{line} --config watchfire.yaml")).await, by_worker, "{line}");
    }
    let report = desk.printed(&format!("incidents report {key} --config watchfire.yaml")).await;
    let milestones = ["| first report | ", "| first page taken | ", "| acknowledged | "];
    assert!(milestones.iter().all(|row| report.contains(row)) && report.contains(" IST | "), "{report}");
    let nothing = desk.at_table("incidents report none-such").await;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (1, ""), "{}", nothing.stderr);
    // Of what only a configuration says, nothing is invented.
    let why = desk.printed(&format!("why {key}")).await;
    assert!(why.contains("what comes next is in the configuration: --config FILE shows it"), "{why}");
    let status = desk.printed("mitigation status").await;
    assert_eq!(
        status,
        "mitigation is on; its mode and its ConfigMap are in the configuration: --config FILE\n"
    );
}

/// A shell waits a second, which a busy machine may need for itself: the key is pressed again.
#[tokio::test]
async fn a_shell_completes_the_ids_that_are_in_a_table() {
    let desk = Desk::set().await;
    desk.event(&GuardDuty::miner("pay-1"), "event-1").await;
    let key = desk.key("pay-1").await;
    let store = format!("dynamodb:{}", desk.table.name);
    let asks = [
        ("WATCHFIRE_COMPLETE", "bash"),
        ("_CLAP_COMPLETE_INDEX", "3"),
        ("_CLAP_IFS", "\n"),
        ("WATCHFIRE_STORE", &store),
    ];
    let line = format!("-- watchfire incidents ack {}", &key[4..6]);
    let completed = until("a key that completes an id", SOON, async || {
        let Output { code, stdout, stderr } = desk.with(&asks, &line).await;
        assert_eq!((code, stderr.as_str()), (0, ""));
        (!stdout.is_empty()).then_some(stdout)
    })
    .await;
    assert_eq!(completed, key[4..12]);
}

#[tokio::test]
async fn a_command_on_the_table_is_recorded_as_by_whom_aws_says_it_is_and_done_by_a_worker() {
    let mut desk = Desk::set().await;
    desk.event(&GuardDuty::miner("pay-1"), "event-1").await;
    paged(&desk.pagerduty, 1).await;
    let key = desk.key("pay-1").await;
    assert!(desk.worker.terminate().await.status.success());

    let acked = desk.at_table(&format!("incidents ack {key} --by bo --reason looking")).await;
    let said = format!(
        "acknowledged {key}\nrecorded, and 1 thing is left to be done by whoever works on the table, a worker within \
         seconds, a Lambda with its next tick; nobody has in 10 s. With --config this machine does it\n"
    );
    assert_eq!((acked.code, &acked.stdout, acked.stderr.as_str()), (0, &said, ""));
    let entry = desk.table.open().await.recent(1).await.unwrap().pop().unwrap();
    let caller =
        Some(Caller { how: "iam".to_owned(), subject: Some(ARN.to_owned()), says: Some("bo".to_owned()) });
    let (by, reason) = ("ana".to_owned(), "looking".to_owned());
    assert_eq!(entry.decision.cause, Cause::Command { by, reason, says: None, approves: None, caller });
    let timeline = desk.printed(&format!("incidents timeline {key}")).await;
    let typed =
        [format!("incidents ack {key} --by bo --reason looking"), format!("incidents timeline {key}")];
    let [first, second] = typed.map(|line| format!("$ watchfire {line}\n"));
    let shown = format!("{first}{}{second}{timeline}", acked.stdout);
    transcripts::is_documented("router/docs/without-a-worker.md", "a command on the table", &shown);
    let timeline = timeline.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(timeline.contains(&format!("ana ({ARN}, who says to be bo): looking")), "{timeline}");

    // A worker that comes up finds it, and takes it at once.
    desk.worker.restart().await;
    let kinds =
        || desk.pagerduty.events().iter().map(|event| event["event_action"].clone()).collect::<Vec<_>>();
    until("an acknowledgement", SOON, async || (kinds().len() == 2).then_some(())).await;
    assert_eq!(kinds(), [json!("trigger"), json!("acknowledge")]);
    let resolved = desk.printed(&format!("incidents resolve {key}")).await;
    assert_eq!(
        resolved,
        format!("resolved {key}\n"),
        "while a worker runs, it is done by the time of the answer"
    );
    assert_eq!(kinds().last(), Some(&json!("resolve")));
}

#[tokio::test]
async fn with_a_configuration_this_machine_does_what_it_decides() {
    let mut desk = Desk::set().await;
    desk.event(&GuardDuty::miner("pay-1"), "event-1").await;
    paged(&desk.pagerduty, 1).await;
    let key = desk.key("pay-1").await;
    assert!(desk.worker.terminate().await.status.success());
    let kinds =
        || desk.pagerduty.events().iter().map(|event| event["event_action"].clone()).collect::<Vec<_>>();
    let resolved = desk.with(&[], &format!("incidents resolve {key} --config watchfire.yaml")).await;
    assert_eq!((resolved.code, resolved.stdout), (0, format!("resolved {key}\n")), "{}", resolved.stderr);
    assert_eq!(kinds(), [json!("trigger"), json!("resolve")]);
    let off = desk.with(&[], "mitigation off --reason drill --config watchfire.yaml").await;
    assert_eq!(off.code, 0, "{}", off.stderr);
    assert_eq!(kinds().len(), 3, "its page is sent");
    let status = desk.printed("mitigation status").await;
    assert!(status.contains("mitigation is off since") && status.contains("by ana: drill"), "{status}");
}

#[tokio::test]
async fn what_is_not_done_on_a_table_says_what_to_do() {
    let desk = Desk::set().await;
    let table = &desk.table.name;
    let store = format!("--store dynamodb:{table}");
    let needs = |name: &str, says: &str| {
        format!("{name} needs the configuration, which says {says}: name it by --config FILE\n")
    };
    let cases = [
        (
            format!("mitigation off --reason x {store}"),
            2,
            needs("mitigation-off", "who is paged that nothing is contained any more"),
        ),
        (
            format!("approve x {store}"),
            2,
            needs("approve", "how the cluster is asked whether the plan may still be carried out"),
        ),
        (
            format!("quarantine a/b --reason x {store}"),
            2,
            needs("quarantine", "how the cluster is asked about the pod, and what may be done to it"),
        ),
        (
            format!("incidents unack x {store}"),
            2,
            needs("unacknowledge", "who is paged when nobody has it in time"),
        ),
        (
            format!("incidents reassign x --to bo {store}"),
            2,
            needs("reassign", "which names are channels, to be paged"),
        ),
        (
            format!("reload {store}"),
            2,
            "a table has no configuration to be read again: ask a worker (--server)\n".to_owned(),
        ),
        (
            format!("approvals {store} --server http://127.0.0.1:9"),
            2,
            "`--store` and `--config` ask no worker: leave out --server, or them\n".to_owned(),
        ),
        (
            "approvals --store a.redb".to_owned(),
            2,
            "expected --store dynamodb:NAME, found the file a.redb: of a file only `store backup`, `store export` and \
             `store copy` take something without its worker; for all else ask the worker (--server)\n"
                .to_owned(),
        ),
        (
            "approvals --store dynamodb:a/b".to_owned(),
            2,
            "--store: expected the name of a table, 3 to 255 letters, digits, `_`, `-` and `.`, found `a/b`\n".to_owned(),
        ),
        (
            "approvals --store dynamodb:other --config watchfire.yaml".to_owned(),
            2,
            format!(
                "watchfire.yaml: its store is the table {table}, and --store names other: leave one of them out\n"
            ),
        ),
        (
            "approvals --store dynamodb:nothing-there".to_owned(),
            1,
            "watchfire: the table nothing-there cannot be the store: there is no such table in us-gov-west-1: is it in \
             another region (AWS_REGION or `store.dynamodb.region`), or of another account than these credentials?\n"
                .to_owned(),
        ),
    ];
    for (line, code, said) in cases {
        let refused = desk.with(&[], &line).await;
        assert_eq!((refused.code, refused.stdout.as_str(), refused.stderr), (code, "", said), "{line}");
    }
    let file = Configuration::new(&desk.pagerduty.url()).text();
    std::fs::write(desk.folder.path().join("file.yaml"), file).unwrap();
    let refused = desk.with(&[], "approvals --config file.yaml").await;
    let said = "file.yaml: its store is the file data/watchfire.redb, which only a worker opens: ask the worker (--server), \
                or name a configuration with store.dynamodb\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (2, said));
}

#[tokio::test]
async fn a_table_of_a_newer_version_is_refused_and_one_of_an_older_is_raised_by_a_worker_alone() {
    let desk = Desk::set().await;
    let format = async || {
        let key = json!({"pk": {"S": "format"}, "sk": {"S": "-"}});
        let asked = json!({"TableName": desk.table.name, "Key": key});
        desk.table.call("GetItem", &asked).await["Item"]["format"]["N"].clone()
    };
    let set = async |to: &str| {
        let item = json!({"pk": {"S": "format"}, "sk": {"S": "-"}, "format": {"N": to}});
        desk.table.call("PutItem", &json!({"TableName": desk.table.name, "Item": item})).await;
    };
    assert_eq!(format().await, "2");
    set("1").await;
    desk.printed("approvals").await;
    desk.printed("approvals --config watchfire.yaml").await;
    assert_eq!(format().await, "1", "who only looks leaves it to those who work on it");
    desk.table.open().await;
    assert_eq!(format().await, "2");
    set("3").await;
    let refused = desk.at_table("approvals").await;
    let said = format!(
        "watchfire: the table {} has format 3, from a newer Watchfire; this one knows 2: use the version that its workers \
         run\n",
        desk.table.name
    );
    assert_eq!((refused.code, refused.stderr), (1, said));
    assert!(desk.table.try_open().await.is_err());
}
