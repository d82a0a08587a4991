//! What a finding says of itself must not close, silence or hide a finding of another product.

use watchfire_core::event::{Event, Finding, FindingSource, FindingState};
use watchfire_core::ids::FindingKey;

use crate::fixtures::fixture;

fn read(text: &str) -> Finding {
    Event::read(text).unwrap().finding.unwrap()
}

/// The text with one part of it replaced, which it must have.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

const ASFF_PRODUCT: &str = "\"arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty\"";
const OCSF_PRODUCT: &str = "\"arn:aws-us-gov:securityhub:us-gov-west-1::productv2/aws/guardduty\"";
const OTHERS: [&str; 6] = [
    "arn:aws-us-gov:securityhub:us-gov-west-1:999999999999:product/999999999999/default",
    "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/inspector",
    "arn:aws-us-gov:securityhub:us-gov-west-1::product/scanner/guardduty",
    "arn:aws-us-gov:securityhub:us-gov-west-1::product/x:product/aws/guardduty",
    "x:product/aws/guardduty",
    "guardduty",
];

#[test]
fn the_id_of_a_guardduty_finding_under_another_product_is_another_finding() {
    for (name, product) in [("asff_miner", ASFF_PRODUCT), ("ocsf_miner", OCSF_PRODUCT)] {
        let text = fixture(name);
        let genuine = read(&text);
        for other in OTHERS {
            let foreign = read(&with(&text, product, &format!("{other:?}")));
            assert_eq!(foreign.key, FindingKey::new(format!("{other}|{}", genuine.key)), "{name}");
            assert_ne!(foreign.source, FindingSource::GuardDuty, "{name}: {other}");
        }
    }
}

#[test]
fn a_finding_that_names_no_product_has_nobodys_key() {
    let asff = with(&fixture("asff_miner"), &format!("\"ProductArn\": {ASFF_PRODUCT},"), "");
    let ocsf = with(&fixture("ocsf_miner"), "\"name\": \"GuardDuty\",", "");
    let ocsf = with(&ocsf, &format!("\"uid\": {OCSF_PRODUCT},"), "");
    let genuine = read(&fixture("guardduty_miner"));
    for text in [asff, ocsf] {
        assert_eq!(read(&text).key, FindingKey::new(format!("-|{}", genuine.key)));
    }
}

#[test]
fn an_ocsf_product_without_an_arn_is_known_by_its_exact_name() {
    let text = with(&fixture("ocsf_miner"), &format!("\"uid\": {OCSF_PRODUCT},"), "");
    assert_eq!(read(&text).key, read(&fixture("ocsf_miner")).key);
    for (from, to) in [
        ("\"GuardDuty\"", "\"Our GuardDuty\""),
        ("\"GuardDuty\"", "\"GuardDuty Plus\""),
        ("\"GuardDuty\"", "\"notguardduty\""),
        ("\"Amazon\"", "\"Scanner\""),
    ] {
        let finding = read(&with(&text, from, to));
        assert_ne!(finding.source, FindingSource::GuardDuty, "{to}");
        assert_ne!(finding.key, read(&fixture("ocsf_miner")).key, "{to}");
    }
}

#[test]
fn a_product_takes_no_arn_of_another_service_as_its_own() {
    let control = fixture("asff_control");
    let id = "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:security-control/EKS.1/finding/c0";
    let product = "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/securityhub";
    assert_eq!(read(&control).key, FindingKey::new(id));
    for other in [
        "arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d/finding/f",
        "arn:aws-us-gov:inspector2:us-gov-west-1:111122223333:finding/f",
        "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:action/custom/isolate",
        "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments",
    ] {
        let finding = read(&with(&control, &format!("\"Id\": {id:?}"), &format!("\"Id\": {other:?}")));
        assert_eq!(finding.key, FindingKey::new(format!("{product}|{other}")));
    }
}

#[test]
fn inspectors_finding_has_its_own_arn_as_key_in_every_feed() {
    let id = "arn:aws:inspector2:eu-north-1:111122223333:finding/1a";
    let asff = with(&fixture("asff_scanner"), "product/scanner/scanner", "product/aws/inspector");
    let asff = with(&asff, "app/CVE-2026-0001", id);
    for text in [asff, fixture("ocsf_inspector")] {
        let finding = read(&text);
        assert_eq!((finding.key, finding.source), (FindingKey::new(id), FindingSource::Inspector));
    }
}

#[test]
fn no_report_claims_to_be_newer_than_its_envelope_and_a_quarter_of_an_hour() {
    for (name, from) in [
        ("guardduty_miner", "\"updatedAt\": \"2026-03-04T05:06:00.000Z\""),
        ("asff_miner", "\"UpdatedAt\": \"2026-03-04T05:06:00.000Z\""),
        ("asff_control", "\"UpdatedAt\": \"2026-03-04T05:05:05.000Z\""),
        ("ocsf_miner", "\"modified_time_dt\": \"2026-03-04T05:06:00.000Z\""),
        ("inspector", "\"updatedAt\": \"2026-03-04T05:06:00Z\""),
    ] {
        let text = fixture(name);
        let (member, _) = from.split_once(' ').unwrap();
        let sent = Event::read(&text).unwrap().time.unwrap();
        let latest = sent + jiff::SignedDuration::from_mins(15);
        for (claimed, expected) in [
            ("2099-01-01T00:00:00Z".parse().unwrap(), latest),
            (latest + jiff::SignedDuration::from_secs(1), latest),
            (latest, latest),
            (sent, sent),
        ] {
            let text = with(&text, from, &format!("{member} \"{claimed}\""));
            assert_eq!(read(&text).updated_at, Some(expected), "{name}: {claimed}");
        }
        // Without an envelope's time there is nothing to hold it to.
        let text = with(&text, from, &format!("{member} \"2099-01-01T00:00:00Z\""));
        let text = with(&text, &format!("\"time\": \"{sent}\""), "\"time\": null");
        assert_eq!(read(&text).updated_at, Some("2099-01-01T00:00:00Z".parse().unwrap()), "{name}");
    }
}

