//! Secrets Manager as a source of secrets.

use super::{aws, ministack_clients};
use watchfire::secret::SecretSource;

fn source(arn: &str) -> SecretSource {
    let json = serde_json::json!({"secret_arn": arn});
    serde_json::from_value(json).expect("a source")
}

#[tokio::test]
async fn a_secret_is_read_whole_or_by_its_member() {
    let (ministack, clients) = ministack_clients();
    let text = r#"{"key": "0123", "empty": ""}"#;
    let arn = ministack.secret("pagerduty", text).await;
    assert_eq!(source(&arn).resolve(&clients).await.expect("there").expose().as_str(), text);
    assert_eq!(
        source(&format!("{arn}#key")).resolve(&clients).await.expect("there").expose().as_str(),
        "0123"
    );
    let error = source(&format!("{arn}#empty")).resolve(&clients).await.expect_err("empty");
    assert_eq!(format!("{error:#}"), format!("secret {arn}#empty: expected a secret, found nothing"));
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_refused_by_its_name() {
    let (ministack, clients) = ministack_clients();
    assert_eq!(aws(ministack.endpoint()).region(), clients.aws().await.region());
    let arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:000000000000:secret:no-such-a1b2c3";
    let error = format!("{:#}", source(arn).resolve(&clients).await.expect_err("not there"));
    assert!(error.starts_with(&format!("secret {arn}: 400 ")), "{error}");
    assert!(error.contains("ResourceNotFoundException"), "{error}");
}
