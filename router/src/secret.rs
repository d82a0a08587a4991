//! Secrets: where they come from, and a type that does not tell them.

mod written;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use arc_swap::ArcSwap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::aws::call::{Ask, Caller, Patience, Service};
use crate::clients::{Arn, Clients};

/// As AWS's SDK has it.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(10),
    in_all: Duration::from_secs(10),
    attempts: 3,
    wait: Duration::from_secs(1),
};

/// A text that prints as `***` and is never serialised. Whoever has a clone has the same one: where it was rotated, all
/// of them have the new text.
#[derive(Clone)]
pub struct Secret(Arc<ArcSwap<String>>);

impl Secret {
    /// Keeps the text from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(text.into())))
    }

    /// The text itself, for the one who must send it now.
    pub fn expose(&self) -> Arc<String> {
        self.0.load_full()
    }

    /// It was rotated: from here on it is that one.
    pub(crate) fn becomes(&self, newer: &Secret) {
        self.0.store(newer.expose());
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        *self.expose() == *other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Where a secret comes from: `{env: NAME}`, `{file: PATH}` or `{secret_arn: ARN}`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file, as Kubernetes mounts a secret; line ends after the text are not part of it.
    File(PathBuf),
    /// AWS Secrets Manager, by `secretsmanager:GetSecretValue` in the ARN's region.
    SecretArn(SecretArn),
    /// One of them, and the secret that was there.
    #[schemars(skip)]
    Known(Box<SecretSource>, Secret),
}

/// A place in the configuration where a secret stands, and what it has to be.
pub(crate) struct SecretUse<'c> {
    /// Below the part it belongs to, such as `.auth.password`.
    pub(crate) path: String,
    /// Where it comes from.
    pub(crate) source: &'c mut SecretSource,
    /// What was expected, where it does not fit; nothing of the secret is said.
    pub(crate) fits: fn(&Secret) -> Result<(), Mistake>,
}

impl SecretUse<'_> {
    /// The same by its whole path.
    pub(crate) fn under(self, part: &str) -> Self {
        Self { path: format!("{part}{}", self.path), ..self }
    }
}

/// Whether it can be a bearer token: it stands in a header.
pub(crate) fn fits_token(token: &Secret) -> Result<(), Mistake> {
    let token = token.expose();
    let fit = token.len() >= 8 && token.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then_some(())
        .ok_or_else(|| expected("a token of at least 8 visible ASCII characters").found("another text"))
}

/// A secret's ARN; after `#` the member to take where the secret is a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretArn {
    arn: Arn,
    member: Option<String>,
}

value_schema!(SecretArn, {
    "type": "string",
    "description": "The ARN of a secret; after `#` the member to take where the secret is a JSON object.",
    "pattern": "^arn:aws[^:]*:secretsmanager:[^:]+:[0-9]{12}:[^#]+(#.+)?$"
});

impl TryFrom<String> for SecretArn {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let (arn, member) = match text.split_once('#') {
            Some((_, "")) => return Err(expected(format!("a name after `#` in `{text}`")).found("none")),
            Some((arn, member)) => (arn, Some(member.to_owned())),
            None => (text.as_str(), None),
        };
        Ok(Self { arn: Arn::parse(arn, "secretsmanager")?, member })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(out, "environment variable {}", written::shown(name)),
            SecretSource::File(path) => write!(out, "file {}", written::shown_path(path)),
            SecretSource::Known(source, _) => source.fmt(out),
            SecretSource::SecretArn(SecretArn { arn, member: None }) => {
                write!(out, "secret {}", arn.as_str())
            }
            SecretSource::SecretArn(SecretArn { arn, member: Some(member) }) => {
                write!(out, "secret {}#{member}", arn.as_str())
            }
        }
    }
}

impl SecretSource {
    /// The secret as it is now. An error names the source, never what was in it; empty is an error.
    pub async fn resolve(&self, clients: &Clients) -> anyhow::Result<Secret> {
        self.read(clients).await.with_context(|| self.to_string())
    }

