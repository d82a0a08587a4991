#![allow(clippy::unwrap_used)]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::*;
use crate::channel::{Channel, ChannelConfig};
use crate::failure::Done;
use watchfire_core::builders::page;

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::SecurityHub(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

fn aws(region: Option<&str>) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "hush", Some("token".into()), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.map(|region| Region::new(region.to_owned())))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

#[test]
fn the_example_is_understood_and_everything_in_it_may_be_left_out() {
    let example = "security-hub:
  region: us-gov-west-1
  fips: true
  endpoint: https://vpce-1.securityhub.us-gov-west-1.vpce.amazonaws.com
";
    let expected = Config {
        region: Some(HubRegion("us-gov-west-1".to_owned())),
        fips: Some(true),
        endpoint: Some(Address::known("https://vpce-1.securityhub.us-gov-west-1.vpce.amazonaws.com")),
    };
    assert_eq!(config(example), Ok(expected));
    assert_eq!(config("security-hub: {}"), Ok(Config::default()));
}

#[test]
fn what_is_no_region_or_no_safe_address_is_refused() {
    for (wrong, expected) in [
        ("region: US", "expected a region such as us-gov-west-1, found `US`"),
        ("region: 'a-1.evil.example/'", "expected a region such as us-gov-west-1"),
        ("endpoint: 'http://hub.example.com/'", "expected an https address"),
        ("regions: []", "unknown field `regions`"),
    ] {
        let error = config(&format!("security-hub: {{{wrong}}}")).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn without_a_region_it_does_not_start() {
    let clients = Clients::with_aws(aws(None)).unwrap();
    let config = ChannelConfig::SecurityHub(Config::default());
    let error = Channel::new(&ChannelName::new("hub"), config, &clients).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "channel hub: expected `region`, or AWS_REGION to be set");
}

#[tokio::test]
async fn an_effect_about_no_finding_of_security_hub_is_done_without_a_call() {
    let clients = Clients::with_aws(aws(Some("us-gov-west-1"))).unwrap();
    let hub = SecurityHub::new(&ChannelName::new("hub"), Config::default(), &clients).await.unwrap();
    let done = Done { receipt: "no Security Hub finding".to_owned() };
    assert_eq!(hub.perform(&Dispatch::alone(&page())).await, Ok(done));
}

#[tokio::test]
async fn what_it_is_made_of_prints_no_secret() {
    let clients = Clients::with_aws(aws(Some("us-gov-west-1"))).unwrap();
    let hub = SecurityHub::new(&ChannelName::new("hub"), Config::default(), &clients).await.unwrap();
    let printed = format!("{hub:?}");
    assert!(!printed.contains("hush") && !printed.contains("token"), "{printed}");
}
