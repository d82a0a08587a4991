//! What it is decided by.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ids::ChannelName;
use crate::policy::{Policy, Routes};
use crate::rules::{RuleFile, RuleSet};

/// Those rules.
///
/// # Panics
/// Where they are wrong.
pub fn rules(text: &str) -> RuleSet {
    let file = RuleFile { name: "rules.yaml".to_owned(), text: text.to_owned() };
    RuleSet::load(&[file]).expect("the rules of a test")
}

/// Those rules, and `oncall` for every priority.
pub fn policy(text: &str) -> Policy {
    Policy::new(rules(text), Routes::all_to(&ChannelName::new("oncall")))
}

/// The rules beside this crate, in the order of their names.
///
/// # Panics
/// Where they cannot be read.
pub fn shipped_rules() -> Vec<RuleFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let entries = fs::read_dir(folder).expect("the rules lie beside the core");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let file = |path: &PathBuf| RuleFile {
        name: path.display().to_string(),
        text: fs::read_to_string(path).expect("a rule file can be read"),
    };
    paths.iter().map(file).collect()
}
