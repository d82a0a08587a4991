//! Evidence: what a capture holds, that a bucket keeps it once, and what the command says about it.

mod bucket;
mod capture;
mod command;

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clients::Clients;
use watchfire::evidence::{Config, DirectoryConfig, Evidence, PodRef, Request, To};

/// Kept in that folder, within three seconds, 100 lines and 4 KiB of each log.
async fn in_folder(folder: &Path) -> Evidence {
    let to = To::Directory(DirectoryConfig { path: folder.to_owned() });
    let config = Config { to, within_seconds: 3, log_lines: 100, log_bytes: 4_096 };
    Evidence::new(config, &Clients::new(Some("us-gov-west-1".to_owned())).unwrap()).await.unwrap()
}

fn request(id: &str, pods: &[&Pod]) -> Request {
    Request {
        id: id.to_owned(),
        incident: "v1:5f3c9a".to_owned(),
        pods: pods.iter().map(|pod| reference(pod)).collect(),
        node: None,
        finding: "{\"detail-type\": \"GuardDuty Finding\"}".to_owned(),
        decision: json!({"verdict": "page", "priority": "P0"}),
        at: "2026-11-20T02:58:11Z".parse().unwrap(),
    }
}

fn reference(pod: &Pod) -> PodRef {
    let text = |text: &Option<String>| text.clone().unwrap();
    let metadata = &pod.metadata;
    PodRef { name: text(&metadata.name), namespace: text(&metadata.namespace), uid: text(&metadata.uid) }
}

/// A client of a cluster where nobody is.
fn nobody() -> kube::Client {
    // For the side effect of naming a cryptography provider.
    drop(watchfire_tests::http());
    let address = format!("http://127.0.0.1:{}", watchfire_tests::free_port());
    kube::Client::try_from(kube::Config::new(address.parse().unwrap())).unwrap()
}

/// The files of a bundle, by name.
fn files(folder: &TempDir, id: &str) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{name}/"), files),
                false => drop(files.insert(name, std::fs::read(entry.path()).unwrap())),
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&folder.path().join("bundles").join(id), "", &mut files);
    files
}

fn parsed(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    let bytes = files.get(name).unwrap_or_else(|| panic!("no {name} in {:#?}", files.keys()));
    serde_json::from_slice(bytes).unwrap()
}
