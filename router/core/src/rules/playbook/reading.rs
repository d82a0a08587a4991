//! One playbook file: a head in YAML between lines of `---`, a paragraph, and steps numbered from 1.

use serde::Deserialize;

use super::load::{Kind, Named, Read};
use super::{Playbook, PlaybookStep};
use crate::action::ActionName;
use crate::ids::PlaybookName;
use crate::near::near;
use crate::text::{clean, is_unfit};
use crate::yaml::{Diagnostic, Mistake, Node, Place, Value, expected, wrong};

/// So many steps are read at three in the morning.
const MOST_STEPS: usize = 12;
/// The most that a title, the paragraph and a step may be, in characters.
const LONGEST_TITLE: usize = 80;
const LONGEST_ABOUT: usize = 500;
const LONGEST_STEP: usize = 300;
/// Around the head.
const FENCE: &str = "---";

/// A file's head.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping of title, families, alerts, rules")]
struct Head {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    families: Vec<String>,
    #[serde(default)]
    alerts: Vec<String>,
    #[serde(default)]
    rules: Vec<String>,
}

/// A file while it is read, and what is wrong in it so far.
struct Reading<'f> {
    file: &'f str,
    text: &'f str,
    mistakes: Vec<Diagnostic>,
}

/// Reads one.
pub(super) fn read(file: &str, text: &str) -> Result<Read, Vec<Diagnostic>> {
    let mut reading = Reading { file, text, mistakes: Vec::new() };
    let read = reading.read();
    match read {
        Some(read) if reading.mistakes.is_empty() => Ok(read),
        Some(_) | None => Err(reading.mistakes),
    }
}

