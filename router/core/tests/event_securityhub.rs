//! Security Hub's events in both of its formats, copies of GuardDuty's findings among them.

use watchfire_core::event::{
    Container, Event, Finding, FindingSource, FindingState, HubId, Severity, Subject, Thing, Workload,
};
use watchfire_core::ids::FindingKey;

use crate::fixtures::fixture;

const MINER: &str = "arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d0d0d0d0/finding/5ac0ffee5ac0ffee5ac0ffee5ac0ffee";

fn read_text(text: &str) -> (Finding, Subject) {
    let event = Event::read(text).unwrap();
    (event.finding.unwrap(), event.subject)
}

fn read(name: &str) -> (Finding, Subject) {
    read_text(&fixture(name))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    Some(text.parse().unwrap())
}

fn place(account: &str, region: &str) -> Subject {
    Subject { account: some(account), region: some(region), ..Subject::default() }
}

fn finding(source: FindingSource, key: &str, kind: &str, words: [&str; 2], severity: f64) -> Finding {
    Finding {
        key: FindingKey::new(key),
        source,
        kind: kind.to_owned(),
        title: words[0].to_owned(),
        description: words[1].to_owned(),
        severity: Some(Severity::new(severity)),
        state: FindingState::Open,
        sample: false,
        count: 1,
        updated_at: time("2026-03-04T05:06:00Z"),
        first_seen: None,
        last_seen: None,
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    }
}

fn hub(product_arn: &str, id: &str) -> Option<HubId> {
    Some(HubId { id: id.to_owned(), product_arn: product_arn.to_owned() })
}

const GUARDDUTY: &str = "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty";

const MINER_WORDS: [&str; 2] = [
    "A process in a container talks to a mining pool.",
    "The container app talks to a host known for mining.",
];

#[test]
fn the_same_finding_through_three_feeds_is_one_finding() {
    let (native, _) = read("guardduty_miner");
    let (copy, _) = read("asff_miner");
    assert_eq!(copy, Finding { hub: hub(GUARDDUTY, MINER), ..native.clone() });
    // OCSF has no count and no severity number, only the band's.
    let (ocsf, _) = read("ocsf_miner");
    let lowest = Some(Severity::new(7.0));
    assert_eq!(ocsf, Finding { severity: lowest, count: 1, ..native });
}

