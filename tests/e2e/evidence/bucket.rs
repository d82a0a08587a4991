//! Evidence in a bucket: once, under lock, whoever asks how often.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::future::join_all;
use reqwest::header::HeaderMap;
use watchfire::clients::Clients;
use watchfire::evidence::{Config, Evidence, Kept, Retention, S3Config, To, Which, Wrong};
use watchfire::failure::Failure;
use watchfire_tests::Ministack;

use super::{nobody, request};

fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

struct Bucket {
    ministack: Ministack,
    clients: Clients,
    name: String,
}

impl Bucket {
    async fn new() -> Self {
        let ministack = Ministack::shared();
        let clients = Clients::with_aws(aws(ministack.endpoint())).unwrap();
        let name = ministack.bucket("evidence").await;
        Self { ministack, clients, name }
    }

    /// One operation on an object, or on the bucket.
    async fn s3(&self, method: &str, rest: &str, body: &str) -> (HeaderMap, String) {
        self.ministack.s3(&format!("{method} /{}{rest}", self.name), &[], body).await
    }

    async fn evidence(&self) -> Evidence {
        Evidence::new(self.config(), &self.clients).await.unwrap()
    }

    fn config(&self) -> Config {
        let to = To::S3(S3Config {
            bucket: self.name.clone(),
            prefix: "watchfire/".to_owned(),
            // S3 takes its own key where none is named; ministack refuses that.
            kms_key: Some("arn:aws-us-gov:kms:us-gov-west-1:000000000000:key/1234abcd".to_owned()),
            retain_days: Some(400),
            retention: Retention::Governance,
        });
        Config { to, within_seconds: 20, log_lines: 100, log_bytes: 4_096 }
    }

    async fn keys(&self) -> Vec<String> {
        let (_, list) = self.s3("GET", "?list-type=2", "").await;
        let keys = list.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
        keys.map(|(key, _)| key.to_owned()).collect()
    }
}

#[tokio::test]
async fn what_is_kept_is_locked_encrypted_and_kept_once() {
    let bucket = Bucket::new().await;
    let evidence = bucket.evidence().await;
    let first = evidence.keep(&nobody(), &request("b-1", &[])).await.unwrap();
    assert_eq!(first.place, format!("s3://{}/watchfire/bundles/b-1/", bucket.name));
    let again = bucket.evidence().await.keep(&nobody(), &request("b-1", &[])).await.unwrap();
    assert_eq!(again, Kept { already: true, ..first.clone() });
    let keys = [
        "watchfire/bundles/b-1/decision.json",
        "watchfire/bundles/b-1/finding.json",
        "watchfire/bundles/b-1/manifest.json",
        "watchfire/chain/0000000001.json",
    ];
    assert_eq!(bucket.keys().await, keys);
    for key in keys {
        let (head, _) = bucket.s3("HEAD", &format!("/{key}"), "").await;
        assert_eq!(head["x-amz-object-lock-mode"], "GOVERNANCE", "{key}");
        assert_eq!(head["x-amz-server-side-encryption"], "aws:kms", "{key}");
        assert!(head.contains_key("x-amz-object-lock-retain-until-date"), "{key}");
    }
    let report = evidence.verify(Which::All).await.unwrap();
    assert_eq!((report.bundles, report.files, report.links, report.wrong), (1, 2, 1, vec![]));
}

