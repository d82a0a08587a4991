//! GuardDuty's own events, each kind of finding read whole.

use watchfire_core::event::{
    Container, Event, Finding, FindingSource, FindingState, Severity, Subject, Thing, Workload, messages,
};
use watchfire_core::ids::FindingKey;

use crate::fixtures::fixture;

fn read(name: &str) -> (Finding, Subject) {
    let text = fixture(name);
    let event = Event::read(&text).unwrap();
    (event.finding.unwrap(), event.subject)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn place(account: &str, region: &str) -> Subject {
    Subject { account: some(account), region: some(region), ..Subject::default() }
}

fn workload(kind: &str, name: &str, uid: Option<&str>) -> Option<Workload> {
    Some(Workload { kind: kind.to_owned(), name: name.to_owned(), uid: uid.map(str::to_owned) })
}

fn finding(key: &str, kind: &str, title: &str, description: &str, severity: f64) -> Finding {
    Finding {
        key: FindingKey::new(key),
        source: FindingSource::GuardDuty,
        kind: kind.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        severity: Some(Severity::new(severity)),
        state: FindingState::Open,
        sample: false,
        count: 1,
        updated_at: Some("2026-03-04T05:06:00Z".parse().unwrap()),
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
fn a_runtime_finding_is_about_the_pod_in_the_account_it_came_from() {
    let expected = Finding {
        count: 3,
        first_seen: Some("2026-03-04T04:00:00Z".parse().unwrap()),
        last_seen: Some("2026-03-04T05:00:00Z".parse().unwrap()),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        ..finding(
            "arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d0d0d0d0/finding/5ac0ffee5ac0ffee5ac0ffee5ac0ffee",
            "CryptoCurrency:Runtime/BitcoinTool.B",
            "A process in a container talks to a mining pool.",
            "The container app talks to a host known for mining.",
            8.0,
        )
    };
    let subject = Subject {
        cluster: some("payments"),
        cluster_arn: some("arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments"),
        namespace: some("shop"),
        workload: workload("pods", "checkout-6d9f-abcde", Some("7e57ab1e-0000-4000-8000-000000000001")),
        pod: some("checkout-6d9f-abcde"),
        container: Some(Container {
            name: some("app"),
            id: some("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        }),
        image: some(
            "registry.example.com/shop/checkout:1.4@sha256:aaaa000000000000000000000000000000000000000000000000000000000001",
        ),
        instance: some("i-0abc0000000000001"),
        service_account: some("shop/checkout"),
        ip: some("10.0.4.77"),
        thing: Some(Thing::Kubernetes),
        vpc: some("vpc-0a0a0a0a"),
        ..place("111122223333", "us-gov-west-1")
    };
    assert_eq!(read("guardduty_miner"), (expected, subject));
}

#[test]
fn an_audit_log_finding_without_workload_is_about_the_pod_in_the_request() {
    let expected = Finding {
        count: 12,
        first_seen: Some("2026-03-04T04:00:00Z".parse().unwrap()),
        ..finding(
            // Built: this one came without its ARN.
            "arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d0d0d0d0/finding/e4ec0000e4ec0000",
            "Execution:Kubernetes/ExecInKubeSystemPod",
            "A command was run in a pod of kube-system.",
            "",
            5.0,
        )
    };
    let subject = Subject {
        cluster: some("payments"),
        namespace: some("kube-system"),
        workload: workload("pods", "coredns-77", None),
        pod: some("coredns-77"),
        service_account: some("build/runner"),
        principal: some("system:serviceaccount:build:runner"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "us-gov-west-1")
    };
    assert_eq!(read("guardduty_exec"), (expected, subject));
}

#[test]
fn of_several_containers_the_privileged_one_is_meant() {
    let expected = Finding {
        state: FindingState::Archived,
        sample: true,
        ..finding(
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/f00d",
            "PrivilegeEscalation:Kubernetes/PrivilegedContainer",
            "A privileged container was started.",
            "As it says.",
            5.5,
        )
    };
    let subject = Subject {
        cluster: some("tools"),
        cluster_arn: some("arn:aws:eks:eu-north-1:111122223333:cluster/tools"),
        namespace: some("monitoring"),
        workload: workload("daemonsets", "agent", Some("7e57ab1e-0000-4000-8000-000000000002")),
        container: Some(Container { name: some("root"), id: None }),
        image: some("agent:9"),
        principal: some("jane"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("guardduty_privileged"), (expected, subject));
}

#[test]
fn of_several_containers_that_are_all_alike_none_is_named() {
    let text = fixture("guardduty_privileged").replace(r#""privileged": true"#, r#""privileged": false"#);
    let subject = Event::read(&text).unwrap().subject;
    assert_eq!((subject.container, subject.image), (None, None));
}

#[test]
fn an_instance_finding_is_about_the_instance_and_the_cluster_in_its_tags() {
    let expected = Finding {
        sample: true,
        count: 74,
        ..finding(
            "arn:aws:guardduty:eu-north-1:011122223333:detector/d1/finding/55555555",
            "UnauthorizedAccess:EC2/SSHBruteForce",
            "[SAMPLE] Many logins by SSH.",
            "From 203.0.113.7.",
            2.0,
        )
    };
    let subject = Subject {
        cluster: some("batch"),
        instance: some("i-0abc0000000000002"),
        ip: some("10.0.9.9"),
        thing: Some(Thing::Instance),
        ..place("011122223333", "eu-north-1")
    };
    assert_eq!(read("guardduty_ssh"), (expected, subject));
}

#[test]
fn a_bucket_finding_is_about_the_bucket_and_who_read_it() {
    let expected = finding("b0c4e7", "Exfiltration:S3/AnomalousBehavior", "Unusual reads.", "Many.", 8.9);
    let subject = Subject {
        principal: some("AIDAEXAMPLE"),
        resource: some("arn:aws:s3:::invoices"),
        thing: Some(Thing::Other("S3Bucket".to_owned())),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("guardduty_bucket"), (expected, subject));
}

#[test]
fn a_container_outside_kubernetes_is_named_by_its_id() {
    let expected = finding(
        "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/d0c4e7",
        "PrivilegeEscalation:Runtime/DockerSocketAccessed",
        "The Docker socket was used.",
        "By a container.",
        5.0,
    );
    let subject = Subject {
        container: Some(Container { name: None, id: some("9f86d081884c7d659a2feaa0c55ad015") }),
        image: some("registry.example.com/build/agent:7"),
        instance: some("i-0abc0000000000003"),
        ip: some("10.0.1.5"),
        thing: Some(Thing::Container),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("guardduty_docker"), (expected, subject));
}

#[test]
fn an_attack_sequence_is_about_what_it_names_once() {
    let expected = Finding {
        count: 5,
        members: vec![FindingKey::new("arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/sig")],
        ..finding(
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/5e90e4ce",
            "AttackSequence:EKS/CompromisedCluster",
            "A cluster may be compromised.",
            "Several signals.",
            9.0,
        )
    };
    let subject = Subject {
        cluster: some("tools"),
        cluster_arn: some("arn:aws:eks:eu-north-1:111122223333:cluster/tools"),
        namespace: some("shop"),
        workload: workload("pods", "checkout-6d9f-abcde", Some("7e57ab1e-0000-4000-8000-000000000003")),
        pod: some("checkout-6d9f-abcde"),
        container: Some(Container { name: some("app"), id: None }),
        image: some("registry.example.com/shop/checkout:1.4@sha256:cccc"),
        instance: some("i-0abc0000000000004"),
        service_account: some("shop/checkout"),
        principal: some("system:serviceaccount:shop:checkout"),
        ip: some("10.0.2.2"),
        thing: Some(Thing::Kubernetes),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(read("guardduty_sequence"), (expected, subject));
}

#[test]
fn an_attack_sequence_over_several_pods_is_about_none_of_them() {
    let other = r#""resources": [{"uid": "p2", "name": "cart-1", "data": {"kubernetesWorkload": {"type": "PODS"}}},
        {"uid": "arn:aws:eks"#;
    let text = fixture("guardduty_sequence");
    let text = text.replacen("\"resources\": [\n          {\"uid\": \"arn:aws:eks", other, 1);
    let subject = Event::read(&text).unwrap().subject;
    assert_eq!((subject.pod, subject.workload, subject.namespace), (None, None, None));
    assert_eq!(subject.cluster, some("tools"));
}

#[test]
fn an_attack_sequence_without_a_list_of_resources_is_read() {
    let text = fixture("guardduty_sequence").replacen("\"sequence\"", "\"none\"", 1);
    let event = Event::read(&text).unwrap();
    assert_eq!(event.subject, place("111122223333", "eu-north-1"));
    assert_eq!(event.finding.unwrap().severity, Some(Severity::new(9.0)));
}

#[test]
fn what_the_command_line_prints_is_read_as_if_it_came_on_the_wire() {
    let body = fixture("guardduty_cli");
    let texts = messages(&body).unwrap();
    assert_eq!(texts.len(), 1);
    let event = Event::read(&texts[0]).unwrap();
    let expected = Finding {
        count: 2,
        first_seen: Some("2026-03-04T04:00:00Z".parse().unwrap()),
        ..finding(
            "arn:aws:guardduty:eu-north-1:111122223333:detector/d1/finding/c11",
            "Policy:Kubernetes/AdminAccessToDefaultServiceAccount",
            "Admin for all.",
            "A binding.",
            8.0,
        )
    };
    let subject = Subject {
        cluster: some("tools"),
        cluster_arn: some("arn:aws:eks:eu-north-1:111122223333:cluster/tools"),
        node: some("ip-10-0-1-2.ec2.internal"),
        principal: some("system:node:ip-10-0-1-2.ec2.internal"),
        resource: some("clusterrolebindings/-/everyone-is-admin"),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!((event.finding.unwrap(), event.subject), (expected, subject));
    let json = event.json.to_string();
    assert!(json.contains(r#""sourceIPs":["203.0.113.8"]"#), "{json}");
    assert!(json.contains(r#""ec2Instance":{"IamInstanceProfile":{"arn":"a"}}"#), "{json}");
    assert!(json.contains(r#""eksClusterDetails":{"name":"tools""#), "{json}");
}

#[test]
fn the_command_lines_spelling_in_an_envelope_gives_the_same_as_the_wires() {
    let body = fixture("guardduty_cli");
    let bare = messages(&body).unwrap();
    let bare = Event::read(&bare[0]).unwrap();
    let finding = body.trim().strip_prefix(
        r#"{
  "Findings": ["#,
    );
    let finding = finding.and_then(|rest| rest.strip_suffix("]\n}")).unwrap();
    let enveloped =
        format!(r#"{{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{finding}}}"#);
    let enveloped = Event::read(&enveloped).unwrap();
    assert_eq!((enveloped.finding, enveloped.subject), (bare.finding, bare.subject));
    assert_eq!(enveloped.json.get("detail"), bare.json.get("detail"));
}

#[test]
fn severity_is_read_from_a_number_a_text_and_a_label() {
    let text = fixture("guardduty_miner");
    for (written, expected) in
        [("8", 8.0), ("8.9", 8.9), ("\"8.9\"", 8.9), ("\"High\"", 7.0), ("11", 10.0), ("9E0", 9.0)]
    {
        let text = text.replace("\"severity\": 8", &format!("\"severity\": {written}"));
        let finding = Event::read(&text).unwrap().finding.unwrap();
        assert_eq!(finding.severity, Some(Severity::new(expected)), "{written}");
    }
}

#[test]
fn a_malware_finding_is_about_the_container_it_was_found_in() {
    let text = r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{
        "accountId":"111122223333","region":"eu-north-1","arn":"a","type":"Execution:ECS/MaliciousFile","severity":8,
        "resource":{"resourceType":"ECSCluster","ecsClusterDetails":{"arn":"arn:aws:ecs:eu-north-1:111122223333:cluster/c",
            "taskDetails":{"containers":[{"name":"web","image":"shop/web:3"}]}}},
        "service":{"featureName":"EbsVolumeScan","ebsVolumeScanDetails":{"triggerFindingId":"t"}}}}"#;
    let subject = Subject {
        container: Some(Container { name: some("web"), id: None }),
        image: some("shop/web:3"),
        resource: some("arn:aws:ecs:eu-north-1:111122223333:cluster/c"),
        thing: Some(Thing::Other("ECSCluster".to_owned())),
        ..place("111122223333", "eu-north-1")
    };
    assert_eq!(Event::read(text).unwrap().subject, subject);
}
