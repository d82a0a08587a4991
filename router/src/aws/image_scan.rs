//! What ECR knows about an image: a scan started, waited for, and told by severity.
//!
//! - Permissions: `ecr:StartImageScan` and `ecr:DescribeImageScanFindings` on the repository; with enhanced
//!   scanning `inspector2:ListFindings` and `inspector2:ListCoverage` too.
//! - Idempotency: a scan that is under way, or was made within 24 hours, is taken as it is.
//! - Transient: 5xx, throttling, no answer in time, a missing permission. Permanent: an image that is not in
//!   ECR, has no digest, or that ECR does not know.

mod page;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::call::{Answer, Ask, CallError, Caller, Service};
use super::{ONCE, failure};
use crate::clients::Clients;
use crate::failure::Failure;
use page::{Basic, Enhanced, Findings, Package, Page};

/// As `X-Amz-Target` names it.
const API: &str = "AmazonEC2ContainerRegistry_V20150921";
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
    // It becomes part of the name of the host that is asked.
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let region_is_one = !region.is_empty() && region.bytes().all(plain);
    (account_is_one && region_is_one && known.contains(&domain)).then_some((account, region))
}

/// Has an image scanned, and waits for what is found until the deadline. May be dropped at any await.
///
/// # Errors
/// Permanent where there is no such image in ECR; transient where ECR cannot be asked now.
pub async fn scan(clients: &Clients, reference: &str, deadline: Instant) -> Result<Scan, Failure> {
    let image = Image::parse(reference).map_err(Failure::permanent)?;
    let ecr = Ecr::of(clients, &image).await?;
    ecr.start().await?;
    loop {
        let page = ecr.look(None).await?;
        if let Some(status) = page.as_ref().and_then(ended) {
            let pages = ecr.all(page.into_iter().collect()).await?;
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

/// What is asked about one image.
struct Ecr<'i> {
    caller: Caller,
    image: &'i Image,
}

impl<'i> Ecr<'i> {
    async fn of(clients: &Clients, image: &'i Image) -> Result<Self, Failure> {
        let caller = Caller::new(clients, Service::Ecr, Some(&image.region)).await;
        Ok(Self { caller: caller.map_err(|error| failure("ECR", &error))?, image })
    }

    async fn start(&self) -> Result<(), Failure> {
        match self.call("StartImageScan", &self.about()).await {
            Ok(_) => Ok(()),
            // One is under way; one a day is all that ECR makes; enhanced scanning goes by itself.
            Err(error)
                if ["ScanAlreadyInProgressException", "LimitExceededException", "ValidationException"]
                    .contains(&error.code()) =>
            {
                Ok(())
            }
            Err(error) => Err(failure("ECR", &error)),
        }
    }

    /// None where ECR has not begun.
    async fn look(&self, next: Option<&str>) -> Result<Option<Page>, Failure> {
        let mut about = self.about();
        about["maxResults"] = json!(1_000);
        if let Some(next) = next {
            about["nextToken"] = json!(next);
        }
        match self.call("DescribeImageScanFindings", &about).await.and_then(|answer| answer.json()) {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.code() == "ScanNotFoundException" => Ok(None),
            Err(error) => Err(failure("ECR", &error)),
        }
    }

    async fn all(&self, mut pages: Vec<Page>) -> Result<Vec<Page>, Failure> {
        while pages.len() < PAGES {
            let Some(next) = pages.last().and_then(|page| page.next_token.clone()) else { break };
            pages.extend(self.look(Some(&next)).await?);
        }
        Ok(pages)
    }

    fn about(&self) -> Value {
        let Image { account, region: _, repository, digest } = self.image;
        json!({"registryId": account, "repositoryName": repository, "imageId": {"imageDigest": digest}})
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<Answer, CallError> {
        let target = format!("{API}.{operation}");
        self.caller.call(&Ask::Json { target: &target, body }, ONCE).await
    }
}

fn ended(page: &Page) -> Option<Status> {
    let page::Status { status, description } = page.image_scan_status.as_ref()?;
    match status.as_deref()? {
        "COMPLETE" => Some(Status::Complete),
        "ACTIVE" => Some(Status::Active),
        "IN_PROGRESS" | "PENDING" => None,
        // FAILED, UNSUPPORTED_IMAGE, SCAN_ELIGIBILITY_EXPIRED, and what AWS may add: none goes on.
        name => Some(Status::Failed(match description {
            Some(description) => format!("{name}: {description}"),
            None => name.to_owned(),
        })),
    }
}

fn tell(digest: String, status: Status, pages: &[Page]) -> Scan {
    let findings: Vec<&Findings> =
        pages.iter().filter_map(|page| page.image_scan_findings.as_ref()).collect();
    let counts = findings.first().and_then(|findings| findings.finding_severity_counts.as_ref());
    let counts = counts.into_iter().flatten();
    let severities = counts.map(|(name, count)| (name.clone(), u64::try_from(*count).unwrap_or(0)));
    let basic = findings.iter().flat_map(|findings| findings.findings.iter().flatten()).map(basic);
    let enhanced =
        findings.iter().flat_map(|findings| findings.enhanced_findings.iter().flatten()).map(enhanced);
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

fn basic(finding: &Basic) -> Finding {
    let Basic { name, severity, attributes } = finding;
    let attribute = |key: &str| {
        let found = attributes.iter().flatten().find(|attribute| attribute.key.as_deref() == Some(key));
        found.and_then(|attribute| attribute.value.as_deref())
    };
    Finding {
        name: name.clone().unwrap_or_default(),
        severity: severity.clone().unwrap_or_default(),
        package: package(attribute("package_name"), attribute("package_version")),
    }
}

fn enhanced(finding: &Enhanced) -> Finding {
    let Enhanced { title, severity, package_vulnerability_details: details } = finding;
    let name = details.as_ref().and_then(|details| details.vulnerability_id.clone()).or(title.clone());
    let packages = details.as_ref().and_then(|details| details.vulnerable_packages.as_ref());
    let vulnerable = packages.and_then(|packages| packages.first());
    let part = |of: fn(&Package) -> &Option<String>| vulnerable.and_then(|package| of(package).as_deref());
    Finding {
        name: name.unwrap_or_default(),
        severity: severity.clone().unwrap_or_default(),
        package: package(part(|package| &package.name), part(|package| &package.version)),
    }
}

fn package(name: Option<&str>, version: Option<&str>) -> String {
    [name, version].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