#[tokio::test]
async fn workers_that_append_at_once_make_one_chain() {
    let bucket = Bucket::new().await;
    let workers = [bucket.evidence().await, bucket.evidence().await];
    let asks = (0..6).flat_map(|bundle| workers.iter().map(move |worker| (worker, bundle)));
    let kept = join_all(asks.map(|(worker, bundle)| async move {
        worker.keep(&nobody(), &request(&format!("b-{bundle}"), &[])).await.unwrap()
    }))
    .await;
    let mut sequences: Vec<_> = kept.iter().map(|kept| kept.sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    let report = workers[0].verify(Which::All).await.unwrap();
    assert_eq!((report.bundles, report.links, report.wrong), (6, 6, vec![]));
    // And the end of a chain is found by one who has seen none of it.
    let next = bucket.evidence().await.keep(&nobody(), &request("b-6", &[])).await.unwrap();
    assert_eq!(next.sequence, 7);
}

#[tokio::test]
async fn stopped_at_any_await_and_asked_again_it_is_the_same_bundle_with_one_link() {
    let bucket = Bucket::new().await;
    bucket.evidence().await.keep(&nobody(), &request("before", &[])).await.unwrap();
    let mut polls = 1;
    loop {
        let (evidence, cluster) = (bucket.evidence().await, nobody());
        let request = request(&format!("b-{polls}"), &[]);
        let ended = {
            let mut keep = pin!(evidence.keep(&cluster, &request));
            let mut count = 0;
            let stopped = std::future::poll_fn(|context| {
                count += 1;
                match keep.as_mut().poll(context) {
                    Poll::Ready(kept) => Poll::Ready(Some(kept)),
                    Poll::Pending if count == polls => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            });
            tokio::time::timeout(Duration::from_secs(20), stopped).await.unwrap()
        };
        bucket.evidence().await.keep(&cluster, &request).await.unwrap();
        if ended.is_some() {
            break;
        }
        polls += 1;
    }
    let report = bucket.evidence().await.verify(Which::All).await.unwrap();
    assert_eq!((report.bundles, report.links, report.wrong), (polls + 1, polls + 1, vec![]));
}

#[tokio::test]
async fn a_version_put_over_a_file_is_told() {
    let bucket = Bucket::new().await;
    let evidence = bucket.evidence().await;
    evidence.keep(&nobody(), &request("b-1", &[])).await.unwrap();
    let key = "watchfire/bundles/b-1/finding.json";
    bucket.s3("PUT", &format!("/{key}"), "{}").await;
    let report = evidence.verify(Which::Bundle("b-1".to_owned())).await.unwrap();
    match &report.wrong[..] {
        [Wrong::FileAltered { file, found_bytes: 2, .. }] => assert_eq!(file, "finding.json"),
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_refuses_for_good() {
    let bucket = Bucket { name: "there-is-none".to_owned(), ..Bucket::new().await };
    match bucket.evidence().await.keep(&nobody(), &request("b-1", &[])).await {
        Err(Failure::Permanent { reason }) => assert!(reason.contains("404 NoSuchBucket"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_of_more_than_a_page_is_read_to_its_end_whatever_is_in_its_keys() {
    let bucket = Bucket::new().await;
    let evidence = bucket.evidence().await;
    evidence.keep(&nobody(), &request("b-1", &[])).await.unwrap();
    // S3 lists 1,000 at once.
    let others: Vec<String> = (0..1_100).map(|number| format!("b-1/x/%01+%26%20ä-{number}")).collect();
    for some in others.chunks(50) {
        let keys: Vec<String> = some.iter().map(|key| format!("/watchfire/bundles/{key}")).collect();
        join_all(keys.iter().map(|key| bucket.s3("PUT", key, "{}"))).await;
    }
    let report = evidence.verify(Which::All).await.unwrap();
    let extra = report.wrong.iter().filter(|wrong| matches!(wrong, Wrong::FileExtra { .. }));
    assert_eq!((report.bundles, extra.count()), (1, 1_100), "{:?}", report.wrong.first());
}

#[tokio::test]
async fn a_bucket_without_a_region_is_told_at_the_start() {
    let bucket = Bucket::new().await;
    let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let bucket = Bucket { clients: Clients::with_aws(aws).unwrap(), ..bucket };
    let error = Evidence::new(bucket.config(), &bucket.clients).await.unwrap_err();
    assert_eq!(format!("{error:#}"), format!("s3://{}: no AWS region: set AWS_REGION", bucket.name));
}
