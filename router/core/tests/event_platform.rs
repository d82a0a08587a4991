//! CloudWatch, Health, Inspector and ECR, and events that report no finding.

use watchfire_core::event::{
    Event, Finding, FindingSource, FindingState, Severity, Subject, Thing, Workload, messages,
};
use watchfire_core::ids::FindingKey;

use crate::fixtures::fixture;

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

fn place() -> Subject {
    Subject { account: some("111122223333"), region: some("eu-north-1"), ..Subject::default() }
}

fn finding(source: FindingSource, key: &str, kind: &str, title: &str, description: &str) -> Finding {
    Finding {
        key: FindingKey::new(key),
        source,
        kind: kind.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        severity: None,
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

#[test]
fn an_alarm_is_about_what_container_insights_measured() {
    let expected = Finding {
        updated_at: time("2026-03-04T05:06:00.985Z"),
        last_seen: time("2026-03-04T05:06:00.985Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            FindingSource::CloudWatch,
            "arn:aws:cloudwatch:eu-north-1:111122223333:alarm:pod-memory",
            "CloudWatch:Alarm",
            "pod-memory",
            "Memory of a pod\nThreshold crossed",
        )
    };
    let subject = Subject {
        cluster: some("tools"),
        namespace: some("shop"),
        workload: Some(Workload { kind: "pods".into(), name: "checkout-6d9f-abcde".into(), uid: None }),
        pod: some("checkout-6d9f-abcde"),
        ..place()
    };
    assert_eq!(read("alarm"), (expected, subject));
}

#[test]
fn container_insights_pod_name_is_that_of_the_workload() {
    let text = fixture("alarm").replace(r#""FullPodName": "checkout-6d9f-abcde", "#, "");
    let (_, subject) = read_text(&text);
    let workload = Workload { kind: "workloads".into(), name: "checkout".into(), uid: None };
    assert_eq!((subject.pod, subject.workload), (None, Some(workload)));
}

#[test]
fn an_alarm_that_measures_nothing_we_know_is_about_itself() {
    let (_, subject) = read_text(&fixture("alarm").replace("\"dimensions\"", "\"none\""));
    let arn = some("arn:aws:cloudwatch:eu-north-1:111122223333:alarm:pod-memory");
    assert_eq!(subject, Subject { resource: arn, ..place() });
}

#[test]
fn an_alarm_without_data_is_open_and_one_that_is_ok_is_resolved() {
    let text = fixture("alarm");
    for (state, expected) in [
        ("ALARM", FindingState::Open),
        ("INSUFFICIENT_DATA", FindingState::Open),
        ("OK", FindingState::Resolved),
    ] {
        let text = text.replace("\"value\": \"ALARM\"", &format!("\"value\": \"{state}\""));
        assert_eq!(read_text(&text).0.state, expected, "{state}");
    }
}

#[test]
fn an_alarm_without_arn_is_keyed_by_its_place_and_name() {
    let text =
        fixture("alarm").replace(r#"["arn:aws:cloudwatch:eu-north-1:111122223333:alarm:pod-memory"]"#, "[]");
    assert_eq!(read_text(&text).0.key, FindingKey::new("111122223333/eu-north-1/pod-memory"));
}

#[test]
fn an_alarm_straight_from_sns_is_the_same_alarm() {
    let expected = Finding {
        state: FindingState::Resolved,
        updated_at: time("2026-03-04T05:06:00.985Z"),
        last_seen: time("2026-03-04T05:06:00.985Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            FindingSource::CloudWatch,
            "arn:aws:cloudwatch:eu-north-1:111122223333:alarm:node-cpu",
            "CloudWatch:Alarm",
            "node-cpu",
            "Threshold no longer crossed",
        )
    };
    let subject = Subject { instance: some("i-0abc0000000000007"), ..place() };
    let body = fixture("alarm_sns");
    let texts = messages(&body).unwrap();
    assert_eq!(read_text(&texts[0]), (expected, subject));
}

#[test]
fn a_health_event_is_about_the_entity_it_affects() {
    let expected = Finding {
        first_seen: time("2026-03-04T05:00:00Z"),
        ..finding(
            FindingSource::Health,
            "arn:aws:health:eu-north-1::event/EC2/AWS_EC2_DRIVE_LOST/X1",
            "AWS_EC2_DRIVE_LOST",
            "AWS Health, EC2: ec2 drive lost",
            "A drive is lost.",
        )
    };
    let subject = Subject { instance: some("i-0abc0000000000008"), ..place() };
    assert_eq!(read("health"), (expected, subject));
}

#[test]
fn a_health_event_is_resolved_when_it_is_closed_and_about_nothing_when_it_affects_several() {
    let text = fixture("health").replace("\"open\"", "\"closed\"").replace(
        r#"[{"entityValue": "i-0abc0000000000008"}]"#,
        r#"[{"entityValue": "i-0abc0000000000008"}, {"entityValue": "i-0abc0000000000009"}]"#,
    );
    let (finding, subject) = read_text(&text);
    let both = vec!["i-0abc0000000000008".to_owned(), "i-0abc0000000000009".to_owned()];
    let expected = Subject { resources: both, ..place() };
    assert_eq!((finding.state, subject), (FindingState::Resolved, expected));
}

#[test]
fn an_inspector_finding_is_about_the_image_by_its_digest() {
    let expected = Finding {
        severity: Some(Severity::new(7.0)),
        first_seen: time("2026-03-01T05:06:00Z"),
        last_seen: time("2026-03-04T05:00:00Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            FindingSource::Inspector,
            "arn:aws:inspector2:eu-north-1:111122223333:finding/2b",
            "PACKAGE_VULNERABILITY",
            "CVE-2026-0003 - libold",
            "Old.",
        )
    };
    let subject = Subject { image: some("shop/web@sha256:dddd"), ..place() };
    assert_eq!(read("inspector"), (expected, subject));
}

#[test]
fn a_raw_inspector_finding_is_put_into_its_envelope() {
    let expected = Finding {
        severity: Some(Severity::new(5.3)),
        state: FindingState::Resolved,
        updated_at: time("2026-03-04T05:06:00.5Z"),
        ..finding(
            FindingSource::Inspector,
            "arn:aws:inspector2:eu-north-1:111122223333:finding/3c",
            "NETWORK_REACHABILITY",
            "Port 22 is reachable",
            "From the internet.",
        )
    };
    let subject = Subject {
        cluster: some("batch"),
        instance: some("i-0abc0000000000009"),
        ip: some("10.0.5.5"),
        thing: Some(Thing::Instance),
        ..place()
    };
    assert_eq!(read("inspector_raw"), (expected, subject));
    let suppressed = fixture("inspector_raw").replace("CLOSED", "SUPPRESSED");
    assert_eq!(read_text(&suppressed).0.state, FindingState::Archived);
}

#[test]
fn an_image_scan_is_as_severe_as_the_worst_it_found() {
    let expected = Finding {
        severity: Some(Severity::new(4.0)),
        updated_at: time("2026-03-04T05:06:07Z"),
        last_seen: time("2026-03-04T05:06:07Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            FindingSource::Ecr,
            "111122223333/eu-north-1/shop/web/sha256:dddd",
            "ECR Image Scan",
            "Image scan of shop/web: 7 MEDIUM, 2 LOW",
            "",
        )
    };
    let subject = Subject {
        image: some("shop/web@sha256:dddd"),
        resource: some("arn:aws:ecr:eu-north-1:111122223333:repository/shop/web"),
        ..place()
    };
    assert_eq!(read("ecr_scan"), (expected, subject));
}

#[test]
fn a_scan_that_found_nothing_is_resolved() {
    let expected = Finding {
        state: FindingState::Resolved,
        updated_at: time("2026-03-04T05:06:07Z"),
        last_seen: time("2026-03-04T05:06:07Z"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            FindingSource::Inspector,
            "111122223333/eu-north-1/shop/web/sha256:dddd",
            "Inspector2 Scan",
            "Image scan of shop/web: nothing found",
            "",
        )
    };
    let subject = Subject {
        image: some("shop/web@sha256:dddd"),
        resource: some("arn:aws:ecr:eu-north-1:111122223333:repository/shop/web/sha256:dddd"),
        ..place()
    };
    assert_eq!(read("inspector_scan"), (expected, subject));
}

#[test]
fn a_scan_that_failed_or_counted_nothing_has_not_found_nothing() {
    let text = fixture("inspector_scan");
    let failed = text.replace("INITIAL_SCAN_COMPLETE", "FAILED");
    let uncounted = text.replace("\"finding-severity-counts\"", "\"none\"");
    for text in [failed, uncounted] {
        let (finding, _) = read_text(&text);
        let title = "Image scan of shop/web: no result".to_owned();
        assert_eq!((finding.state, finding.severity, finding.title), (FindingState::Open, None, title));
    }
}

#[test]
fn a_scan_with_nothing_but_undefined_levels_is_open() {
    let text = fixture("ecr_scan").replace(r#""MEDIUM": "7", "LOW": 2"#, r#""UNDEFINED": 1"#);
    let (finding, _) = read_text(&text);
    assert_eq!((finding.state, finding.severity), (FindingState::Open, Some(Severity::new(0.0))));
}

#[test]
fn a_pods_termination_is_an_event_about_the_pod() {
    let text = fixture("fargate");
    let event = Event::read(&text).unwrap();
    let subject = Subject {
        cluster: some("tools"),
        namespace: some("shop"),
        workload: Some(Workload { kind: "pods".into(), name: "checkout-6d9f-abcde".into(), uid: None }),
        pod: some("checkout-6d9f-abcde"),
        ..place()
    };
    assert_eq!((event.finding, event.subject), (None, subject));
}

#[test]
fn an_event_without_finding_names_the_instance_or_its_first_resource() {
    let event = |detail: &str, resource: &str| {
        let text = format!(
            r#"{{"id":"1","source":"aws.ec2","detail-type":"x","account":"111122223333","region":"eu-north-1",
            "resources":["{resource}"],"detail":{detail}}}"#
        );
        let event = Event::read(&text).unwrap();
        assert_eq!(event.finding, None);
        event.subject
    };
    let zonal = "arn:aws:ec2:eu-north-1b:instance/i-0abc0000000000001";
    let instance = Subject { instance: some("i-0abc0000000000001"), ..place() };
    assert_eq!(event(r#"{"instance-id":"i-0abc0000000000001"}"#, zonal), instance);
    assert_eq!(event("{}", zonal), instance);
    assert_eq!(event(r#"{"EC2InstanceId":"i-0abc0000000000001"}"#, "x"), instance);
    let bucket = "arn:aws:s3:::reports";
    assert_eq!(event("null", bucket), Subject { resource: some(bucket), ..place() });
    let object = r#"{"s3ObjectDetails":{"bucketName":"reports","objectKey":"a/b"}}"#;
    assert_eq!(event(object, bucket), Subject { resource: some("reports/a/b"), ..place() });
}

#[test]
fn a_gap_in_guarddutys_coverage_is_a_finding_about_the_cluster() {
    let text = r#"{"id":"1","source":"aws.guardduty","detail-type":"GuardDuty Runtime Protection Unhealthy",
        "account":"444455556666","region":"eu-north-1","resources":[],"detail":{"resourceAccountId":"111122223333",
        "resourceDetails":{"resourceType":"EKS","eksClusterDetails":{"clusterName":"tools"}}}}"#;
    let event = Event::read(text).unwrap();
    let finding = event.finding.unwrap();
    let key = "444455556666/eu-north-1/runtime-protection/111122223333/tools";
    assert_eq!((finding.key.as_str(), finding.state), (key, FindingState::Open));
    assert_eq!(event.subject, Subject { cluster: some("tools"), ..place() });
    let healthy = text.replace("Unhealthy", "Healthy");
    let healthy = Event::read(&healthy).unwrap().finding.unwrap();
    assert_eq!((healthy.key.as_str(), healthy.state), (key, FindingState::Resolved));
}
