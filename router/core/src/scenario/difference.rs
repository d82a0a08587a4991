//! A step in which something else was decided than expected, line by line.

use std::fmt;

/// What was expected of a step, and what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The scenario's file.
    pub file: String,
    /// The step's line in it, from 1.
    pub line: u64,
    /// Which step, from 1.
    pub step: usize,
    /// As the file has it.
    pub expected: Vec<String>,
    /// As it came.
    pub decided: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, step, expected, decided } = self;
        write!(out, "{file}:{line}: step {step} (- expected, + decided)")?;
        for (mark, text) in diff(expected, decided) {
            write!(out, "\n  {mark} {text}")?;
        }
        Ok(())
    }
}

/// The shortest way from one list of lines to the other.
fn diff<'l>(from: &'l [String], to: &'l [String]) -> Vec<(char, &'l str)> {
    // The length of the longest common rest from each pair of places on.
    let mut common = vec![vec![0_usize; to.len() + 1]; from.len() + 1];
    for (i, left) in from.iter().enumerate().rev() {
        for (j, right) in to.iter().enumerate().rev() {
            common[i][j] = match left == right {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < from.len() || j < to.len() {
        if i < from.len() && j < to.len() && from[i] == to[j] {
            lines.push((' ', from[i].as_str()));
            (i, j) = (i + 1, j + 1);
        } else if j == to.len() || (i < from.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', from[i].as_str()));
            i += 1;
        } else {
            lines.push(('+', to[j].as_str()));
            j += 1;
        }
    }
    lines
}
