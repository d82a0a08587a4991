//! What passes is paid for by AWS's rules, and what an event takes of a table, as the proxy counts it.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::router::Router;
use watchfire_tests::cluster::Template;
use watchfire_tests::fault_proxy::{Consumed, Counts, FaultProxy, Faults};
use watchfire_tests::{
    Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, in_process, repository,
};

use super::rig::{Rig, key};
use crate::containment::stage::Stage;

#[tokio::test]
async fn what_is_written_and_read_is_counted_as_aws_counts_it() {
    let rig = Rig::new(Faults::none()).await;
    let table = &rig.table.name;
    let with_due = |name: &str, sort: &str, bytes: usize| {
        let mut put = rig.put(name, bytes);
        put["Item"]["due_pk"] = json!({"S": "D"});
        put["Item"]["due_sk"] = json!({"S": sort});
        put
    };
    let update = |expression: &str| {
        json!({"TableName": table, "Key": key("due"), "UpdateExpression": expression,
            "ExpressionAttributeValues": {":v": {"S": "x"}}})
    };
    let check =
        json!({"TableName": table, "Key": key("large"), "ConditionExpression": "attribute_exists(pk)"});
    let transaction = json!({"TransactItems": [{"Put": with_due("new", "1", 1)}, {"ConditionCheck": check}]});
    let of = |name: &str| json!({"TableName": table, "Key": key(name)});
    let query = json!({"TableName": table, "KeyConditionExpression": "pk = :pk", "ConsistentRead": true,
        "ExpressionAttributeValues": {":pk": {"S": "large"}}});
    let batch = json!({"RequestItems": {table: {"Keys": [key("large"), key("due"), key("nothing")]}}});
    let units = |read: f64, table: f64, indexes: f64| Consumed { read, table, indexes };
    let steps = [
        ("PutItem", rig.put("large", 5_000), units(0.0, 5.0, 0.0)),
        ("PutItem", with_due("due", "1", 1), units(0.0, 1.0, 1.0)),
        // An attribute that is in no index; then a key of one; then none of its keys.
        ("UpdateItem", update("SET body = :v"), units(0.0, 1.0, 0.0)),
        ("UpdateItem", update("SET due_sk = :v"), units(0.0, 1.0, 2.0)),
        ("UpdateItem", update("SET extra = :v REMOVE due_pk"), units(0.0, 1.0, 1.0)),
        ("TransactWriteItems", transaction, units(0.0, 2.0 + 10.0, 1.0)),
        ("DeleteItem", of("new"), units(0.0, 1.0, 1.0)),
        ("DeleteItem", of("nothing"), units(0.0, 1.0, 0.0)),
        ("GetItem", rig.get("large"), units(2.0, 0.0, 0.0)),
        ("GetItem", of("large"), units(1.0, 0.0, 0.0)),
        ("Query", query, units(2.0, 0.0, 0.0)),
        ("BatchGetItem", batch, units(1.0 + 0.5 + 0.5, 0.0, 0.0)),
    ];
    for (operation, body, expected) in steps {
        let before = rig.proxy.counts().units;
        rig.done(operation, &body).await;
        assert_eq!(rig.proxy.counts().units.since(&before), expected, "{operation} {body}");
    }
    // What a condition refuses is paid for as well.
    let mut put = rig.put("large", 1);
    put["ConditionExpression"] = json!("attribute_not_exists(pk)");
    let before = rig.proxy.counts().units;
    assert_eq!(rig.refused("PutItem", &put).await[0], "ConditionalCheckFailedException");
    assert_eq!(
        rig.cancelled(&json!({"TransactItems": [{"Put": put}]})).await[0]["Code"],
        "ConditionalCheckFailed"
    );
    assert_eq!(rig.proxy.counts().units.since(&before), units(0.0, 5.0 + 10.0, 0.0));
    let counts = rig.proxy.counts();
    assert_eq!((counts.requests("UpdateItem"), counts.refusals("ConditionalCheckFailed")), (3, 1));
}

#[tokio::test]
async fn an_update_that_is_not_understood_is_looked_up() {
    let rig = Rig::new(Faults::none()).await;
    let add = json!({"TableName": rig.table.name, "Key": key("a"), "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": "7"}}});
    rig.done("UpdateItem", &add).await;
    let before = rig.proxy.counts().units;
    let grow = json!({"TableName": rig.table.name, "Key": key("a"),
        "UpdateExpression": "SET body = if_not_exists(body, :b)",
        "ExpressionAttributeValues": {":b": {"S": "x".repeat(3_000)}}});
    rig.done("UpdateItem", &grow).await;
    assert_eq!(rig.proxy.counts().units.since(&before).table, 3.0);
}

#[tokio::test]
async fn what_was_in_a_table_before_is_known() {
    let table = DynamoDbTable::at(Ministack::shared().endpoint());
    table.make().await;
    let item = json!({"pk": {"S": "old"}, "sk": {"S": "-"}, "body": {"S": "x".repeat(3_000)}});
    table.call("PutItem", &json!({"TableName": table.name, "Item": item})).await;
    let rig = Rig::new(Faults::none()).await;
    let delete = json!({"TableName": table.name, "Key": key("old")});
    rig.done("DeleteItem", &delete).await;
    assert_eq!(rig.proxy.counts().units.table, 3.0);
}

