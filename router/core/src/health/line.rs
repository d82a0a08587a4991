//! A report: sections of lines, bounded, and what of it who may not see everything is shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Check, Colour, Section, Seen, Unseen, What};
use crate::survey::About;
use crate::text::clean;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HealthReport")]
pub struct Report {
    /// The cluster's name; none where none is configured.
    pub cluster: Option<String>,
    /// When it was looked.
    pub at: Timestamp,
    /// The worst of all sections.
    pub colour: Colour,
    /// The sections that have a line, in order.
    pub sections: Vec<Part>,
}

/// A section of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HealthSection")]
pub struct Part {
    /// Which.
    pub section: Section,
    /// The worst of its lines.
    pub colour: Colour,
    /// The lines, the worst first.
    pub lines: Vec<Line>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HealthLine")]
pub struct Line {
    /// What.
    pub what: What,
    /// How well it is.
    pub colour: Colour,
    /// What was found, in a sentence without an end.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub todo: String,
    /// What it is about, one by one; none where the sentence says it all.
    pub items: Items,
}

/// One object that a line is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HealthItem")]
pub struct Item {
    /// Its namespace; none of what is in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What is the matter with it: the cluster's own words in it are hostile text, cleaned.
    pub said: String,
    /// How bad it is.
    pub colour: Colour,
}

/// Objects, bounded: what there is no room for is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HealthItems")]
pub struct Items {
    /// The first of them.
    pub listed: Vec<Item>,
    /// How many more there are.
    pub more: u64,
}

impl Item {
    /// An object by its name and namespace.
    pub fn new(namespace: Option<&str>, name: &str, said: impl AsRef<str>, colour: Colour) -> Self {
        let namespace = namespace.map(|namespace| clean(namespace, 100));
        Self { namespace, name: clean(name, 253), said: clean(said.as_ref(), 400), colour }
    }

    /// What a symptom is about.
    pub(super) fn about(about: &About, said: &str, colour: Colour) -> Self {
        Self::new(about.namespace.as_deref(), &about.name, said, colour)
    }

    /// `namespace/name`, or the name of what is in none.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Items {
    /// More than this are counted, not listed.
    pub const MOST: usize = 20;

    /// One more. Where there is no room, the last of the least bad makes it.
    pub fn push(&mut self, item: Item) {
        self.listed.push(item);
        if self.listed.len() > Self::MOST {
            let least = self.listed.iter().map(|item| item.colour).min();
            let last = self.listed.iter().rposition(|item| Some(item.colour) == least);
            last.map(|at| self.listed.remove(at));
            self.more += 1;
        }
    }

    /// How many there are, listed or not.
    pub fn count(&self) -> u64 {
        self.listed.len() as u64 + self.more
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn worst(&self) -> Colour {
        self.listed.iter().map(|item| item.colour).max().unwrap_or_default()
    }
}

impl FromIterator<Item> for Items {
    fn from_iter<I: IntoIterator<Item = Item>>(all: I) -> Self {
        let mut items = Self::default();
        all.into_iter().for_each(|item| items.push(item));
        items
    }
}

impl Line {
    /// About objects with which something is the matter.
    fn of(what: What, mut items: Items) -> Self {
        items.listed.sort_by(|one, other| {
            (other.colour, &one.namespace, &one.name).cmp(&(one.colour, &other.namespace, &other.name))
        });
        let (found, colour) = (format!("{}: {}", what.title(), items.count()), items.worst());
        let todo = if colour >= Colour::Yellow { what.todo() } else { "" };
        Self { what, colour, found, todo: todo.to_owned(), items }
    }
}

/// Lines as they are found.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// Objects with which something is the matter; nothing where there are none.
    pub(super) fn items(&mut self, what: What, items: Items) {
        if !items.is_empty() {
            self.0.push(Line::of(what, items));
        }
    }

    /// The same of a check.
    pub(super) fn found(&mut self, check: Check, items: impl IntoIterator<Item = Item>) {
        self.items(What::Check(check), items.into_iter().collect());
    }

