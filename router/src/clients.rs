//! How Watchfire reaches the world: one TLS provider, one HTTP client, one AWS configuration.

mod kept;
mod partition;
mod roots;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sns::config::SharedHttpClient;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
use aws_smithy_types::timeout::TimeoutConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::sync::{Notify, OnceCell};
use watchfire_core::yaml::{Mistake, expected};

use kept::KeptCredentials;
pub(crate) use partition::{Partition, dns_suffix};
use roots::Roots;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Of a request to its answer, where whoever asks says nothing else.
pub(crate) const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Raised by who was refused with a secret: it may have been rotated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubt(Arc<Notify>);

impl Doubt {
    pub(crate) fn raise(&self) {
        self.0.notify_one();
    }

    /// Returns when it is raised, and at once if it was since the last time.
    pub(crate) async fn raised(&self) {
        self.0.notified().await;
    }
}

/// What actions and sources are built with. Each client is made when first asked for, so that a set-up
/// which needs none of them needs neither certificates nor AWS credentials.
#[derive(Debug)]
pub struct Clients {
    region: Option<Region>,
    http: OnceLock<reqwest::Client>,
    direct: OnceLock<reqwest::Client>,
    aws: OnceCell<SdkConfig>,
    /// Raised where a secret was refused.
    pub(crate) doubt: Doubt,
}

impl Clients {
    /// `region` is the configured AWS region; without one it is `AWS_REGION`, `AWS_DEFAULT_REGION` or
    /// the profile's, never a guess by instance metadata.
    ///
    /// Fails where this is a build for FIPS and the TLS provider is not.
    pub fn new(region: Option<String>) -> anyhow::Result<Self> {
        install_crypto_provider()?;
        let region = region.map(Region::new);
        let (http, direct, aws, doubt) = Default::default();
        Ok(Self { region, http, direct, aws, doubt })
    }

    /// As `new`, with an AWS configuration that has been made already; without an HTTP client of its
    /// own it gets ours.
    pub fn with_aws(aws: SdkConfig) -> anyhow::Result<Self> {
        install_crypto_provider()?;
        let region = aws.region().cloned();
        let aws = match aws.http_client() {
            Some(_) => aws,
            None => aws.into_builder().http_client(aws_http()).build(),
        };
        let aws = OnceCell::new_with(Some(with_kept_credentials(aws)));
        let (http, direct, doubt) = Default::default();
        Ok(Self { region, http, direct, aws, doubt })
    }

    /// For everything that is not AWS: 3 s to connect, 10 s in all, no redirects, the platform's root
    /// certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured). Fails where there are none.
    pub fn http(&self) -> anyhow::Result<reqwest::Client> {
        made_once(&self.http, https())
    }

    /// The same for signed calls of our own: no proxy that the environment names stands in between, as with the
    /// clients of AWS's SDK.
    pub(crate) fn direct(&self) -> anyhow::Result<reqwest::Client> {
        made_once(&self.direct, https().no_proxy())
    }

    /// TLS for what is neither HTTP nor AWS: the platform's root certificates, and those in that PEM beside them.
    pub(crate) fn tls(&self, authorities: &[u8]) -> anyhow::Result<rustls::ClientConfig> {
        let roots = Roots::get().and(authorities)?;
        Ok(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }

    /// For AWS: credentials by the default chain, kept while they are good, `AWS_ENDPOINT_URL` and `AWS_USE_FIPS_ENDPOINT` are
    /// honoured, 3 s to connect. A client for calls that should not last sets its own further limits.
    pub async fn aws(&self) -> &SdkConfig {
        self.aws.get_or_init(|| load_aws(self.region.clone())).await
    }
}

fn https() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("watchfire/", env!("CARGO_PKG_VERSION")))
}

fn made_once(
    known: &OnceLock<reqwest::Client>,
    new: reqwest::ClientBuilder,
) -> anyhow::Result<reqwest::Client> {
    if let Some(http) = known.get() {
        return Ok(http.clone());
    }
    let roots = Roots::get().for_reqwest().context("no HTTPS client")?;
    let http = new.tls_certs_only(roots).build().context("no HTTPS client")?;
    Ok(known.get_or_init(|| http).clone())
}

