//! What a Security Hub finding says, in ASFF or in OCSF: who did it, over which connection, to which resources.

use super::guardduty::tell_service;
use super::service::Service;
use super::{Seen, joined, with};
use crate::event::read::{at, first_text, list, text};
use crate::json::Json;

/// A finding in either form.
pub(super) fn tell(finding: &Json<'_>, seen: &mut Seen) {
    match at(finding, "finding_info").is_some() || at(finding, "class_uid").is_some() {
        true => ocsf(finding, seen),
        false => asff(finding, seen),
    }
    vulnerabilities(finding, seen);
    let resources = list(finding, "Resources").iter().filter_map(|resource| {
        let id = first_text(resource, &["Id", "uid", "name"])?;
        Some(match text(resource, "Type") {
            Some(kind) => format!("{kind} {id}"),
            None => id,
        })
    });
    let resources: Vec<_> = resources.collect();
    seen.resources = resources.len();
    if resources.len() > 1 {
        seen.say_each("Resource", "Resources:", resources);
    }
}

fn asff(finding: &Json<'_>, seen: &mut Seen) {
    let text = |path: &str| text(finding, path);
    let parent = with("parent pid", text("Process.ParentPid"));
    let process = [text("Process.Name"), text("Process.Path"), with("pid", text("Process.Pid")), parent];
    seen.say("Process", joined(process));
    let end = |side: &str| {
        let address = text(&format!("Network.{side}IpV4")).or_else(|| text(&format!("Network.{side}IpV6")));
        let address = address.or_else(|| text(&format!("Network.{side}Domain")));
        joined([address, with("port", text(&format!("Network.{side}Port")))])
    };
    let way = [text("Network.Direction"), text("Network.Protocol"), with("from", end("Source"))];
    seen.say("Connection", joined(way.into_iter().chain([with("to", end("Destination"))])));
    let malware = list(finding, "Malware").iter().filter_map(|malware| {
        let part = |name: &str| crate::event::read::text(malware, name);
        joined([part("Name"), part("Type"), part("Path"), part("State")])
    });
    seen.say_each("Malware", "Malicious files:", malware.collect());
    let threats = list(finding, "ThreatIntelIndicators").iter().filter_map(|threat| {
        let part = |name: &str| crate::event::read::text(threat, name);
        joined([part("Value"), part("Type"), with("from", part("Source"))])
    });
    seen.say_each("Threat", "Threats:", threats.collect());
    if let Some(fields) = at(finding, "ProductFields") {
        tell_service(Service::Copy(fields), seen);
    }
    seen.say("Control", first_text(finding, &["Compliance.SecurityControlId", "ProductFields.ControlId"]));
    seen.say("Compliance", text("Compliance.Status"));
    seen.say("To mend it", text("Remediation.Recommendation.Text"));
    seen.say("Instructions", text("Remediation.Recommendation.Url"));
}

fn ocsf(finding: &Json<'_>, seen: &mut Seen) {
    for evidence in list(finding, "evidences").iter().take(super::MOST) {
        let text = |path: &str| text(evidence, path);
        let process = at(evidence, "actor.process").or_else(|| at(evidence, "process"));
        if let Some(process) = process {
            let part = |name: &str| crate::event::read::text(process, name);
            seen.say("Process", joined([part("name"), part("path"), with("pid", part("pid"))]));
            seen.say("Command", part("cmd_line"));
            seen.say("User", part("user.name"));
            seen.say("SHA-256", part("file.hashes.0.value"));
            let parent = [part("parent_process.name"), with("pid", part("parent_process.pid"))];
            seen.say("Parent", joined(parent));
        }
        seen.say("Caller", joined([text("actor.user.name"), text("actor.user.type")]));
        let api = [text("api.operation"), with("of", text("api.service.name"))];
        seen.say("API call", joined([Some(api.into_iter().flatten().collect::<Vec<_>>().join(" "))]));
        seen.say("Error", text("api.response.error"));
        for (label, side) in [("Called from", "src_endpoint"), ("Remote", "dst_endpoint")] {
            let part = |name: &str| text(&format!("{side}.{name}"));
            let network = part("autonomous_system.number").map(|number| format!("AS{number}"));
            let end =
                [part("ip"), part("hostname"), with("port", part("port")), part("location.country"), network];
            seen.say(label, joined(end));
        }
        seen.say("Domain", text("query.hostname"));
        let file = [text("file.name"), text("file.path"), with("hash", text("file.hashes.0.value"))];
        seen.say("File", joined(file));
    }
    seen.say("Control", text(finding, "compliance.control"));
    seen.say("Compliance", text(finding, "compliance.status"));
    seen.say("To mend it", text(finding, "remediation.desc"));
    seen.say("Instructions", text(finding, "remediation.references.0"));
}

fn vulnerabilities(finding: &Json<'_>, seen: &mut Seen) {
    let found = list(finding, "Vulnerabilities").iter().filter_map(|one| {
        let package =
            ["VulnerablePackages.0", "affected_packages.0"].into_iter().find_map(|path| at(one, path));
        let part = |name: &str| package.and_then(|package| text(package, name));
        let package = [part("name"), part("version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let fixed = part("fixedInVersion").or_else(|| part("fixed_in_version"));
        joined([first_text(one, &["id", "cve.uid"]), Some(package), with("fixed in", fixed)])
    });
    seen.say_each("Vulnerability", "Vulnerabilities:", found.collect());
}
