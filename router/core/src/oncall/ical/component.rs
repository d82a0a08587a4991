//! The parts of a calendar, as they stand in each other.

use super::lines::{Line, lines};

/// A part: its name, its lines, and the parts in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
    pub(super) parts: Vec<Component>,
}

/// A part stands in no more others.
const DEEPEST: usize = 4;

impl Component {
    /// The first line of that name.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// What that line says.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.line(name).map(|line| line.value.as_str())
    }
}

/// The parts of all calendars of a text.
///
/// # Errors
/// Why it is no calendar, in a clause.
pub(super) fn calendar(text: &str) -> Result<Vec<Component>, String> {
    let mut open: Vec<Component> = Vec::new();
    let (mut parts, mut is_some) = (Vec::new(), false);
    for line in lines(text)? {
        let name = line.value.trim().to_ascii_uppercase();
        let depth = open.len();
        match (line.name.as_str(), open.last_mut()) {
            ("BEGIN", None) if name != "VCALENDAR" => {
                return Err("it does not begin with BEGIN:VCALENDAR".to_owned());
            }
            ("BEGIN", _) if depth == DEEPEST => {
                return Err("its parts stand too deep in each other".to_owned());
            }
            ("BEGIN", _) => open.push(Component { name, lines: Vec::new(), parts: Vec::new() }),
            (_, None) => return Err("it does not begin with BEGIN:VCALENDAR".to_owned()),
            ("END", Some(_)) => {
                let done =
                    open.pop().filter(|done| done.name == name).ok_or("a part does not end as it begins")?;
                match open.last_mut() {
                    Some(around) => around.parts.push(done),
                    None => {
                        parts.extend(done.parts);
                        is_some = true;
                    }
                }
            }
            (_, Some(part)) => part.lines.push(line),
        }
    }
    match (open.is_empty(), is_some) {
        (true, true) => Ok(parts),
        (true, false) => Err("it is empty".to_owned()),
        (false, _) => Err("it breaks off".to_owned()),
    }
}
