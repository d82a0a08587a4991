//! Which hosts are this machine: there, and only there, may a page travel unencrypted.

use std::net::IpAddr;

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
