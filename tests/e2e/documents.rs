//! Every command line in every document: it is one, it is typed where that can be done here, and what a document shows of
//! its output is what was printed.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use watchfire_tests::{binary, repository};

use crate::transcripts::{Transcript, masked};

/// Lines of documents that are typed as they stand, in an empty folder: they need neither a worker nor anything else.
const TYPED: [&str; 3] = [
    "watchfire rbac --standing-policies | awk -v RS='---\\n' '/\\nkind: NetworkPolicy\\n/' > quarantine.yaml",
    "cargo run --release -- demo",
    "cargo run --release -- demo --tour",
];

/// What is not typed by this test, by how the line begins, and why. Whoever adds one has looked for a way to type it.
const NOT_TYPED: &[(&str, &str)] = &[
    ("kubectl ", "needs a cluster"),
    ("watchfire approvals", "needs a worker with a cluster: e2e/hands.rs"),
    ("watchfire approve", "needs a worker with a cluster: e2e/hands.rs"),
    ("watchfire contained", "needs a worker with a cluster: e2e/hands.rs"),
    ("watchfire release", "needs a worker with a cluster: e2e/hands.rs"),
    ("watchfire quarantine", "needs a worker with a cluster: e2e/containment"),
    ("watchfire mitigation", "needs a worker: e2e/containment"),
    ("watchfire incidents", "needs a worker: incidents.txt, e2e/hands.rs"),
    ("watchfire silence", "needs a worker: silence.txt"),
    ("watchfire event", "needs a worker: event.txt"),
    ("watchfire why", "needs a worker: incidents.txt, e2e/hands.rs"),
    ("watchfire oncall", "needs a worker: e2e/on_call.rs"),
    ("watchfire health", "needs a cluster or a worker: e2e/health.rs"),
    ("watchfire store", "needs a store: e2e/store_command.rs"),
    ("watchfire evidence", "needs evidence: e2e/evidence.rs"),
    ("watchfire doctor", "needs a cluster and AWS: e2e/doctor"),
    ("watchfire rbac --config", "needs a configuration: cli/rbac.rs"),
    ("watchfire check", "needs a configuration: e2e/cli.rs"),
    ("watchfire reload", "needs a worker: e2e/reload.rs"),
    ("watchfire send-test", "needs a configuration and a worker: e2e/drill.rs"),
    ("watchfire preview", "needs a configuration: e2e/templates.rs"),
    ("watchfire templates values", "needs an event: e2e/templates.rs"),
    ("watchfire mcp", "does not end: e2e/mcp.rs"),
    ("watchfire audit", "needs a worker: e2e/who.rs"),
    ("watchfire token", "prints another one each time: e2e/who.rs"),
    ("watchfire run", "does not end: every test of a worker"),
    ("export WATCHFIRE_", "is of the shell"),
    ("source <(watchfire completions", "is of an interactive shell: e2e/hands.rs"),
];

/// Output in documents that no transcript holds, by document and how the command begins, and why.
const SHOWN_BY_HAND: &[(&str, &str, &str)] = &[
    (
        "router/docs/post-mortem.md",
        "watchfire incidents report",
        "lines of router/src/postmortem/tour/report.md: its test",
    ),
    ("router/docs/access.md", "watchfire ", "a token and sums that are others each time: e2e/who.rs"),
    ("infra/README.md", "watchfire send-test", "infra/guide/check types all of it, and compares"),
    ("infra/docs/from-the-runbook.md", "watchfire ", "infra/guide/check types all of it, and compares"),
    ("router/docs/doctor.md", "watchfire doctor", "lines of e2e/doctor/sound.txt and broken.txt: e2e/doctor"),
    (
        "router/docs/containment.md",
        "watchfire ",
        "typed at the tests' API server; e2e/hands.rs goes the whole way",
    ),
    ("router/docs/noise.md", "watchfire why 0403fe37", "a worker whose channel was dead: e2e/truth.rs"),
    (
        "router/docs/noise.md",
        "watchfire event unreadable",
        "a worker that was sent it; event.txt has another",
    ),
    ("router/docs/noise.md", "watchfire why 11111111", "a worker whose times were set"),
    ("router/docs/noise.md", "watchfire silence list -o wide", "a worker with a maintenance window"),
    ("router/docs/noise.md", "watchfire incidents ack wf1-4e53", "a worker whose times were set"),
    ("router/docs/noise.md", "watchfire silence add namespace=checkout", "a worker whose times were set"),
    ("router/docs/noise.md", "watchfire silence expire s-85317ac5", "a worker whose times were set"),
    ("router/docs/configuration.md", "watchfire ", "configurations that were made wrong for it"),
    ("router/docs/routes.md", "watchfire ", "the configuration that stands there: e2e/routes.rs"),
    ("router/docs/templates.md", "watchfire ", "configurations and templates that were made for it"),
    ("router/docs/commands.md", "watchfire send-test", "names of one worker's events: e2e/drill.rs"),
    (
        "router/docs/webhook.md",
        "watchfire templates show",
        "the channel's own test, which has it from the binary",
    ),
    ("router/docs/store.md", "watchfire store", "sizes of a store that was damaged for it"),
];

