//! Promises about images and what ECR says of them.
#![allow(clippy::unwrap_used)]

use super::*;

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

#[test]
fn an_image_of_any_partition_is_read_and_a_tag_beside_the_digest_ignored() {
    let digest = digest();
    for (host, region) in [
        ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("111122223333.dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("111122223333.dkr-ecr.us-east-1.on.aws", "us-east-1"),
    ] {
        for reference in
            [format!("{host}/shop/web@{digest}"), format!("docker-pullable://{host}/shop/web:1.2@{digest}")]
        {
            let expected = Image {
                account: "111122223333".to_owned(),
                region: region.to_owned(),
                repository: "shop/web".to_owned(),
                digest: digest.clone(),
            };
            assert_eq!(Image::parse(&reference), Ok(expected), "{reference}");
        }
    }
}

#[test]
fn what_is_not_in_ecr_or_has_no_digest_is_refused_with_its_reason() {
    let digest = digest();
    for (reference, why) in [
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1".to_owned(), "no digest"),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/web@sha256:ab".to_owned(), "no sha256 digest"),
        (format!("public.ecr.aws/web@{digest}"), "no registry of ECR"),
        (format!("docker.io/library/web@{digest}"), "no registry of ECR"),
        (format!("1.dkr.ecr.us-east-1.amazonaws.com/web@{digest}"), "no registry of ECR"),
        (
            format!("111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com/web@{digest}"),
            "no registry of ECR",
        ),
        (format!("web@{digest}"), "no registry of ECR"),
        // The host that would be asked ends at the number sign.
        (format!("111122223333.dkr.ecr.evil#.amazonaws.com/web@{digest}"), "no registry of ECR"),
        (format!("111122223333.dkr.ecr.evil:1.amazonaws.com/web@{digest}"), "no registry of ECR"),
    ] {
        assert_eq!(Image::parse(&reference), Err(format!("image `{reference}`: {why}")));
    }
}

fn page(body: Value) -> Page {
    serde_json::from_value(body).unwrap()
}

#[test]
fn a_scan_ends_with_everything_but_in_progress_and_pending() {
    for (status, expected) in [
        ("IN_PROGRESS", None),
        ("PENDING", None),
        ("COMPLETE", Some(Status::Complete)),
        ("ACTIVE", Some(Status::Active)),
        ("FAILED", Some(Status::Failed("FAILED".to_owned()))),
        ("UNSUPPORTED_IMAGE", Some(Status::Failed("UNSUPPORTED_IMAGE".to_owned()))),
        ("WHATEVER_COMES", Some(Status::Failed("WHATEVER_COMES".to_owned()))),
    ] {
        assert_eq!(ended(&page(json!({"imageScanStatus": {"status": status}}))), expected, "{status}");
    }
    let why = json!({"imageScanStatus": {"status": "FAILED", "description": "too large"}});
    assert_eq!(ended(&page(why)), Some(Status::Failed("FAILED: too large".to_owned())));
    for unsaid in [json!({}), json!({"imageScanStatus": {}}), json!({"imageScanStatus": null})] {
        assert_eq!(ended(&page(unsaid)), None);
    }
}

#[test]
fn the_worst_ten_are_told_of_basic_and_enhanced_scans() {
    let basic = (0..12).map(|number| {
        json!({
            "name": format!("CVE-2026-{number:04}"), "description": "d", "uri": "https://example.com",
            "severity": if number == 11 { "CRITICAL" } else { "LOW" },
            "attributes": [
                {"key": "package_name", "value": "zlib"},
                {"key": "CVSS2_SCORE", "value": "5"},
                {"key": "package_version", "value": "1.2"},
            ],
        })
    });
    let enhanced = json!({
        "severity": "HIGH", "title": "CVE-2021-44228 - log4j", "score": 7.5, "updatedAt": 1.7e9,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2021-44228", "cvss": [{"baseScore": 10.0}],
            "vulnerablePackages": [{"name": "log4j", "version": "2.0", "epoch": 0}, {"name": "other"}],
        },
    });
    let first = page(json!({
        "registryId": "111122223333", "nextToken": "more", "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "imageScanCompletedAt": 1_795_600_000.5, "findings": basic.collect::<Vec<_>>(),
            "findingSeverityCounts": {"CRITICAL": 1, "LOW": 11},
        },
    }));
    let second = page(
        json!({"imageScanFindings": {"enhancedFindings": [enhanced, {"title": "t"}], "findings": null}}),
    );
    let scan = tell(digest(), Status::Complete, &[first, second]);
    let counts = [("CRITICAL", 1), ("LOW", 11)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(scan.severities, BTreeMap::from(counts));
    let told: Vec<_> =
        scan.worst.iter().map(|f| (f.name.as_str(), f.severity.as_str(), f.package.as_str())).collect();
    assert_eq!(told.len(), 10);
    let expected = [
        ("CVE-2026-0011", "CRITICAL", "zlib 1.2"),
        ("CVE-2021-44228", "HIGH", "log4j 2.0"),
        ("CVE-2026-0000", "LOW", "zlib 1.2"),
    ];
    assert_eq!(told[..3], expected);
}