/// A router over a table behind a proxy.
struct World {
    proxy: FaultProxy,
    router: Router,
    _folder: TempDir,
    _pagerduty: PagerDuty,
}

impl World {
    async fn new() -> Self {
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none()).await;
        let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
        let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
        let mail = json!({"console": {}});
        let configuration = Configuration::new(&pagerduty.url())
            .set("channels.mail", mail)
            .set("digest", json!({"to": ["mail"]}));
        let router = in_process::router_over(store, folder.path(), in_process::noon(), &configuration).await;
        Self { proxy, router, _folder: folder, _pagerduty: pagerduty }
    }

    /// What an event takes until nothing of it is pending.
    async fn takes(&self, event: &Value) -> Taken {
        let before = self.proxy.counts();
        self.router.handle(&event.to_string()).await.unwrap();
        Taken::between(&before, &self.proxy.counts())
    }
}

/// Read units, and write units by what is written: the records of a kind, the decisions, the entries of an index.
#[derive(Debug, PartialEq, Serialize)]
struct Taken {
    read: f64,
    written: BTreeMap<String, f64>,
}

impl Taken {
    fn between(before: &Counts, after: &Counts) -> Self {
        let mut written = BTreeMap::new();
        for (partition, units) in &after.partitions {
            let units = units - before.partitions.get(partition).copied().unwrap_or_default();
            if units > 0.0 {
                *written.entry(family(partition)).or_default() += units;
            }
        }
        // What comes within three seconds shares a lease of its channel's room: a read and a write, whoever took it.
        let leases = written.remove("L").unwrap_or_default();
        Self { read: after.units.since(&before.units).read - leases, written }
    }

    fn units(&self) -> [f64; 2] {
        [self.read, self.written.values().sum()]
    }
}

/// `infra/scale` has no figures of its own: what an event takes stands in a file that `WRITE_UNITS=1` writes anew.
fn the_model_of_scale_counts_with(taken: &[(&str, Taken)]) {
    let file = repository().join("infra/scale/units.json");
    let taken: BTreeMap<_, _> = taken.iter().map(|(event, taken)| (event, taken)).collect();
    let text = serde_json::to_string_pretty(&taken).unwrap() + "\n";
    if std::env::var_os("WRITE_UNITS").is_some() {
        std::fs::write(&file, &text).expect("a file");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, kept, "{} is another: WRITE_UNITS=1 writes it anew", file.display());
}

/// `R#limit#3` is one of the sixteen of `R#limit`, `timeline I#<incident>` one of as many as there are incidents.
fn family(partition: &str) -> String {
    partition.rsplit_once('#').map_or(partition, |(family, _)| family).to_owned()
}

#[tokio::test]
async fn a_page_a_repeat_and_a_line_of_the_digest_cost_what_is_said() {
    let world = World::new().await;
    let shell = |pod: &str| GuardDuty::of("Execution:Runtime/ReverseShell", 8.0, pod);
    // P2, so that it spends what limits have.
    let tool = |pod: &str| GuardDuty::of("Execution:Runtime/SuspiciousTool", 5.0, pod);
    // The records that all share are there by then.
    for (number, first) in [shell("first-0"), tool("first-1"), GuardDuty::low("first-2")].iter().enumerate() {
        world.takes(&first.event(&format!("first-{number}"))).await;
    }
    let (new, limited, low) = (shell("new-1"), tool("new-2"), GuardDuty::low("new-3"));
    let taken = [
        ("a new P0 page", world.takes(&new.event("event-1")).await),
        ("the same finding again", world.takes(&new.again().event("event-2")).await),
        ("the same event again", world.takes(&new.event("event-1")).await),
        ("a new page", world.takes(&limited.event("event-3")).await),
        ("a new incident in the digest", world.takes(&low.event("event-4")).await),
        ("the same finding of it again", world.takes(&low.again().event("event-5")).await),
    ];
    the_model_of_scale_counts_with(&taken);
    let taken = taken.map(|(event, taken)| (event, taken.units()));
    // As router/src/store/README.md has it.
    let expected = [
        ("a new P0 page", [19.0, 14.0]),
        ("the same finding again", [5.0, 8.0]),
        ("the same event again", [2.0, 0.0]),
        ("a new page", [20.0, 18.0]),
        ("a new incident in the digest", [10.0, 12.0]),
        ("the same finding of it again", [5.0, 8.0]),
    ];
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn a_contained_pod_costs_what_is_said() {
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none()).await;
    let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
    let stage = Stage::set_over("paid", |configuration| configuration, Some(store)).await;
    let pod = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&pod).await;
    let before = proxy.counts();
    stage.handle(&stage.miner(&pod, "event-1")).await;
    let taken = Taken::between(&before, &proxy.counts());
    assert_eq!(taken.units(), [30.0, 43.0]);
}

#[test]
fn the_page_of_scale_has_the_tables_that_its_model_prints() {
    let model = repository().join("infra/scale/model.py");
    let checked = Command::new("python3").arg(model).arg("--check").output().expect("a Python");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
