//! The name that a request goes to.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// The name or address in a `Host`, without brackets, port and the dot at the end; none where it is none. By
/// way of a tunnel the port is another than ours.
pub(crate) fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, rest)
        }
        None => {
            let at = host.find(':').unwrap_or(host.len());
            let (name, rest) = host.split_at(at);
            (name.strip_suffix('.').unwrap_or(name), rest)
        }
    };
    let is_port = port.is_empty() || port.strip_prefix(':')?.bytes().all(|digit| digit.is_ascii_digit());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (is_port && !name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// Whether a request goes to loopback by name.
pub(super) fn is_to_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.and_then(without_port).is_some_and(|name| {
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    })
}
