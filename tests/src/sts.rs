//! STS as far as it says who signed a question: signatures are looked at as Signature Version 4 has it, for a GET whose
//! signature stands in its query, and refused in STS's own words.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Somebody with a key.
#[derive(Clone, Debug)]
pub struct Key {
    /// `AKIA…`
    pub id: &'static str,
    /// What goes with it.
    pub secret: &'static str,
    /// Whose it is.
    pub arn: &'static str,
}

/// A server on loopback; it ends when this is dropped.
#[derive(Debug)]
pub struct Sts {
    url: String,
    world: Arc<World>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct World {
    region: &'static str,
    keys: Vec<Key>,
    calls: Mutex<u32>,
    /// What it answers instead.
    instead: Mutex<Option<(StatusCode, Option<String>)>>,
}

impl Sts {
    /// Knows those keys, in that region.
    pub async fn start(region: &'static str, keys: &[Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let world =
            Arc::new(World { region, keys: keys.to_vec(), calls: Mutex::new(0), instead: Mutex::new(None) });
        let routes = Router::new().fallback(answer).with_state(world.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("serving does not end");
        });
        Self { url, world, task }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it was asked.
    pub fn calls(&self) -> u32 {
        *self.world.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it answers that, with that `Location`; none means as it should.
    pub fn answers(&self, instead: Option<(u16, Option<&str>)>) {
        let instead = instead
            .map(|(status, to)| (StatusCode::from_u16(status).expect("a status"), to.map(str::to_owned)));
        *self.world.instead.lock().unwrap_or_else(PoisonError::into_inner) = instead;
    }
}

impl Drop for Sts {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    *world.calls.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    if let Some((status, to)) = world.instead.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        let to = to.unwrap_or_default();
        return (status, [(header::LOCATION, to)]).into_response();
    }
    match world.signer(&request) {
        Ok(arn) => {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let body = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>{arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account></GetCallerIdentityResult>\
                 <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
            );
            ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
        }
        Err((code, message)) => {
            let body = format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            );
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
        }
    }
}

impl World {
    fn signer(&self, request: &Request) -> Result<&'static str, (&'static str, &'static str)> {
        const EXPIRED: (&str, &str) = ("SignatureDoesNotMatch", "Signature expired");
        let query = request.uri().query().unwrap_or_default();
        let mut pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let of = |name: &str| {
            let (_, value) = pairs.iter().find(|(found, _)| *found == name)?;
            Some(value.replace("%2F", "/").replace("%3B", ";"))
        };
        let text = |name: &str| {
            of(name).ok_or(("MissingAuthenticationToken", "Request is missing Authentication Token"))
        };
        if request.method() != "GET" || request.uri().path() != "/" || text("Action")? != "GetCallerIdentity"
        {
            return Err(("InvalidAction", "Could not find operation"));
        }
        let (date, credential) = (text("X-Amz-Date")?, text("X-Amz-Credential")?);
        let (id, scope) = credential.split_once('/').unwrap_or_default();
        let key = self.keys.iter().find(|key| key.id == id);
        let key =
            key.ok_or(("InvalidClientTokenId", "The security token included in the request is invalid."))?;
        let day = date.get(..8).unwrap_or_default();
        if scope != format!("{day}/{}/sts/aws4_request", self.region) {
            return Err(("SignatureDoesNotMatch", "Credential should be scoped to a valid region."));
        }
        let at = DateTime::strptime("%Y%m%dT%H%M%SZ", &date).and_then(|at| at.to_zoned(TimeZone::UTC));
        let at = at.map_err(|_| EXPIRED)?.timestamp();
        let lasts = text("X-Amz-Expires")?.parse().map_err(|_| EXPIRED)?;
        if Timestamp::now() >= at + SignedDuration::from_secs(lasts) {
            return Err(EXPIRED);
        }
        let (signed, signature) = (text("X-Amz-SignedHeaders")?, text("X-Amz-Signature")?);
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let headers: String =
            signed.split(';').map(|name| format!("{name}:{}\n", header(name).trim())).collect();
        pairs.retain(|(name, _)| *name != "X-Amz-Signature");
        pairs.sort_unstable();
        let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let canonical =
            format!("GET\n/\n{query}\n{headers}\n{signed}\n{}", hex(digest(&SHA256, b"").as_ref()));
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(digest(&SHA256, canonical.as_bytes()).as_ref())
        );
        let secret = format!("AWS4{}", key.secret);
        let signing = [day, self.region, "sts", "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| mac(&key, part));
        match hex(&mac(&signing, &to_sign)) == signature {
            true => Ok(key.arn),
            false => Err(("SignatureDoesNotMatch", "The request signature we calculated does not match.")),
        }
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