/// A command line in a document.
#[derive(Debug)]
struct Line {
    document: String,
    text: String,
    /// What stands below it; none where nothing is shown.
    output: Option<String>,
}

/// Every document of the repository, with its path in it.
fn documents() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_ours =
                !name.starts_with('.') && !["target", "node_modules", "venv"].contains(&name.as_str());
            match path.is_dir() {
                true if is_ours => walk(&path, found),
                false if name.ends_with(".md") => found.push(path),
                true | false => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(repository(), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(repository()).unwrap().display().to_string();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(read).collect()
}

/// The command lines of fenced blocks: all lines of `sh`, and what stands behind a `$` elsewhere.
fn fenced(document: &str, text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut language: Option<&str> = None;
    // Held to what was printed by the test that writes it.
    let (mut before, mut is_held) = ("", false);
    let mut rest = text.lines().peekable();
    while let Some(line) = rest.next() {
        if let Some(fence) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence) };
            is_held = before.starts_with("<!-- transcript: ");
            continue;
        }
        before = line;
        let typed = match language {
            Some("sh") if !line.trim_start().starts_with('#') => Some(line),
            Some(_) => line.strip_prefix("$ "),
            None => None,
        };
        let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else { continue };
        let mut typed = typed.to_owned();
        while let Some(head) = typed.strip_suffix('\\') {
            typed = format!("{head}{}", rest.next().unwrap().trim());
        }
        let mut output = Vec::new();
        let shows =
            |next: &&str| language != Some("sh") && !next.starts_with("$ ") && !next.starts_with("```");
        while let Some(next) = rest.next_if(shows) {
            output.push(next);
        }
        let output = output.join("\n").trim_end().to_owned();
        let output = (!output.is_empty() && !is_held).then_some(output);
        lines.push(Line { document: document.to_owned(), text: without_comment(&typed), output });
    }
    lines.retain(|line| !line.text.is_empty() && !line.text.starts_with('#'));
    lines
}

fn without_comment(line: &str) -> String {
    line.split("  #").next().unwrap_or(line).trim().to_owned()
}

/// What stands between single backquotes outside of fenced blocks and begins with our name.
fn inline(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        }
        if !is_fenced {
            let code = line.split('`').skip(1).step_by(2);
            found.extend(
                code.filter(|code| code.starts_with("watchfire ")).map(|code| code.replace("\\|", "|")),
            );
        }
    }
    found
}

/// With the program that was built in place of the one that would be.
fn as_built(line: &str) -> String {
    line.replace("cargo run --release --", "watchfire")
}

/// The words of each `watchfire …` in a line of shell.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = as_built(line);
    let mut commands = vec![vec![]];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, ' ' | '|' | ';' | '&' | '(' | ')' | '<' | '>') => {
                commands.last_mut().unwrap().extend(word.take());
                if letter != ' ' {
                    commands.push(vec![]);
                }
            }
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    commands.last_mut().unwrap().extend(word);
    let ours = |words: Vec<String>| {
        let start = words.iter().position(|word| word == "watchfire")?;
        // `xargs watchfire …` gets its last words elsewhere.
        let more = (start > 0 && words[start - 1] == "xargs").then(|| "ID".to_owned());
        let is_program =
            words[..start].iter().all(|word| word.contains('=') || word == "xargs" || word == "$");
        is_program.then(|| words[start..].iter().cloned().chain(more).collect())
    };
    commands.into_iter().filter_map(ours).collect()
}

