//! Rule files and their examples: the set shipped in the binary, or a folder instead of it.

use std::path::Path;

use anyhow::{Context as _, bail};
use watchfire_core::rules::{RuleFile, RuleSet};
use watchfire_core::yaml::{Mistake, wrong};

include!(concat!(env!("OUT_DIR"), "/shipped_rules.rs"));

/// The rule files of a folder in name order, or the shipped ones.
///
/// # Errors
/// A folder that cannot be read or holds no rule file.
pub fn read(directory: Option<&Path>) -> anyhow::Result<Vec<RuleFile>> {
    let Some(directory) = directory else {
        let file = |(name, text): &(&str, &str)| RuleFile {
            name: format!("rules/{name}"),
            text: (*text).to_owned(),
        };
        return Ok(SHIPPED_RULES.iter().map(file).collect());
    };
    let context = || format!("rules folder {} cannot be read", directory.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        bail!("rules folder {} holds no .yaml file", directory.display());
    }
    let read = |path: &std::path::PathBuf| {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(RuleFile { name: path.display().to_string(), text })
    };
    paths.iter().map(read).collect()
}

/// The text of a rule's example, which lies beside the rule file.
///
/// # Errors
/// What could not be read, for the report of the examples.
pub fn read_example(directory: Option<&Path>, name: &str) -> Result<String, Mistake> {
    match directory {
        None => {
            let shipped = SHIPPED_EXAMPLES.iter().find(|(shipped, _)| *shipped == name);
            shipped
                .map(|(_, text)| (*text).to_owned())
                .ok_or_else(|| wrong(format!("{name} is not among the shipped files")))
        }
        Some(directory) => {
            let path = directory.join(name);
            std::fs::read_to_string(&path)
                .map_err(|error| wrong(format!("{} cannot be read: {error}", path.display())))
        }
    }
}

/// The scenario files beside the rule files, name and text in name order; a folder may have none.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn read_scenarios(directory: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    let Some(directory) = directory.map(|directory| directory.join("scenarios")) else {
        let owned = |(name, text): &(&str, &str)| (format!("rules/{name}"), (*text).to_owned());
        return Ok(SHIPPED_SCENARIOS.iter().map(owned).collect());
    };
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let context = || format!("scenarios folder {} cannot be read", directory.display());
    let entries = std::fs::read_dir(&directory).with_context(context)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.with_context(context)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    paths.iter().map(read).collect()
}

/// The rules in the binary.
pub(crate) fn shipped() -> RuleSet {
    let files = read(None).expect("they are in the binary");
    RuleSet::load(&files).expect("they are tried out when it is built")
}

/// The demo's events in the order they are played: name and text.
pub fn demo_events() -> &'static [(&'static str, &'static str)] {
    DEMO_EVENTS
}
