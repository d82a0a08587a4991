//! What matching costs: one GuardDuty event of the usual size, and events made to be slow.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use watchfire_core::json::Json;
use watchfire_core::pattern::{Pattern, PatternSet};

const EVENT: &str = include_str!("guardduty.json");

fn main() {
    divan::main();
}

/// As many rules as asked for, of the kinds that rule files hold; the last one takes everything.
fn rules(count: usize) -> PatternSet {
    let rule = |index: usize| {
        let family =
            ["CryptoCurrency", "Impact", "Backdoor", "Persistence", "PrivilegeEscalation"][index % 5];
        let guardduty = r#""source":["aws.guardduty"],"detail-type":["GuardDuty Finding"]"#;
        match index % 10 {
            0 => format!(
                r#"{{{guardduty},"detail":{{"type":[{{"prefix":"{family}:Runtime/{index}"}},"{family}:{index}"]}}}}"#
            ),
            1 => format!(
                r#"{{{guardduty},"detail":{{"type":["{family}:EC2/{index}"],"severity":[{{"numeric":[">=",7]}}]}}}}"#
            ),
            2 => format!(r#"{{{guardduty},"detail":{{"type":[{{"wildcard":"*:Kubernetes/*{index}*"}}]}}}}"#),
            3 => format!(
                r#"{{{guardduty},"detail":{{"resource":{{"eksClusterDetails":{{"name":["cluster-{index}"]}}}}}}}}"#
            ),
            4 => format!(
                r#"{{"source":["aws.securityhub"],"detail":{{"findings":{{"Types":[{{"prefix":"TTPs/{index}"}}],"RecordState":["ACTIVE"]}}}}}}"#
            ),
            5 => format!(
                r#"{{{guardduty},"detail":{{"resource":{{"kubernetesDetails":{{"kubernetesWorkloadDetails":{{"namespace":["ns-{index}"],"containers":{{"name":["checkout"],"image":[{{"suffix":"envoy:v1.29"}}]}}}}}}}}}}}}"#
            ),
            6 => format!(
                r#"{{{guardduty},"detail":{{"service":{{"runtimeDetails":{{"process":{{"name":[{{"equals-ignore-case":"xmrig-{index}"}}]}}}}}}}}}}"#
            ),
            7 => format!(
                r#"{{{guardduty},"detail":{{"resource":{{"instanceDetails":{{"networkInterfaces":{{"privateIpAddress":[{{"cidr":"{}.0.0.0/8"}}]}}}}}}}}}}"#,
                index % 256
            ),
            8 => format!(
                r#"{{{guardduty},"detail":{{"$or":[{{"severity":[{{"numeric":[">=",9]}}]}},{{"type":[{{"suffix":"{index}"}}]}}]}}}}"#
            ),
            _ => format!(
                r#"{{"source":["aws.service-{index}"],"detail":{{"status":[{{"anything-but":"OK"}}]}}}}"#
            ),
        }
    };
    let everything = r#"{"source":[{"exists":true}]}"#.to_owned();
    let texts = (0..count - 1).map(rule).chain([everything]);
    PatternSet::new(texts.map(|text| Pattern::parse(&text).unwrap()).collect())
}

/// The event is parsed already; only the last rule matches, so every rule is asked.
#[divan::bench(args = [1, 100, 1_000])]
fn classify(bencher: Bencher<'_, '_>, count: usize) {
    let (rules, event) = (rules(count), Json::parse(EVENT).unwrap());
    bencher.bench_local(|| {
        assert_eq!(black_box(&rules).first_matching(black_box(&event), |_| true), Some(count - 1))
    });
}

#[divan::bench]
fn parse_and_classify_with_100_rules(bencher: Bencher<'_, '_>) {
    let rules = rules(100);
    bencher.bench_local(|| rules.first_matching(&Json::parse(black_box(EVENT)).unwrap(), |_| true));
}

/// Two sibling arrays, four fields, and no element that has both of its fields.
#[divan::bench(args = [100, 1_000, 10_000])]
fn two_arrays_of_objects(bencher: Bencher<'_, '_>, elements: usize) {
    let array = format!("[{}]", vec![r#"{"x":1},{"y":1}"#; elements / 2].join(","));
    let text = format!(r#"{{"a":{array},"b":{array}}}"#);
    let event = Json::parse(&text).unwrap();
    let pattern = Pattern::parse(r#"{"a":{"x":[1],"y":[1]},"b":{"x":[1],"y":[1]}}"#).unwrap();
    bencher.bench_local(|| assert!(!black_box(&pattern).matches(black_box(&event))));
}
