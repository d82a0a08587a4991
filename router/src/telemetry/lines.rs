//! The last look at every log line: what would turn, hide or forge one is spelt out, whoever wrote it.

use std::io::{self, Write};

use watchfire_core::text::visible;

/// Writes log lines, each given to it in one piece with a line break at its end.
pub(super) struct Lines<W>(pub(super) W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        // A line break within a line begins what is not one of ours.
        let text = visible(text).replace('\n', "\\n") + end;
        self.0.write_all(text.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "a\u{202e}b\u{1b}[31m\r\nERROR forged \u{ad}\u{61c}\u{fff9}\u{e0041}";

    fn say() {
        tracing::warn!(message_id = HOSTILE, reason = %HOSTILE, "{HOSTILE}");
    }

    fn kept(kept: &Kept) -> String {
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn no_text_turns_hides_or_forges_a_line_for_a_person() {
        let out = Kept::default();
        let writer = out.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || Lines(writer.clone())).with_ansi(false);
        tracing::subscriber::with_default(lines.finish(), say);
        let line = kept(&out);
        assert!(line.ends_with('\n') && line.lines().count() == 1, "{line}");
        assert!(line.chars().all(|c| c == '\n' || !watchfire_core::text::is_unfit(c)), "{line}");
    }

    #[test]
    fn no_text_turns_hides_or_forges_a_line_of_json_and_it_says_the_same() {
        let out = Kept::default();
        let writer = out.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || Lines(writer.clone())).json();
        tracing::subscriber::with_default(lines.flatten_event(true).finish(), say);
        let line = kept(&out);
        assert!(line.ends_with('\n') && line.lines().count() == 1 && line.trim_end().is_ascii(), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!([&read["message_id"], &read["reason"]], [HOSTILE, HOSTILE]);
        assert_eq!(line.matches("\"message\":").count(), 1);
    }
}
