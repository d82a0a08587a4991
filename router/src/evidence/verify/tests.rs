//! Promises about verifying: nothing is altered without being told, by its name.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::clients::Clients;
use crate::evidence::{Config, DirectoryConfig, Request, To};

/// Three bundles of a finding and a decision each, in a folder.
struct Kept {
    folder: TempDir,
    evidence: Evidence,
}

async fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let to = To::Directory(DirectoryConfig { path: folder.path().to_owned() });
    let config = Config { to, within_seconds: 5, log_lines: 1, log_bytes: 1_024 };
    let evidence = Evidence::new(config, &Clients::new(None).unwrap()).await.unwrap();
    // Nobody is there, and nobody is asked.
    let cluster = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
    let cluster = kube::Client::try_from(cluster).unwrap();
    for (id, sequence) in [("a", 1), ("b", 2), ("c", 3)] {
        let request = Request {
            id: id.to_owned(),
            incident: "v1:5f".to_owned(),
            pods: Vec::new(),
            node: None,
            finding: format!("{{\"id\":\"{id}\"}}"),
            decision: json!({"verdict": "page"}),
            at: "2026-11-20T02:58:11Z".parse().unwrap(),
        };
        let kept = evidence.keep(&cluster, &request).await.unwrap();
        assert_eq!((kept.sequence, kept.files, kept.missing, kept.already), (sequence, 2, vec![], false));
    }
    Kept { folder, evidence }
}

impl Kept {
    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(key)
    }

    fn read(&self, key: &str) -> Vec<u8> {
        fs::read(self.path(key)).unwrap()
    }

    fn replace(&self, key: &str, content: &[u8]) {
        fs::remove_file(self.path(key)).unwrap();
        fs::write(self.path(key), content).unwrap();
    }

    async fn all(&self) -> Vec<String> {
        self.told(Which::All).await
    }

    async fn told(&self, which: Which) -> Vec<String> {
        let report = self.evidence.verify(which).await.unwrap();
        report.wrong.iter().map(ToString::to_string).collect()
    }
}

fn b() -> Which {
    Which::Bundle("b".to_owned())
}

