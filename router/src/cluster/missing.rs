//! What could not be had, as it is told: a dead API server once, not once for each part.

use jiff::Timestamp;
use watchfire_core::context::{Enforcement, Known};

use super::calls::Unheard;

#[derive(Debug, Default)]
pub(super) struct Missing {
    sentences: Vec<String>,
    /// The API server did not answer, or not in time.
    is_silent: bool,
    /// Something may be had later.
    is_worth_again: bool,
}

impl Missing {
    /// The answer, or the reason why there is none, which is remembered.
    pub(super) fn known<T>(&mut self, result: Result<T, Unheard>) -> Known<T> {
        match result {
            Ok(answer) => Known::Is(answer),
            Err(unheard) => {
                self.add(&unheard);
                Known::Unknown(unheard.to_string())
            }
        }
    }

    pub(super) fn enforcement(&mut self, result: Result<Enforcement, Unheard>) -> Enforcement {
        match self.known(result) {
            Known::Is(enforcement) => enforcement,
            Known::Unknown(because) => Enforcement::Unknown(because),
        }
    }

    pub(super) fn add(&mut self, unheard: &Unheard) {
        self.is_worth_again |= unheard.is_worth_again();
        if unheard.is_silence() {
            self.is_silent = true;
        } else {
            self.say(unheard.to_string());
        }
    }

    /// A reason, and what is known nevertheless.
    pub(super) fn note(&mut self, unheard: &Unheard, nevertheless: String) {
        self.add(unheard);
        self.say(nevertheless);
    }

    pub(super) fn say(&mut self, sentence: String) {
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    /// The sentences, and whether it is worth asking again. `silent_since` is when the API server was last
    /// found not to answer.
    pub(super) fn told(self, silent_since: Option<Timestamp>) -> (Vec<String>, bool) {
        let Self { mut sentences, is_silent, is_worth_again } = self;
        match silent_since {
            Some(since) => sentences.insert(
                0,
                format!("the API server does not answer, since {}", since.strftime("%H:%M:%S UTC")),
            ),
            None if is_silent => sentences.insert(0, "the API server did not answer in time".to_owned()),
            None => {}
        }
        (sentences, is_worth_again || silent_since.is_some())
    }
}
