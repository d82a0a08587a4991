//! What ECR knows about an image: a scan started, waited for, and told by severity.
//!
//! - Permissions: `ecr:StartImageScan` and `ecr:DescribeImageScanFindings` on the repository; with enhanced
//!   scanning `inspector2:ListFindings` and `inspector2:ListCoverage` too.
//! - Idempotency: a scan that is under way, or was made within 24 hours, is taken as it is.
//! - Transient: 5xx, throttling, no answer in time, a missing permission. Permanent: an image that is not in
//!   ECR, has no digest, or that ECR does not know.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::config::retry::RetryConfig;
use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::{EnhancedImageScanFinding, ImageIdentifier, ImageScanFinding, ImageScanFindings};
use serde::Serialize;
use tokio::time::Instant;

use super::{code, failure, timeouts};
use crate::clients::Clients;
use crate::failure::Failure;

const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Most findings that are told one by one.
const WORST: usize = 10;
/// Of 1,000 findings each; the counts are of all of them whatever this is.
const PAGES: usize = 5;

/// An image in ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The registry's account.
    pub account: String,
    /// The registry's region.
    pub region: String,
    /// The repository, with its path.
    pub repository: String,
    /// `sha256:…`.
    pub digest: String,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// The image's digest.
    pub digest: String,
    /// How far it came.
    pub status: Status,
    /// How many findings of each severity, as ECR names it.
    pub severities: BTreeMap<String, u64>,
    /// The worst, ten at most.
    pub worst: Vec<Finding>,
}

/// How far a scan came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A basic scan has ended.
    Complete,
    /// Enhanced scanning watches the image; what is told is what it knows now.
    Active,
    /// ECR cannot or will not scan it, and says why.
    Failed(String),
    /// It was still under way at the deadline.
    Unfinished,
}

/// A vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Such as `CVE-2026-1234`.
    pub name: String,
    /// Such as `CRITICAL`.
    pub severity: String,
    /// What has it, with its version where that is known.
    pub package: String,
}

impl Image {
    /// Reads a reference, as a pod's `status` or a finding has it; the digest counts, a tag beside it does not.
    ///
    /// # Errors
    /// Why it is no image of ECR with a digest.
    pub fn parse(reference: &str) -> Result<Self, String> {
        let not = |why: &str| format!("image `{}`: {why}", reference.escape_debug());
        let image = reference.split_once("://").map_or(reference, |(_, image)| image);
        let (name, digest) = image.split_once('@').ok_or_else(|| not("no digest"))?;
        let hexadecimal = digest.strip_prefix("sha256:").unwrap_or_default();
        if hexadecimal.len() != 64 || !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(not("no sha256 digest"));
        }
        let (host, path) = name.split_once('/').ok_or_else(|| not("no registry of ECR"))?;
        let (account, region) = registry(host).ok_or_else(|| not("no registry of ECR"))?;
        let repository = path.rsplit_once(':').map_or(path, |(repository, _)| repository);
        if repository.is_empty() {
            return Err(not("no repository"));
        }
        let [account, region, repository, digest] = [account, region, repository, digest].map(str::to_owned);
        Ok(Self { account, region, repository, digest })
    }
}

/// Account and region of `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]`, or of
/// `<account>.dkr-ecr[-fips].<region>.on.aws`.
fn registry(host: &str) -> Option<(&str, &str)> {
    let (account, rest) = host.split_once('.')?;
    let rest = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."]
        .into_iter()
        .find_map(|service| rest.strip_prefix(service))?;
    let (region, domain) = rest.split_once('.')?;
    let account_is_one = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let known = ["amazonaws.com", "amazonaws.com.cn", "on.aws", "on.amazonwebservices.com.cn"];
    (account_is_one && !region.is_empty() && known.contains(&domain)).then_some((account, region))
}

/// Has an image scanned, and waits for what is found until the deadline. May be dropped at any await.
///
/// # Errors
/// Permanent where there is no such image in ECR; transient where ECR cannot be asked now.
pub async fn scan(clients: &Clients, reference: &str, deadline: Instant) -> Result<Scan, Failure> {
    let image = Image::parse(reference).map_err(Failure::permanent)?;
    let config = aws_sdk_ecr::config::Builder::from(clients.aws().await)
        .region(Region::new(image.region.clone()))
        .timeout_config(timeouts())
        .retry_config(RetryConfig::disabled())
        .build();
    let client = Client::from_conf(config);
    start(&client, &image).await?;
    loop {
        let page = look(&client, &image, None).await?;
        if let Some(status) = page.as_ref().and_then(ended) {
            let pages = all(&client, &image, page.into_iter().collect()).await?;
            return Ok(tell(image.digest, status, &pages));
        }
        let next = Instant::now() + BETWEEN_LOOKS;
        if next >= deadline {
            let (severities, worst) = Default::default();
            return Ok(Scan { digest: image.digest, status: Status::Unfinished, severities, worst });
        }
        tokio::time::sleep_until(next).await;
    }
}

