//! What was typed and what was printed, in `transcripts/`, with `#` for what differs from run to run.

use watchfire_tests::repository;

/// One file of `transcripts/`.
#[derive(Debug)]
pub(crate) struct Transcript(String);

impl Transcript {
    /// All of them.
    pub(crate) fn all() -> Vec<Transcript> {
        let files = std::fs::read_dir(repository().join("tests/e2e/transcripts")).unwrap();
        files.map(|file| Transcript(std::fs::read_to_string(file.unwrap().path()).unwrap())).collect()
    }

    /// Whether that command was typed and printed that; what a run makes up does not count. An answer may be shown in
    /// part: `…` on a line of its own stands for any lines.
    pub(crate) fn has(&self, shown: &str) -> bool {
        let shown = alike(shown);
        let parts: Vec<&str> = shown.split("\n…\n").collect();
        let (command, _) = shown.split_once('\n').unwrap_or((&shown, ""));
        alike(&self.0).split("\n\n$ ").any(|step| {
            let step = format!("$ {}\n", step.trim_start_matches("$ ").trim_end());
            let mut rest = step.as_str();
            step.starts_with(command)
                && parts.iter().all(|part| match rest.split_once(part.trim_end()) {
                    Some((_, after)) => {
                        rest = after;
                        true
                    }
                    None => false,
                })
        })
    }
}

/// The transcript is the one in that file, which `WRITE_TRANSCRIPTS=1` writes anew.
pub(crate) fn was(name: &str, transcript: &str) {
    let file = repository().join("tests/e2e/transcripts").join(name);
    let is = masked(transcript);
    if std::env::var_os("WRITE_TRANSCRIPTS").is_some() {
        std::fs::write(&file, &is).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert!(is == expected, "not as in {name}, but:\n{is}\n--- unmasked\n{transcript}");
}

/// The block behind `<!-- transcript: NAME -->` in that document is this, which `WRITE_TRANSCRIPTS=1` writes anew, with the
/// times and names of that run.
pub(crate) fn is_documented(document: &str, name: &str, transcript: &str) {
    let file = repository().join(document);
    let text = std::fs::read_to_string(&file).unwrap();
    let mark = format!("<!-- transcript: {name} -->\n```text\n");
    let start = text.find(&mark).unwrap_or_else(|| panic!("{document} has no {mark}")) + mark.len();
    let end = start + text[start..].find("```").unwrap();
    let transcript = format!("{}\n", transcript.trim_end());
    if std::env::var_os("WRITE_TRANSCRIPTS").is_some() {
        std::fs::write(&file, format!("{}{transcript}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    let (shown, is) = (alike(&masked(&text[start..end])), alike(&masked(&transcript)));
    assert!(shown == is, "{document} shows\n{shown}\nbut it is\n{is}");
}

/// The pages in it cut short, all but the first.
pub(crate) fn shortened(text: &str) -> String {
    let mut lines = Vec::new();
    let (mut pages, mut of_page) = (0, 0);
    for line in text.lines() {
        (pages, of_page) = match line.chars().next() {
            Some('┌') => (pages + 1, 0),
            Some('│') => (pages, of_page + 1),
            Some(_) | None => (pages, 0),
        };
        match (pages > 1, of_page) {
            (true, 5) => lines.push("│ …"),
            (true, 6..) => {}
            (true | false, _) => lines.push(line),
        }
    }
    lines.join("\n")
}

/// The same on every run: `#` for digits of times and ages, and for the ids of silences.
pub(crate) fn masked(text: &str) -> String {
    let is_time = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_age = |unit| word.strip_suffix(unit).is_some_and(|age| age.parse::<u32>().is_ok());
        (digits >= 4 && word.contains([':', '-']) && !word.starts_with(|c: char| c.is_ascii_alphabetic()))
            || is_age('m')
    };
    let hide = |word: &str| -> String {
        let bare = word.trim();
        match bare.strip_prefix("s-").map(|id| id.trim_end_matches([';', ':', '…'])) {
            Some(id) if id.len() == 8 => word.replace(id, "########"),
            Some(_) | None if is_time(bare) => {
                let hidden: String = word.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                // A fraction of a second that ends in a nought is written without it.
                match hidden.split_once('.') {
                    Some((time, fraction)) if fraction.trim_start_matches('#').starts_with('Z') => {
                        format!("{time}.#########{}", fraction.trim_start_matches('#'))
                    }
                    Some(_) | None => hidden,
                }
            }
            Some(_) | None => word.to_owned(),
        }
    };
    hours(&text.split_inclusive([' ', '\n']).map(hide).collect::<String>())
}

/// `in ##h` for any number of hours or days to come, which depend on the time of the day; what follows keeps its place.
fn hours(text: &str) -> String {
    let mut rest = text;
    let mut told = String::new();
    while let Some((before, after)) = rest.split_once("in ") {
        told += before;
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        let is_hours = (1..=2).contains(&digits) && after[digits..].starts_with(['h', 'd']);
        rest = after;
        told += "in ";
        if is_hours {
            rest = &after[digits + 1..];
            told += "##h";
            if digits == 1 {
                rest = rest.strip_prefix(' ').unwrap_or(rest);
            }
        }
    }
    told + rest
}

/// The same for every cluster: `#` for the letters of generated names and ids, too.
pub(crate) fn alike(text: &str) -> String {
    let is_generated = |part: &str| {
        let is_of = |letters: &str| part.chars().all(|letter| letters.contains(letter));
        let has_digit = part.contains(|letter: char| letter.is_ascii_digit());
        let is_number = part.len() >= 4 && is_of("0123456789");
        let is_age = part.len() > 1 && part.strip_suffix('s').is_some_and(|age| age.parse::<u32>().is_ok());
        is_number
            || is_age
            || (part.len() >= 8 && is_of("0123456789abcdef#"))
            || (part.len() >= 4 && has_digit && is_of("bcdfghjklmnpqrstvwxz2456789#"))
            || ([5, 10].contains(&part.len()) && is_of("bcdfghjklmnpqrstvwxz2456789#"))
    };
    let hide = |part: &str| -> String {
        let bare = part.trim_end_matches(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '#'));
        match is_generated(bare) {
            true => format!("{}{}", "#".repeat(bare.len()), &part[bare.len()..]),
            false => part.to_owned(),
        }
    };
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '#');
    let uuid = |word: &str| -> String {
        let bare = word.trim();
        let is_one = bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let is_of_it = |letter: char| letter.is_ascii_hexdigit() || "-#".contains(letter);
        match is_one && bare.chars().all(is_of_it) {
            true => word.replace(bare, &"#".repeat(36)),
            false => word.to_owned(),
        }
    };
    let text: String = text.split_inclusive([' ', '\n']).map(uuid).collect();
    let text = ["a", "b", "c"]
        .iter()
        .fold(text, |text, zone| text.replace(&format!("us-gov-west-1{zone}"), "us-gov-west-1#"));
    text.split_inclusive(ends).map(hide).collect()
}
