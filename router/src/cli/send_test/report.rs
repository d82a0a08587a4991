//! Who took a drill, in what time, and whether it ended.

use serde::Serialize;
use watchfire_core::priority::Priority;

use crate::cli::screen::plain;
use watchfire_core::standing::Progress;

/// What became of a drill.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    /// Its id, as `watchfire why` takes it.
    pub(super) drill: String,
    /// As urgent as that.
    pub(super) priority: Priority,
    /// Which way it went, in words.
    pub(super) way: String,
    /// Why nobody was to be told; none where somebody was.
    pub(super) held: Option<String>,
    /// Who was to be told.
    pub(super) channels: Vec<Told>,
}

/// What became of it at one channel.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// The channel.
    pub(super) channel: String,
    /// Whether it stands in for the first one.
    pub(super) fallback: bool,
    /// The page.
    pub(super) page: Taken,
    /// Its end.
    pub(super) resolve: Taken,
}

/// What a channel did with what it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Taken {
    /// What.
    pub(super) result: Progress,
    /// In so many milliseconds; none while it is not known.
    pub(super) milliseconds: Option<u64>,
    /// What it said.
    pub(super) said: String,
}

impl Told {
    /// Told and untold; or, of a fallback, not needed.
    fn is_fine(&self) -> bool {
        match self.page.result {
            Progress::Done => self.resolve.result == Progress::Done,
            Progress::NotNeeded => self.fallback,
            Progress::Failed | Progress::Pending => false,
        }
    }
}

impl Report {
    pub(super) fn is_fine(&self) -> bool {
        self.held.is_none() && !self.channels.is_empty() && self.channels.iter().all(Told::is_fine)
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let Self { drill, priority, way, held, channels } = self;
        let mut lines = vec![format!("drill {drill} as {priority}, {way}")];
        let width = channels.iter().map(|told| told.channel.chars().count()).max().unwrap_or(0);
        for Told { channel, fallback, page, resolve } in channels {
            let role = if *fallback { "the fallback, " } else { "" };
            lines.push(format!("  {channel:<width$}  {role}{}", page.line("took it", "did not take it")));
            if page.result == Progress::Done {
                lines.push(format!("  {:<width$}  {}", "", resolve.line("ended", "did not end it")));
            }
        }
        if let Some(held) = held {
            lines.push(format!("  nobody was told: {}", plain(held)));
        }
        lines.push(self.sum());
        lines
    }

    fn sum(&self) -> String {
        let all = self.channels.len();
        match self.channels.iter().filter(|told| !told.is_fine()).count() {
            0 if self.is_fine() => "all is well".to_owned(),
            0 => "nobody was told".to_owned(),
            some => format!("{some} of {all} did not do as they should"),
        }
    }
}

impl Taken {
    /// Nobody had to do anything.
    pub(super) const NOT_NEEDED: Taken =
        Taken { result: Progress::NotNeeded, milliseconds: None, said: String::new() };

    fn line(&self, done: &str, failed: &str) -> String {
        let Self { result, milliseconds, said } = self;
        let time = milliseconds.map_or(String::new(), |time| format!(" in {time} ms"));
        let said = if said.is_empty() { String::new() } else { format!(": {}", plain(said)) };
        match result {
            Progress::Done => format!("{done}{time}{said}"),
            Progress::Failed => format!("{failed}{said}"),
            Progress::NotNeeded => "was not needed".to_owned(),
            Progress::Pending => format!("{failed} in time{said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(result: Progress, milliseconds: Option<u64>, said: &str) -> Taken {
        Taken { result, milliseconds, said: said.to_owned() }
    }

    fn told(channel: &str, fallback: bool, page: Taken, resolve: Taken) -> Told {
        Told { channel: channel.to_owned(), fallback, page, resolve }
    }

    fn report(channels: Vec<Told>, held: Option<&str>) -> Report {
        Report {
            drill: "ab12".to_owned(),
            priority: Priority::P0,
            way: "by every route that it may take, sent from here".to_owned(),
            held: held.map(str::to_owned),
            channels,
        }
    }

    #[test]
    fn each_channel_says_whether_and_when_it_took_it_and_ended_it() {
        let none = || taken(Progress::NotNeeded, None, "");
        let report = report(
            vec![
                told(
                    "oncall",
                    false,
                    taken(Progress::Done, Some(212), "202 accepted"),
                    taken(Progress::Done, Some(80), ""),
                ),
                told("topic", false, taken(Progress::Failed, Some(9), "SNS: no\u{202e}"), none()),
                told("slow", false, taken(Progress::Pending, None, ""), none()),
                told("mail", true, none(), none()),
            ],
            None,
        );
        let expected = [
            "drill ab12 as P0, by every route that it may take, sent from here",
            "  oncall  took it in 212 ms: 202 accepted",
            "          ended in 80 ms",
            "  topic   did not take it: SNS: no\u{fffd}",
            "  slow    did not take it in time",
            "  mail    the fallback, was not needed",
            "2 of 4 did not do as they should",
        ];
        assert_eq!(
            (report.is_fine(), report.lines().as_slice()),
            (false, expected.map(str::to_owned).as_slice())
        );
    }

    #[test]
    fn a_drill_that_is_held_or_goes_nowhere_is_not_fine() {
        let held = report(Vec::new(), Some("a page would be held"));
        let expected = [
            "drill ab12 as P0, by every route that it may take, sent from here",
            "  nobody was told: a page would be held",
            "nobody was told",
        ];
        assert_eq!(
            (held.is_fine(), held.lines().as_slice()),
            (false, expected.map(str::to_owned).as_slice())
        );
        assert!(!report(Vec::new(), None).is_fine());
    }

    #[test]
    fn one_that_is_not_ended_is_not_fine() {
        let done = || taken(Progress::Done, Some(1), "");
        assert!(report(vec![told("a", false, done(), done())], None).is_fine());
        assert!(!report(vec![told("a", false, done(), taken(Progress::Pending, None, ""))], None).is_fine());
        let needless = || taken(Progress::NotNeeded, None, "");
        assert!(!report(vec![told("a", false, needless(), needless())], None).is_fine());
    }
}
