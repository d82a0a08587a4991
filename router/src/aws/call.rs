//! One signed call of AWS's API: a request in the service's own protocol, and its answer or why there is none.
//!
//! For the handful of calls that are not worth an SDK. What is known of one service alone stays with its caller:
//! which refusals are none there, and what a call is worth.

mod answer;
mod ask;
mod place;
mod refusal;
mod xml;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use axum::http::header::{DATE, RETRY_AFTER};
use axum::http::{HeaderMap, Request};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clients::{Clients, TOTAL_TIMEOUT, chain};
pub(crate) use answer::Answer;
pub(crate) use ask::Ask;
pub(crate) use place::{Place, Service, configured};
use refusal::Head;
pub(crate) use refusal::{CallError, Refusal};

const CREDENTIALS_WITHIN: Duration = Duration::from_secs(5);

/// How long it may take, and how often it is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From a request to its answer, and from one part of that to the next.
    pub(crate) attempt: Duration,
    /// Everything, with credentials, attempts and the waits in between.
    pub(crate) in_all: Duration,
    /// Again after what passes: no answer, a service that fails, too many calls.
    pub(crate) attempts: u32,
    /// Up to that long before a second attempt, up to twice as long before a third.
    pub(crate) wait: Duration,
}

/// How long nothing may come, and when it must have ended.
#[derive(Clone, Copy, Debug)]
struct Silence {
    within: Duration,
    end: Instant,
}

/// Who calls, and where.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    place: Place,
}

impl Caller {
    /// Where the SDK's own client would call: the configured endpoint, or that of the region. Without a region it
    /// is the one of the configuration.
    pub(crate) async fn new(
        clients: &Clients,
        service: Service,
        region: Option<&str>,
    ) -> Result<Self, CallError> {
        let aws = clients.aws().await;
        let none = |what: &str| CallError::NoAnswer(what.to_owned());
        let configured = aws.region().map(AsRef::as_ref);
        let region = region.or(configured).ok_or_else(|| none("no AWS region: set AWS_REGION"))?;
        let place = Place::of(service, aws, region).map_err(CallError::NoAnswer)?;
        let credentials = aws.credentials_provider().ok_or_else(|| none("no AWS credentials"))?;
        let http = clients.direct().map_err(|error| CallError::NoAnswer(format!("{error:#}")))?;
        Ok(Self::at(place, http, credentials))
    }

    /// At a place that the caller knows, in a way that it knows.
    pub(crate) fn at(place: Place, http: reqwest::Client, credentials: SharedCredentialsProvider) -> Self {
        Self { http, credentials, place }
    }

    /// The region that calls are signed for.
    pub(crate) fn region(&self) -> &str {
        self.place.region()
    }

    /// In one bucket of S3.
    pub(crate) fn in_bucket(self, bucket: &str) -> Self {
        Self { place: self.place.in_bucket(bucket), ..self }
    }

    /// Calls. May be dropped at any await.
    ///
    /// # Errors
    /// What AWS said, or why it said nothing; nothing secret is in it.
    pub(crate) async fn call(&self, ask: &Ask<'_>, patience: Patience) -> Result<Answer, CallError> {
        let Patience { attempt, in_all, attempts, mut wait } = patience;
        let end = Instant::now() + in_all;
        let mut made = 0;
        loop {
            let failed = match self.attempt(ask, attempt, end).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = Instant::now() + spread(wait);
            made += 1;
            if made >= attempts || !failed.passes() || next >= end {
                return Err(failed);
            }
            sleep_until(next).await;
            wait *= 2;
        }
    }

    /// What time it is there, by an answer to a question that is not signed: one that is would be refused by who has another time.
    ///
    /// # Errors
    /// There is no answer, or no time in it.
    pub(crate) async fn time(&self, within: Duration) -> Result<Timestamp, CallError> {
        let most = Silence { within, end: Instant::now() + within };
        let answer = most.before(self.http.get(self.place.url("/")).send()).await?;
        date(answer.headers()).ok_or_else(|| CallError::NoAnswer("an answer without a date".to_owned()))
    }

