//! Rule files, their examples and playbooks: the set shipped in the binary, or a folder instead of it.

use std::path::Path;

use anyhow::{Context as _, bail};
use watchfire_core::rules::{Playbooks, RuleFile, RuleSet};
use watchfire_core::yaml::{Diagnostic, Mistake, wrong};

include!(concat!(env!("OUT_DIR"), "/shipped_rules.rs"));

/// Where playbooks are, in the folder of the rules.
pub(crate) const PLAYBOOKS: &str = "playbooks";

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
    let files = files_of(directory, &["yaml", "yml"])?;
    if files.is_empty() {
        bail!("rules folder {} holds no .yaml file", directory.display());
    }
    Ok(files)
}

/// The files of a folder with those endings, in name order.
fn files_of(directory: &Path, endings: &[&str]) -> anyhow::Result<Vec<RuleFile>> {
    let context = || format!("rules folder {} cannot be read", directory.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(RuleFile { name: path.display().to_string(), text })
    };
    paths.iter().map(read).collect()
}

/// The rule files, and the playbooks beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    rules: Vec<RuleFile>,
    /// Those of a folder; those that are shipped come after them.
    playbooks: Vec<RuleFile>,
}

impl Files {
    /// All of them, to be compared with what they are later.
    pub fn into_all(self) -> Vec<RuleFile> {
        self.rules.into_iter().chain(self.playbooks).collect()
    }
}

/// The rule files of a folder and its playbooks, of which there may be none, or those that are shipped.
///
/// # Errors
/// A folder that cannot be read or holds no rule file.
pub fn all(directory: Option<&Path>) -> anyhow::Result<Files> {
    let rules = read(directory)?;
    let folder = directory.map(|directory| directory.join(PLAYBOOKS)).filter(|folder| folder.exists());
    let mut playbooks = folder.map_or_else(|| Ok(Vec::new()), |folder| files_of(&folder, &["md"]))?;
    playbooks.retain(|file| !file.name.ends_with("README.md"));
    Ok(Files { rules, playbooks })
}

/// The rules with their playbooks, checked.
///
/// # Errors
/// Every mistake in both.
pub fn load(files: &Files) -> Result<RuleSet, Vec<Diagnostic>> {
    let Files { rules, playbooks } = files;
    let rules = RuleSet::load(rules)?;
    let playbooks = Playbooks::load(playbooks, &shipped_playbooks(), &rules)?;
    Ok(rules.with_playbooks(playbooks))
}

fn shipped_playbooks() -> Vec<RuleFile> {
    let file =
        |(name, text): &(&str, &str)| RuleFile { name: format!("rules/{name}"), text: (*text).to_owned() };
    SHIPPED_PLAYBOOKS.iter().map(file).collect()
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
    let files = all(None).expect("they are in the binary");
    load(&files).expect("they are tried out when it is built")
}

/// The demo's events in the order they are played: name and text.
pub fn demo_events() -> &'static [(&'static str, &'static str)] {
    DEMO_EVENTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_family_of_a_shipped_rule_has_a_playbook_and_no_playbook_is_for_nothing() {
        let rules = shipped();
        let without: BTreeSet<_> = rules
            .rules()
            .iter()
            .filter(|rule| rules.playbooks().of(rule.name.as_str(), &rule.family, "").is_none())
            .map(|rule| rule.family.as_str())
            .collect();
        assert!(without.is_empty(), "without a playbook: {without:?}");
        // As one's own they are held to what the rules have.
        let files = read(None).expect("they are in the binary");
        let rules = RuleSet::load(&files).expect("they are right");
        let checked = Playbooks::load(&shipped_playbooks(), &[], &rules);
        let mistakes: Vec<_> =
            checked.err().into_iter().flatten().map(|mistake| mistake.to_string()).collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[test]
    fn a_folder_has_its_own_playbooks_before_the_shipped_ones_and_each_mistake_in_them_has_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is ours");
        write("a.yaml", "rules: [{name: all, family: crypto-mining, priority: P2}]\n");
        let loaded = || all(Some(folder.path())).map(|files| load(&files)).expect("it can be read");
        let of = |rules: &RuleSet| {
            rules.playbooks().of("all", "crypto-mining", "").map(|playbook| playbook.name.to_string())
        };
        assert_eq!(loaded().ok().as_ref().and_then(of).as_deref(), Some("crypto-mining"));
        std::fs::create_dir(folder.path().join(PLAYBOOKS)).expect("it is ours");
        write("playbooks/README.md", "not one");
        write("playbooks/ours.md", "---\ntitle: Ours\nfamilies: [crypto-mining]\n---\n1. Call Ana.\n");
        assert_eq!(loaded().ok().as_ref().and_then(of).as_deref(), Some("ours"));
        write("playbooks/ours.md", "---\ntitle: Ours\nfamilies: [crypto-minin]\n---\n1. Call Ana.\n");
        let mistakes = loaded().expect_err("there is no such family");
        let [mistake] = mistakes.as_slice() else { panic!("{mistakes:?}") };
        let said = mistake.to_string();
        assert!(
            said.contains("playbooks/ours.md:3:12: families[0]: expected the family of a rule, found `crypto-minin`: did you mean `crypto-mining`?"),
            "{said}"
        );
    }
}
