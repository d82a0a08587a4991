//! Promises about images and what ECR says of them.
#![allow(clippy::unwrap_used)]

use aws_sdk_ecr::types::{
    Attribute, FindingSeverity, ImageScanStatus, PackageVulnerabilityDetails, ScanStatus, VulnerablePackage,
};

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
    ] {
        assert_eq!(Image::parse(&reference), Err(format!("image `{reference}`: {why}")));
    }
}

fn page(status: &str, findings: ImageScanFindings) -> DescribeImageScanFindingsOutput {
    let status = ImageScanStatus::builder().status(ScanStatus::from(status)).build();
    DescribeImageScanFindingsOutput::builder().image_scan_status(status).image_scan_findings(findings).build()
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
        assert_eq!(ended(&page(status, ImageScanFindings::builder().build())), expected, "{status}");
    }
}

#[test]
fn the_worst_ten_are_told_of_basic_and_enhanced_scans() {
    let attribute = |key: &str, value: &str| Attribute::builder().key(key).value(value).build().unwrap();
    let basic = (0..12).map(|number| {
        ImageScanFinding::builder()
            .name(format!("CVE-2026-{number:04}"))
            .severity(if number == 11 { FindingSeverity::Critical } else { FindingSeverity::Low })
            .attributes(attribute("package_name", "zlib"))
            .attributes(attribute("package_version", "1.2"))
            .build()
    });
    let package = VulnerablePackage::builder().name("log4j").version("2.0").build();
    let details = PackageVulnerabilityDetails::builder()
        .vulnerability_id("CVE-2021-44228")
        .vulnerable_packages(package);
    let enhanced =
        EnhancedImageScanFinding::builder().severity("HIGH").package_vulnerability_details(details.build());
    let findings = ImageScanFindings::builder()
        .set_findings(Some(basic.collect()))
        .enhanced_findings(enhanced.build())
        .finding_severity_counts(FindingSeverity::Critical, 1)
        .finding_severity_counts(FindingSeverity::Low, 11)
        .build();
    let scan = tell(digest(), Status::Complete, &[page("COMPLETE", findings)]);
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
