//! One signed call: `PATCH /findings/batchupdate`.
//!
//! Not by the SDK's crate for Security Hub, which takes minutes to build for this one call.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use tokio::time::timeout;

use super::answer::{Answer, Head, Unanswered, judge};
use crate::clients::chain;
use crate::failure::Failure;

const CREDENTIALS_WITHIN: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(5);

/// What is read of an answer: 100 findings with the longest names and messages are less.
const MOST_READ: usize = 512 * 1024;

/// Who calls, and where.
#[derive(Debug)]
pub(super) struct Caller {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    region: String,
    url: reqwest::Url,
}

impl Caller {
    /// `endpoint` is the address without the path.
    pub(super) fn new(
        http: reqwest::Client,
        credentials: SharedCredentialsProvider,
        region: String,
        endpoint: &reqwest::Url,
    ) -> anyhow::Result<Self> {
        let url = format!("{}/findings/batchupdate", endpoint.as_str().trim_end_matches('/'));
        let url = url.parse().with_context(|| format!("endpoint `{endpoint}`"))?;
        Ok(Self { http, credentials, region, url })
    }

    /// Calls once; answers or fails within 10 s.
    pub(super) async fn call(&self, body: &Value) -> Result<Answer, Unanswered> {
        let failed =
            |reason: String| Unanswered::Failed(Failure::transient(format!("Security Hub: {reason}")));
        let credentials = timeout(CREDENTIALS_WITHIN, self.credentials.provide_credentials()).await;
        let credentials = credentials.map_err(|_| failed("no AWS credentials in time".to_owned()))?;
        let credentials =
            credentials.map_err(|error| failed(format!("no AWS credentials: {}", chain(&error))))?;
        let request = self.signed(body, &credentials, SystemTime::now());
        let request =
            request.map_err(|error| failed(format!("the request could not be signed: {error:#}")))?;
        let answered = timeout(CALL, self.exchange(request)).await;
        let (head, body) = answered
            .map_err(|_| failed(format!("no answer within {} s", CALL.as_secs())))?
            .map_err(|error| failed(format!("no answer: {}", chain(&error.without_url()))))?;
        judge(&head, &without_secrets(body, &credentials))
    }

    fn signed(
        &self,
        body: &Value,
        credentials: &Credentials,
        now: SystemTime,
    ) -> anyhow::Result<reqwest::Request> {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("securityhub")
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = body.to_string().into_bytes();
        let headers = [(CONTENT_TYPE.as_str(), "application/json")].into_iter();
        let signable = SignableRequest::new("PATCH", self.url.as_str(), headers, SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let request = Request::patch(self.url.as_str()).header(CONTENT_TYPE, "application/json");
        let mut request = request.body(body)?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request.try_into()?)
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<(Head, String), reqwest::Error> {
        let mut response = self.http.execute(request).await?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let head = Head {
            status: response.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            retry_after: header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok()),
        };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_READ {
                break;
            }
        }
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// AWS quotes what it would have signed, session token included, where a signature is wrong.
fn without_secrets(body: String, credentials: &Credentials) -> String {
    let secrets = [Some(credentials.secret_access_key()), credentials.session_token()];
    let secrets = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
    secrets.fold(body, |body, secret| body.replace(secret, "***"))
}
