//! The report of health as a bulletin: what is not green, section by section.

use super::Words;
use crate::health::{Colour, Line, Report};
use crate::notice::List;

/// So many objects of a line are named.
const NAMED: usize = 5;

/// The words of a report.
pub fn daily(report: &Report) -> Words {
    let cluster = report.cluster.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
    let mut lists: Vec<List> = Vec::new();
    for part in &report.sections {
        let amiss = || part.lines.iter().filter(|line| line.colour >= Colour::Yellow);
        if amiss().next().is_some() {
            let head = format!("{}: {}", part.section.title(), part.colour.as_str());
            lists.push(List::new(&head, amiss().flat_map(lines), 0));
        }
    }
    let well: Vec<_> = report
        .sections
        .iter()
        .filter(|part| part.colour == Colour::Green)
        .map(|part| part.section.title())
        .collect();
    if !well.is_empty() {
        lists.push(List::new("As it should be:", [well.join(", ")], 0));
    }
    Words {
        title: format!("Health{cluster}: {}", report.summary()),
        description: "The morning check. `watchfire health` and the board's page Health say it as it is now."
            .to_owned(),
        lists,
    }
}

/// What was found, the first objects, and what to do.
fn lines(line: &Line) -> Vec<String> {
    let Line { what: _, colour, found, todo, items } = line;
    let mut said = vec![format!("[{}] {found}", colour.as_str())];
    said.extend(items.listed.iter().take(NAMED).map(|item| format!("{}: {}", item.full_name(), item.said)));
    let more = items.count().saturating_sub(NAMED as u64);
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    if !todo.is_empty() {
        said.push(format!("-> {todo}"));
    }
    said
}