#[test]
fn a_copy_of_guardduty_has_the_native_key_type_and_severity_not_the_label() {
    let expected = Finding {
        count: 3,
        first_seen: time("2026-03-04T04:00:00Z"),
        last_seen: time("2026-03-04T05:00:00Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: hub(GUARDDUTY, MINER),
        ..finding(FindingSource::GuardDuty, MINER, "CryptoCurrency:Runtime/BitcoinTool.B", MINER_WORDS, 8.0)
    };
    let subject = Subject {
        cluster: some("payments"),
        cluster_arn: some("arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments"),
        container: Some(Container { name: some("app"), id: None }),
        image: some("registry.example.com/shop/checkout:1.4"),
        instance: some("i-0abc0000000000001"),
        ip: some("10.0.4.77"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "us-gov-west-1")
    };
    assert_eq!(read("asff_miner"), (expected, subject));
}

#[test]
fn a_copy_from_before_2020_is_read_with_its_old_product_fields() {
    let expected = Finding {
        count: 8,
        state: FindingState::Archived,
        updated_at: time("2019-03-04T05:06:00Z"),
        first_seen: time("2019-03-04T04:00:00Z"),
        hub: hub("arn:aws:securityhub:eu-north-1::product/aws/guardduty", "1d1d"),
        ..finding(
            FindingSource::GuardDuty,
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/1d1d",
            "Recon:IAMUser/UserPermissions",
            ["Unusual calls.", "By a user."],
            5.0,
        )
    };
    let subject = Subject {
        namespace: some("kube-system"),
        workload: Some(Workload { kind: "pods".into(), name: "coredns-77".into(), uid: None }),
        pod: some("coredns-77"),
        principal: some("admin"),
        thing: Some(Thing::Identity),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("asff_old_copy"), (expected, subject));
}

#[test]
fn the_severity_of_a_copy_is_the_first_that_guardduty_itself_gave() {
    let text = fixture("asff_miner");
    let with = r#""Severity": {"Product": 8, "Label": "LOW", "Normalized": 30}"#;
    assert!(text.contains(with));
    for (severity, expected) in [
        (r#""Severity": {"Product": "8.5", "Label": "LOW"}"#, Some(8.5)),
        (r#""Severity": {"Product": 0, "Label": "LOW", "Normalized": 30}"#, Some(3.0)),
        (r#""Severity": {"Label": "LOW"}"#, Some(1.0)),
        (
            r#""Severity": {"Label": "LOW"}, "FindingProviderFields": {"Severity": {"Original": "8"}}"#,
            Some(8.0),
        ),
        (
            r#""Severity": {"Normalized": 30}, "FindingProviderFields": {"Severity": {"Label": "HIGH"}}"#,
            Some(7.0),
        ),
        (r#""Severity": null"#, None),
    ] {
        let (finding, _) = read_text(&text.replace(with, severity));
        assert_eq!(finding.severity, expected.map(Severity::new), "{severity}");
    }
}

#[test]
fn the_type_of_a_copy_is_guarddutys_own() {
    let text = fixture("asff_miner");
    for (hub, native) in [
        ("TTPs/Discovery/Recon:IAMUser-UserPermissions", "Recon:IAMUser/UserPermissions"),
        ("TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS", "Backdoor:EC2/C&CActivity.B!DNS"),
        ("Effects/X/Impact:Runtime-A-B", "Impact:Runtime/A-B"),
        ("Recon:IAMUser/UserPermissions", "Recon:IAMUser/UserPermissions"),
        ("TTPs/Discovery/Recon:IAMUser/UserPermissions", "Recon:IAMUser/UserPermissions"),
        ("Unusual Behaviors/User", "Unusual Behaviors/User"),
    ] {
        let (finding, _) = read_text(&text.replace("TTPs/Impact/CryptoCurrency:Runtime-BitcoinTool.B", hub));
        assert_eq!(finding.kind, native);
    }
}

#[test]
fn another_products_finding_is_no_copy_whatever_its_id_says() {
    let text = fixture("asff_miner").replace("product/aws/guardduty\",", "product/111122223333/default\",");
    let (finding, _) = read_text(&text);
    assert_eq!(finding.source, FindingSource::SecurityHub);
}

#[test]
fn a_failed_control_is_about_the_cluster() {
    let expected = Finding {
        updated_at: time("2026-03-04T05:05:05Z"),
        first_seen: time("2026-02-01T00:00:00Z"),
        last_seen: time("2026-03-04T05:00:00Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: hub(
            "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/securityhub",
            "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:security-control/EKS.1/finding/c0",
        ),
        ..finding(
            FindingSource::SecurityHub,
            "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:security-control/EKS.1/finding/c0",
            "Control:EKS.1",
            ["EKS cluster endpoints should not be public", "This control checks it."],
            7.0,
        )
    };
    let subject = Subject {
        cluster: some("payments"),
        cluster_arn: some("arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "us-gov-west-1")
    };
    assert_eq!(read("asff_control"), (expected, subject));
}

#[test]
fn a_control_is_named_in_three_places() {
    let text = fixture("asff_control");
    let named = r#", "SecurityControlId": "EKS.1""#;
    let by_generator = text.replace(named, "");
    let by_field =
        by_generator.replace("\"ProductFields\": {", "\"ProductFields\": {\"ControlId\": \"EKS.1\",");
    for text in [text, by_generator, by_field] {
        assert_eq!(read_text(&text).0.kind, "Control:EKS.1");
    }
}

#[test]
fn a_finding_is_closed_by_its_record_its_workflow_or_its_check() {
    let text = fixture("asff_control");
    for (from, to, expected) in [
        ("ACTIVE", "ACTIVE", FindingState::Open),
        ("ACTIVE", "ARCHIVED", FindingState::Archived),
        (
            r#""Workflow": {"Status": "NEW"}"#,
            r#""Workflow": {"Status": "SUPPRESSED"}"#,
            FindingState::Archived,
        ),
        (r#""Workflow": {"Status": "NEW"}"#, r#""Workflow": {"Status": "RESOLVED"}"#, FindingState::Resolved),
        (r#""Workflow": {"Status": "NEW"}"#, r#""Workflow": {"Status": "NOTIFIED"}"#, FindingState::Open),
        ("FAILED", "PASSED", FindingState::Resolved),
        ("FAILED", "NOT_AVAILABLE", FindingState::Open),
    ] {
        assert_eq!(read_text(&text.replace(from, to)).0.state, expected, "{to}");
    }
}

#[test]
fn another_products_finding_is_keyed_by_product_and_id() {
    let expected = Finding {
        state: FindingState::Archived,
        first_seen: time("2026-03-04T05:00:00Z"),
        hub: hub("arn:aws:securityhub:eu-north-1::product/scanner/scanner", "app/CVE-2026-0001"),
        ..finding(
            FindingSource::SecurityHub,
            "arn:aws:securityhub:eu-north-1::product/scanner/scanner|app/CVE-2026-0001",
            "Software and Configuration Checks/Vulnerabilities/CVE",
            ["CVE-2026-0001", "A library is old."],
            4.5,
        )
    };
    let subject = Subject {
        cluster: some("batch"),
        container: Some(Container { name: some("web"), id: some("abcdef012345") }),
        image: some("shop/web:3@sha256:dddd"),
        instance: some("i-cafebabe"),
        resource: some("arn:aws:s3:::reports"),
        thing: Some(Thing::Other("AwsS3Bucket".to_owned())),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("asff_scanner"), (expected, subject));
}

#[test]
fn a_custom_action_is_an_order_of_its_own_on_the_finding_inside() {
    let expected = Finding {
        updated_at: time("2026-03-05T09:00:00Z"),
        first_seen: time("2026-03-01T04:00:00Z"),
        hub: hub(
            "arn:aws:securityhub:eu-north-1::product/aws/guardduty",
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/f00d",
        ),
        ..finding(
            FindingSource::CustomAction,
            "arn:aws:securityhub:eu-north-1:444455556666:action/custom/isolate|arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/f00d",
            "CustomAction:Isolate",
            ["A privileged container was started.", "As it says."],
            5.5,
        )
    };
    let subject = Subject {
        cluster: some("tools"),
        cluster_arn: some("arn:aws:eks:eu-north-1:111122223333:cluster/tools"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("asff_action"), (expected, subject));
}

#[test]
fn insight_results_are_an_event_without_a_finding() {
    let text = r#"{"id":"1","source":"aws.securityhub","detail-type":"Security Hub Insight Results",
        "account":"111122223333","region":"eu-north-1","resources":["arn:aws:securityhub:eu-north-1:111122223333:insight/x"],
        "detail":{"resultType":"ResourceId","insightResults":[{"kim":2}]}}"#;
    let event = Event::read(text).unwrap();
    assert_eq!(event.finding, None);
    let insight = some("arn:aws:securityhub:eu-north-1:111122223333:insight/x");
    assert_eq!(event.subject, Subject { resource: insight, ..place("111122223333", "eu-north-1") });
}

#[test]
fn ocsf_with_data_in_snake_case_is_about_the_instance() {
    let (_, subject) = read("ocsf_miner");
    let expected = Subject {
        cluster: some("payments"),
        instance: some("i-0abc0000000000001"),
        ip: some("10.0.4.10"),
        thing: Some(Thing::Instance),
        ..place("111122223333", "us-gov-west-1")
    };
    assert_eq!(subject, expected);
}

#[test]
fn ocsf_with_devices_is_about_the_container_and_closed_when_it_says_close() {
    let expected = Finding {
        state: FindingState::Resolved,
        count: 6,
        ..finding(
            FindingSource::GuardDuty,
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/ab",
            "PrivilegeEscalation:Runtime/ContainerMountsHostDirectory",
            ["A host directory was mounted.", "In a container."],
            7.0,
        )
    };
    let subject = Subject {
        container: Some(Container { name: some("node"), id: some("c0ffee00c0ffee00") }),
        image: some("kind/node:v1@sha256:eeee"),
        instance: some("i-0abc0000000000005"),
        thing: Some(Thing::Container),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("ocsf_container"), (expected, subject));
}

#[test]
fn ocsf_from_inspector_is_about_the_node_and_keyed_as_inspectors_own() {
    let expected = Finding {
        state: FindingState::Archived,
        ..finding(
            FindingSource::Inspector,
            "arn:aws:inspector2:eu-north-1:111122223333:finding/1a",
            "Software and Configuration Checks/Vulnerabilities/CVE",
            ["CVE-2026-0002 - libold", ""],
            9.0,
        )
    };
    let subject = Subject {
        cluster: some("batch"),
        instance: some("i-0abc0000000000006"),
        thing: Some(Thing::Instance),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("ocsf_inspector"), (expected, subject));
}

#[test]
fn ocsf_with_data_as_a_json_text_is_about_what_the_text_says() {
    let expected = finding(
        FindingSource::SecurityHub,
        "arn:aws:securityhub:eu-north-1::product/aws/securityhub|k1",
        "Control:IAM.3",
        ["Keys should be rotated", "Every 90 days."],
        0.0,
    );
    let subject = Subject {
        principal: some("kim"),
        thing: Some(Thing::Identity),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("ocsf_control"), (expected, subject));
}

#[test]
fn an_ocsf_finding_is_closed_by_its_status_its_activity_or_its_check() {
    let text = fixture("ocsf_miner");
    for (from, to, expected) in [
        ("\"New\"", "\"Resolved\"", FindingState::Resolved),
        ("\"New\"", "\"Archived\"", FindingState::Archived),
        ("\"status_id\": 1", "\"status_id\": \"3\"", FindingState::Archived),
        ("\"activity_id\": 1", "\"activity_id\": 3", FindingState::Resolved),
        ("\"New\"", "\"In Progress\"", FindingState::Open),
    ] {
        assert_eq!(read_text(&text.replace(from, to)).0.state, expected, "{to}");
    }
    let passed = fixture("ocsf_control").replace("\"FAIL\"", "\"Pass\"");
    assert_eq!(read_text(&passed).0.state, FindingState::Resolved);
}