async fn load_aws(region: Option<Region>) -> SdkConfig {
    // The default chain ends in instance metadata, which answers with the node's region where a
    // configuration was forgotten, and takes seconds to fail where there is none.
    let region = RegionProviderChain::first_try(region)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(aws_http())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .load()
        .await;
    with_kept_credentials(aws)
}

fn with_kept_credentials(aws: SdkConfig) -> SdkConfig {
    match aws.credentials_provider() {
        Some(provider) => {
            let kept = SharedCredentialsProvider::new(KeptCredentials::of(provider));
            aws.into_builder().credentials_provider(kept).build()
        }
        None => aws,
    }
}

fn aws_http() -> SharedHttpClient {
    let trusted = tls::TlsContext::builder().with_trust_store(Roots::get().for_aws()).build();
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(crypto_mode()))
        .tls_context(trusted.expect("a trust store alone is never refused"))
        .build_https()
}

#[cfg(not(feature = "fips"))]
fn crypto_mode() -> tls::rustls_provider::CryptoMode {
    tls::rustls_provider::CryptoMode::AwsLc
}

#[cfg(feature = "fips")]
fn crypto_mode() -> tls::rustls_provider::CryptoMode {
    tls::rustls_provider::CryptoMode::AwsLcFips
}

/// Once for the process; harmless when repeated.
fn install_crypto_provider() -> anyhow::Result<()> {
    if CryptoProvider::get_default().is_none() {
        // Err means that another thread was faster, with the same provider.
        let _ = aws_lc_rs::default_provider().install_default();
    }
    if cfg!(feature = "fips") {
        ensure!(is_fips(), "this is a build for FIPS, and the TLS provider is not in FIPS mode");
    }
    Ok(())
}

/// Whether all TLS of this process goes through the FIPS module.
pub(crate) fn is_fips() -> bool {
    CryptoProvider::get_default().is_some_and(|provider| provider.fips())
}

/// Why an AWS call failed, in a line. Not the SDK's own rendering: that prints the answer's body.
pub(crate) fn explain<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let SdkError::ServiceError(answer) = error {
        let (status, code) = (answer.raw().status(), answer.err().code().unwrap_or("no code"));
        return format!("{status} {code}: {}", answer.err().message().unwrap_or("no message"));
    }
    chain(error)
}

/// An error and all its causes, in a line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        said.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    said
}

/// An ARN of one service in any partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arn {
    text: String,
    region: String,
}

impl Arn {
    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, the resource possibly with more colons.
    pub(crate) fn parse(text: &str, service: &str) -> Result<Self, Mistake> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, found, region, account, resource]
                if partition.starts_with("aws")
                    && found == service
                    && !region.is_empty()
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && !resource.is_empty() =>
            {
                Ok(Self { text: text.to_owned(), region: region.to_owned() })
            }
            _ => {
                let arn = format!("an ARN such as arn:aws:{service}:us-east-1:123456789012:name");
                Err(expected(arn).found(format!("`{text}`")))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn region(&self) -> Region {
        Region::new(self.region.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_arn_of_any_partition_is_read_and_of_another_service_refused() {
        let arn = Arn::parse("arn:aws-us-gov:sns:us-gov-west-1:123456789012:pages", "sns").unwrap();
        assert_eq!(arn.region(), Region::new("us-gov-west-1"));
        for wrong in [
            "",
            "pages",
            "arn:aws:sqs:us-east-1:123456789012:pages",
            "arn:aws:sns::123456789012:pages",
            "arn:aws:sns:us-east-1:12345678901:pages",
            "arn:aws:sns:us-east-1:123456789012:",
            "arn:aws:sns:us-east-1:123456789012",
        ] {
            assert!(Arn::parse(wrong, "sns").is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_configured_region_is_the_region() {
        let clients = Clients::new(Some("us-gov-east-1".to_owned())).unwrap();
        assert_eq!(clients.aws().await.region(), Some(&Region::new("us-gov-east-1")));
    }

    #[test]
    fn the_tls_provider_is_installed_once_for_the_process() {
        Clients::new(None).unwrap();
        Clients::new(None).unwrap();
        assert!(CryptoProvider::get_default().is_some());
    }

    #[test]
    fn the_provider_is_the_fips_module_in_a_build_for_fips_and_in_no_other() {
        Clients::new(None).unwrap();
        assert_eq!(is_fips(), cfg!(feature = "fips"));
    }
}
