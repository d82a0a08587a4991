//! Puts the shipped rule files, their examples, their playbooks and the demo's events into the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let rules = here.join("../rules").canonicalize().expect("the rules folder is part of the workspace");
    let mut out = String::new();
    table(&mut out, "SHIPPED_RULES", &rules, "", &["yaml"]);
    table(&mut out, "SHIPPED_EXAMPLES", &rules.join("examples"), "examples/", &["json"]);
    table(&mut out, "SHIPPED_SCENARIOS", &rules.join("scenarios"), "scenarios/", &["yaml"]);
    table(&mut out, "SHIPPED_PLAYBOOKS", &rules.join("playbooks"), "playbooks/", &["md"]);
    table(&mut out, "DEMO_EVENTS", &here.join("demo"), "", &["json", "txt"]);
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("shipped_rules.rs");
    fs::write(target, out).expect("the build folder can be written");
}

/// One constant: file names, with a prefix, and their texts, in name order.
fn table(out: &mut String, constant: &str, folder: &Path, prefix: &str, extensions: &[&str]) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    files.retain(|path| {
        path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    });
    files.sort();
    writeln!(out, "static {constant}: &[(&str, &str)] = &[").expect("writing to a string");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.file_name().expect("a file has a name").to_string_lossy();
        let name = format!("{prefix}{name}");
        writeln!(out, "    ({name:?}, include_str!({:?})),", file.display().to_string())
            .expect("writing to a string");
    }
    out.push_str("];\n");
}
