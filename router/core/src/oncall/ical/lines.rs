//! The lines of an iCalendar file: put together where they were folded, and taken apart.

/// A line: its name and its parameters' names in capitals, its value as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    parameters: Vec<(String, String)>,
    pub(super) value: String,
}

impl Line {
    /// The value of that parameter; of several the first.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A line that goes on over this many bytes is none that people write.
const LONGEST: usize = 64 * 1024;

/// All lines of a text.
///
/// # Errors
/// Which cannot be read, in a clause; what it says is not in it.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, String> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, before))) if before.len() + rest.len() <= LONGEST => before.push_str(rest),
            (Some(_), Some((number, _))) => return Err(format!("line {number} is over {LONGEST} bytes")),
            (_, _) if line.trim().is_empty() => {}
            (_, _) => whole.push((number + 1, line.to_owned())),
        }
    }
    let read = |(number, line): &(usize, String)| {
        parted(line).ok_or_else(|| format!("line {number} is no line of a calendar"))
    };
    whole.iter().map(read).collect()
}

/// `NAME;PARAMETER=VALUE;OTHER="QUOTED":VALUE`.
fn parted(line: &str) -> Option<Line> {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let end = line.find([';', ':'])?;
    let (name, mut rest) = line.split_at(end);
    let mut parameters = Vec::new();
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, value) = parameter.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find([';', ':'])?),
        };
        if !is_name(name) {
            return None;
        }
        parameters.push((name.to_ascii_uppercase(), value.to_owned()));
        rest = after;
    }
    let value = rest.strip_prefix(':')?.to_owned();
    is_name(name).then(|| Line { name: name.to_ascii_uppercase(), parameters, value })
}

/// What a text says, without what its signs are escaped by.
pub(super) fn unescaped(text: &str) -> String {
    let mut signs = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_put_together_and_taken_apart() {
        let text = "\u{feff}BEGIN:VCALENDAR\r\nSUMMARY;LANGUAGE=de;X-A=\"a;b:c\":An\r\n a\\, \r\n\tB\\nC\r\n\r\nend:x\n";
        let lines = lines(text).expect("a calendar");
        let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["BEGIN", "SUMMARY", "END"]);
        assert_eq!(lines[1].parameter("X-A"), Some("a;b:c"));
        assert_eq!((lines[1].parameter("TZID"), unescaped(&lines[1].value)), (None, "Ana, B C".to_owned()));
    }

    #[test]
    fn what_is_no_line_is_named_by_its_number_and_not_quoted() {
        let refused = lines("BEGIN:VCALENDAR\n<html>secret</html>\n");
        assert_eq!(refused, Err("line 2 is no line of a calendar".to_owned()));
        for wrong in [":x", "A;B:c", "A;B=\"c:d", "A;=b:c", "A B:c", "A;B=c"] {
            assert!(lines(wrong).is_err(), "{wrong}");
        }
        let long = format!("A:b\n {}", "c".repeat(LONGEST));
        assert_eq!(lines(&long), Err("line 1 is over 65536 bytes".to_owned()));
    }
}
