//! A table of ServiceNow in the configuration, and who is known there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::notice::{ByRoute, Templates};
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Mistake, expected};

use super::record::{OURS, Records};
use crate::channel::payload::{Form, Place, Profile};
use crate::channel::tickets::{Fits, Known};
use crate::channel::{Address, PerMinute, Settings};
use crate::clients::Clients;
use crate::secret::{Secret, SecretSource, SecretUse, fits_token};

/// More fields than these are a mistake.
const MOST_FIELDS: usize = 30;
/// Names of tables and fields.
const MOST_NAME: usize = 80;
/// What a field is set to.
const MOST_VALUE: usize = 1_000;

/// A table in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceNow")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the instance is; plain HTTP only on this machine.
    pub instance: Address,
    /// Who is known there.
    pub auth: ServiceNowAuth,
    /// The table that its records are in.
    #[serde(default = "incident")]
    pub table: String,
    /// What else a record is made with, field by field.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Its urgency and impact, 1 to 3, for each priority.
    #[serde(default = "urgencies")]
    pub urgencies: BTreeMap<Priority, u8>,
    /// What a record is changed to when it is over, field by field; a work note alone, if left out.
    #[serde(default)]
    pub resolve: BTreeMap<String, String>,
    /// How much of the page leaves.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most pages in any 60 s.
    #[serde(default = "default_pace")]
    pub pages_per_minute: PerMinute,
    /// How its records are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

/// Who is known in ServiceNow: by `user` and `password`, or by `bearer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["user", "password"]}, {"required": ["bearer"]}]))]
#[serde(deny_unknown_fields, expecting = "a mapping of user and password, or of bearer")]
pub struct ServiceNowAuth {
    /// A user of the instance.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<SecretSource>,
    /// An OAuth token instead, which whoever keeps the secret renews.
    pub bearer: Option<SecretSource>,
}

impl ServiceNowAuth {
    pub(super) async fn resolved(self, clients: &Clients) -> anyhow::Result<Known> {
        let basic = (self.user, self.password, fits_password as Fits);
        Known::resolved(basic, self.bearer, "`user` and `password`, or `bearer`", clients).await
    }
}

fn incident() -> String {
    "incident".to_owned()
}

fn urgencies() -> BTreeMap<Priority, u8> {
    [(Priority::P0, 1), (Priority::P1, 1), (Priority::P2, 2), (Priority::P3, 3)].into()
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

fn fits_password(password: &Secret) -> Result<(), Mistake> {
    let is_one = !password.expose().is_empty();
    is_one.then_some(()).ok_or_else(|| expected("a password").found("none"))
}

/// Tables and fields are called like that.
fn is_name(name: &str) -> bool {
    (1..=MOST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let ServiceNowAuth { user: _, password, bearer } = &mut self.auth;
        let path = |member: &str| format!(".servicenow.auth.{member}");
        let password = password.iter_mut().map(|source| SecretUse {
            path: path("password"),
            source,
            fits: fits_password,
        });
        let bearer =
            bearer.iter_mut().map(|source| SecretUse { path: path("bearer"), source, fits: fits_token });
        password.chain(bearer).collect()
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        if !self.instance.url().path().ends_with('/') {
            let found = format!("`{}`", self.instance.url());
            mistake(".instance", expected("an address that ends in /").found(found));
        }
        let ServiceNowAuth { user, password, bearer } = &self.auth;
        match (user, password, bearer) {
            (Some(user), Some(_), None) if user.is_empty() || user.contains(':') => {
                mistake(".auth.user", expected("a name without `:`").found(format!("`{user}`")));
            }
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => mistake(".auth", expected("`user` and `password`, or `bearer` alone").found("others")),
        }
        if !is_name(&self.table) {
            mistake(".table", expected("a table's name such as incident").found(format!("`{}`", self.table)));
        }
        for (priority, urgency) in self.urgencies.iter().filter(|(_, urgency)| !(1..=3).contains(*urgency)) {
            mistake(&format!(".urgencies.{priority}"), expected("1 to 3").found(urgency.to_string()));
        }
        for (member, fields) in [("fields", &self.fields), ("resolve", &self.resolve)] {
            check_fields(fields, &mut |name, wrong| mistake(&format!(".{member}{name}"), wrong));
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

fn check_fields(fields: &BTreeMap<String, String>, mistake: &mut dyn FnMut(&str, Mistake)) {
    if fields.len() > MOST_FIELDS {
        mistake("", expected("30 at most").found(fields.len().to_string()));
    }
    for (name, value) in fields {
        if !is_name(name) {
            mistake(&format!(".{name}"), expected("a field's name such as assignment_group"));
        } else if OURS.contains(&name.as_str()) {
            mistake(&format!(".{name}"), expected("a field that Watchfire does not fill itself"));
        }
        if value.chars().count() > MOST_VALUE {
            mistake(&format!(".{name}"), expected("1,000 characters at most"));
        }
    }
}

impl Config {
    pub(super) fn records(&self) -> Records {
        Records {
            table: self.table.clone(),
            fields: self.fields.clone(),
            urgencies: self.urgencies.clone(),
            resolve: self.resolve.clone(),
            form: self.form(),
        }
    }
}
