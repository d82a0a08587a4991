//! A bundle's manifest: what is in it, and what is not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PodRef;

/// The manifest's file name.
pub(super) const NAME: &str = "manifest.json";
const BUNDLES: &str = "bundles/";

/// What a bundle holds. Written last; its bytes are canonical JSON: no spaces, members in the order of the
/// alphabet, as the fields here are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When the capture began.
    pub captured_at: Timestamp,
    /// The last link of the chain then: the bundle's own comes later.
    pub chain_after: u64,
    /// Every file of the bundle but this one, by name.
    pub files: Vec<FileEntry>,
    /// The bundle's id.
    pub id: String,
    /// The incident it belongs to.
    pub incident: String,
    /// What could not be had, each with its reason.
    pub missing: Vec<String>,
    /// The node that was asked for.
    pub node: Option<String>,
    /// The pods that were asked for.
    pub pods: Vec<PodRef>,
    /// The time of the request.
    pub requested_at: Timestamp,
    /// What wrote it.
    pub tool: String,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its size.
    pub bytes: u64,
    /// Its path within the bundle.
    pub name: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The bytes that are stored and summed.
    pub(super) fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it has no map with keys other than texts")
    }

    /// Reads what is stored.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("it is not a manifest: {error}"))
    }

    /// The sizes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// The folder of a bundle.
pub(super) fn folder(id: &str) -> String {
    format!("{BUNDLES}{id}/")
}

/// The folder of all bundles.
pub(super) fn folders() -> &'static str {
    BUNDLES
}

/// The bundle and the name within it that a key stands for.
pub(super) fn parse_key(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(BUNDLES)?.split_once('/')
}

/// Whether it can be a file name and a key, and is no path.
pub(super) fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=128).contains(&id.len()) && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn manifest() -> Manifest {
        let at: Timestamp = "2026-11-20T02:58:11Z".parse().unwrap();
        Manifest {
            captured_at: at,
            chain_after: 7,
            files: vec![FileEntry { bytes: 2, name: "finding.json".to_owned(), sha256: "ab".to_owned() }],
            id: "b-1".to_owned(),
            incident: "v1:5f".to_owned(),
            missing: vec!["nodes/n/node.json: 403 Forbidden".to_owned()],
            node: None,
            pods: vec![PodRef { name: "web".into(), namespace: "shop".into(), uid: "u".into() }],
            requested_at: at,
            tool: "watchfire 0.1.0".to_owned(),
        }
    }

    #[test]
    fn a_manifest_is_canonical_json_and_reads_as_it_was() {
        let bytes = manifest().canonical();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            "{\"captured_at\":\"2026-11-20T02:58:11Z\",\"chain_after\":7,\
             \"files\":[{\"bytes\":2,\"name\":\"finding.json\",\"sha256\":\"ab\"}],\"id\":\"b-1\",\
             \"incident\":\"v1:5f\",\"missing\":[\"nodes/n/node.json: 403 Forbidden\"],\"node\":null,\
             \"pods\":[{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u\"}],\
             \"requested_at\":\"2026-11-20T02:58:11Z\",\"tool\":\"watchfire 0.1.0\"}"
        );
        assert_eq!(Manifest::read(&bytes), Ok(manifest()));
        // Sorted at every depth: a reader in any language can make the same bytes.
        let sorted: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(serde_json::to_vec(&sorted).unwrap(), bytes);
    }

    #[test]
    fn an_id_is_a_name_and_never_a_path() {
        assert!(is_id("7bf73129-1428-4cd3-a780-95db273d1602"));
        for wrong in ["", ".", "..", "a/b", "A", "a b", "ä", &"a".repeat(129)] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_names_its_bundle_and_file() {
        assert_eq!(parse_key("bundles/b-1/pods/shop/web/pod.json"), Some(("b-1", "pods/shop/web/pod.json")));
        assert_eq!(parse_key("chain/0000000001.json"), None);
    }
}
