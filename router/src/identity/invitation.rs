//! Invitations: a link that signs one browser in, once and soon; for the demo, whose token nobody should have to copy.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::error::Unspecified;
use jiff::{SignedDuration, Timestamp};

use super::Digest;
use super::token::random;
use crate::secret::Secret;

/// So long an invitation can be followed.
const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// The invitation that there is, if there is one.
#[derive(Debug, Default)]
pub struct Invitations(Mutex<Option<Invited>>);

#[derive(Debug)]
struct Invited {
    word: Digest,
    token: Secret,
    ends_at: Timestamp,
}

impl Invitations {
    /// Invites whoever shows that word, 256 random bits, to a session of that token; nobody else any more.
    ///
    /// # Errors
    /// Where there are no random bits.
    pub fn invite(&self, token: Secret, now: Timestamp) -> Result<String, Unspecified> {
        let word = random()?;
        *self.kept() = Some(Invited { word: Digest::of(word.as_bytes()), token, ends_at: now + LASTS });
        Ok(word)
    }

    /// Whether somebody who shows that word is invited. Looking uses nothing up.
    pub fn is_open(&self, word: &str, now: Timestamp) -> bool {
        self.kept().as_ref().is_some_and(|invited| invited.is_by(word, now))
    }

    /// The token of the invitation with that word, which is used up by it.
    pub fn accept(&self, word: &str, now: Timestamp) -> Option<Secret> {
        let accepted = self.kept().take_if(|invited| invited.is_by(word, now))?;
        Some(accepted.token)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Invited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Invited {
    fn is_by(&self, word: &str, now: Timestamp) -> bool {
        self.word.is(&Digest::of(word.as_bytes())) && now < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "the-token-of-a-demo";

    fn minute(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn invited() -> (Invitations, String) {
        let invitations = Invitations::default();
        let word = invitations.invite(Secret::new(TOKEN), minute(0)).expect("random bits");
        (invitations, word)
    }

    #[test]
    fn an_invitation_is_looked_at_often_accepted_once_and_by_its_word_alone() {
        let (invitations, word) = invited();
        for wrong in ["", "another", &word[1..]] {
            assert!(!invitations.is_open(wrong, minute(1)) && invitations.accept(wrong, minute(1)).is_none());
        }
        assert!(invitations.is_open(&word, minute(1)) && invitations.is_open(&word, minute(1)));
        assert_eq!(invitations.accept(&word, minute(1)), Some(Secret::new(TOKEN)));
        assert!(!invitations.is_open(&word, minute(1)) && invitations.accept(&word, minute(1)).is_none());
    }

    #[test]
    fn an_invitation_is_over_after_ten_minutes_and_when_there_is_another() {
        let (invitations, word) = invited();
        assert!(invitations.is_open(&word, minute(9)) && !invitations.is_open(&word, minute(10)));
        assert!(invitations.accept(&word, minute(10)).is_none());
        let another = invitations.invite(Secret::new(TOKEN), minute(1)).expect("random bits");
        assert!(!invitations.is_open(&word, minute(2)) && invitations.is_open(&another, minute(2)));
        assert!(Invitations::default().accept("", minute(0)).is_none(), "nobody is invited");
    }
}
