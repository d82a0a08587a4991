//! How much one message may become: a small one must not ask for more memory than there is.

/// SQS and EventBridge carry at most 1 MiB, and Security Hub one finding per event: nothing that AWS sends
/// comes near either.
const MOST_TEXTS: usize = 10_000;
const MOST_BYTES: usize = 64 << 20;

/// What is left for the texts of one message.
#[derive(Debug)]
pub(super) struct Room {
    texts: usize,
    bytes: usize,
    is_full: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { texts: MOST_TEXTS, bytes: MOST_BYTES, is_full: false }
    }
}

impl Room {
    /// Takes room for one text of so many bytes; to be asked before it is made. Once there was none for a text,
    /// there is none for those after it either.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.texts.checked_sub(1).zip(self.bytes.checked_sub(bytes));
        match left.filter(|_| !self.is_full) {
            Some((texts, bytes)) => (self.texts, self.bytes) = (texts, bytes),
            None => self.is_full = true,
        }
        !self.is_full
    }

    /// What is to be read of a message that had more in it than there was room for: that it had.
    pub(super) fn left_out(&self, body: &str) -> Option<String> {
        self.is_full.then(|| {
            format!(
                "the rest of a message of {} bytes, with more than {MOST_TEXTS} events or {} MiB of them in it; \
                 it begins: {}",
                body.len(),
                MOST_BYTES >> 20,
                crate::text::clean(body, 200),
            )
        })
    }
}
