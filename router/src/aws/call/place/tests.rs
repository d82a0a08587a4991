//! Promises about where a call goes.
#![allow(clippy::unwrap_used)]

use aws_config::{BehaviorVersion, Region};
use aws_types::service_config::LoadServiceConfig;

use super::*;

/// What an environment says of one service.
#[derive(Debug)]
struct Said {
    service: &'static str,
    endpoint: &'static str,
}

impl LoadServiceConfig for Said {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        assert_eq!((key.env(), key.profile()), ("AWS_ENDPOINT_URL", "endpoint_url"));
        (key.service_id() == self.service).then(|| self.endpoint.to_owned())
    }
}

fn aws() -> aws_types::sdk_config::Builder {
    SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("us-gov-west-1"))
}

#[test]
fn every_endpoint_is_the_one_that_the_sdk_had() {
    let mut compared = 0;
    for line in include_str!("endpoints.txt").lines().filter(|line| !line.starts_with('#')) {
        let [service, region, variant, expected] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let service = match service {
            "BedrockRuntime" => Service::BedrockRuntime,
            "CloudWatch" => Service::CloudWatch,
            "DynamoDb" => Service::DynamoDb,
            "Ecr" => Service::Ecr,
            "EventBridge" => Service::EventBridge,
            "Iam" => Service::Iam,
            "Lambda" => Service::Lambda,
            "S3" => Service::S3,
            "SecretsManager" => Service::SecretsManager,
            "Sns" => Service::Sns,
            "Sqs" => Service::Sqs,
            other => panic!("{other}"),
        };
        let variant = Variant { fips: variant.contains("fips"), dual_stack: variant.contains("dual-stack") };
        let found = Place::own(service, region, variant).map(|place| place.url(""));
        let expected = match expected {
            "none" => Err("S3 has no endpoint for FIPS in China".to_owned()),
            host => Ok(format!("https://{host}")),
        };
        assert_eq!(found, expected, "{line}");
        compared += 1;
    }
    assert_eq!(compared, 11 * 13 * 4);
}

#[test]
fn security_hub_has_its_own_address_in_every_partition_and_its_own_for_fips() {
    let fips = |region: &str| Place::regional_fips(Service::SecurityHub, region).unwrap().url("");
    let plain = |region: &str| Place::regional(Service::SecurityHub, region).unwrap().url("");
    for (found, expected) in [
        (plain("us-east-1"), "https://securityhub.us-east-1.amazonaws.com"),
        (fips("us-east-1"), "https://securityhub-fips.us-east-1.amazonaws.com"),
        (plain("us-gov-west-1"), "https://securityhub.us-gov-west-1.amazonaws.com"),
        (fips("us-gov-east-1"), "https://securityhub-fips.us-gov-east-1.amazonaws.com"),
        (plain("cn-north-1"), "https://securityhub.cn-north-1.amazonaws.com.cn"),
        (plain("eusc-de-east-1"), "https://securityhub.eusc-de-east-1.amazonaws.eu"),
        (fips("us-iso-east-1"), "https://securityhub-fips.us-iso-east-1.c2s.ic.gov"),
        (plain("us-isob-east-1"), "https://securityhub.us-isob-east-1.sc2s.sgov.gov"),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn guard_duty_has_its_own_address_and_one_for_fips_but_in_govcloud() {
    let of = |region: &str, fips, dual_stack| {
        Place::own(Service::GuardDuty, region, Variant { fips, dual_stack }).unwrap().url("")
    };
    for (found, expected) in [
        (of("us-east-1", false, false), "https://guardduty.us-east-1.amazonaws.com"),
        (of("us-east-1", true, false), "https://guardduty-fips.us-east-1.amazonaws.com"),
        (of("us-east-1", false, true), "https://guardduty.us-east-1.api.aws"),
        (of("us-gov-west-1", true, false), "https://guardduty.us-gov-west-1.amazonaws.com"),
        (of("us-gov-west-1", true, true), "https://guardduty-fips.us-gov-west-1.api.aws"),
        (of("cn-north-1", false, false), "https://guardduty.cn-north-1.amazonaws.com.cn"),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn iam_is_signed_for_the_one_region_of_its_partition_and_the_others_for_their_own() {
    let signed_for = |service, region: &str| Place::regional(service, region).unwrap().region().to_owned();
    for (region, expected) in [
        ("eu-west-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
        ("us-iso-west-1", "us-iso-east-1"),
        ("us-isob-west-1", "us-isob-east-1"),
        ("eu-isoe-west-1", "eu-isoe-west-1"),
        ("us-isof-east-1", "us-isof-south-1"),
    ] {
        assert_eq!(signed_for(Service::Iam, region), expected);
        for service in [Service::Ecr, Service::S3, Service::SecretsManager, Service::SecurityHub] {
            assert_eq!(signed_for(service, region), region);
        }
    }
}

#[test]
fn what_the_environment_names_for_the_service_goes_before_what_it_names_for_all_and_that_before_the_regions()
{
    let own = Said { service: "Secrets Manager", endpoint: "https://vpce-1.example.com/" };
    let aws = aws().service_config(own).endpoint_url("http://127.0.0.1:4566").build();
    let url = |service| Place::of(service, &aws, "us-gov-east-1").unwrap().url("/");
    assert_eq!(url(Service::SecretsManager), "https://vpce-1.example.com/");
    assert_eq!(url(Service::Ecr), "http://127.0.0.1:4566/");
    let iam = Place::of(Service::Iam, &aws, "us-gov-east-1").unwrap();
    assert_eq!((iam.url("/").as_str(), iam.region()), ("http://127.0.0.1:4566/", "us-gov-east-1"));
}

#[test]
fn fips_and_dual_stack_are_taken_from_the_environment_and_refused_beside_a_configured_endpoint() {
    let ecr = |aws: aws_types::sdk_config::Builder| {
        Place::of(Service::Ecr, &aws.build(), "us-gov-west-1").map(|place| place.url("/"))
    };
    let refused = |variable: &str| Err(format!("a configured endpoint and {variable} exclude each other"));
    assert_eq!(ecr(aws()), Ok("https://api.ecr.us-gov-west-1.amazonaws.com/".to_owned()));
    assert_eq!(ecr(aws().use_fips(true)), Ok("https://api.ecr-fips.us-gov-west-1.amazonaws.com/".to_owned()));
    assert_eq!(ecr(aws().use_dual_stack(true)), Ok("https://ecr.us-gov-west-1.api.aws/".to_owned()));
    let set = || aws().endpoint_url("https://vpce-1.example.com");
    assert_eq!(ecr(set().use_fips(true)), refused("AWS_USE_FIPS_ENDPOINT"));
    assert_eq!(ecr(set().use_dual_stack(true)), refused("AWS_USE_DUALSTACK_ENDPOINT"));
    let error = ecr(aws().endpoint_url("vpce-1")).unwrap_err();
    assert!(error.starts_with("configured endpoint `vpce-1`: "), "{error}");
}

#[test]
fn what_is_no_region_becomes_no_host() {
    for wrong in ["", "evil.example#", "a/b", "a@b", "a:1", "US-EAST-1", "a b", "ä"] {
        let expected = Err(format!("`{}`: no region", wrong.escape_debug()));
        assert_eq!(Place::regional(Service::Ecr, wrong), expected);
    }
}
