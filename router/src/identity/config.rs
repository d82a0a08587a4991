//! `access`: who may ask what, as it stands in `watchfire.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::text::clean;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::{
    AlbConfig, Digest, Grant, IamConfig, Known, KubernetesConfig, Lasts, NamedToken, OidcConfig, Role,
    SlackUser,
};
use crate::secret::SecretUse;

/// Names that stand for somebody else already.
pub(super) const TAKEN: [&str; 3] = ["operator", "anonymous", "watchfire"];
/// The most characters of a name.
const MOST_CHARACTERS: usize = 100;

/// Who may ask what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Access")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of tokens, kubernetes, iam, oidc, alb, slack, loopback, sessions"
)]
pub struct AccessConfig {
    /// People and programs that have a token of their own, as `watchfire token new` prints each.
    pub tokens: Vec<TokenConfig>,
    /// Tokens of Kubernetes, for which the API server of `cluster` vouches; none, if left out.
    pub kubernetes: Option<KubernetesConfig>,
    /// Whom AWS knows, by a signed question to STS; nobody, if left out.
    pub iam: Option<IamConfig>,
    /// Whom a provider of OpenID Connect knows; nobody, if left out.
    pub oidc: Option<OidcConfig>,
    /// Whom a load balancer has let in; nobody, if left out.
    pub alb: Option<AlbConfig>,
    /// People who may press buttons in Slack.
    pub slack: Vec<SlackUserConfig>,
    /// What whoever asks from this machine may without a token; nothing, if left out.
    pub loopback: Option<Role>,
    /// How long a login in a browser lasts.
    pub sessions: SessionsConfig,
}

/// Somebody's own token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessToken")]
#[serde(deny_unknown_fields, expecting = "a mapping of name, sha256, roles, expires_at")]
pub struct TokenConfig {
    /// Who has it, as the journal and the audit trail name them.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The SHA-256 of the token.
    pub sha256: Digest,
    /// What they may.
    #[schemars(length(min = 1))]
    pub roles: Vec<Grant>,
    /// When it ends; never, if left out.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// Somebody who may press buttons in Slack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessSlack")]
#[serde(deny_unknown_fields, expecting = "a mapping of user, name, roles")]
pub struct SlackUserConfig {
    /// Their member id in Slack.
    pub user: SlackId,
    /// Who it is, as the journal and the audit trail name them. Whoever has a token, too, has the same name there.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// What they may.
    #[schemars(length(min = 1))]
    pub roles: Vec<Grant>,
}

/// The id of a member in Slack, such as `U0123ABCDEF`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct SlackId(String);

value_schema!(SlackId, {
    "type": "string",
    "description": "The id of a member in Slack, such as U0123ABCDEF.",
    "pattern": "^[UW][A-Z0-9]{6,}$"
});

impl TryFrom<String> for SlackId {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let is_id = text.len() >= 7
            && text.starts_with(['U', 'W'])
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if is_id {
            return Ok(Self(text));
        }
        let id = expected("the id of a member such as U0123ABCDEF").found(format!("`{}`", clean(&text, 60)));
        Err(id.hint(
            "Slack shows it in their profile, under \"Copy member ID\"; a name can be chosen by anybody",
        ))
    }
}

/// How long a login in a browser lasts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessSessions")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of idle_minutes, hours")]
pub struct SessionsConfig {
    /// Without a request, in minutes, 1 to 1,440.
    #[schemars(range(min = 1, max = 1_440))]
    pub idle_minutes: u16,
    /// In all, in hours, 1 to 168.
    #[schemars(range(min = 1, max = 168))]
    pub hours: u16,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self { idle_minutes: 60, hours: 12 }
    }
}