    /// The same, where it fits what it is for.
    pub(crate) async fn resolve_fit(
        &self,
        clients: &Clients,
        fits: fn(&Secret) -> Result<(), Mistake>,
    ) -> anyhow::Result<Secret> {
        let secret = self.resolve(clients).await?;
        fits(&secret).map_err(|mistake| anyhow!("{self}: {mistake}"))?;
        Ok(secret)
    }

    /// Where it comes from, whether it is known or not.
    pub(crate) fn place(&self) -> &SecretSource {
        match self {
            SecretSource::Known(source, _) => source.place(),
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::SecretArn(_) => self,
        }
    }

    /// The secret, where it is known.
    pub(crate) fn known(&self) -> Option<&Secret> {
        match self {
            SecretSource::Known(_, secret) => Some(secret),
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::SecretArn(_) => None,
        }
    }

    /// Whether this machine has it, so that nobody else is asked.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Known(..) => true,
            SecretSource::SecretArn(_) => false,
        }
    }

    /// The file it is in.
    pub(crate) fn file(&mut self) -> Option<&mut PathBuf> {
        match self {
            SecretSource::File(path) => Some(path),
            SecretSource::Known(source, _) => source.file(),
            SecretSource::Env(_) | SecretSource::SecretArn(_) => None,
        }
    }

    async fn read(&self, clients: &Clients) -> anyhow::Result<Secret> {
        match self {
            SecretSource::Env(name) => of_environment(name),
            SecretSource::File(path) => of_file(path),
            SecretSource::SecretArn(secret) => filled(fetch(secret, clients).await?),
            SecretSource::Known(_, secret) => Ok(secret.clone()),
        }
    }
}

fn of_environment(name: &str) -> anyhow::Result<Secret> {
    match std::env::var(name) {
        Ok(text) => filled(text),
        Err(std::env::VarError::NotPresent) => bail!("not set"),
        // The error of the standard library would print the value.
        Err(std::env::VarError::NotUnicode(_)) => bail!("not UTF-8"),
    }
}

fn of_file(path: &Path) -> anyhow::Result<Secret> {
    let text = String::from_utf8(std::fs::read(path)?);
    let text = text.map_err(|_| anyhow!("expected text, found bytes that are not UTF-8"))?;
    filled(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn filled(text: String) -> anyhow::Result<Secret> {
    ensure!(!text.is_empty(), "expected a secret, found nothing");
    Ok(Secret::new(text))
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "SecretString")]
    text: Option<String>,
}

async fn fetch(SecretArn { arn, member }: &SecretArn, clients: &Clients) -> anyhow::Result<String> {
    let caller = Caller::new(clients, Service::SecretsManager, Some(arn.region().as_ref())).await?;
    let body = json!({"SecretId": arn.as_str()});
    let answer =
        caller.call(&Ask::Json { target: "secretsmanager.GetSecretValue", body: &body }, PATIENCE).await?;
    let Kept { text } = answer.json()?;
    let text = text.context("not text but binary")?;
    match member {
        Some(member) => take_member(&text, member),
        None => Ok(text),
    }
}

