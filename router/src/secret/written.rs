//! A secret as it is written in a configuration: where it is, never what it is.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use watchfire_core::yaml::{Mistake, expected};

use super::{SecretArn, SecretSource};

/// What is said of a secret that was written down. It is not shown: what says so may be anybody's log.
const IN_CLEAR: &str = "expected where the secret is kept, found the secret itself, which is not shown here: write \
                        {env: NAME}, {file: PATH} or {secret_arn: ARN}, and make a new secret, since whoever reads \
                        this file knows this one";
const NOT_SHOWN: &str = "it is not shown, since it may be the secret itself";
const SOURCES: &str = "expected one of `env`, `file`, `secret_arn`";

/// A text of this length, without anything that a path or the name of a variable has, may be a secret.
const LIKE_A_SECRET: usize = 16;

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = SecretSource;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping of env, file or secret_arn")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(E::custom(IN_CLEAR))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(E::custom(IN_CLEAR))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(IN_CLEAR))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(E::custom(IN_CLEAR))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(E::custom(IN_CLEAR))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<SecretSource, A::Error> {
        let mut source = None;
        while let Some(kind) = access.next_key::<String>()? {
            if source.is_some() {
                return Err(A::Error::custom(format!("{SOURCES}, found more than one")));
            }
            let text = match kind.as_str() {
                "env" | "file" | "secret_arn" => access.next_value::<Text>()?.0,
                // It is not said: a secret between braces is a name without a value.
                _ => return Err(A::Error::custom(format!("{SOURCES}, found another name"))),
            };
            source = Some(of(&kind, text).map_err(A::Error::custom)?);
        }
        source.ok_or_else(|| A::Error::custom(format!("{SOURCES}, found none")))
    }
}

/// A text, of which nothing is said where it is something else.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("expected a text, found something else")),
        }
    }
}

fn of(kind: &str, text: String) -> Result<SecretSource, Mistake> {
    let none = |what: &str| expected(what).found("what is none").hint(NOT_SHOWN);
    match kind {
        "env" if !is_name(&text) || is_like_a_secret(&text) => {
            Err(none("the name of an environment variable, such as PAGERDUTY_ROUTING_KEY"))
        }
        "env" => Ok(SecretSource::Env(text)),
        "file" if text.is_empty() => Err(expected("the path of a file").found("nothing")),
        "file" => Ok(SecretSource::File(text.into())),
        _ if !text.starts_with("arn:") => {
            Err(none("an ARN such as arn:aws:secretsmanager:us-east-1:123456789012:secret:name"))
        }
        _ => SecretArn::try_from(text).map(SecretSource::SecretArn),
    }
}

/// The name of a source, unless it may be the secret itself, put there by mistake.
pub(super) fn shown(name: &str) -> &str {
    if is_like_a_secret(name) { "(not shown: it may be the secret itself)" } else { name }
}

/// The same of a path: it is its last part that may be the secret.
pub(super) fn shown_path(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'='));
    match is_plain && is_like_a_secret(&name) {
        true => "(not shown: it may be the secret itself)".to_owned(),
        false => path.display().to_string(),
    }
}

fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}

fn is_like_a_secret(text: &str) -> bool {
    let is_shouted = text.contains('_') && !text.contains(|c: char| c.is_ascii_lowercase());
    let is_path = text.contains(['/', '.']);
    text.len() >= LIKE_A_SECRET && !is_path && !is_shouted && text.contains(|c: char| c.is_ascii_digit())
}