    async fn attempt(&self, ask: &Ask<'_>, within: Duration, end: Instant) -> Result<Answer, CallError> {
        let (failed, nobody) = (CallError::NoAnswer, CallError::NoCredentials);
        let credentials_by = end.min(Instant::now() + CREDENTIALS_WITHIN);
        let credentials = timeout_at(credentials_by, self.credentials.provide_credentials()).await;
        let credentials = credentials
            .map_err(|_| nobody("no AWS credentials in time".to_owned()))?
            .map_err(|error| nobody(format!("no AWS credentials: {}", chain(&error))))?;
        let request = self
            .signed(ask, &credentials, SystemTime::now())
            .map_err(|error| failed(format!("the request could not be signed: {error:#}")))?;
        let mut request = request;
        // The client's own limit is for calls that are answered at once.
        *request.timeout_mut() = (within > TOTAL_TIMEOUT).then_some(within);
        let (head, body) = self.exchange(request, Silence { within, end }).await?;
        match head.status {
            200..300 => Answer::read(head.status, body, self.place.service().most_read()),
            _ => Err(CallError::Refused(Refusal::read(&head, &body, &credentials))),
        }
    }

    fn signed(
        &self,
        ask: &Ask<'_>,
        credentials: &Credentials,
        now: SystemTime,
    ) -> anyhow::Result<reqwest::Request> {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.place.region())
            .name(self.place.service().signing_name())
            .time(now)
            .settings(settings(self.place.service()))
            .build()?
            .into();
        let (method, url, headers, body) =
            (ask.method(), self.place.url(&ask.path()), ask.headers(), ask.bytes());
        let signed_headers = headers.iter().map(|(name, value)| (*name, *value));
        let signable =
            SignableRequest::new(method.as_str(), &url, signed_headers, SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(body)?;
        instructions.apply_to_request_http1x(&mut request);
        let request: reqwest::Request = request.try_into()?;
        // A `.` or `..` between slashes would be resolved, and something else asked for than what was signed.
        anyhow::ensure!(request.url().as_str() == url, "it has a path that cannot be sent");
        Ok(request)
    }

    /// The answer, of its body not much more than is read.
    async fn exchange(&self, request: reqwest::Request, most: Silence) -> Result<(Head, Vec<u8>), CallError> {
        let mut response = most.before(self.http.execute(request)).await?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let head = Head {
            status: response.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            retry_after: header(RETRY_AFTER.as_str())
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            bucket_region: header("x-amz-bucket-region"),
        };
        let service = self.place.service();
        let most_read =
            if response.status().is_success() { service.most_read() } else { service.most_said() };
        let mut body = Vec::new();
        while body.len() <= most_read
            && let Some(chunk) = most.before(response.chunk()).await?
        {
            body.extend_from_slice(&chunk);
        }
        Ok((head, body))
    }
}

impl Silence {
    /// What comes before it has lasted too long.
    async fn before<T>(self, answer: impl Future<Output = reqwest::Result<T>>) -> Result<T, CallError> {
        let Self { within, end } = self;
        let failed = CallError::NoAnswer;
        timeout_at(end.min(Instant::now() + within), answer)
            .await
            .map_err(|_| failed(format!("no answer within {} s", within.as_secs())))?
            .map_err(|error| failed(format!("no answer: {}", chain(&error.without_url()))))
    }
}

/// When an answer was made, to the second.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

/// S3 wants its paths signed as they are sent, and the sum of the body in a header.
fn settings(service: Service) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == Service::S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// None to all of it, so that what failed together does not come back together.
fn spread(wait: Duration) -> Duration {
    // Seeded by the system, which is all the randomness that this needs.
    let random = RandomState::new().build_hasher().finish();
    wait.mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests;