fn take_member(text: &str, member: &str) -> anyhow::Result<String> {
    // Errors of serde_json quote what they read.
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else {
        bail!("not a JSON object, which `#{member}` asks for");
    };
    let value = members.get(member).and_then(serde_json::Value::as_str);
    Ok(value.with_context(|| format!("no text named {member} in it"))?.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn clients() -> Clients {
        Clients::new(None).unwrap()
    }

    fn source(yaml: &str) -> Result<SecretSource, String> {
        let node = watchfire_core::yaml::Node::parse(yaml).map_err(|error| error.to_string())?;
        node.read().map_err(|misfits| misfits[0].mistake.to_string())
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!((format!("{secret:?}"), secret.to_string()), ("***".to_owned(), "***".to_owned()));
        assert_eq!(secret.expose().as_str(), "hunter2");
    }

    #[test]
    fn whoever_has_a_secret_has_the_new_one_when_it_was_rotated() {
        let secret = Secret::new("hunter2");
        let (other, user) = (Secret::new("hunter2"), secret.clone());
        assert!(secret == other && other == user);
        secret.becomes(&Secret::new("hunter3"));
        assert_eq!(user.expose().as_str(), "hunter3");
        assert!(secret != other && secret == user);
    }

    #[test]
    fn every_source_is_read_from_configuration() {
        let arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:pd-a1b2c3";
        assert_eq!(source("{env: PD_KEY}").unwrap(), SecretSource::Env("PD_KEY".to_owned()));
        assert_eq!(source("file: /run/pd").unwrap(), SecretSource::File("/run/pd".into()));
        assert_eq!(source(&format!("secret_arn: '{arn}'")).unwrap().to_string(), format!("secret {arn}"));
        assert_eq!(source(&format!("secret_arn: '{arn}#k'")).unwrap().to_string(), format!("secret {arn}#k"));
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for wrong in
            ["plain", "{vault: x}", "{env: A, file: b}", "secret_arn: 'arn:aws:sns:a:123456789012:b'"]
        {
            assert!(source(wrong).is_err(), "{wrong}");
        }
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:pd";
        assert!(source(&format!("secret_arn: '{arn}#'")).unwrap_err().contains("after `#`"));
    }

    #[tokio::test]
    async fn a_file_loses_its_line_end_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, " key \r\n\n").unwrap();
        assert_eq!(SecretSource::File(path).resolve(&clients()).await.unwrap().expose().as_str(), " key ");
    }

    #[tokio::test]
    async fn an_environment_variable_is_taken_as_it_is() {
        let path = std::env::var("PATH").unwrap();
        let secret = SecretSource::Env("PATH".to_owned()).resolve(&clients()).await.unwrap();
        assert_eq!(*secret.expose(), path);
    }

    #[tokio::test]
    async fn what_is_missing_or_empty_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "\n").unwrap();
        let empty = SecretSource::File(path.clone()).resolve(&clients()).await.unwrap_err();
        assert_eq!(
            format!("{empty:#}"),
            format!("file {}: expected a secret, found nothing", path.display())
        );
        let unset =
            SecretSource::Env("WATCHFIRE_NEVER_SET".to_owned()).resolve(&clients()).await.unwrap_err();
        assert_eq!(format!("{unset:#}"), "environment variable WATCHFIRE_NEVER_SET: not set");
    }

    #[test]
    fn a_secret_in_clear_is_refused_and_not_told_wherever_it_stands() {
        for wrong in [
            "hunter2hunter2hunter2",
            "{env: r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00}",
            "{env: 'hunter2 hunter2'}",
            "{file: r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00}",
            "{secret_arn: hunter2hunter2}",
            "{hunter2hunter2}",
            "[hunter2hunter2]",
            "98765432109876543210",
        ] {
            let said = match source(wrong) {
                Ok(source) => format!("{source}"),
                Err(said) => said,
            };
            for secret in ["hunter2", "r0ut1ngk3y", "9876543"] {
                assert!(!said.contains(secret), "{wrong}: {said}");
            }
        }
        assert!(source("hunter2").unwrap_err().contains("write {env: NAME}, {file: PATH}"));
    }

    #[test]
    fn a_member_is_taken_and_an_error_does_not_quote_the_secret() {
        assert_eq!(take_member(r#"{"key":"abc","other":1}"#, "key").unwrap(), "abc");
        for wrong in ["hunter2", r#"["hunter2"]"#, r#"{"other":"hunter2"}"#, r#"{"key":["hunter2"]}"#] {
            let error = format!("{:#}", take_member(wrong, "key").unwrap_err());
            assert!(error.contains("key") && !error.contains("hunter2"), "{error}");
        }
    }
}
