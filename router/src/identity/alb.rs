//! Whom an Application Load Balancer has let in: what it says of them in `x-amzn-oidc-data`, signed by it.
//!
//! Whoever gets to us past the load balancer can send that header as well: what counts is its signature, and that it is ours
//! that signed. The keys of all load balancers of a region are at one address.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use watchfire_core::text::clean;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::claims::{Claimed, Reading, in_time};
use super::fetch::{self, Unfetched};
use super::jwt::{Unproven, text};
use super::key::{Algorithm, Key};
use super::mapping::{self, Mapping};
use super::{How, Identity, Stranger, oidc};
use crate::clients::{Arn, Partition, dns_suffix};

/// Where it stands.
pub(crate) const ALB_HEADER: &str = "x-amzn-oidc-data";
const DATA: HeaderName = HeaderName::from_static(ALB_HEADER);
/// The most keys that are kept, and for how long.
const MOST: usize = 32;
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// So many keys are looked for in so long: whoever makes tokens up does not have us ask.
const ASKED: (usize, Duration) = (10, Duration::from_secs(60));
/// What stands before the 65 bytes of a key on P-256 in `SubjectPublicKeyInfo`.
const OF_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const LONGEST: usize = 255;

/// An Application Load Balancer that has people sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessAlb")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of signer, issuer, client_id, keys_url, name_claim, groups_claim, roles"
)]
pub struct AlbConfig {
    /// Its ARN: what another one has signed counts for nothing.
    pub signer: BalancerArn,
    /// The issuer that it has people sign in at.
    #[schemars(length(min = 1, max = 255))]
    pub issuer: String,
    /// What it is called there.
    #[schemars(length(min = 1, max = 255))]
    pub client_id: String,
    /// Where the keys of load balancers are, if not at AWS's own address of the region.
    #[serde(default)]
    pub keys_url: Option<String>,
    /// The claim with what people are called.
    #[serde(default = "oidc::email")]
    pub name_claim: String,
    /// The claim with the groups that they are in; a dot leads deeper.
    #[serde(default = "oidc::groups")]
    pub groups_claim: String,
    /// Roles by group.
    #[schemars(length(min = 1))]
    pub roles: Vec<Mapping>,
}

/// The ARN of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BalancerArn(Arn);

value_schema!(BalancerArn, {
    "type": "string",
    "description": "The ARN of an Application Load Balancer.",
    "pattern": "^arn:aws[^:]*:elasticloadbalancing:[^:]+:[0-9]{12}:loadbalancer/app/.+$"
});

impl TryFrom<String> for BalancerArn {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let arn = Arn::parse(&text, "elasticloadbalancing").ok();
        let is_application =
            text.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("loadbalancer/app/"));
        arn.filter(|_| is_application && text.bytes().all(|byte| byte.is_ascii_graphic())).map(Self).ok_or_else(|| {
            let such = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/watchfire/0123456789abcdef";
            expected(format!("an ARN such as {such}")).found(format!("`{}`", clean(&text, 100)))
        })
    }
}

impl AlbConfig {
    pub(super) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { signer: _, issuer, client_id, keys_url, name_claim, groups_claim, roles } = self;
        let named = [
            (".issuer", issuer),
            (".client_id", client_id),
            (".name_claim", name_claim),
            (".groups_claim", groups_claim),
        ];
        for (member, text) in named {
            if text.is_empty() || text.len() > LONGEST || clean(text, LONGEST) != *text {
                mistake(member, expected("1 to 255 characters that can be shown in a line"));
            }
        }
        if keys_url.as_ref().is_some_and(|url| !fetch::is_safe(url) || url.contains('?')) {
            mistake(".keys_url", expected("an address such as https://keys.example.com, without query"));
        }
        mapping::check(roles, |_| Ok(()), &mut |member, wrong| mistake(&format!(".roles{member}"), wrong));
    }

    /// Where the key of that name is.
    fn place(&self, kid: &str) -> String {
        let region = self.signer.0.region();
        let region = region.as_ref();
        let all = match &self.keys_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // GovCloud's are in a bucket of S3.
            None if Partition::of(region) == Partition::Gov => {
                format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}")
            }
            None => format!("https://public-keys.auth.elb.{region}.{}", dns_suffix(region)),
        };
        format!("{all}/{kid}")
    }
}

