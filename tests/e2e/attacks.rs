//! The table of attacks names tests that are there.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use watchfire_tests::repository;

/// The text of every Rust file, and the name of every scenario.
fn proofs(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            proofs(&path, found);
        } else if name.ends_with(".rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        } else if let Some(scenario) = name.strip_suffix(".yaml") {
            found.push_str(&format!("scenario {scenario}\n"));
        }
    }
}

#[test]
fn every_test_that_the_table_of_attacks_names_is_there() {
    let page = std::fs::read_to_string(repository().join("tests/README.md")).unwrap();
    let (_, table) = page.split_once("## Attacks").unwrap();
    let mut found = String::new();
    proofs(repository(), &mut found);
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 60, "{} rows", rows.len());
    let (mut named, mut missing) = (0, Vec::new());
    for row in rows {
        let proof = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for name in proof.split('`').skip(1).step_by(2) {
            // A path names its last part; what is cut short with `…` is looked for by what is left.
            let name = name.rsplit("::").find(|part| !part.is_empty() && *part != "…" && *part != "tests");
            let name = name.unwrap_or_default().trim_matches('…').trim_matches('_');
            named += 1;
            if name.is_empty() || !found.contains(name) {
                missing.push(format!("{name}, of: {row}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(named > 90, "{named} names");
}
