//! `watchfire evidence`, as an auditor would use it.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Output, watchfire};

use super::{in_folder, nobody, request};

async fn kept() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(&folder.path().join("evidence")).await;
    for id in ["b-1", "b-2"] {
        evidence.keep(&nobody(), &request(id, &[])).await.unwrap();
    }
    folder
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    watchfire(folder.path(), &[&["evidence"], arguments].concat(), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_ends_with_0_and_what_is_altered_with_1_and_a_line() {
    let folder = kept().await;
    let whole = run(&folder, &["verify", "--all", "--directory", "evidence"]);
    assert_eq!((whole.code, whole.stderr.as_str()), (0, ""));
    assert!(
        whole.stdout.starts_with("whole: 2 bundles, 4 files, 2 links\nhead of the chain: link 2, sha256 ")
    );

    std::fs::remove_file(folder.path().join("evidence/bundles/b-1/decision.json")).unwrap();
    let altered = run(&folder, &["verify", "b-1", "--directory", "evidence"]);
    assert_eq!(altered.code, 1);
    assert!(
        altered.stdout.starts_with("bundle b-1: decision.json: missing\n1 wrong: "),
        "{}",
        altered.stdout
    );
    let other = run(&folder, &["verify", "b-2", "--directory", "evidence"]);
    assert_eq!(other.code, 0, "{}", other.stdout);

    let json = run(&folder, &["verify", "--all", "--directory", "evidence", "--output", "json"]);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let wrong = json!([{"what": "file-missing", "bundle": "b-1", "file": "decision.json"}]);
    assert_eq!((json.code, &report["wrong"]), (1, &wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_can_be_that_of_the_configuration() {
    let folder = kept().await;
    let config = json!({
        "evidence": {"to": {"directory": {"path": "evidence"}}}, "channels": {"screen": {"console": {}}},
        "routes": {"P0": {"to": ["screen"]}, "P1": {"to": ["screen"]}},
    });
    std::fs::write(folder.path().join("watchfire.yaml"), config.to_string()).unwrap();
    let listed = run(&folder, &["list"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
    let bundles = |line: &str| {
        ["b-1", "b-2"].into_iter().find(|bundle| line.split_whitespace().any(|word| word == *bundle))
    };
    let bundles: Vec<_> = listed.stdout.lines().filter_map(bundles).collect();
    assert_eq!(bundles, ["b-1", "b-2"]);
    let listed = run(&folder, &["list", "--output", "json"]);
    let first: Value = serde_json::from_str(listed.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["sequence"], &first["manifest"]["id"]), (&json!(1), &json!("b-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_more_than_sha256sum_proves_a_bundle() {
    let folder = kept().await;
    let readme =
        std::fs::read_to_string(watchfire_tests::repository().join("router/docs/evidence.md")).unwrap();
    let (_, script) = readme.split_once("```sh\n# evidence\n").expect("the page says how");
    let (script, _) = script.split_once("```").expect("it ends");
    let bundle = folder.path().join("evidence/bundles/b-1");
    let sh = |script: &str| {
        std::process::Command::new("sh").arg("-ec").arg(script).current_dir(&bundle).output().unwrap()
    };
    let output = sh(script);
    assert!(output.status.success(), "{output:?}");
    std::fs::remove_file(bundle.join("finding.json")).unwrap();
    std::fs::write(bundle.join("finding.json"), "{}").unwrap();
    assert!(!sh(script).status.success());
}

#[test]
fn what_cannot_be_asked_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["verify"][..],
        &["verify", "b-1", "--all"],
        &["verify", "--all", "--directory", "nowhere"],
        &["verify", "--all", "--config", "nowhere.yaml"],
    ] {
        assert_eq!(run(&folder, arguments).code, 2, "{arguments:?}");
    }
}