/// Why that is no command line; none if it is one. A name of a command alone, as prose has it, is one.
fn wrong(words: &[String], in_prose: bool) -> Option<String> {
    let definition = watchfire::cli::definition();
    let mut place = &definition;
    let mut depth = 1;
    while let Some(sub) = words.get(depth).and_then(|word| place.find_subcommand(word)) {
        (place, depth) = (sub, depth + 1);
    }
    if in_prose && depth > 1 && depth == words.len() {
        return None;
    }
    let typed = watchfire::cli::spelt_out(words.iter().map(Into::into));
    match watchfire::cli::definition().try_get_matches_from(typed) {
        Ok(_) => None,
        // One of several words, which its own help lists.
        Err(error) if in_prose && error.kind() == clap::error::ErrorKind::InvalidValue => {
            let is_name = |word: &String| word.chars().all(|letter| letter.is_ascii_uppercase());
            (!words.last().is_some_and(is_name)).then(|| error.to_string())
        }
        Err(error)
            if matches!(
                error.kind(),
                clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
            ) =>
        {
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn every_command_line_in_every_document_is_one() {
    let mut seen = 0;
    let mut mistakes = Vec::new();
    for (name, text) in documents() {
        let fenced = fenced(&name, &text).into_iter().map(|line| (line.text, false));
        for (line, in_prose) in fenced.chain(inline(&text).into_iter().map(|line| (line, true))) {
            for words in commands(&line) {
                seen += 1;
                mistakes.extend(wrong(&words, in_prose).map(|wrong| format!("{name}: {line}\n{wrong}")));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(seen > 80, "only {seen} were found: where are they?");
}

#[test]
fn what_can_be_typed_is_and_what_cannot_is_known() {
    let mut typed = Vec::new();
    let mut unknown = Vec::new();
    for (name, text) in documents() {
        for Line { text, .. } in
            fenced(&name, &text).into_iter().filter(|line| !commands(&line.text).is_empty())
        {
            if NOT_TYPED.iter().any(|(begins, _)| text.starts_with(begins)) {
                continue;
            }
            unknown.extend(runs(&text).map(|wrong| format!("{name}: {text}: {wrong}")));
            typed.push(text);
        }
    }
    assert!(
        unknown.is_empty(),
        "they fail here; mend them, or say in NOT_TYPED why they must:\n{}",
        unknown.join("\n")
    );
    for line in TYPED {
        assert!(typed.iter().any(|typed| typed == line), "no document has {line} any more");
    }
}

/// What is wrong when it is typed in an empty folder, with the program of this build.
fn runs(line: &str) -> Option<String> {
    let folder = TempDir::new().unwrap();
    let line = as_built(line);
    let program = binary("watchfire");
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new("bash");
    command.args(["-o", "pipefail", "-c", &line]).current_dir(folder.path()).env("PATH", path);
    let ended = command.stdin(std::process::Stdio::null()).output().unwrap();
    (!ended.status.success()).then(|| String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn what_a_document_shows_was_printed() {
    let transcripts = Transcript::all();
    let mut mistakes = Vec::new();
    let mut held = 0;
    for (name, text) in documents() {
        for Line { document, text, output } in fenced(&name, &text) {
            let Some(output) = output.filter(|_| text.starts_with("watchfire ")) else { continue };
            let by_hand =
                SHOWN_BY_HAND.iter().any(|(known, begins, _)| *known == document && text.starts_with(begins));
            let shown = masked(&format!("$ {text}\n{output}\n"));
            let was = transcripts.iter().any(|transcript| transcript.has(&shown));
            held += usize::from(was);
            if !was && !by_hand {
                mistakes.push(format!("{document}: no transcript has\n{shown}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(held > 8, "only {held} are held to a transcript");
}

#[test]
fn words_of_a_shell_are_read_as_it_reads_them() {
    let read = |line: &str| commands(line).into_iter().map(|words| words.join("|")).collect::<Vec<_>>();
    assert_eq!(read("watchfire why ID"), ["watchfire|why|ID"]);
    assert_eq!(
        read("watchfire mitigation off --reason 'game day'; watchfire mitigation status"),
        ["watchfire|mitigation|off|--reason|game day", "watchfire|mitigation|status"]
    );
    assert_eq!(
        read("watchfire silence list -o json | jq -r '.[] | .id' | xargs watchfire silence expire"),
        ["watchfire|silence|list|-o|json", "watchfire|silence|expire|ID"]
    );
    assert_eq!(read("source <(watchfire completions bash)"), ["watchfire|completions|bash"]);
    assert_eq!(read("echo watchfire"), Vec::<String>::new());
    assert!(wrong(&["watchfire".to_owned(), "frobnicate".to_owned()], true).is_some());
    assert!(wrong(&["watchfire".to_owned(), "silence".to_owned()], false).is_some());
}
