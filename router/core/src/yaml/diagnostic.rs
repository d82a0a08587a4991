//! A mistake in a file that somebody wrote, with its place: the one type for all files, from a rule to the configuration.

use std::fmt;

use super::place::fit;
use super::{Excerpt, Mistake, Place, YamlError, wrong};

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file.
    pub file: String,
    /// The line, from 1; none for a mistake of the whole file.
    pub line: Option<u64>,
    /// The column, from 1, in characters; none where the line says enough.
    pub column: Option<u64>,
    /// Where in the file, such as `rules[3].match.detail.type`; may be empty.
    pub path: String,
    /// What was expected, what was found, and what to do.
    pub mistake: Mistake,
    /// The line itself, with a caret under the column.
    pub excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// At a place in a text, whose line is shown.
    pub fn at(file: &str, text: &str, place: Place, path: impl Into<String>, mistake: Mistake) -> Self {
        let (column, excerpt) = (Some(place.column), Excerpt::of(text, place));
        Self { column, excerpt, ..Self::on(file, Some(place.line), path, mistake) }
    }

    /// At a place in a text whose line is not shown: it may hold what nobody is to see.
    pub fn unshown(file: &str, place: Option<Place>, path: impl Into<String>, mistake: Mistake) -> Self {
        let (line, column) = (place.map(|place| place.line), place.map(|place| place.column));
        Self { column, ..Self::on(file, line, path, mistake) }
    }

    /// Somewhere on a line, or of the whole file.
    pub fn on(file: &str, line: Option<u64>, path: impl Into<String>, mistake: Mistake) -> Self {
        let Mistake { expected, found, hint } = mistake;
        let [expected, found, hint] = [expected, found, hint].map(|part| part.map(|part| fit(&part)));
        let mistake = Mistake { expected, found, hint };
        Self { file: file.to_owned(), line, column: None, path: fit(&path.into()), mistake, excerpt: None }
    }

    /// Where it is: `watchfire.yaml:3:5: channels.oncall`.
    pub fn place(&self) -> String {
        let Self { file, line, column, path, mistake: _, excerpt: _ } = self;
        let numbers: String = line.iter().chain(column).map(|number| format!(":{number}")).collect();
        let path = if path.is_empty() { String::new() } else { format!(": {path}") };
        format!("{file}{numbers}{path}")
    }

    /// Of a file that cannot be read.
    pub fn unread(file: &str, error: &dyn std::error::Error) -> Self {
        Self::on(file, None, "", wrong(format!("cannot be read: {error}")))
    }
}

impl YamlError {
    /// The mistake that it is in that file.
    pub fn mistake(self, file: &str, text: &str) -> Diagnostic {
        let Self { place, mistake } = self;
        match place {
            Some(place) => Diagnostic::at(file, text, place, "", mistake),
            None => Diagnostic::on(file, None, "", mistake),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file: _, line: _, column: _, path: _, mistake, excerpt } = self;
        write!(out, "{}: {mistake}", self.place())?;
        excerpt.iter().try_for_each(|excerpt| write!(out, "\n{excerpt}"))
    }
}

impl std::error::Error for Diagnostic {}
