//! The bearer token that EKS takes: a request to STS, signed and not sent, which the API server sends to learn
//! who we are.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, HeaderValue};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::aws::presigned::{self, Asked};
use crate::clients::dns_suffix;
use crate::secret::Secret;

/// EKS takes a token for 15 minutes after it was signed.
const RENEWED_AFTER: Duration = Duration::from_secs(600);

/// Makes tokens, each anew after ten minutes, when it is needed: a Lambda does not live between events, and
/// could not renew it on time.
#[derive(Clone, Debug)]
pub(super) struct EksToken {
    credentials: SharedCredentialsProvider,
    region: String,
    cluster: String,
    current: Arc<Mutex<Option<(Instant, Secret)>>>,
}

impl EksToken {
    pub(super) fn new(aws: &SdkConfig, cluster: &str) -> anyhow::Result<Self> {
        let credentials = aws.credentials_provider().context("no AWS credentials")?;
        let region = aws.region().context("no AWS region: set AWS_REGION")?.to_string();
        Ok(Self { credentials, region, cluster: cluster.to_owned(), current: Arc::default() })
    }

    /// The request with the token in it.
    pub(super) async fn show<B>(self, mut request: Request<B>) -> Result<Request<B>, tower::BoxError> {
        let token = self.current().await?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(request)
    }

    async fn current(&self) -> anyhow::Result<Secret> {
        // The lock is held while credentials are fetched, so that they are fetched once.
        let mut current = self.current.lock().await;
        if let Some((made, token)) = current.as_ref()
            && made.elapsed() < RENEWED_AFTER
        {
            return Ok(token.clone());
        }
        let token = self.make(SystemTime::now()).await?;
        *current = Some((Instant::now(), token.clone()));
        Ok(token)
    }

    async fn make(&self, now: SystemTime) -> anyhow::Result<Secret> {
        let at = format!("https://sts.{}.{}", self.region, dns_suffix(&self.region));
        let asked = Asked {
            at: &at,
            region: &self.region,
            header: ("x-k8s-aws-id", &self.cluster),
            lasts: Duration::from_secs(60),
        };
        presigned::token("k8s-aws-v1.", asked, &self.credentials, now).await.map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;

    use super::*;

    fn token() -> EksToken {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("session".into()), None, "test");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-gov-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        EksToken::new(&aws, "prod").unwrap()
    }

    #[tokio::test]
    async fn a_token_is_a_signed_request_to_the_regions_sts_that_names_the_cluster() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_600_000);
        let token = token().make(at).await.unwrap();
        let token = token.expose();
        let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
        let mut padded = encoded.replace('-', "+").replace('_', "/");
        padded.extend(std::iter::repeat_n('=', (4 - padded.len() % 4) % 4));
        let url = String::from_utf8(aws_smithy_types::base64::decode(padded).unwrap()).unwrap();
        let beginning =
            "https://sts.us-gov-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&";
        assert!(url.starts_with(beginning), "{url}");
        for part in [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Expires=60",
            "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
            "X-Amz-Security-Token=session",
            "us-gov-west-1%2Fsts%2Faws4_request",
            "X-Amz-Signature=",
        ] {
            assert!(url.contains(part), "{part} in {url}");
        }
    }

    #[tokio::test]
    async fn a_token_is_shown_as_a_sensitive_header_and_kept() {
        let token = token();
        let shown = token.clone().show(Request::new(())).await.unwrap();
        let again = token.clone().show(Request::new(())).await.unwrap();
        let header = |request: &Request<()>| request.headers()[AUTHORIZATION].clone();
        assert_eq!(header(&shown), header(&again));
        assert!(header(&shown).is_sensitive());
        assert!(!format!("{token:?}").contains("k8s-aws-v1"));
    }
}