impl AccessConfig {
    /// What is wrong about it, given where it is listened.
    pub(crate) fn check(&self, listen: Option<SocketAddr>, mistake: &mut dyn FnMut(&str, Mistake)) {
        let AccessConfig { tokens, kubernetes, iam, oidc, alb, slack, loopback, sessions } = self;
        check_tokens(tokens, mistake);
        check_slack(slack, mistake);
        if let Some(kubernetes) = kubernetes {
            kubernetes.check(&mut |member, wrong| mistake(&format!(".kubernetes{member}"), wrong));
        }
        if let Some(iam) = iam {
            iam.check(&mut |member, wrong| mistake(&format!(".iam{member}"), wrong));
        }
        if let Some(oidc) = oidc {
            oidc.check(&mut |member, wrong| mistake(&format!(".oidc{member}"), wrong));
        }
        if let Some(alb) = alb {
            alb.check(&mut |member, wrong| mistake(&format!(".alb{member}"), wrong));
        }
        if loopback.is_some() && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            let where_ = expected("http.listen on loopback").found("another address");
            mistake(".loopback", where_.hint("what is let in without a token comes from this machine alone"));
        }
        let SessionsConfig { idle_minutes, hours } = sessions;
        if !(1..=1_440).contains(idle_minutes) {
            mistake(".sessions.idle_minutes", expected("1 to 1440").found(idle_minutes.to_string()));
        }
        if !(1..=168).contains(hours) {
            mistake(".sessions.hours", expected("1 to 168").found(hours.to_string()));
        }
    }

    /// The secrets in it.
    pub(crate) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        self.oidc.iter_mut().flat_map(OidcConfig::secrets).collect()
    }

    /// Who is known by it, where people open the board there.
    pub fn known(&self, public_url: Option<&str>) -> Known {
        let AccessConfig { tokens, kubernetes, iam, oidc, alb, slack, loopback, sessions } = self.clone();
        let SessionsConfig { idle_minutes, hours } = sessions;
        let named = tokens.into_iter().map(|token| {
            let TokenConfig { name, sha256, roles, expires_at } = token;
            NamedToken { name, sha256, expires_at, roles }
        });
        let slack = slack.into_iter().map(|known| {
            let SlackUserConfig { user: SlackId(user), name, roles } = known;
            SlackUser { user, name, roles }
        });
        let idle = SignedDuration::from_mins(idle_minutes.into());
        let whole = SignedDuration::from_hours(hours.into());
        let url = public_url.unwrap_or_default().trim_end_matches('/').to_owned();
        let (tokens, sessions) = (named.collect(), Lasts { idle, whole });
        Known { tokens, kubernetes, iam, oidc, alb, slack: slack.collect(), url, loopback, sessions }
    }
}

fn check_tokens(tokens: &[TokenConfig], mistake: &mut dyn FnMut(&str, Mistake)) {
    let mut digests = BTreeMap::new();
    for (index, TokenConfig { name, sha256, roles, expires_at: _ }) in tokens.iter().enumerate() {
        check_name(name, &mut |wrong| mistake(&format!(".tokens[{index}].name"), wrong));
        // One person may have two, of which the old one is taken out when nobody uses it any more.
        if let Some(first) = digests.insert(*sha256, name) {
            let other = expected("another token").found(format!("that of {}", clean(first, MOST_CHARACTERS)));
            mistake(&format!(".tokens[{index}].sha256"), other);
        }
        check_roles(roles, &mut |member, wrong| mistake(&format!(".tokens[{index}].roles{member}"), wrong));
    }
}

fn check_slack(users: &[SlackUserConfig], mistake: &mut dyn FnMut(&str, Mistake)) {
    let mut known = BTreeMap::new();
    for (index, SlackUserConfig { user, name, roles }) in users.iter().enumerate() {
        check_name(name, &mut |wrong| mistake(&format!(".slack[{index}].name"), wrong));
        if let Some(first) = known.insert(user, name) {
            let other = expected("another user").found(format!("that of {}", clean(first, MOST_CHARACTERS)));
            mistake(&format!(".slack[{index}].user"), other);
        }
        check_roles(roles, &mut |member, wrong| mistake(&format!(".slack[{index}].roles{member}"), wrong));
    }
}

/// Of a namespace or a cluster.
fn is_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    !name.is_empty() && name.bytes().all(is_sign)
}

fn check_name(name: &str, mistake: &mut dyn FnMut(Mistake)) {
    if clean(name, MOST_CHARACTERS) != *name || name.trim() != name || name.is_empty() {
        let line = expected("1 to 100 characters that can be shown in a line");
        mistake(line.found(format!("`{}`", clean(name, 60))));
    }
    if TAKEN.contains(&name) {
        mistake(expected("another name").found(format!("`{name}`, which stands for others")));
    }
}

/// What is wrong about what somebody may.
pub(super) fn check_roles(roles: &[Grant], mistake: &mut dyn FnMut(&str, Mistake)) {
    if roles.is_empty() {
        mistake("", expected("at least one role").found("none"));
    }
    for (index, Grant { role: _, namespaces, clusters }) in roles.iter().enumerate() {
        for (member, names) in [("namespaces", namespaces), ("clusters", clusters)] {
            if names.as_ref().is_some_and(BTreeSet::is_empty) {
                let some = expected("at least one name").found("none").hint("leave it out for all");
                mistake(&format!("[{index}].{member}"), some);
            }
            let wrong = names.iter().flatten().find(|name| !is_name(name));
            if let Some(wrong) = wrong {
                let name = expected("names as they are").found(format!("`{}`", clean(wrong, 60)));
                mistake(
                    &format!("[{index}].{member}"),
                    name.hint("each stands by itself: `*` is no wildcard here"),
                );
            }
        }
    }
}
