use clap::Parser as _;

use super::*;
use crate::cli::{Cli, definition, spelt_out};

/// Every command that does something, by its words, with its help at 80 columns.
fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name()).trim_start().to_owned();
        match sub.has_subcommands() {
            true => leaves(sub, &path, found),
            false => found.push((path, sub.clone().term_width(80).render_help().to_string())),
        }
    }
}

fn built() -> Command {
    let mut command = definition();
    command.build();
    command
}

#[test]
fn the_help_of_every_command_is_one_screen_with_an_example() {
    let mut found = Vec::new();
    leaves(&built(), "", &mut found);
    let wrong: Vec<_> = found
        .iter()
        .filter(|(_, help)| {
            let lines = help.lines().collect::<Vec<_>>();
            lines.len() > 24
                || lines.iter().any(|line| line.chars().count() > 80)
                || !help.contains("Example: ")
        })
        .map(|(path, help)| format!("{path}: {} lines\n{help}", help.lines().count()))
        .collect();
    assert!(wrong.is_empty(), "no example in help.rs, or more than a screen:\n{}", wrong.join("\n"));
}

#[test]
fn the_help_of_all_is_one_screen_and_names_every_command() {
    let command = built();
    let help = command.clone().term_width(80).render_help().to_string();
    assert!(help.lines().count() <= 24, "{} lines\n{help}", help.lines().count());
    for sub in command.get_subcommands() {
        let is_named = help.lines().any(|line| line.split(' ').any(|word| word == sub.get_name()));
        assert!(is_named, "{} is not in\n{help}", sub.get_name());
    }
}

#[test]
fn every_example_is_of_a_command_and_is_one() {
    let mut found = Vec::new();
    leaves(&built(), "", &mut found);
    for (path, example) in EXAMPLES {
        assert!(found.iter().any(|(known, _)| known == path), "there is no command {path}");
        let words = example.split(['|', '<', '>']).find(|part| part.contains("watchfire ")).unwrap();
        let words: Vec<String> = words
            .trim_start_matches('(')
            .trim_end_matches(')')
            .split('\'')
            .enumerate()
            .flat_map(|(place, part)| match place % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect();
        assert!(words[1..].join(" ").starts_with(path), "{example} is not about {path}");
        Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{example}: {error}"));
    }
}

#[test]
fn usage_names_what_is_matched_and_nothing_that_may_be_left_out() {
    let mut found = Vec::new();
    leaves(&built(), "", &mut found);
    let usage = |of: &str| {
        let (_, help) = found.iter().find(|(path, _)| path == of).unwrap();
        help.lines().find(|line| line.starts_with("Usage: ")).unwrap().to_owned()
    };
    for command in ["silence add", "incidents list"] {
        assert!(usage(command).contains("MATCHER"), "{}", usage(command));
    }
    assert_eq!(usage("why"), "Usage: watchfire why [OPTIONS] <ID>");
    let refused = definition().try_get_matches_from(["watchfire", "why"]).unwrap_err().to_string();
    assert!(refused.contains("Usage: watchfire why [OPTIONS] <ID>\n"), "{refused}");
}

#[test]
fn every_command_that_changes_something_of_a_worker_can_be_rehearsed() {
    for command in [
        "approve",
        "deny",
        "release",
        "quarantine",
        "mitigation off",
        "mitigation on",
        "silence add",
        "silence expire",
        "silence extend",
        "incidents ack",
        "incidents unack",
        "incidents resolve",
        "incidents reassign",
    ] {
        let built = built();
        let of = command.split(' ').fold(&built, |of, word| of.find_subcommand(word).unwrap());
        assert!(of.get_arguments().any(|arg| arg.get_id() == "dry_run"), "{command}");
    }
}

#[test]
fn an_old_word_goes_on_and_no_help_shows_it() {
    let command = built();
    for (old, new) in [("held", "contained"), ("incident", "incidents"), ("silences", "silence")] {
        let found = command.find_subcommand(old).unwrap();
        assert_eq!(found.get_name(), new);
        assert!(!found.get_visible_aliases().any(|alias| alias == old));
        let help = command.clone().render_help().to_string();
        assert!(help.split_whitespace().all(|word| word != old), "{old}");
    }
    assert!(Cli::try_parse_from(["watchfire", "held", "--watch"]).is_ok());
}

#[test]
fn what_is_done_to_incidents_can_be_typed_without_saying_so() {
    let spelt = |line: &str| spelt_out(line.split(' ').map(Into::into)).join(" ".as_ref());
    for (typed, expected) in [
        ("watchfire ack aafbc2b0 --take", "watchfire incidents ack aafbc2b0 --take"),
        ("watchfire resolve aafbc2b0", "watchfire incidents resolve aafbc2b0"),
        ("watchfire why aafbc2b0", "watchfire why aafbc2b0"),
        ("watchfire incidents ack aafbc2b0", "watchfire incidents ack aafbc2b0"),
        ("watchfire frobnicate", "watchfire frobnicate"),
        ("watchfire", "watchfire"),
    ] {
        assert_eq!(spelt(typed), expected);
    }
}

/// The files of a folder and those below it that are Rust or HTML.
fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|end| end.to_str()) {
            None if path.is_dir() => sources(&path, found),
            Some("rs" | "html") => found.push(path),
            Some(_) | None => {}
        }
    }
}

#[test]
fn every_command_that_anything_of_ours_names_is_one() {
    let (built, mut files) = (built(), Vec::new());
    for folder in ["src", "core/src"] {
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let incidents = built.find_subcommand("incidents").unwrap();
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    let (mut wrong, mut named) = (Vec::new(), 0);
    for file in files.iter().filter(|file| !file.ends_with("cli/help/tests.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for (at, _) in text.match_indices("watchfire ").filter(|(at, _)| !text[..*at].ends_with(is_word)) {
            let mut words = text[at + "watchfire ".len()..].split(|letter| !is_word(letter));
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if !first.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                continue;
            }
            let Some(command) = built.find_subcommand(first).or_else(|| incidents.find_subcommand(first))
            else {
                wrong.push(format!("{}: watchfire {first}", file.display()));
                continue;
            };
            named += 1;
            // What is typed behind it is a word of ours only where nothing else may stand there.
            let is_behind = text[at..].starts_with(&format!("watchfire {first} {second}"));
            let is_known = second.is_empty() || command.find_subcommand(second).is_some();
            if command.has_subcommands() && is_behind && !is_known {
                wrong.push(format!("{}: watchfire {first} {second}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty() && named > 100, "{named} named; {wrong:#?}");
}
