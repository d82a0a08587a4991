//! How much one message may become: a small one must not ask for more memory than there is.

use super::Unreadable;

/// SQS and EventBridge carry at most 1 MiB, and Security Hub one finding per event: nothing that AWS sends
/// comes near either.
const MOST_TEXTS: usize = 10_000;
const MOST_BYTES: usize = 64 << 20;

/// Why a text was not taken apart.
#[derive(Debug)]
pub(super) enum Refused {
    /// It cannot be read; what stands beside it can.
    Unreadable(Unreadable),
    /// There is no room, and so none for the message: what was expected of it.
    TooMuch(String),
}

/// What is left for the texts of one message.
#[derive(Debug)]
pub(super) struct Room {
    texts: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { texts: MOST_TEXTS, bytes: MOST_BYTES }
    }
}

impl Room {
    /// Takes room for so many texts of so many bytes together; to be asked before they are made.
    pub(super) fn take(&mut self, texts: usize, bytes: usize) -> Result<(), Refused> {
        let many = || Refused::TooMuch(format!("expected at most {MOST_TEXTS} events in one message"));
        let much = || {
            Refused::TooMuch(format!("expected at most {} MiB of events in one message", MOST_BYTES >> 20))
        };
        self.texts = self.texts.checked_sub(texts).ok_or_else(many)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(much)?;
        Ok(())
    }
}
