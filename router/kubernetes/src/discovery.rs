//! What is served: groups, versions, resources; and whether the server is well.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use serde_json::{Value, json};

use super::failure::Failure;
use super::serving::json_response;
use super::store::World;

/// Answers a path that is not a resource's.
pub(crate) fn answer(world: &World, path: &str) -> Result<Response<Body>, Failure> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let value = match parts.as_slice() {
        ["version"] => json!({"major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
            "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
            "gitCommit": "local", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "go1.26.6", "compiler": "gc", "platform": "linux/amd64"}),
        ["readyz" | "livez" | "healthz", ..] => {
            let mut response = Response::new(Body::from("ok"));
            let kind = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            return Ok(response);
        }
        ["metrics"] => {
            let mut response = Response::new(Body::from(metrics(world)));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            return Ok(response);
        }
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let all: Vec<Value> =
                groups(world).iter().map(|(name, versions)| group(name, versions)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
        }
        ["apis", name] => {
            let groups = groups(world);
            let versions = groups.get(*name).ok_or_else(Failure::no_resource)?;
            let mut group = group(name, versions);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            group
        }
        ["api", version] => resources(world, "", version)?,
        ["apis", group, version] => resources(world, group, version)?,
        _ => {
            let mut response = Response::new(Body::from("404 page not found\n"));
            *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            return Ok(response);
        }
    };
    Ok(json_response(200, &value))
}

/// A little of what a real one tells.
fn metrics(world: &World) -> String {
    let own = [
        "# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested",
        "# TYPE apiserver_requested_deprecated_apis gauge",
    ];
    let known = own.into_iter().chain(world.metrics.iter().map(String::as_str));
    let last = ["# TYPE go_goroutines gauge", "go_goroutines 1042"];
    known.chain(last).map(|line| format!("{line}\n")).collect()
}

fn groups(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kind in world.kinds().iter().filter(|kind| !kind.group.is_empty()) {
        let versions = groups.entry(kind.group.clone()).or_default();
        if !versions.contains(&kind.version) {
            versions.push(kind.version.clone());
        }
    }
    groups
}

fn group(name: &str, versions: &[String]) -> Value {
    let version = |version: &String| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let all: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": all, "preferredVersion": all[0]})
}

fn resources(world: &World, group: &str, version: &str) -> Result<Value, Failure> {
    let here = world.kinds().iter().filter(|kind| kind.group == group && kind.version == version);
    let lines: Vec<Value> = here.flat_map(|kind| kind.discovery()).collect();
    if lines.is_empty() {
        return Err(Failure::no_resource());
    }
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": lines}))
}
