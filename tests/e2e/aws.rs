//! What mitigation asks of AWS itself: image scans of ECR, policies on roles of IAM.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::json;
use tokio::time::Instant;
use watchfire::aws::credentials::{Denied, InForce, PodUid, Role, deny, restore};
use watchfire::aws::image_scan::{Status, scan};
use watchfire::clients::Clients;
use watchfire::failure::Failure;
use watchfire_tests::{AwsApi, PythonServer, between};

/// Whose everything is in moto.
const ACCOUNT: &str = "123456789012";

/// Its API, for what a test sets up and looks at.
fn moto() -> AwsApi {
    static SERVER: OnceLock<PythonServer> = OnceLock::new();
    AwsApi::at(SERVER.get_or_init(|| PythonServer::start("ecr_iam.py", &[])).port())
}

fn clients() -> Clients {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url(moto().endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Clients::with_aws(aws).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Pushes an image, and tells its reference.
async fn image(repository: &str) -> String {
    let moto = moto();
    let ecr = async |operation: &str, body| {
        moto.json("ecr", &format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), &body).await
    };
    ecr("CreateRepository", json!({"repositoryName": repository})).await;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "size": 1,
            "digest": format!("sha256:{}", "ab".repeat(32)),
        },
        "layers": [],
    });
    let manifest = manifest.to_string();
    let image = json!({"repositoryName": repository, "imageTag": "1", "imageManifest": manifest});
    let put = ecr("PutImage", image).await;
    let digest = put["image"]["imageId"]["imageDigest"].as_str().unwrap();
    format!("{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com/{repository}@{digest}")
}

#[tokio::test]
async fn a_scan_is_told_by_severity_and_asked_for_again_it_is_the_same() {
    let clients = clients();
    let reference = image("shop/web").await;
    let first = scan(&clients, &reference, soon()).await.unwrap();
    assert_eq!(first.status, Status::Complete);
    assert!(reference.ends_with(&first.digest));
    assert_eq!(first.severities, BTreeMap::from([("HIGH".to_owned(), 1)]));
    let told: Vec<_> = first.worst.iter().map(|finding| finding.severity.as_str()).collect();
    assert_eq!(told, ["HIGH"], "{:#?}", first.worst);
    assert_eq!(scan(&clients, &reference, soon()).await.unwrap(), first);
}

#[tokio::test]
async fn an_image_that_ecr_does_not_have_is_refused_for_good() {
    let clients = clients();
    let known = image("shop/db").await;
    let (name, _) = known.split_once('@').unwrap();
    let unknown = format!("{name}@sha256:{}", "00".repeat(32));
    let elsewhere = format!("docker.io/library/web@sha256:{}", "00".repeat(32));
    for (reference, expected) in [
        (unknown, "ECR: 400 ImageNotFoundException: ".to_owned()),
        (known.replace("shop/db", "shop/no"), "ECR: 400 RepositoryNotFoundException: ".to_owned()),
        (elsewhere.clone(), format!("image `{elsewhere}`: no registry of ECR")),
    ] {
        match scan(&clients, &reference, soon()).await {
            Err(Failure::Permanent { reason }) => assert!(reason.starts_with(&expected), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

async fn iam(action: &str, fields: &[(&str, &str)]) -> String {
    moto().form("iam", &[&[("Action", action), ("Version", "2010-05-08")], fields].concat()).await
}

/// A role in a path.
async fn role(name: &str) -> Role {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }]});
    let trust = trust.to_string();
    let fields = [("RoleName", name), ("Path", "/teams/shop/"), ("AssumeRolePolicyDocument", &trust)];
    let created = iam("CreateRole", &fields).await;
    Role::parse(&between(&created, "<Arn>", "</Arn>"), ACCOUNT).unwrap()
}

/// The names of the policies on a role.
async fn policies(role: &str) -> Vec<String> {
    let listed = iam("ListRolePolicies", &[("RoleName", role)]).await;
    listed.split("<member>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_pod_is_denied_once_and_restored_once() {
    let clients = clients();
    let role = role("pod-identity").await;
    let denied = Denied::Pod(PodUid::parse("7bf73129-1428-4cd3-a780-95db273d1602").unwrap());
    let policy = "watchfire-deny-7bf73129-1428-4cd3-a780-95db273d1602".to_owned();
    let in_force = |already| InForce { policy: policy.clone(), already };
    assert_eq!(deny(&clients, &role, &denied).await, Ok(in_force(false)));
    assert_eq!(deny(&clients, &role, &denied).await, Ok(in_force(true)));
    assert_eq!(policies("pod-identity").await, std::slice::from_ref(&policy));
    assert_eq!(restore(&clients, &role, &denied).await, Ok(true));
    assert_eq!(restore(&clients, &role, &denied).await, Ok(false));
    assert_eq!(policies("pod-identity").await, Vec::<String>::new());
}

#[tokio::test]
async fn older_sessions_stay_denied_when_an_earlier_time_is_asked_for_again() {
    let clients = clients();
    let role = role("irsa").await;
    let before = |at: &str| Denied::SessionsBefore(at.parse().unwrap());
    let in_force = |already| InForce { policy: "watchfire-deny-older-sessions".to_owned(), already };
    let (early, late) = (before("2026-11-20T02:58:11Z"), before("2026-11-20T03:00:00Z"));
    assert_eq!(deny(&clients, &role, &early).await, Ok(in_force(false)));
    assert_eq!(deny(&clients, &role, &late).await, Ok(in_force(false)));
    assert_eq!(deny(&clients, &role, &early).await, Ok(in_force(true)));
    let fields = [("RoleName", "irsa"), ("PolicyName", "watchfire-deny-older-sessions")];
    let document = iam("GetRolePolicy", &fields).await;
    assert!(document.contains("03%3A00%3A00") || document.contains("03:00:00"), "{document}");
    assert_eq!(restore(&clients, &role, &early).await, Ok(true));
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_refused_for_good() {
    let clients = clients();
    let role = Role::parse(&format!("arn:aws-us-gov:iam::{ACCOUNT}:role/no-such"), ACCOUNT).unwrap();
    let denied = Denied::Pod(PodUid::parse("u-1").unwrap());
    match deny(&clients, &role, &denied).await {
        Err(Failure::Permanent { reason }) => {
            let expected = format!("IAM: arn:aws-us-gov:iam::{ACCOUNT}:role/no-such: 404 NoSuchEntity: ");
            assert!(reason.starts_with(&expected), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}
