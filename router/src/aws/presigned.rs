//! A question to STS, signed and not sent: whoever is shown it sends it, and learns from AWS who signed it.
//!
//! - Permissions: none; `sts:GetCallerIdentity` is everybody's.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::timeout;

use super::call::{Answer, CallError, Place, Service, configured};
use crate::clients::chain;

/// What is asked.
pub(crate) const ACTION: (&str, &str) = ("Action", "GetCallerIdentity");
/// In which version of STS's API.
pub(crate) const VERSION: (&str, &str) = ("Version", "2011-06-15");
const CREDENTIALS_WITHIN: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MOST: usize = 64 * 1024;

/// Where STS is asked, and what besides its name is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Such as `https://sts.us-gov-west-1.amazonaws.com`.
    pub(crate) at: &'a str,
    /// The region that it is signed for.
    pub(crate) region: &'a str,
    /// A header that names whom it is for: nobody else can use it.
    pub(crate) header: (&'a str, &'a str),
    /// How long STS takes it.
    pub(crate) lasts: Duration,
}

/// The question, as a token that begins so: a secret as long as it lasts.
///
/// # Errors
/// There are no credentials.
pub(crate) async fn token(
    begins: &str,
    asked: Asked<'_>,
    credentials: &impl ProvideCredentials,
    now: SystemTime,
) -> anyhow::Result<String> {
    let credentials = timeout(CREDENTIALS_WITHIN, credentials.provide_credentials()).await;
    let credentials = credentials.context("no AWS credentials in time")?;
    let identity = credentials.map_err(|error| anyhow!(chain(&error))).context("no AWS credentials")?.into();
    let Asked { at, region, header, lasts } = asked;
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(lasts);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let url = format!("{at}/?{}={}&{}={}", ACTION.0, ACTION.1, VERSION.0, VERSION.1);
    let request = SignableRequest::new("GET", &url, [header].into_iter(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &params)?.into_parts();
    let mut signed = Request::builder().uri(&url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    Ok(format!("{begins}{}", URL_SAFE_NO_PAD.encode(signed.uri().to_string())))
}

/// Where STS may be asked about somebody, the first where we would ask ourselves: where it is configured to be, else its own
/// endpoint of the region, and the one for FIPS; that one alone, where FIPS is asked for.
///
/// # Errors
/// It is no region, or what is configured is no address.
pub(crate) fn endpoints(aws: &SdkConfig, region: &str) -> Result<Vec<String>, String> {
    let mut all = vec![Place::of(Service::Sts, aws, region)?.url("")];
    let is_fixed = configured(Service::Sts, aws).is_some() || aws.use_fips() == Some(true);
    if !is_fixed {
        for other in [Place::regional(Service::Sts, region)?, Place::regional_fips(Service::Sts, region)?] {
            if !all.contains(&other.url("")) {
                all.push(other.url(""));
            }
        }
    }
    Ok(all)
}

/// Sends it: the ARN of whoever signed it.
///
/// # Errors
/// What AWS said, or why it said nothing; the question is not told.
pub(crate) async fn signer(
    http: &reqwest::Client,
    url: &str,
    header: (&str, &str),
    within: Duration,
) -> Result<String, Unsigned> {
    let silent = |error: reqwest::Error| Unsigned::NoAnswer(chain(&error.without_url()));
    let request = http.get(url).header(header.0, header.1).timeout(within);
    let mut response = request.send().await.map_err(silent)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() <= MOST
        && let Some(chunk) = response.chunk().await.map_err(silent)?
    {
        body.extend_from_slice(&chunk);
    }
    match status {
        200 => {}
        // What is too old, signed by a key that there is not, or otherwise signed.
        400 | 401 | 403 => return Err(Unsigned::Refused(status)),
        other => return Err(Unsigned::NoAnswer(format!("it answers {other}"))),
    }
    let told = |error: CallError| Unsigned::NoAnswer(error.to_string());
    let answer = Answer::read(status, body, MOST).map_err(told)?;
    answer.xml_text(&["GetCallerIdentityResponse", "GetCallerIdentityResult", "Arn"]).map_err(told)
}

/// Why it is not known who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// AWS does not take it, with that status.
    Refused(u16),
    /// AWS said nothing that counts: why.
    NoAnswer(String),
}
