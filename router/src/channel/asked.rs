//! Whether another side would take a page, as far as it can be known without sending one.

use watchfire_core::text::clean;

/// What is shown of an answer.
const LENGTH: usize = 300;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It would; what it said.
    Would(String),
    /// It answered, and whether it would is not known.
    Unsure {
        /// What it said.
        said: String,
        /// What that may mean.
        means: String,
    },
    /// It would not, or there was no answer; why.
    WouldNot(String),
}

impl From<Result<String, String>> for Asked {
    fn from(answer: Result<String, String>) -> Self {
        match answer {
            Ok(said) => Asked::Would(said),
            Err(why) => Asked::WouldNot(why),
        }
    }
}

impl Asked {
    /// By the status of an answer to `OPTIONS`: a receiver that takes nothing but `POST` may say what it likes, and what is not
    /// there says the same.
    pub(super) fn of_options(status: u16) -> Self {
        let said = format!("it can be reached, and answers OPTIONS with {status}");
        let means = match status {
            300..=399 => "it leads elsewhere, where no page goes: is the address the right one?",
            401 | 403 | 407 => "it may not know us: are the secrets the right ones?",
            404 | 410 => "there may be nothing at this address, or nothing but for POST",
            500..=599 => "it fails, or what stands in front of it does",
            _ => return Asked::Would(said),
        };
        Asked::Unsure { said, means: means.to_owned() }
    }

    /// In a line of bounded length.
    pub(super) fn cleaned(self) -> Self {
        let fit = |text: String| clean(&text, LENGTH);
        match self {
            Asked::Would(said) => Asked::Would(fit(said)),
            Asked::Unsure { said, means } => Asked::Unsure { said: fit(said), means: fit(means) },
            Asked::WouldNot(why) => Asked::WouldNot(fit(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_nothing_against_it_is_well() {
        let meant = |status| match Asked::of_options(status) {
            Asked::Would(said) => said,
            Asked::Unsure { said, means } => format!("{said}; {means}"),
            Asked::WouldNot(why) => panic!("it answered: {why}"),
        };
        for status in [200, 204, 400, 405, 415, 429] {
            assert_eq!(meant(status), format!("it can be reached, and answers OPTIONS with {status}"));
        }
        for (status, means) in [
            (302, "it leads elsewhere, where no page goes: is the address the right one?"),
            (401, "it may not know us: are the secrets the right ones?"),
            (404, "there may be nothing at this address, or nothing but for POST"),
            (410, "there may be nothing at this address, or nothing but for POST"),
            (502, "it fails, or what stands in front of it does"),
        ] {
            let said = format!("it can be reached, and answers OPTIONS with {status}; {means}");
            assert_eq!(meant(status), said);
        }
    }
}