async fn start(client: &Client, image: &Image) -> Result<(), Failure> {
    let start = client.start_image_scan().registry_id(&image.account).repository_name(&image.repository);
    match start.image_id(identifier(image)).send().await {
        Ok(_) => Ok(()),
        // One is under way; one a day is all that ECR makes; enhanced scanning goes by itself.
        Err(error)
            if ["ScanAlreadyInProgressException", "LimitExceededException", "ValidationException"]
                .contains(&code(&error)) =>
        {
            Ok(())
        }
        Err(error) => Err(failure("ECR", &error)),
    }
}

fn identifier(image: &Image) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(&image.digest).build()
}

/// None where ECR has not begun.
async fn look(
    client: &Client,
    image: &Image,
    next: Option<String>,
) -> Result<Option<DescribeImageScanFindingsOutput>, Failure> {
    let describe = client
        .describe_image_scan_findings()
        .registry_id(&image.account)
        .repository_name(&image.repository)
        .image_id(identifier(image))
        .set_next_token(next)
        .max_results(1_000);
    match describe.send().await {
        Ok(page) => Ok(Some(page)),
        Err(error) if code(&error) == "ScanNotFoundException" => Ok(None),
        Err(error) => Err(failure("ECR", &error)),
    }
}

async fn all(
    client: &Client,
    image: &Image,
    mut pages: Vec<DescribeImageScanFindingsOutput>,
) -> Result<Vec<DescribeImageScanFindingsOutput>, Failure> {
    while pages.len() < PAGES {
        let Some(next) = pages.last().and_then(|page| page.next_token.clone()) else { break };
        pages.extend(look(client, image, Some(next)).await?);
    }
    Ok(pages)
}

fn ended(page: &DescribeImageScanFindingsOutput) -> Option<Status> {
    let status = page.image_scan_status()?;
    let name = status.status()?.as_str();
    match name {
        "COMPLETE" => Some(Status::Complete),
        "ACTIVE" => Some(Status::Active),
        "IN_PROGRESS" | "PENDING" => None,
        // FAILED, UNSUPPORTED_IMAGE, SCAN_ELIGIBILITY_EXPIRED, and what AWS may add: none goes on.
        _ => Some(Status::Failed(match status.description() {
            Some(description) => format!("{name}: {description}"),
            None => name.to_owned(),
        })),
    }
}

fn tell(digest: String, status: Status, pages: &[DescribeImageScanFindingsOutput]) -> Scan {
    let findings: Vec<&ImageScanFindings> =
        pages.iter().filter_map(DescribeImageScanFindingsOutput::image_scan_findings).collect();
    let counts = findings.first().and_then(|findings| findings.finding_severity_counts());
    let counts = counts.into_iter().flatten();
    let severities =
        counts.map(|(name, count)| (name.as_str().to_owned(), u64::try_from(*count).unwrap_or(0)));
    let basic = findings.iter().flat_map(|findings| findings.findings()).map(basic);
    let enhanced = findings.iter().flat_map(|findings| findings.enhanced_findings()).map(enhanced);
    let mut worst: Vec<Finding> = basic.chain(enhanced).collect();
    worst.sort_by(|one, other| {
        (rank(&one.severity), &one.name, &one.package).cmp(&(
            rank(&other.severity),
            &other.name,
            &other.package,
        ))
    });
    worst.dedup();
    worst.truncate(WORST);
    Scan { digest, status, severities: severities.collect(), worst }
}

fn rank(severity: &str) -> usize {
    let order = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"];
    order.iter().position(|name| *name == severity).unwrap_or(order.len())
}

fn basic(finding: &ImageScanFinding) -> Finding {
    let attribute = |key: &str| {
        let found = finding.attributes().iter().find(|attribute| attribute.key() == key);
        found.and_then(|attribute| attribute.value())
    };
    Finding {
        name: finding.name().unwrap_or_default().to_owned(),
        severity: finding.severity().map(|severity| severity.as_str().to_owned()).unwrap_or_default(),
        package: package(attribute("package_name"), attribute("package_version")),
    }
}

fn enhanced(finding: &EnhancedImageScanFinding) -> Finding {
    let details = finding.package_vulnerability_details();
    let name = details.and_then(|details| details.vulnerability_id()).or(finding.title());
    let vulnerable = details.and_then(|details| details.vulnerable_packages().first());
    Finding {
        name: name.unwrap_or_default().to_owned(),
        severity: finding.severity().unwrap_or_default().to_owned(),
        package: package(
            vulnerable.and_then(|package| package.name()),
            vulnerable.and_then(|package| package.version()),
        ),
    }
}

fn package(name: Option<&str>, version: Option<&str>) -> String {
    [name, version].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