impl Reading<'_> {
    fn mistake(&mut self, place: Place, path: impl Into<String>, mistake: Mistake) {
        self.mistakes.push(Diagnostic::at(self.file, self.text, place, path, mistake));
    }

    fn on_line(&mut self, line: usize, mistake: Mistake) {
        self.mistake(Place { line: line as u64, column: 1 }, "", mistake);
    }

    fn read(&mut self) -> Option<Read> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = lines.iter().skip(1).position(|line| line.trim_end() == FENCE).map(|at| at + 1);
        let (Some(FENCE), Some(end)) = (lines.first().map(|line| line.trim_end()), end) else {
            let hint = "a playbook begins with its head, between two lines of `---`";
            self.on_line(1, expected("a head with `title`").hint(hint));
            return None;
        };
        // As many lines stand before it as in the file, so that its places are those of the file.
        let head = lines[1..end].iter().fold("\n".to_owned(), |head, line| head + line + "\n");
        let (head, named) = self.head(&head)?;
        let (about, steps) = self.body(&lines, end + 1);
        let name = self.name()?;
        let Head { title, families, alerts, rules } = head;
        let file = self.file.to_owned();
        let title = title.unwrap_or_default();
        Some(Read { playbook: Playbook { name, title, about, steps, rules, alerts, families, file }, named })
    }

    /// The file's name, which people type.
    fn name(&mut self) -> Option<PlaybookName> {
        let file = self.file.rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".md").unwrap_or(file);
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&stem.len()) && stem.bytes().all(is_plain) {
            return Some(PlaybookName::new(stem));
        }
        let mistake =
            expected("a file named in lower-case words joined by hyphens").found(format!("`{file}`"));
        self.mistakes.push(Diagnostic::on(self.file, None, "", mistake));
        None
    }

    fn head(&mut self, text: &str) -> Option<(Head, Vec<Named>)> {
        let node = match Node::parse(text) {
            Ok(node) => node,
            Err(error) => {
                self.mistakes.push(error.mistake(self.file, self.text));
                return None;
            }
        };
        let head = match node.read::<Head>() {
            Ok(head) => head,
            Err(misfits) => {
                for misfit in misfits {
                    let (place, path, mistake) = misfit.under("");
                    self.mistake(place, path, mistake);
                }
                return None;
            }
        };
        match &head.title {
            None => self.on_line(1, expected("`title`").found("none")),
            Some(title) => self.fit(node.at("title").place(), "title", title, LONGEST_TITLE),
        }
        let mut named = Vec::new();
        for kind in [Kind::Rule, Kind::Alert, Kind::Family] {
            let Some(Value::List(names)) = node.get(kind.member()).map(|list| &list.value) else { continue };
            named.extend(names.iter().enumerate().filter_map(|(at, name)| {
                let path = format!("{}[{at}]", kind.member());
                Some(Named { kind, name: name.as_str()?.to_owned(), place: name.place(), path })
            }));
        }
        if named.is_empty() {
            let what = "at least one of `families`, `alerts`, `rules`";
            self.on_line(1, expected(what).found("none").hint("it would be shown for nothing"));
        }
        Some((head, named))
    }

    /// The paragraph, and the steps behind it.
    fn body(&mut self, lines: &[&str], from: usize) -> (String, Vec<PlaybookStep>) {
        let (mut about, mut steps): (String, Vec<(usize, String)>) = Default::default();
        for (at, line) in lines.iter().enumerate().skip(from) {
            let number = at + 1;
            let said = line.trim();
            let is_inside = line.starts_with("  ");
            match (numbered(line), steps.last_mut()) {
                _ if said.is_empty() => {}
                (Some((found, text)), _) => {
                    if found != steps.len() + 1 {
                        let next = format!("`{}.`", steps.len() + 1);
                        self.on_line(number, expected(next).found(format!("`{found}.`")));
                    }
                    steps.push((number, text.trim().to_owned()));
                }
                (None, Some((_, step))) if is_inside => *step = format!("{step} {said}"),
                (None, Some(_)) => {
                    let hint = "steps are one numbered list, and what goes on is indented";
                    self.on_line(
                        number,
                        expected("a step, or more of one").found(format!("`{}`", clean(said, 60))).hint(hint),
                    );
                }
                (None, None) => about = format!("{about} {said}").trim().to_owned(),
            }
        }
        let of_about = Place { line: from as u64 + 1, column: 1 };
        self.fit(of_about, "", &about, LONGEST_ABOUT);
        if steps.is_empty() || steps.len() > MOST_STEPS {
            let mistake =
                expected(format!("1 to {MOST_STEPS} steps, as `1. …`")).found(steps.len().to_string());
            self.on_line(lines.len().max(1), mistake);
        }
        let steps = steps.into_iter().map(|(line, step)| self.step(line, &step)).collect();
        (about, steps)
    }

    /// `[evidence] Keep what the pod knows.`: done by that action, or by any of several.
    fn step(&mut self, line: usize, step: &str) -> PlaybookStep {
        let marked = step.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (by, text) = match marked {
            None => (Vec::new(), step),
            Some((words, text)) => {
                let mut by = Vec::new();
                for word in words.split(',').map(str::trim) {
                    match ActionName::named(word) {
                        Some(action) => by.push(action),
                        None => {
                            let known = ActionName::ALL.into_iter().map(ActionName::as_str);
                            let mistake = expected("an action").found(format!("`{}`", clean(word, 60)));
                            self.on_line(line, mistake.hint(near(word, known)));
                        }
                    }
                }
                (by, text.trim())
            }
        };
        if text.is_empty() {
            self.on_line(line, expected("what to do").found("nothing"));
        }
        self.fit(Place { line: line as u64, column: 1 }, "", text, LONGEST_STEP);
        PlaybookStep { text: text.to_owned(), by }
    }

    fn fit(&mut self, place: Place, path: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            let mistake = expected(format!("at most {most} characters")).found(length.to_string());
            self.mistake(place, path, mistake);
        }
        if text.chars().any(is_unfit) {
            self.mistake(place, path, wrong("it has characters that nobody can see"));
        }
    }
}

/// The number and the text of a line such as `3. Look at it.`, which is not indented.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, text) = line.split_once(". ")?;
    let is_number =
        !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, text))
}
