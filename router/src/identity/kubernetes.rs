//! Tokens of Kubernetes: the API server says whose one is (`TokenReview`), and by its own roles what they may
//! (`SubjectAccessReview` on `incidents.watchfire.dev`, which nobody has to define).
//!
//! - Permissions: create tokenreviews, subjectaccessreviews (`watchfire-people`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::core::ClusterResourceScope;
use kube::{Api, Client, Resource};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;
use tokio::time::timeout;
use watchfire_core::text::clean;
use watchfire_core::yaml::{Mistake, expected};

use super::jwt;
use super::remembered::Vouched;
use super::{Grant, How, Identity, Role, Stranger};
use crate::clients::chain;

/// What the roles of the cluster are asked about.
const GROUP: &str = "watchfire.dev";
const RESOURCE: &str = "incidents";
/// All that is asked of the API server about one token.
const WITHIN: Duration = Duration::from_secs(5);
/// Namespaces that are asked about at the same time.
const AT_ONCE: usize = 4;
/// The most namespaces that roles are asked about: four questions each.
const MOST_NAMESPACES: usize = 50;
/// The longest token, and the longest name, in bytes.
const LONGEST: usize = 16 * 1024;
const LONGEST_NAME: usize = 512;
/// What begins a token that EKS takes, made of credentials of AWS.
const OF_EKS: &str = "k8s-aws-v1.";

/// Tokens of the cluster's own accounts, and whom its access entries know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessKubernetes")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of audience, namespaces, hold")]
pub struct KubernetesConfig {
    /// For whom tokens have to be, as in `kubectl create token NAME --audience watchfire`.
    #[schemars(length(min = 1, max = 300))]
    pub audience: String,
    /// The namespaces in which roles of single namespaces are asked about; without any, only roles of the whole cluster
    /// count. At most 50.
    #[schemars(length(max = 50))]
    pub namespaces: BTreeSet<String>,
    /// Where those roles hold.
    pub hold: Hold,
}

/// Where roles of the cluster hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// For what is known to be of this cluster. What is about everything, wants a role that is had otherwise.
    #[default]
    InThisCluster,
    /// For whatever Watchfire knows of: where all of it is of this cluster.
    Everywhere,
}

impl Default for KubernetesConfig {
    fn default() -> Self {
        let audience = "watchfire".to_owned();
        Self { audience, namespaces: BTreeSet::new(), hold: Hold::default() }
    }
}

impl KubernetesConfig {
    pub(super) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { audience, namespaces, hold: _ } = self;
        if audience.is_empty() || clean(audience, 300) != *audience {
            mistake(".audience", expected("1 to 300 characters that can be shown in a line"));
        }
        if namespaces.len() > MOST_NAMESPACES {
            let most = expected(format!("at most {MOST_NAMESPACES} namespaces"));
            mistake(".namespaces", most.found(namespaces.len().to_string()));
        }
        let is_name = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&name.len()) && name.bytes().all(plain)
        };
        if let Some(wrong) = namespaces.iter().find(|name| !is_name(name)) {
            let name = expected("the name of a namespace").found(format!("`{}`", clean(wrong, 60)));
            mistake(".namespaces", name);
        }
    }
}

impl Role {
    /// The verb on `incidents.watchfire.dev` that a role of Kubernetes has to allow.
    fn verb(self) -> &'static str {
        match self {
            Role::Viewer => "look",
            Role::Responder => "respond",
            Role::Approver => "approve",
            Role::Admin => "administer",
        }
    }
}

/// The API server of our cluster.
#[derive(Clone)]
pub(crate) struct Reviewer {
    /// What it is asked by.
    pub(crate) client: Client,
    /// The cluster's name, as events have it.
    pub(crate) cluster: String,
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reviewer").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

/// Whether it looks like a token of Kubernetes. What does not is shown to nobody: it may be a secret of something else.
pub(super) fn is_one(token: &str) -> bool {
    token.len() <= LONGEST && (jwt::is_shaped(token) || token.starts_with(OF_EKS))
}

impl Reviewer {
    /// Whose token it is, and what they may.
    ///
    /// # Errors
    /// It is nobody's, or not for that audience; or the API server cannot be asked.
    pub(super) async fn of(&self, config: &KubernetesConfig, token: &str) -> Result<Vouched, Stranger> {
        let late = |_| Stranger::unheard("the API server of Kubernetes does not answer in time");
        timeout(WITHIN, self.reviewed(config, token)).await.map_err(late)?
    }

    async fn reviewed(&self, config: &KubernetesConfig, token: &str) -> Result<Vouched, Stranger> {
        let user = self.user(&config.audience, token).await?;
        let username = user.username.clone().unwrap_or_default();
        if username.is_empty() || username.len() > LONGEST_NAME {
            return Err(Stranger::refused(
                "Kubernetes has no name of a fit length for whom this token is of",
            ));
        }
        let roles = self.roles(config, &user).await?;
        let (name, subject) = (clean(&username, 100), person(&username));
        let identity = Identity { name, how: How::Kubernetes, subject: Some(subject), roles };
        Ok(Vouched { identity, ends_at: jwt::ends_at(token) })
    }

    async fn user(&self, audience: &str, token: &str) -> Result<UserInfo, Stranger> {
        let spec =
            TokenReviewSpec { token: Some(token.to_owned()), audiences: Some(vec![audience.to_owned()]) };
        let review = TokenReview { spec, ..TokenReview::default() };
        let status = self.asked(&review).await?.status.unwrap_or_default();
        // Whoever does not know of audiences answers without one: then the token is for the API server, and not for us.
        let is_for_us = status.audiences.unwrap_or_default().iter().any(|one| one == audience);
        match (status.authenticated.unwrap_or_default() && is_for_us, status.user) {
            (true, Some(user)) => Ok(user),
            _ => Err(Stranger::refused(format!(
                "Kubernetes does not know this token, or it is not for the audience `{audience}`"
            ))),
        }
    }

