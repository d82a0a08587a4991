//! Where a bucket of S3 is called: in the host's name, or in the path where it cannot be there.

/// Of that endpoint, which has no slash at its end. As the rules of AWS's SDKs have it, except that they put a bucket
/// with dots before a number that is an address.
pub(super) fn endpoint(endpoint: &str, bucket: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return format!("{endpoint}/{bucket}") };
    let host = rest.split('/').next().unwrap_or_default();
    if is_in_host(bucket, scheme) && !is_address(host) {
        format!("{scheme}://{bucket}.{rest}")
    } else {
        format!("{endpoint}/{bucket}")
    }
}

/// A certificate is good for one label, so that a bucket with dots is in a host's name only where there is none.
fn is_in_host(bucket: &str, scheme: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let ends = [label.bytes().next(), label.bytes().last()];
        ends.iter().all(|end| end.is_some_and(plain)) && label.bytes().all(|byte| plain(byte) || byte == b'-')
    };
    (3..=63).contains(&bucket.len())
        && bucket.split('.').all(is_label)
        && (scheme == "http" || !bucket.contains('.'))
        && bucket.parse::<std::net::Ipv4Addr>().is_err()
}

/// With its port.
fn is_address(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules of botocore 1.43.106 answered.
    #[test]
    fn a_bucket_is_in_the_hosts_name_where_it_can_be_and_else_in_the_path() {
        let s3 = "https://s3.us-gov-west-1.amazonaws.com";
        let long = "a".repeat(64);
        for (at, bucket, expected) in [
            (s3, "bucket", "https://bucket.s3.us-gov-west-1.amazonaws.com".to_owned()),
            (s3, "a-b", "https://a-b.s3.us-gov-west-1.amazonaws.com".to_owned()),
            (s3, "foo-s3alias", "https://foo-s3alias.s3.us-gov-west-1.amazonaws.com".to_owned()),
            (s3, &long[1..], format!("https://{}.s3.us-gov-west-1.amazonaws.com", &long[1..])),
            (s3, &long, format!("{s3}/{long}")),
            (s3, "a.b", format!("{s3}/a.b")),
            (s3, "ab", format!("{s3}/ab")),
            (s3, "Bucket", format!("{s3}/Bucket")),
            (s3, "a_b", format!("{s3}/a_b")),
            (s3, "-ab", format!("{s3}/-ab")),
            (s3, "ab-", format!("{s3}/ab-")),
            (s3, "1.2.3.4", format!("{s3}/1.2.3.4")),
            ("http://localhost:4566", "a.b", "http://a.b.localhost:4566".to_owned()),
            ("http://localhost:4566", "a..b", "http://localhost:4566/a..b".to_owned()),
            ("http://localhost:4566", "a.-b", "http://localhost:4566/a.-b".to_owned()),
            ("http://localhost:4566", "1.2.3.4", "http://localhost:4566/1.2.3.4".to_owned()),
            ("http://127.0.0.1:4566", "bucket", "http://127.0.0.1:4566/bucket".to_owned()),
            ("https://[::1]:80", "bucket", "https://[::1]:80/bucket".to_owned()),
            ("https://minio.example.com/path", "bucket", "https://bucket.minio.example.com/path".to_owned()),
            ("https://minio.example.com/path", "a.b", "https://minio.example.com/path/a.b".to_owned()),
        ] {
            assert_eq!(endpoint(at, bucket), expected, "{at} {bucket}");
        }
    }
}
