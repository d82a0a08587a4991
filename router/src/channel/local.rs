//! Where another side is, and which hosts are this machine: there, and only there, may a page travel unencrypted.

use std::net::IpAddr;

use serde::Deserialize;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::secret::Secret;

/// The address of another side: HTTPS, plain HTTP only on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(reqwest::Url);

value_schema!(Address, {
    "type": "string",
    "format": "uri",
    "description": "An https address; plain HTTP only on this machine.",
    "pattern": "^(https://|http://(localhost|127\\.|\\[::1\\]))"
});

impl Address {
    /// One that is known.
    pub(crate) fn known(url: &str) -> Self {
        Self::try_from(url.to_owned()).expect("an https address")
    }

    pub(crate) fn url(&self) -> &reqwest::Url {
        &self.0
    }
}

impl TryFrom<String> for Address {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let https = expected("an https address").found(format!("`{text}`"));
        let Ok(url) = text.parse::<reqwest::Url>() else { return Err(https) };
        let local = url.host_str().is_some_and(is_loopback);
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if local => Ok(Self(url)),
            _ => Err(https),
        }
    }
}

/// Whether a secret is the address of another side.
pub(crate) fn is_address(secret: &Secret) -> Result<(), Mistake> {
    // What it is instead is not shown.
    let address = || expected("an https address").hint("plain HTTP only on this machine");
    Address::try_from(secret.expose().as_str().to_owned()).map(|_| ()).map_err(|_| address())
}

/// Whether a host name or address is this machine's loopback interface; brackets of IPv6 are allowed.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "::", "[::2]"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