#[test]
fn a_report_of_another_product_from_the_future_leaves_the_miner_as_it_is() {
    let text = with(&fixture("asff_miner"), ASFF_PRODUCT, &format!("{:?}", OTHERS[0]));
    let text = with(&text, "\"RecordState\": \"ACTIVE\"", "\"RecordState\": \"ARCHIVED\"");
    let text =
        with(&text, "\"UpdatedAt\": \"2026-03-04T05:06:00.000Z\"", "\"UpdatedAt\": \"2099-01-01T00:00:00Z\"");
    let (foreign, genuine) = (read(&text), read(&fixture("guardduty_miner")));
    assert_eq!(foreign.state, FindingState::Archived);
    assert_ne!(foreign.key, genuine.key);
    assert_eq!(foreign.updated_at, Some("2026-03-04T05:23:07Z".parse().unwrap()));
}

#[test]
fn a_copy_is_a_sample_by_guardduty_s_flag_or_by_its_mark_and_made_up_names_for_all_resources() {
    let asff = fixture("asff_miner");
    let one = with(&asff, "cluster/payments", "cluster/GeneratedFindingEKSClusterName");
    let two = with(&one, "\"app in shop\"", "\"GeneratedFindingContainerId\"");
    let all = with(&two, "instance/i-0abc0000000000001", "instance/i-99999999");
    let titled = |text: &str| with(text, "\"Title\": \"", "\"Title\": \"[SAMPLE] ");
    let field = "\"ProductFields\": {";
    let said = |name: &str, value: &str| with(&asff, field, &format!("{field}\"{name}\": {value},"));
    let flag = "aws/guardduty/service/additionalInfo/sample";
    let ocsf = fixture("ocsf_miner");
    let ocsf_titled = |text: &str| with(text, "\"title\": \"", "\"title\": \"[SAMPLE] ");
    let ocsf_all = with(&ocsf, "instance/i-0abc0000000000001", "instance/GeneratedFindingInstanceId");
    for (text, expected) in [
        (&asff, false),
        (&titled(&asff), false),
        (&all, false),
        (&titled(&two), false),
        (&titled(&all), true),
        (&said(flag, "\"true\""), true),
        (&said(flag, "true"), true),
        (&said(flag, "\"false\""), false),
        (&said("aws/guardduty/service/runtimeDetails/process/sample", "\"true\""), false),
        (&ocsf, false),
        (&ocsf_titled(&ocsf), false),
        (&ocsf_all, false),
        (&ocsf_titled(&ocsf_all), true),
    ] {
        assert_eq!(read(text).sample, expected, "{text}");
    }
}

#[test]
fn no_name_that_is_only_like_a_made_up_one_makes_a_sample() {
    let asff = with(&fixture("asff_miner"), "\"Title\": \"", "\"Title\": \"[SAMPLE] ");
    let asff = with(&asff, "\"app in shop\"", "\"GeneratedFindingContainerId\"");
    let asff = with(&asff, "instance/i-0abc0000000000001", "instance/i-99999999");
    for name in [
        "GeneratedFinding",
        "GeneratedFindingEKSClusterName-mine",
        "GeneratedFindingPayments",
        "myGeneratedFindingEKSClusterName",
        "generatedfindingeksclustername",
    ] {
        let text = with(&asff, "cluster/payments", &format!("cluster/{name}"));
        assert!(!read(&text).sample, "{name}");
    }
    let native = fixture("guardduty_miner");
    for (from, to) in [
        ("\"payments\"", "\"GeneratedFindingEKSClusterName\""),
        ("checkout-6d9f-abcde", "GeneratedFindingKubernetesWorkloadName"),
        ("\"title\": \"", "\"title\": \"[SAMPLE] "),
    ] {
        assert!(!read(&with(&native, from, to)).sample, "{to}");
    }
}

#[test]
fn a_copy_without_resources_is_no_sample() {
    let text = fixture("asff_miner");
    let resources = text.find("\"Resources\": [").unwrap();
    let end = text.find("\"WorkflowState\"").unwrap();
    let text = format!("{}\"Resources\": [], {}", &text[..resources], &text[end..]);
    assert!(!read(&text).sample);
    let text = with(&fixture("ocsf_miner"), "\"resources\": [{", "\"resources\": [], \"others\": [{");
    assert!(!read(&text).sample);
}

#[test]
fn no_name_and_no_title_makes_a_sample_of_another_products_finding() {
    for (name, from, to) in [
        ("asff_scanner", "\"Title\": \"", "\"Title\": \"[SAMPLE] "),
        ("asff_control", "\"Title\": \"", "\"Title\": \"[SAMPLE] "),
        ("asff_control", "cluster/payments", "cluster/GeneratedFindingEKSClusterName"),
        ("ocsf_control", "\"title\": \"", "\"title\": \"[SAMPLE] "),
        ("ocsf_control", "AKIAEXAMPLE", "GeneratedFindingAccessKeyId"),
        ("ocsf_inspector", "i-0abc0000000000006", "GeneratedFindingInstanceId"),
    ] {
        assert!(!read(&with(&fixture(name), from, to)).sample, "{name}: {to}");
    }
}
