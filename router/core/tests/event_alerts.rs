//! Alerts as Alertmanager, Prometheus, Grafana and amtool post them: what they are taken for, and what no sender can do
//! with them.

use jiff::Timestamp;
use watchfire_core::builders::shipped_rules;
use watchfire_core::event::{
    Container, Event, Finding, FindingSource, FindingState, Heard, Severity, Subject, Workload, alerts,
    messages,
};
use watchfire_core::identity::incident_key;
use watchfire_core::ids::FindingKey;
use watchfire_core::rules::RuleSet;

const NODE: &str = "ip-10-0-1-5.us-gov-west-1.compute.internal";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// As the worker of a cluster hears them.
fn here(time: &str) -> Heard {
    Heard {
        at: Some(at(time)),
        account: Some("111122223333".to_owned()),
        region: Some("us-gov-west-1".to_owned()),
        cluster: Some("payments".to_owned()),
    }
}

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/alerts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(texts: &[String]) -> Vec<(Finding, Subject)> {
    let one = |text: &String| {
        let event = Event::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (event.finding.unwrap(), event.subject)
    };
    texts.iter().map(one).collect()
}

fn only(texts: &[String]) -> (Finding, Subject) {
    let mut read = read(texts);
    assert_eq!(read.len(), 1, "{texts:#?}");
    read.remove(0)
}

fn in_payments() -> Subject {
    Subject {
        account: Some("111122223333".to_owned()),
        region: Some("us-gov-west-1".to_owned()),
        cluster: Some("payments".to_owned()),
        ..Subject::default()
    }
}