#[tokio::test]
async fn what_nobody_touched_is_whole() {
    let kept = kept().await;
    let report = kept.evidence.verify(Which::All).await.unwrap();
    let sha256 = sha256(&kept.read("chain/0000000003.json"));
    let head = Some(Head { sequence: 3, sha256 });
    assert_eq!(report, Report { bundles: 3, files: 6, links: 3, head, wrong: vec![] });
    assert_eq!(kept.told(b()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_byte_is_told_with_both_sums() {
    let kept = kept().await;
    kept.replace("bundles/b/finding.json", b"{\"id\":\"B\"}");
    let [was, is] = [&b"{\"id\":\"b\"}"[..], b"{\"id\":\"B\"}"].map(sha256);
    let expected = format!("bundle b: finding.json: expected sha256 {was} (10 bytes), found {is} (10 bytes)");
    assert_eq!(kept.all().await, std::slice::from_ref(&expected));
    assert_eq!(kept.told(b()).await, [expected]);
}

#[tokio::test]
async fn a_removed_and_an_extra_file_are_told() {
    let kept = kept().await;
    fs::rename(kept.path("bundles/b/decision.json"), kept.path("bundles/b/forged.json")).unwrap();
    let expected = ["bundle b: decision.json: missing", "bundle b: forged.json: not in the manifest"];
    assert_eq!(kept.all().await, expected);
    assert_eq!(kept.told(b()).await, expected);
}

#[tokio::test]
async fn swapped_manifests_are_told_of_both_bundles() {
    let kept = kept().await;
    let [a, b] = ["a", "b"].map(|id| kept.read(&format!("bundles/{id}/manifest.json")));
    kept.replace("bundles/a/manifest.json", &b);
    kept.replace("bundles/b/manifest.json", &a);
    let told = kept.all().await;
    for (bundle, is, was) in [("a", &b, &a), ("b", &a, &b)] {
        let [is, was] = [is, was].map(|bytes| sha256(bytes));
        let altered = format!("bundle {bundle}: manifest.json: expected sha256 {was}, found {is}");
        assert!(told.contains(&altered), "{told:#?}");
    }
    assert!(told.contains(&"bundle a: manifest.json: expected that of a, found that of b".to_owned()));
}

#[tokio::test]
async fn a_manifest_made_to_fit_altered_files_does_not_fit_its_link() {
    let kept = kept().await;
    kept.replace("bundles/b/finding.json", b"{}");
    let mut manifest = Manifest::read(&kept.read("bundles/b/manifest.json")).unwrap();
    for file in manifest.files.iter_mut().filter(|file| file.name == "finding.json") {
        (file.bytes, file.sha256) = (2, sha256(b"{}"));
    }
    let was = sha256(&kept.read("bundles/b/manifest.json"));
    kept.replace("bundles/b/manifest.json", &manifest.canonical());
    let is = sha256(&manifest.canonical());
    let expected = format!("bundle b: manifest.json: expected sha256 {was}, found {is}");
    assert_eq!(kept.all().await, std::slice::from_ref(&expected));
    assert_eq!(kept.told(b()).await, [expected]);
}

#[tokio::test]
async fn a_removed_link_leaves_a_gap_and_a_bundle_without_one() {
    let kept = kept().await;
    fs::remove_file(kept.path("chain/0000000002.json")).unwrap();
    assert_eq!(kept.all().await, ["link 2: missing", "bundle b: no link in the chain"]);
    assert_eq!(kept.told(b()).await, ["bundle b: no link in the chain"]);
}

#[tokio::test]
async fn a_replaced_link_breaks_the_chain_after_it() {
    let kept = kept().await;
    let was = kept.read("chain/0000000002.json");
    let mut link = Link::read(&was).unwrap();
    link.manifest_sha256 = sha256(b"forged");
    kept.replace("chain/0000000002.json", &link.canonical());
    let manifest = sha256(&kept.read("bundles/b/manifest.json"));
    let expected = [
        format!(
            "link 3: expected sha256 {} of the link before it, found {}",
            sha256(&was),
            sha256(&link.canonical())
        ),
        format!("bundle b: manifest.json: expected sha256 {}, found {manifest}", sha256(b"forged")),
    ];
    assert_eq!(kept.all().await, expected);
}

#[tokio::test]
async fn a_bundle_that_was_removed_as_a_whole_is_missed_by_its_link() {
    let kept = kept().await;
    fs::remove_dir_all(kept.path("bundles/b")).unwrap();
    let expected = ["link 2: expected bundle b, found nothing"];
    assert_eq!(kept.all().await, expected);
    assert_eq!(kept.told(b()).await, expected);
}

#[tokio::test]
async fn what_is_none_of_ours_is_told() {
    let kept = kept().await;
    fs::write(kept.path("chain/0000000004.txt"), "x").unwrap();
    fs::write(kept.path("chain/0000000004.json"), "x").unwrap();
    fs::create_dir(kept.path("bundles/d")).unwrap();
    fs::write(kept.path("bundles/d/finding.json"), "x").unwrap();
    let told = kept.all().await;
    let why = "it is not a link: expected value at line 1 column 1";
    let expected = [
        format!("link 4: {why}"),
        "chain/0000000004.txt: not a link".to_owned(),
        "bundle d: no link in the chain".to_owned(),
        "bundle d: no manifest".to_owned(),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_bundle_that_never_was_is_no_report() {
    let kept = kept().await;
    for never in ["nope", "../chain", ""] {
        let error = kept.evidence.verify(Which::Bundle(never.to_owned())).await.unwrap_err();
        assert_eq!(error.to_string(), format!("there is no bundle `{never}`"));
    }
}