    /// A sentence, behind what it is about.
    pub(super) fn sentence(&mut self, check: Check, colour: Colour, said: impl AsRef<str>) {
        let what = What::Check(check);
        let todo = if colour >= Colour::Yellow { what.todo() } else { "" };
        self.advised(check, colour, said, todo);
    }

    /// A sentence, with what to do about it.
    pub(super) fn advised(&mut self, check: Check, colour: Colour, said: impl AsRef<str>, todo: &str) {
        let what = What::Check(check);
        let found = format!("{}: {}", what.title(), clean(said.as_ref(), 600));
        self.0.push(Line { what, colour, found, todo: todo.to_owned(), items: Items::default() });
    }

    /// What was listed; where nothing was, that is said.
    pub(super) fn seen<'s, T>(&mut self, check: Check, seen: &'s Seen<T>) -> Option<&'s T> {
        let unseen = match seen {
            Ok(seen) => return Some(seen),
            Err(unseen) => unseen,
        };
        match unseen {
            Unseen::NotInstalled => self.sentence(check, Colour::Unasked, "not installed"),
            Unseen::NotAsked(why) => self.sentence(check, Colour::Unasked, why),
            Unseen::Refused(permission) => self.advised(
                check,
                Colour::Yellow,
                format!("not looked at, `{permission}` is missing"),
                "grant it (watchfire rbac, with `health_report` in the configuration)",
            ),
            Unseen::Because(why) => {
                self.advised(
                    check,
                    Colour::Yellow,
                    format!("not looked at: {why}"),
                    "see why, and look again",
                );
            }
        }
        None
    }

    /// The report of all of them.
    pub(super) fn into_report(self, cluster: Option<&str>, at: Timestamp) -> Report {
        Report::of(cluster.map(|name| clean(name, 100)), at, BTreeMap::new()).and(self)
    }
}

impl Report {
    fn of(cluster: Option<String>, at: Timestamp, by_section: BTreeMap<Section, Vec<Line>>) -> Self {
        let part = |(section, mut lines): (Section, Vec<Line>)| {
            lines.sort_by_key(|line| std::cmp::Reverse(line.colour));
            let colour = lines.iter().map(|line| line.colour).max().unwrap_or_default();
            Part { section, colour, lines }
        };
        let sections: Vec<Part> =
            by_section.into_iter().filter(|(_, lines)| !lines.is_empty()).map(part).collect();
        let colour = sections.iter().map(|part| part.colour).max().unwrap_or_default();
        Self { cluster, at, colour, sections }
    }

    /// With more lines, each in its section.
    pub(super) fn and(self, more: Lines) -> Self {
        let old = self.sections.into_iter().map(|part| (part.section, part.lines));
        let mut by_section: BTreeMap<Section, Vec<Line>> = old.collect();
        for line in more.0 {
            by_section.entry(line.what.section()).or_default().push(line);
        }
        Self::of(self.cluster, self.at, by_section)
    }

    /// What of it somebody is shown who may see some namespaces: the objects there, and nothing that tells of others.
    #[must_use]
    pub fn seen_in(self, may_see: impl Fn(&str) -> bool) -> Self {
        let mut by_section = BTreeMap::new();
        for Part { section, lines, colour: _ } in self.sections {
            let theirs = lines.into_iter().filter_map(|line| {
                let is_seen = |item: &Item| item.namespace.as_deref().is_some_and(&may_see);
                let items: Items = line.items.listed.into_iter().filter(is_seen).collect();
                (!items.is_empty()).then(|| Line::of(line.what, items))
            });
            by_section.insert(section, theirs.collect());
        }
        Self::of(self.cluster, self.at, by_section)
    }

    /// How many lines there are of that colour.
    pub fn count(&self, colour: Colour) -> usize {
        let lines = self.sections.iter().flat_map(|part| &part.lines);
        lines.filter(|line| line.colour == colour).count()
    }

    /// In a line: `red: 2 red, 5 yellow, 14 green`.
    pub fn summary(&self) -> String {
        let count = |colour| format!("{} {}", self.count(colour), Colour::as_str(colour));
        let counts = [Colour::Red, Colour::Yellow, Colour::Green].map(count);
        format!("{}: {}", self.colour.as_str(), counts.join(", "))
    }
}
