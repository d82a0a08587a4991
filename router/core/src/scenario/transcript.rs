//! Decisions as lines that a human reads and a test compares: incidents are numbered as they appear.

use std::collections::BTreeMap;

use crate::decision::{Decision, Effect, When};
use crate::notice::Notice;
use crate::verdict::{EffectKind, Why};

/// Turns decisions into lines, one history at a time.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The number of every incident so far.
    numbers: BTreeMap<String, usize>,
    /// What else has a name.
    names: BTreeMap<String, String>,
}

/// The lines of a whole history.
pub fn transcript(decisions: &[Decision]) -> Vec<String> {
    Transcript::default().lines(decisions)
}

/// How every incident's key begins, and how long the rest of it is.
const INCIDENT: (&str, usize) = ("wf1-", 32);
/// From so many lines on that differ only in their incident, they are one.
const ALIKE: usize = 3;

impl Transcript {
    /// One that writes these texts by these names.
    pub fn naming(names: BTreeMap<String, String>) -> Self {
        Self { numbers: BTreeMap::new(), names }
    }

    /// Each decision in a line, with what a digest or a campaign lists below it. That an edition of the digest is
    /// closed has none: it is said by the decision that follows.
    ///
    /// ```text
    /// PRIORITY VERDICT WHY #INCIDENT "title of several" (reason beyond the usual) -> EFFECT if …, … [withheld]
    /// ```
    ///
    /// Three and more lines in a row that differ only in an incident's number, which goes up by one, are one:
    /// `3 x P2 page new #1-#3 -> page:team`.
    pub fn lines(&mut self, decisions: &[Decision]) -> Vec<String> {
        let mut lines = Vec::new();
        for decision in decisions.iter().filter(|decision| decision.why != Why::EditionClosed) {
            let line = self.line(decision);
            lines.push(line);
            let listed = decision.effects.first().filter(|_| decision.why != Why::Bundled);
            for list in listed.into_iter().flat_map(|effect| &effect.notice.lists) {
                lines.push(format!("  {}", self.named(&list.head)));
                let listed: Vec<_> =
                    list.lines.iter().map(|line| format!("  - {}", self.named(line))).collect();
                lines.extend(listed);
                if list.more > 0 {
                    lines.push(format!("  - and {} more", list.more));
                }
            }
        }
        together(lines)
    }

    fn line(&mut self, decision: &Decision) -> String {
        let Decision { priority, verdict, why, incident, effects, withheld, .. } = decision;
        let mut line = format!("{priority} {} {}", verdict.as_str(), why.as_str());
        if let Some(incident) = incident {
            line += &format!(" {incident}");
        }
        if let Some(Effect { notice: Notice { title, why: said, .. }, .. }) = effects.first() {
            match why {
                Why::Bundled | Why::Digested => line += &format!(" \"{title}\""),
                _ if said != why.sentence() => line += &format!(" ({said})"),
                _ => {}
            }
        }
        let effects: Vec<_> = effects.iter().map(effect).collect();
        if !effects.is_empty() {
            line += &format!(" -> {}", effects.join(", "));
        }
        for withheld in withheld {
            match withheld.action.as_str() {
                "page" => line += &format!(" [{}]", withheld.reason),
                _ => line += &format!(" [{withheld}]"),
            }
        }
        self.named(&line)
    }

    /// The text with numbers for incidents and names for what has one.
    fn named(&mut self, text: &str) -> String {
        let (begins, length) = INCIDENT;
        let mut written = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(begins) {
            let (before, key) = rest.split_at(at);
            let end = begins.len() + length;
            let is_key =
                key.get(begins.len()..end).is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()));
            written += before;
            if is_key {
                let next = self.numbers.len() + 1;
                let number = self.numbers.entry(key[..end].to_owned()).or_insert(next);
                written += &format!("#{number}");
                rest = &key[end..];
            } else {
                written += begins;
                rest = &key[begins.len()..];
            }
        }
        written += rest;
        self.names.iter().fold(written, |text, (id, name)| text.replace(id.as_str(), name))
    }
}

fn effect(effect: &Effect) -> String {
    let Effect { id, kind, when, dedup_key, .. } = effect;
    // Whatever has its own dedup key beside the incident's says so.
    let step = dedup_key.as_str().rsplit_once('-').filter(|_| *kind == EffectKind::Page);
    let step = step.filter(|(_, step)| step.starts_with('e'));
    let step = step.map(|(_, step)| format!(" as {step}")).unwrap_or_default();
    match when {
        When::Now => format!("{id}{step}"),
        When::Unless { effect: primary, .. } => format!("{id}{step} unless {primary}"),
        When::IfDone(_) => format!("{id}{step} if done"),
    }
}

/// A line in two parts around its first incident's number.
fn parts(line: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = line.split_once(" #")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((before, rest[..end].parse().ok()?, &rest[end..]))
}

fn together(lines: Vec<String>) -> Vec<String> {
    let mut written = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let alike = match parts(first) {
            Some((before, number, after)) => {
                let follows =
                    |(index, line): &(usize, &String)| parts(line) == Some((before, number + index, after));
                rest.iter().enumerate().take_while(follows).count()
            }
            None => 1,
        };
        match parts(first) {
            Some((before, number, after)) if alike >= ALIKE => {
                written.push(format!("{alike} x {before} #{number}-#{}{after}", number + alike - 1));
                rest = &rest[alike..];
            }
            Some(_) | None => {
                written.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    written
}
