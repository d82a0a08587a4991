//! Evidence in a bucket: once, under lock, whoever asks how often.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectLockMode, ServerSideEncryption,
};
use futures_util::future::join_all;
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
    s3: aws_sdk_s3::Client,
    clients: Clients,
    name: String,
}

impl Bucket {
    async fn new() -> Self {
        let ministack = Ministack::shared();
        let clients = Clients::with_aws(aws(ministack.endpoint())).unwrap();
        let s3 = aws_sdk_s3::Client::new(clients.aws().await);
        let name = ministack.name("evidence");
        let region = BucketLocationConstraint::UsGovWest1;
        let place = CreateBucketConfiguration::builder().location_constraint(region).build();
        let create = s3.create_bucket().bucket(&name).create_bucket_configuration(place);
        create.object_lock_enabled_for_bucket(true).send().await.unwrap();
        Self { s3, clients, name }
    }

    async fn evidence(&self) -> Evidence {
        let to = To::S3(S3Config {
            bucket: self.name.clone(),
            prefix: "watchfire/".to_owned(),
            // S3 takes its own key where none is named; ministack refuses that.
            kms_key: Some("arn:aws-us-gov:kms:us-gov-west-1:000000000000:key/1234abcd".to_owned()),
            retain_days: Some(400),
            retention: Retention::Governance,
        });
        let config = Config { to, within_seconds: 20, log_lines: 100, log_bytes: 4_096 };
        Evidence::new(config, &self.clients).await.unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(&self.name).send().await.unwrap();
        list.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
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
        let head = bucket.s3.head_object().bucket(&bucket.name).key(key).send().await.unwrap();
        assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Governance), "{key}");
        assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms), "{key}");
        assert!(head.object_lock_retain_until_date().is_some(), "{key}");
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
    let forged = aws_sdk_s3::primitives::ByteStream::from_static(b"{}");
    bucket.s3.put_object().bucket(&bucket.name).key(key).body(forged).send().await.unwrap();
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
