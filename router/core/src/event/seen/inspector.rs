//! What Inspector and ECR found: the vulnerability, the packages, what they are in.

use super::{Seen, joined, with};
use crate::event::read::{at, list, text};
use crate::json::Json;

/// A finding of Inspector.
pub(super) fn tell(detail: &Json<'_>, seen: &mut Seen) {
    let found = |name: &str| text(detail, &format!("packageVulnerabilityDetails.{name}"));
    let score = with("score", text(detail, "inspectorScore"));
    seen.say("Vulnerability", joined([found("vulnerabilityId"), score]));
    let packages = list(detail, "packageVulnerabilityDetails.vulnerablePackages").iter().filter_map(package);
    seen.say_each("Package", "Vulnerable packages:", packages.collect());
    seen.say("Exploit known", text(detail, "exploitAvailable"));
    seen.say("Fix", text(detail, "fixAvailable"));
    let reach = |name: &str| text(detail, &format!("networkReachabilityDetails.{name}"));
    let ports = [reach("openPortRange.begin"), reach("openPortRange.end")];
    let ports = ports.into_iter().flatten().collect::<Vec<_>>().join(" to ");
    seen.say("Open", joined([reach("protocol"), Some(ports)]));
    let resources = list(detail, "resources").iter().filter_map(|resource| {
        let tags = list(resource, "details.awsEcrContainerImage.imageTags").iter().filter_map(Json::as_str);
        let tags = tags.take(3).collect::<Vec<_>>().join(", ");
        joined([text(resource, "id"), Some(tags)])
    });
    let resources: Vec<_> = resources.collect();
    seen.resources = resources.len();
    if resources.len() > 1 {
        seen.say_each("Resource", "Resources:", resources);
    }
}

fn package(package: &Json<'_>) -> Option<String> {
    let version = [text(package, "name"), text(package, "version")];
    let version = version.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let fixed = with("fixed in", text(package, "fixedInVersion"));
    joined([Some(version), fixed, text(package, "filePath")])
}

/// A scan: how many of each severity.
pub(super) fn tell_scan(detail: &Json<'_>, seen: &mut Seen) {
    let counts = at(detail, "finding-severity-counts").map(Json::members).unwrap_or_default();
    let counts = counts.iter().filter_map(|(name, count)| match count {
        Json::Number(count) if name != "TOTAL" => Some(format!("{count} {}", name.to_lowercase())),
        _ => None,
    });
    seen.say("Found", Some(counts.take(8).collect::<Vec<_>>().join(", ")));
    let tags = list(detail, "image-tags").iter().filter_map(Json::as_str).take(5);
    seen.say("Tags", Some(tags.collect::<Vec<_>>().join(", ")));
    seen.say("Status", text(detail, "scan-status"));
}