#[test]
fn what_prometheus_sends_is_an_alert_about_the_node_and_not_about_its_exporter() {
    let texts = alerts(&recorded("prometheus-2.42-firing-node"), &here("2026-11-29T23:04:40Z"));
    let (finding, subject) = only(&texts);
    let expected = Finding {
        key: finding.key.clone(),
        source: FindingSource::Prometheus,
        kind: "Prometheus:KubeNodeNotReady".to_owned(),
        title: "KubeNodeNotReady: Node is not ready.".to_owned(),
        description: format!("{NODE} has been unready for more than 15 minutes on cluster ."),
        severity: Some(Severity::new(4.0)),
        state: FindingState::Open,
        sample: false,
        count: 1,
        updated_at: Some(at("2026-11-29T23:04:39.632Z")),
        first_seen: Some(at("2026-11-29T23:04:39.632Z")),
        last_seen: Some(at("2026-11-29T23:04:40Z")),
        ends_at: Some(at("2026-11-29T23:08:39.632Z")),
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    assert_eq!(finding, expected);
    assert_eq!(subject, Subject { node: Some(NODE.to_owned()), ..in_payments() });
    assert!(finding.key.as_str().starts_with("prometheus/KubeNodeNotReady/"), "{}", finding.key);
}

#[test]
fn what_prometheus_and_alertmanager_say_of_one_alert_is_one_finding_firing_and_over() {
    let heard = here("2026-11-29T23:05:00Z");
    let of = |name: &str| only(&alerts(&recorded(name), &heard));
    let (first, subject) = of("prometheus-2.42-firing-node");
    let states = [
        ("prometheus-2.42-resolved-node", FindingState::Resolved, None),
        ("alertmanager-0.25-firing-node", FindingState::Open, None),
        ("alertmanager-0.25-resolved-node", FindingState::Resolved, None),
    ];
    for (name, state, ends_at) in states {
        let (finding, about) = of(name);
        let told = (finding.key, finding.state, finding.ends_at, about);
        assert_eq!(told, (first.key.clone(), state, ends_at, subject.clone()), "{name}");
    }
}

#[test]
fn several_alerts_are_one_event_each_and_what_is_cut_off_is_told() {
    let pods = read(&alerts(&recorded("prometheus-2.42-firing-pods"), &here("2026-11-29T23:04:40Z")));
    let about = |pod: &str| Subject {
        namespace: Some("shop".to_owned()),
        workload: Some(Workload { kind: "pods".to_owned(), name: pod.to_owned(), uid: None }),
        pod: Some(pod.to_owned()),
        container: Some(Container { name: Some("app".to_owned()), id: None }),
        ..in_payments()
    };
    let subjects: Vec<_> = pods.iter().map(|(_, subject)| subject.clone()).collect();
    assert_eq!(subjects, [about("web-5d9f7c-x2x"), about("web-5d9f7c-y7y")]);
    assert_ne!(pods[0].0.key, pods[1].0.key);

    let cut = read(&alerts(&recorded("alertmanager-0.25-truncated"), &here("2026-11-29T23:04:41Z")));
    let told: Vec<_> = cut.iter().map(|(finding, _)| (finding.title.as_str(), finding.count)).collect();
    let expected =
        [("KubePodCrashLooping: Pod is crash looping.", 1), ("1 alerts were cut off by their sender", 1)];
    assert_eq!(told, expected);
    assert_eq!(cut[0].0.key, pods[0].0.key);
}

#[test]
fn what_amtool_adds_has_no_end_and_is_of_the_cluster_that_hears_it() {
    let (finding, subject) = only(&alerts(&recorded("amtool-0.25-add"), &here("2026-11-29T23:05:00Z")));
    let told = (finding.state, finding.ends_at, finding.first_seen, finding.updated_at);
    assert_eq!(told, (FindingState::Open, None, None, Some(at("2026-11-29T23:05:00Z"))));
    assert_eq!(subject, Subject { namespace: Some("shop".to_owned()), ..in_payments() });
}

/// One alert with these labels, and what stands beside them.
fn alert(labels: &str, more: &str) -> String {
    format!(r#"[{{"labels":{labels}{more}}}]"#)
}

#[test]
fn replicas_of_a_prometheus_send_one_alert_and_replicas_of_a_database_are_two() {
    let key = |labels: &str| only(&alerts(&alert(labels, ""), &here("2026-11-29T23:05:00Z"))).0.key;
    let one = key(r#"{"alertname":"A","pod":"a"}"#);
    for labels in [
        r#"{"pod":"a","alertname":"A","prometheus_replica":"prometheus-k8s-0"}"#,
        r#"{"alertname":"A","pod":"a","prometheus_replica":"prometheus-k8s-1","__replica__":"x"}"#,
        r#"{"alertname":"A","replica":"prometheus-0","pod":"a"}"#,
    ] {
        assert_eq!(key(labels), one, "{labels}");
    }
    for labels in [
        r#"{"alertname":"A","pod":"a","replica":"0"}"#,
        r#"{"alertname":"A","pod":"b"}"#,
        r#"{"alertname":"A","pod":"a","cluster":"other"}"#,
        r#"{"alertname":"Apod","":"a"}"#,
    ] {
        assert_ne!(key(labels), one, "{labels}");
    }
}

#[test]
fn an_alert_of_another_cluster_is_not_of_our_account() {
    let texts = alerts(
        &alert(r#"{"alertname":"A","cluster":"other","node":"n1"}"#, ""),
        &here("2026-11-29T23:05:00Z"),
    );
    let (_, subject) = only(&texts);
    let expected =
        Subject { cluster: Some("other".to_owned()), node: Some("n1".to_owned()), ..Subject::default() };
    assert_eq!(subject, expected);
}

#[test]
fn whatever_stands_in_labels_an_alert_is_no_finding_of_anybody_else_and_names_nothing_that_is_no_name() {
    let long = "x".repeat(5_000);
    let names =
        ["CryptoCurrency:Runtime/BitcoinTool.B", "a:IAMUser/b", "\u{202e}\u{0}<script>", long.as_str()];
    for name in names {
        let labels = serde_json::json!({
            "alertname": name, "pod": name, "namespace": "shop", "node": name, "cluster": name, "source": "aws.guardduty",
            "key": "arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/f",
        });
        let (finding, subject) = only(&alerts(&alert(&labels.to_string(), ""), &Heard::default()));
        assert_eq!(finding.source, FindingSource::Prometheus);
        let kind = finding.kind.strip_prefix("Prometheus:").unwrap();
        assert!(kind.len() <= 100 && !kind.contains([':', '/']), "{kind}");
        assert!(finding.key.as_str().starts_with("prometheus/"), "{}", finding.key);
        assert!(finding.key.as_str().len() < 200);
        assert_eq!((subject.pod, subject.node, subject.cluster), (None, None, None), "{name}");
    }
}

#[test]
fn what_is_no_alert_cannot_be_read_and_is_no_other_event() {
    let event = r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"id":"f","type":"A:B/C","arn":"x"}}"#;
    let bodies = [
        event.to_owned(),
        format!("[{event}]"),
        format!(r#"{{"receiver":"w","alerts":[{event}]}}"#),
        r#"[{"labels":{}}]"#.to_owned(),
        r#"{"receiver":"w","alerts":[],"truncatedAlerts":0}"#.to_owned(),
        r#"[{"labels":{"alertname":"A","#.to_owned(),
        r#"[{"status":"resolved","labels":{"alertname":"A"},"labels":{"#.to_owned(),
        "plain".to_owned(),
        r#""{\"labels\":{\"alertname\":\"A\"}}""#.to_owned(),
        String::new(),
    ];
    for body in bodies {
        let texts = alerts(&body, &here("2026-11-29T23:05:00Z"));
        assert_eq!(texts.len(), 1, "{body}");
        assert!(Event::read(&texts[0]).is_err(), "{body}: {}", texts[0]);
    }
    assert_eq!(alerts("[]", &Heard::default()), Vec::<String>::new());
}

#[test]
fn many_labels_and_long_ones_fit_on_a_queue_and_stay_apart() {
    let labels = |last: &str| {
        let mut labels: serde_json::Map<String, serde_json::Value> =
            (0..500).map(|n| (format!("l{n}\u{1}"), "\u{1}".repeat(700).into())).collect();
        labels.insert("alertname".to_owned(), "A".into());
        labels.insert("zz".to_owned(), last.into());
        let annotations = labels.clone();
        serde_json::json!([{"labels": labels, "annotations": annotations}]).to_string()
    };
    let one = alerts(&labels("a"), &Heard::default());
    assert!(one[0].len() < 1024 * 1024, "{}", one[0].len());
    assert_ne!(only(&one).0.key, only(&alerts(&labels("b"), &Heard::default())).0.key);
}

#[test]
fn a_report_counts_from_its_senders_time_as_far_as_that_is_near() {
    let updated = |more: &str| {
        let texts = alerts(&alert(r#"{"alertname":"A"}"#, more), &here("2026-11-29T12:00:00Z"));
        only(&texts).0.updated_at.unwrap().to_string()
    };
    assert_eq!(updated(r#","startsAt":"2026-11-29T11:58:00Z""#), "2026-11-29T11:58:00Z");
    assert_eq!(updated(r#","startsAt":"2026-11-29T09:00:00+02:00""#), "2026-11-29T11:55:00Z");
    assert_eq!(updated(r#","startsAt":"2099-01-01T00:00:00Z""#), "2026-11-29T12:00:00Z");
    assert_eq!(
        updated(r#","status":"resolved","endsAt":"2026-11-29T11:59:59.123456789Z""#),
        "2026-11-29T11:59:59.123456789Z"
    );
    assert_eq!(updated(""), "2026-11-29T12:00:00Z");
}

fn by_sns(message: &str) -> String {
    serde_json::json!({
        "Type": "Notification", "MessageId": "m", "Timestamp": "2026-11-29T12:00:00.000Z",
        "TopicArn": "arn:aws-us-gov:sns:us-gov-west-1:111122223333:alerts", "Message": message,
    })
    .to_string()
}

#[test]
fn amazon_managed_prometheus_sends_by_sns_in_json_or_yaml() {
    let json = r#"{"receiver":"default","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"KubeNodeNotReady","node":"n1","cluster":"payments"},"annotations":{"summary":"Node is not ready."},"startsAt":"2026-11-29T11:59:00Z"}]}"#;
    let yaml = "receiver: default\nstatus: firing\nalerts:\n- status: firing\n  labels:\n    alertname: KubeNodeNotReady\n    node: n1\n    cluster: payments\n  annotations:\n    summary: Node is not ready.\n  startsAt: 2026-11-29T11:59:00Z\n";
    let of = |message: &str| {
        let body = by_sns(message);
        only(&messages(&body).unwrap().into_iter().map(|text| text.into_owned()).collect::<Vec<_>>())
    };
    let (finding, subject) = of(json);
    assert_eq!(subject, Subject { node: Some("n1".to_owned()), ..in_payments() });
    assert_eq!(finding.last_seen, Some(at("2026-11-29T12:00:00Z")));
    assert_eq!(of(yaml), (finding, subject));
    let body = by_sns(&recorded("sns-by-the-template-of-the-document"));
    let texts: Vec<_> = messages(&body).unwrap().into_iter().map(|text| text.into_owned()).collect();
    let by_template: Vec<_> =
        read(&texts).into_iter().map(|(finding, _)| (finding.title, finding.state)).collect();
    let expected = [("A: s _q_".to_owned(), FindingState::Open), ("B".to_owned(), FindingState::Resolved)];
    assert_eq!(by_template, expected);
    // A template that breaks is kept and paged.
    for broken in [
        "alerts:\n  - {",
        "Alerts Firing:\nLabels:\n - alertname = A\n",
        "{\"receiver\":\"default\",\"alerts\":[{\"labels\":{\"alertname\":\"A",
    ] {
        let body = by_sns(broken);
        let texts = messages(&body).unwrap_or_else(|_| vec![body.as_str().into()]);
        assert!(texts.iter().all(|text| Event::read(text).is_err()), "{broken}: {texts:?}");
    }
}

#[test]
fn grafana_sends_the_same_with_more_beside_it() {
    let body = r#"{"receiver":"watchfire","status":"firing","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"High latency","grafana_folder":"Shop","namespace":"shop","deployment":"checkout"},"annotations":{"summary":"Checkout is slow"},"startsAt":"2026-11-29T11:59:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://grafana.example.com/alerting/grafana/a1/view?orgId=1","fingerprint":"c6eadffa33fcdf37","silenceURL":"https://grafana.example.com/alerting/silence/new","dashboardURL":"","panelURL":"","values":{"B":2.5},"valueString":"[ var='B' labels={} value=2.5 ]"}],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"https://grafana.example.com/","version":"1","groupKey":"{}","truncatedAlerts":0,"title":"[FIRING:1] High latency","state":"alerting","message":"**Firing**"}"#;
    let (finding, subject) = only(&alerts(body, &here("2026-11-29T12:00:00Z")));
    assert_eq!((finding.kind.as_str(), finding.ends_at), ("Prometheus:High_latency", None));
    let expected = Subject {
        namespace: Some("shop".to_owned()),
        workload: Some(Workload { kind: "deployments".to_owned(), name: "checkout".to_owned(), uid: None }),
        ..in_payments()
    };
    assert_eq!(subject, expected);
    assert_eq!(finding.key, FindingKey::new(finding.key.as_str()));
}

/// The labels that a scrape of each exporter puts beside those of the metric.
fn scraped(by: &str) -> &'static [(&'static str, &'static str)] {
    match by {
        "-" => &[],
        // kube-prometheus-stack: honorLabels, and nothing is dropped.
        "ksm" => &[
            ("job", "kube-state-metrics"),
            ("service", "kps-kube-state-metrics"),
            ("namespace", "monitoring"),
            ("pod", "kps-kube-state-metrics-5f9cbd7d4-7kq2m"),
            ("container", "kube-state-metrics"),
            ("instance", "10.0.3.17:8080"),
            ("endpoint", "http"),
        ],
        // The chart of prometheus-community: one job for all services, and the node of the exporter's pod.
        "chart" => &[
            ("job", "kubernetes-service-endpoints"),
            ("service", "prometheus-kube-state-metrics"),
            ("namespace", "prometheus"),
            ("node", "node-of-the-exporter"),
            ("instance", "10.0.3.17:8080"),
            ("app_kubernetes_io_name", "kube-state-metrics"),
        ],
        // Without honor_labels.
        "exported" => &[
            ("job", "kube-state-metrics"),
            ("namespace", "monitoring"),
            ("pod", "kube-state-metrics-5f9cbd7d4-7kq2m"),
            ("container", "kube-state-metrics"),
            ("node", "node-of-the-exporter"),
        ],
        "kubelet" => &[
            ("job", "kubelet"),
            ("service", "kubelet"),
            ("instance", "10.0.1.5:10250"),
            ("endpoint", "https-metrics"),
            ("metrics_path", "/metrics"),
        ],
        "exporter" => &[
            ("job", "node-exporter"),
            ("namespace", "monitoring"),
            ("pod", "node-exporter-x7k2p"),
            ("container", "node-exporter"),
        ],
        other => panic!("nothing scrapes as {other}"),
    }
}

#[test]
fn the_alerts_of_kube_prometheus_have_their_priority_and_are_about_what_they_name() {
    let rules = RuleSet::load(&shipped_rules()).unwrap();
    let mut told = String::new();
    let table = include_str!("alerts/names.txt");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (given, _) = line.split_once(" -> ").unwrap();
        let mut words = given.split(' ');
        let [name, severity, by] = [words.next(), words.next(), words.next()].map(Option::unwrap);
        let own = words.filter_map(|word| word.split_once('='));
        let all =
            [("alertname", name), ("severity", severity)].into_iter().chain(scraped(by).iter().copied());
        let labels: std::collections::BTreeMap<_, _> = all.chain(own).collect();
        let body = serde_json::json!([{"labels": labels}]).to_string();
        let texts = alerts(&body, &here("2026-11-29T12:00:00Z"));
        let event = Event::read(&texts[0]).unwrap();
        let rule = rules.classify(&event, &watchfire_core::context::Context::none()).rule;
        let about = event.subject.primary().unwrap_or_else(|| "-".to_owned());
        told += &format!("{given} -> {} {about}\n", rule.priority);
    }
    let expected: String =
        table.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    assert!(expected.lines().count() >= 70);
    for (told, expected) in told.lines().zip(expected.lines()) {
        assert_eq!(told, expected);
    }
}

/// An alarm over one metric of CloudWatch with these dimensions.
fn alarm(namespace: &str, metric: &str, dimensions: &str) -> String {
    format!(
        r#"{{"id":"a","source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","account":"111122223333",
        "region":"us-gov-west-1","time":"2026-11-29T12:00:00Z",
        "resources":["arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:{metric}"],
        "detail":{{"alarmName":"{metric}","state":{{"value":"ALARM"}},"configuration":{{"metrics":[{{"metricStat":{{"metric":
        {{"namespace":"{namespace}","name":"{metric}","dimensions":{dimensions}}}}}}}]}}}}}}"#
    )
}

#[test]
fn what_cloudwatch_and_prometheus_say_of_one_thing_is_one_incident_and_of_two_it_is_two() {
    let of_alarm = |(namespace, metric, dimensions): (&str, &str, &str)| {
        let text = alarm(namespace, metric, dimensions);
        incident_key(&Event::read(&text).unwrap(), "platform-alarm")
    };
    let of_alert = |labels: &str| {
        let texts = alerts(&alert(labels, ""), &here("2026-11-29T12:00:00Z"));
        incident_key(&Event::read(&texts[0]).unwrap(), "platform-alarm")
    };
    let pairs = [
        (
            (
                "ContainerInsights",
                "node_status_condition_ready",
                r#"{"ClusterName":"payments","NodeName":"n1","InstanceId":"i-0abc"}"#,
            ),
            r#"{"alertname":"KubeNodeNotReady","node":"n1"}"#,
        ),
        (
            (
                "ContainerInsights",
                "pod_number_of_container_restarts",
                r#"{"ClusterName":"payments","Namespace":"shop","PodName":"web","FullPodName":"web-1"}"#,
            ),
            r#"{"alertname":"KubePodCrashLooping","namespace":"shop","pod":"web-1","container":"app"}"#,
        ),
        (
            (
                "ContainerInsights",
                "replicas_ready",
                r#"{"ClusterName":"payments","Namespace":"shop","PodName":"web"}"#,
            ),
            r#"{"alertname":"KubeDeploymentReplicasMismatch","namespace":"shop","deployment":"web"}"#,
        ),
        (
            ("AWS/EKS", "apiserver_request_duration_seconds_GET_P99", r#"{"ClusterName":"payments"}"#),
            r#"{"alertname":"KubeAPIErrorBudgetBurn","long":"1h"}"#,
        ),
        (
            ("AWS/EKS", "scheduler_pending_pods", r#"{"ClusterName":"payments"}"#),
            r#"{"alertname":"KubeSchedulerDown","job":"kube-scheduler"}"#,
        ),
        (
            ("ContainerInsights", "apiserver_storage_size_bytes", r#"{"ClusterName":"payments"}"#),
            r#"{"alertname":"etcdDatabaseQuotaLowSpace","job":"etcd"}"#,
        ),
    ];
    let alarms: Vec<_> = pairs.iter().map(|(alarm, _)| of_alarm(*alarm)).collect();
    let of_alerts: Vec<_> = pairs.iter().map(|(_, labels)| of_alert(labels)).collect();
    assert_eq!(alarms, of_alerts);
    let different: std::collections::BTreeSet<_> = alarms.iter().collect();
    assert_eq!(different.len(), pairs.len(), "each thing is one of its own");
    let counts = ("ContainerInsights", "cluster_failed_node_count", r#"{"ClusterName":"payments"}"#);
    assert!(!alarms.contains(&of_alarm(counts)), "what names nothing is nobody's namesake");
}
