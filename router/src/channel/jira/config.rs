//! A project of Jira in the configuration, and who is known there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::notice::{ByRoute, Templates};
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Mistake, expected};

use super::issue::{Issues, Version};
use crate::channel::payload::{Form, Place, Profile};
use crate::channel::tickets::{Fits, Known};
use crate::channel::{Address, PerMinute, Settings};
use crate::clients::Clients;
use crate::secret::{SecretSource, SecretUse, fits_token};

/// Jira's limit of a label.
const MOST_LABEL: usize = 255;
/// More labels than these are a mistake.
const MOST_LABELS: usize = 20;
/// Names of types, priorities and transitions.
const MOST_NAME: usize = 100;

/// A project in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Jira")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Jira is; plain HTTP only on this machine.
    pub site: Address,
    /// Who is known there.
    pub auth: JiraAuth,
    /// The key of the project, such as `SEC`.
    pub project: String,
    /// The name of the type that its issues have.
    #[serde(default = "task")]
    pub issue_type: String,
    /// What its issues are labelled with, beside the label that they are found by.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What priorities are called there; that of the project for one that is left out.
    #[serde(default)]
    pub priorities: BTreeMap<Priority, String>,
    /// The transition when it is over, by its name or id; a comment alone, if left out.
    #[serde(default)]
    pub resolve: Option<String>,
    /// How much of the page leaves.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most pages in any 60 s.
    #[serde(default = "default_pace")]
    pub pages_per_minute: PerMinute,
    /// How its issues are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

/// Who is known in Jira: in its cloud by `email` and `api_token`, in a Data Center by `bearer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["email", "api_token"]}, {"required": ["bearer"]}]))]
#[serde(deny_unknown_fields, expecting = "a mapping of email and api_token, or of bearer")]
pub struct JiraAuth {
    /// Whose token it is.
    pub email: Option<String>,
    /// An API token of theirs.
    pub api_token: Option<SecretSource>,
    /// A personal access token of a Data Center.
    pub bearer: Option<SecretSource>,
}

impl JiraAuth {
    pub(super) async fn resolved(self, clients: &Clients) -> anyhow::Result<Known> {
        let basic = (self.email, self.api_token, fits_token as Fits);
        Known::resolved(basic, self.bearer, "`email` and `api_token`, or `bearer`", clients).await
    }
}

fn task() -> String {
    "Task".to_owned()
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let JiraAuth { email: _, api_token, bearer } = &mut self.auth;
        let of = |member: &'static str, source| SecretUse {
            path: format!(".jira.auth.{member}"),
            source,
            fits: fits_token,
        };
        let token = api_token.iter_mut().map(|source| of("api_token", source));
        token.chain(bearer.iter_mut().map(|source| of("bearer", source))).collect()
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        if !self.site.url().path().ends_with('/') {
            mistake(".site", expected("an address that ends in /").found(format!("`{}`", self.site.url())));
        }
        let JiraAuth { email, api_token, bearer } = &self.auth;
        match (email, api_token, bearer) {
            (Some(email), Some(_), None) if email.contains(':') || !email.contains('@') => {
                mistake(".auth.email", expected("an address").found(format!("`{email}`")));
            }
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => mistake(".auth", expected("`email` and `api_token`, or `bearer` alone").found("others")),
        }
        let is_key = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let is_project = self.project.starts_with(|c: char| c.is_ascii_uppercase())
            && self.project.len() <= 50
            && self.project.bytes().all(is_key);
        if !is_project {
            mistake(".project", expected("a project's key such as SEC").found(format!("`{}`", self.project)));
        }
        let priorities =
            self.priorities.iter().map(|(priority, name)| (format!(".priorities.{priority}"), name));
        let names = [(".issue_type".to_owned(), &self.issue_type)].into_iter().chain(priorities);
        let names = names.chain(self.resolve.iter().map(|name| (".resolve".to_owned(), name)));
        for (member, name) in names.filter(|(_, name)| !(1..=MOST_NAME).contains(&name.chars().count())) {
            let found = format!("{} characters", name.chars().count());
            mistake(&member, expected("1 to 100 characters").found(found));
        }
        if self.labels.len() > MOST_LABELS {
            mistake(".labels", expected("20 at most").found(self.labels.len().to_string()));
        }
        for (index, label) in self.labels.iter().enumerate() {
            let length = label.chars().count();
            if !(1..=MOST_LABEL).contains(&length) || label.contains(char::is_whitespace) {
                let found = format!("`{label}`");
                mistake(
                    &format!(".labels[{index}]"),
                    expected("1 to 255 characters without spaces").found(found),
                );
            }
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

impl Config {
    pub(super) fn issues(&self) -> Issues {
        let version = if self.auth.bearer.is_some() { Version::Two } else { Version::Three };
        Issues {
            version,
            project: self.project.clone(),
            issue_type: self.issue_type.clone(),
            labels: self.labels.clone(),
            priorities: self.priorities.clone(),
            resolve: self.resolve.clone(),
            form: self.form(),
        }
    }
}