/// The keys of load balancers.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    keys: BTreeMap<String, (Instant, Key)>,
    asked: VecDeque<Instant>,
}

/// Whether a request has been let in by a load balancer, as it says.
pub(super) fn is_shown(headers: &HeaderMap) -> bool {
    headers.contains_key(DATA)
}

impl Keys {
    /// Who it is that the load balancer has let in.
    ///
    /// # Errors
    /// It was another one, or for another client, or too long ago; or its key cannot be had.
    pub(super) async fn of(
        &self,
        http: &reqwest::Client,
        config: &AlbConfig,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Identity, Stranger> {
        let refused = |what: &str| Stranger::refused(format!("what the load balancer says {what}"));
        let mut values = headers.get_all(DATA).iter();
        let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
        let token = value.and_then(Unproven::read).ok_or_else(|| refused("cannot be read"))?;
        let AlbConfig { signer, issuer, client_id, name_claim, groups_claim, roles, .. } = config;
        let head = token.head.clone();
        for (name, value, what) in [
            ("signer", signer.0.as_str(), "is not signed by the one that is configured"),
            ("iss", issuer, "is not of the issuer that is configured"),
            ("client", client_id, "is not for the client that is configured"),
        ] {
            if text(&head, name) != value {
                return Err(refused(what));
            }
        }
        in_time(&head, now)?;
        if token.algorithm() != Some(Algorithm::Es256) {
            return Err(refused("is signed in a way that is not taken"));
        }
        let key = self.key(http, config, text(&head, "kid")).await?;
        let claims = token.proven(&key, Algorithm::Es256)?;
        if claims.contains_key("exp") {
            in_time(&claims, now)?;
        }
        let reading = Reading { name: name_claim, groups: groups_claim };
        Ok(Claimed::of(&claims, issuer, reading)?.identity(How::Alb, roles))
    }

    async fn key(&self, http: &reqwest::Client, config: &AlbConfig, kid: &str) -> Result<Key, Stranger> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=64).contains(&kid.len()) || !kid.bytes().all(is_plain) {
            return Err(Stranger::refused("what the load balancer says is signed by no key"));
        }
        let place = config.place(kid);
        let mut known = self.0.lock().await;
        if let Some((at, key)) = known.keys.get(&place)
            && at.elapsed() < KEPT
        {
            return Ok(key.clone());
        }
        let (most, within) = ASKED;
        known.asked.retain(|at| at.elapsed() < within);
        if known.asked.len() >= most {
            return Err(Stranger::unheard("too many keys of load balancers are asked for"));
        }
        known.asked.push_back(Instant::now());
        let published = fetch::bytes(http.get(&place)).await.map_err(|error| match error {
            Unfetched::Status(403 | 404, _) => {
                Stranger::refused("what the load balancer says is signed by no key of any")
            }
            other => Stranger::unheard(format!("the keys of load balancers cannot be had: {other}")),
        })?;
        let key = read(&published)
            .ok_or_else(|| Stranger::unheard("the key of the load balancer cannot be read"))?;
        if known.keys.len() >= MOST {
            let oldest = known.keys.iter().min_by_key(|(_, (at, _))| *at).map(|(kid, _)| kid.clone());
            oldest.and_then(|kid| known.keys.remove(&kid));
        }
        known.keys.insert(place, (Instant::now(), key.clone()));
        Ok(key)
    }
}

/// A key on P-256 in PEM; none where it is another.
fn read(pem: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(pem).ok()?.trim();
    let text = text.strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
    let text: String = text.split_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    let point = der.strip_prefix(&OF_P256)?;
    (point.len() == 65).then(|| Key::on_p256(point))
}

#[cfg(test)]
mod tests;
