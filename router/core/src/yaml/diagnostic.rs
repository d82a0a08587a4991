//! A mistake in a file that somebody wrote: where it is, what was expected and what was found.

use std::fmt;

use super::place::fit;
use super::{Excerpt, Place, YamlError};

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
    /// What was expected, and what was found.
    pub message: String,
    /// The line itself, with a caret under the column.
    pub excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// At a place in a text, whose line is shown.
    pub fn at(file: &str, text: &str, place: Place, path: String, message: String) -> Self {
        let (column, excerpt) = (Some(place.column), Excerpt::of(text, place));
        Self { column, excerpt, ..Self::on(file, Some(place.line), path, message) }
    }

    /// At a place in a text whose line is not shown: it may hold what nobody is to see.
    pub fn unshown(file: &str, place: Option<Place>, path: String, message: String) -> Self {
        let (line, column) = (place.map(|place| place.line), place.map(|place| place.column));
        Self { column, ..Self::on(file, line, path, message) }
    }

    /// Somewhere on a line, or of the whole file.
    pub fn on(file: &str, line: Option<u64>, path: String, message: String) -> Self {
        let (path, message) = (fit(&path), fit(&message));
        Self { file: file.to_owned(), line, column: None, path, message, excerpt: None }
    }
}

impl YamlError {
    /// The mistake that it is in that file.
    pub fn mistake(self, file: &str, text: &str) -> Diagnostic {
        let Self { line, place, message } = self;
        match place {
            Some(place) => Diagnostic::at(file, text, place, String::new(), message),
            None => Diagnostic::on(file, line, String::new(), message),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, path, message, excerpt } = self;
        out.write_str(file)?;
        for number in line.iter().chain(column) {
            write!(out, ":{number}")?;
        }
        if !path.is_empty() {
            write!(out, ": {path}")?;
        }
        write!(out, ": {message}")?;
        excerpt.iter().try_for_each(|excerpt| write!(out, "\n{excerpt}"))
    }
}

impl std::error::Error for Diagnostic {}
