//! What is read of ECR's `DescribeImageScanFindings`: few members, none of which has to be there.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One answer of several.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) image_scan_status: Option<Status>,
    pub(super) image_scan_findings: Option<Findings>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) status: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Findings {
    /// Of all pages, by severity.
    pub(super) finding_severity_counts: Option<BTreeMap<String, i64>>,
    pub(super) findings: Option<Vec<Basic>>,
    pub(super) enhanced_findings: Option<Vec<Enhanced>>,
}

/// A finding of basic scanning.
#[derive(Debug, Deserialize)]
pub(super) struct Basic {
    pub(super) name: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) attributes: Option<Vec<Attribute>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

/// A finding of enhanced scanning, by Inspector.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Enhanced {
    pub(super) title: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) package_vulnerability_details: Option<Details>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    pub(super) vulnerability_id: Option<String>,
    pub(super) vulnerable_packages: Option<Vec<Package>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}