    /// The roles of the whole cluster, and those of single namespaces that are more.
    async fn roles(&self, config: &KubernetesConfig, user: &UserInfo) -> Result<Vec<Grant>, Stranger> {
        let KubernetesConfig { audience: _, namespaces, hold } = config;
        let clusters = match hold {
            Hold::InThisCluster => Some(BTreeSet::from([self.cluster.clone()])),
            Hold::Everywhere => None,
        };
        let everywhere = self.highest(user, None).await?;
        // One that may whatever there is has nothing more anywhere.
        let namespaces: Vec<_> = namespaces.iter().filter(|_| everywhere != Some(Role::Admin)).collect();
        let mut here = Vec::new();
        for some in namespaces.chunks(AT_ONCE) {
            let roles = join_all(some.iter().map(|name| self.highest(user, Some(name)))).await;
            for (name, role) in some.iter().zip(roles) {
                here.push(((*name).clone(), role?));
            }
        }
        let mut by_role: BTreeMap<Role, BTreeSet<String>> = BTreeMap::new();
        for (namespace, role) in here {
            if let Some(role) = role.filter(|role| Some(*role) > everywhere) {
                by_role.entry(role).or_default().insert(namespace);
            }
        }
        let whole = everywhere.map(|role| Grant { role, namespaces: None, clusters: clusters.clone() });
        let single = by_role.into_iter().map(|(role, namespaces)| Grant {
            role,
            namespaces: Some(namespaces),
            clusters: clusters.clone(),
        });
        Ok(whole.into_iter().chain(single).collect())
    }

    /// The highest role there; none where they have none.
    async fn highest(&self, user: &UserInfo, namespace: Option<&str>) -> Result<Option<Role>, Stranger> {
        let all = join_all(Role::VARIANTS.iter().map(|role| self.may(user, *role, namespace))).await;
        let mut highest = None;
        for (role, may) in Role::VARIANTS.iter().zip(all) {
            highest = if may? { Some(*role) } else { highest };
        }
        Ok(highest)
    }

    async fn may(&self, user: &UserInfo, role: Role, namespace: Option<&str>) -> Result<bool, Stranger> {
        let UserInfo { username, uid, groups, extra } = user.clone();
        let attributes = ResourceAttributes {
            group: Some(GROUP.to_owned()),
            resource: Some(RESOURCE.to_owned()),
            verb: Some(role.verb().to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let resource_attributes = Some(attributes);
        let spec = SubjectAccessReviewSpec {
            user: username,
            uid,
            groups,
            extra,
            resource_attributes,
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        Ok(self.asked(&review).await?.status.is_some_and(|status| status.allowed))
    }

    async fn asked<R>(&self, review: &R) -> Result<R, Stranger>
    where
        R: Resource<DynamicType = (), Scope = ClusterResourceScope>
            + Clone
            + DeserializeOwned
            + Serialize
            + fmt::Debug,
    {
        let api: Api<R> = Api::all(self.client.clone());
        api.create(&PostParams::default(), review).await.map_err(|error| unheard(&R::plural(&()), &error))
    }
}

/// Nothing of the question is told: it may be a token.
fn unheard(what: &str, error: &kube::Error) -> Stranger {
    match error {
        kube::Error::Api(status) if status.code == 403 => Stranger::unheard(format!(
            "Watchfire may not create {what} in Kubernetes: apply what `watchfire rbac` prints"
        )),
        kube::Error::Api(status) => {
            Stranger::unheard(format!("the API server of Kubernetes answers {} to {what}", status.code))
        }
        kube::Error::SerdeError(_) => {
            Stranger::unheard(format!("the API server of Kubernetes does not answer {what} as it should"))
        }
        other => Stranger::unheard(format!("the API server of Kubernetes does not answer: {}", chain(other))),
    }
}

/// What tells them from others. Where an access entry has the name of a session in it, whoever takes on a role chose that.
fn person(username: &str) -> String {
    let session = username.split_once(":assumed-role/").and_then(|(begin, rest)| {
        let (role, _) = rest.split_once('/')?;
        Some(format!("{begin}:assumed-role/{role}"))
    });
    session.unwrap_or_else(|| username.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_on_a_role_of_aws_is_one_person_whatever_the_session_is_called() {
        for (username, expected) in [
            ("system:serviceaccount:security:ana", "system:serviceaccount:security:ana"),
            ("ana@example.com", "ana@example.com"),
            (
                "arn:aws:sts::111122223333:assumed-role/oncall/ana",
                "arn:aws:sts::111122223333:assumed-role/oncall",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/oncall",
                "arn:aws:sts::111122223333:assumed-role/oncall",
            ),
        ] {
            assert_eq!(person(username), expected, "{username}");
        }
    }

    #[test]
    fn only_what_looks_like_a_token_of_kubernetes_is_shown_to_it() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
        for one in [jwt, "k8s-aws-v1.aHR0cHM6Ly9zdHM"] {
            assert!(is_one(one), "{one}");
        }
        let long = format!("{jwt}{}", "a".repeat(LONGEST));
        for other in ["", "wft_abc", "a.b.c", "ghp_0123456789", "eyJ.eyJ", &long] {
            assert!(!is_one(other), "{other}");
        }
    }
}
