//! The address of a ticket: one that a browser may be sent to, and that gives nothing away.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::within;
use crate::value_schema;

/// An address, `https` or `http`, without anybody's password in it.
///
/// It is ASCII: what looks like another host's name is written as what it is. What could be a secret is refused before
/// anything is recorded, rather than hidden afterwards: the journal keeps every command as it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkUrl(String);

/// What a link is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkTitle(String);

value_schema!(LinkUrl, {
    "type": "string",
    "description": "An http or https address without a user, a password or a token in it.",
    "pattern": "^https?://[!-~]+$",
    "maxLength": 1000
});

value_schema!(LinkTitle, { "type": "string", "minLength": 1, "maxLength": 200 });

/// Words that a secret is called by, at the end of a parameter's name.
const SECRETS: [&str; 16] = [
    "accesskey",
    "apikey",
    "assertion",
    "auth",
    "authorization",
    "credential",
    "jwt",
    "password",
    "passwd",
    "privatekey",
    "pwd",
    "secret",
    "session",
    "sessionid",
    "signature",
    "token",
];
/// The same where they are all of it.
const WHOLE: [&str; 4] = ["code", "jsessionid", "phpsessid", "sig"];

impl LinkUrl {
    const LONGEST: usize = 1_000;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it leads to, with its port.
    pub fn host(&self) -> &str {
        authority(&self.0).unwrap_or_default()
    }
}

/// What stands between `//` and the path.
fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.split(['/', '?', '#']).next()
}

impl TryFrom<String> for LinkUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let expected = |what: &str| Err(format!("expected {what}"));
        if text.len() > Self::LONGEST {
            return expected(&format!("an address of at most {} bytes, found {}", Self::LONGEST, text.len()));
        }
        let Some(authority) = authority(text) else {
            return expected("an address that begins with https:// or http://");
        };
        // A browser takes \ for /, and leaves out what is no sign.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
            return expected("an address of ASCII signs, all others percent-encoded");
        }
        if authority.contains('@') {
            return expected("an address without a user or a password");
        }
        if !is_host(authority) {
            return expected("an address with a host, such as https://tickets.example.com/OPS-1");
        }
        match secret(text) {
            Some(name) => expected(&format!("an address without a secret: leave out its parameter {name}")),
            None => Ok(Self(text.to_owned())),
        }
    }
}

/// A name or an IPv4 address, or an IPv6 address in brackets; and a port, or none.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => {
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            (Some(&authority[..end]), &authority[end..])
        }
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
    is_port && host.is_none_or(|host| host.strip_suffix('.').unwrap_or(host).split('.').all(is_label))
}

/// The first parameter that is called as secrets are, in the query or behind `#`; by its name's letters and digits alone.
fn secret(url: &str) -> Option<String> {
    let (_, parameters) = url.split_once(['?', '#'])?;
    parameters.split(['&', ';', '?', '#']).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let name = decoded(name);
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.to_ascii_lowercase();
        let is_secret =
            SECRETS.iter().any(|word| letters.ends_with(word)) || WHOLE.contains(&letters.as_str());
        (is_secret && !value.is_empty()).then(|| letters.chars().take(40).collect())
    })
}

/// Without percent signs: a name that is written so is the same name.
fn decoded(name: &str) -> String {
    let mut bytes = name.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl From<LinkUrl> for String {
    fn from(LinkUrl(text): LinkUrl) -> Self {
        text
    }
}

impl fmt::Display for LinkUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for LinkTitle {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        within("a title", 200, &text).map(Self)
    }
}

impl From<LinkTitle> for String {
    fn from(LinkTitle(text): LinkTitle) -> Self {
        text
    }
}

impl fmt::Display for LinkTitle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
