//! Whom AWS knows: a question to STS that somebody has signed (`GetCallerIdentity`), sent for them, as EKS does.
//!
//! ```text
//! watchfire-aws-v1.BASE64URL(https://sts.REGION…/?Action=GetCallerIdentity&…&X-Amz-Signature=…)
//!   -> token: of nobody's address but STS's own, nothing but that question, for this Watchfire, for 15 minutes at most
//!   -> sent to STS, no redirect followed -> an ARN -> arn: the role, whatever the session is called -> roles
//! ```
//!
//! - Permissions: none; `sts:GetCallerIdentity` is everybody's.

mod arn;
mod token;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::text::clean;
use watchfire_core::yaml::{Mistake, expected};

use super::mapping::{self, Mapping};
use super::remembered::Vouched;
use super::{How, Identity, Stranger};
use crate::aws::presigned::{self, Asked, Unsigned};
use crate::clients::Clients;
use crate::secret::Secret;
use arn::Principal;
use token::{Expected, Question};

/// What a token begins with.
const BEGINS: &str = "watchfire-aws-v1.";
/// The header that names whom a token is for, and is signed.
const ID: &str = "x-watchfire-id";
/// Of a token that we make ourselves: it is made anew for each command.
const LASTS: Duration = Duration::from_secs(60);
/// One question to STS.
const WITHIN: Duration = Duration::from_secs(5);
/// The most characters of an id.
const MOST_CHARACTERS: usize = 100;

/// Whom AWS knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessIam")]
#[serde(deny_unknown_fields, expecting = "a mapping of id, region, people, roles")]
pub struct IamConfig {
    /// What this Watchfire is called by those who sign: a token for another one is no good here.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// The region whose STS is asked; that of the environment, if left out.
    #[serde(default)]
    pub region: Option<String>,
    /// What tells people with the same role from one another.
    #[serde(default)]
    pub people: People,
    /// Roles by ARN: `arn:aws:iam::111122223333:role/NAME`, without a path, or `…:user/NAME`.
    #[schemars(length(min = 1))]
    pub roles: Vec<Mapping>,
}

/// What tells people with the same role from one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// Nothing: whoever takes on a role calls the session as they like.
    #[default]
    Role,
    /// The name of the session: where trust policies bind it to who they are (`sts:RoleSessionName`), or Identity Center
    /// names it.
    Session,
}

impl IamConfig {
    pub(super) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { id, region, people: _, roles } = self;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:".contains(&byte);
        if !(1..=MOST_CHARACTERS).contains(&id.len()) || !id.bytes().all(is_plain) {
            mistake(".id", expected("1 to 100 letters, digits, `-`, `.`, `_`, `/`, `:`"));
        }
        let is_region = |region: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !region.is_empty() && region.bytes().all(plain)
        };
        if let Some(wrong) = region.as_deref().filter(|region| !is_region(region)) {
            let region = expected("a region such as us-gov-west-1");
            mistake(".region", region.found(format!("`{}`", clean(wrong, 40))));
        }
        mapping::check(roles, arn::fits, &mut |member, wrong| mistake(&format!(".roles{member}"), wrong));
    }
}

/// Whether it begins as one of these.
pub(super) fn is_one(token: &str) -> bool {
    token.starts_with(BEGINS)
}

/// Whose token it is, and what they may.
///
/// # Errors
/// It is no good, or for somebody else; or AWS cannot be asked.
pub(super) async fn of(
    config: &IamConfig,
    clients: &Clients,
    token: &str,
    now: Timestamp,
) -> Result<Vouched, Stranger> {
    let IamConfig { id, region, people, roles } = config;
    let aws = clients.aws().await;
    let region = region.as_deref().or(aws.region().map(AsRef::as_ref));
    let region = region.ok_or_else(|| Stranger::unheard("no AWS region is configured"))?;
    let endpoints = presigned::endpoints(aws, region).map_err(Stranger::unheard)?;
    let question = token::read(token, &Expected { region, endpoints: &endpoints }, now);
    let Question { url, ends_at } =
        question.map_err(|why| Stranger::refused(format!("the token of AWS: {why}")))?;
    let http = clients.direct().map_err(|error| Stranger::unheard(format!("{error:#}")))?;
    let arn = presigned::signer(&http, &url, (ID, id), WITHIN).await.map_err(|unsigned| match unsigned {
        Unsigned::Refused(status) => Stranger::refused(format!(
            "AWS does not take the token ({status}): it is too old, of no key that there is, or not for `{id}`"
        )),
        Unsigned::NoAnswer(why) => Stranger::unheard(format!("STS in {region} does not answer: {why}")),
    })?;
    let principal = Principal::of(&arn).ok_or_else(|| Stranger::unheard("STS answers what is no ARN"))?;
    let subject = principal.person(*people);
    let roles = mapping::roles(roles, [principal.arn.as_str()]);
    let identity =
        Identity { name: clean(&principal.name(), 100), how: How::Iam, subject: Some(subject), roles };
    Ok(Vouched { identity, ends_at: Some(ends_at) })
}

/// A token for a Watchfire of that id, by the credentials at hand.
///
/// # Errors
/// There are no credentials, or there is no region.
pub(crate) async fn make(clients: &Clients, id: &str, region: Option<&str>) -> anyhow::Result<Secret> {
    let aws = clients.aws().await;
    let region = region.or(aws.region().map(AsRef::as_ref)).context("no AWS region: set AWS_REGION")?;
    let endpoints = presigned::endpoints(aws, region).map_err(anyhow::Error::msg)?;
    let at = endpoints.first().context("STS is nowhere")?;
    let credentials = aws.credentials_provider().context("no AWS credentials")?;
    let asked = Asked { at, region, header: (ID, id), lasts: LASTS };
    presigned::token(BEGINS, asked, &credentials, SystemTime::now()).await.map(Secret::new)
}
