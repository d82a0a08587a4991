//! What GuardDuty and Security Hub themselves have of a day, beside what came to Watchfire.

use std::collections::BTreeMap;

use super::kept::{counted, weighed};
use super::line::Lines;
use super::{Check, Colour, Report, Seen, Unseen};
use crate::event::Band;

/// Findings of 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// By severity.
    pub by_band: BTreeMap<Band, u64>,
    /// Whether there are more, which were not counted.
    pub and_more: bool,
    /// Where: the region, whatever cluster it is.
    pub region: String,
}

/// What was asked of AWS itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// GuardDuty: what was found, or found again.
    pub guard_duty: Seen<Reported>,
    /// Security Hub: what is new, of all products.
    pub security_hub: Seen<Reported>,
}

impl Report {
    /// With what AWS itself says.
    #[must_use]
    pub fn with_live(self, live: &Live) -> Self {
        let mut lines = Lines::default();
        told(Check::GuardDuty, "found or found again", &live.guard_duty, &mut lines);
        told(Check::SecurityHub, "new, of all products", &live.security_hub, &mut lines);
        self.and(lines)
    }
}

fn told(check: Check, meant: &str, seen: &Seen<Reported>, lines: &mut Lines) {
    let Reported { by_band, and_more, region } = match seen {
        Ok(reported) => reported,
        Err(Unseen::Refused(permission)) => {
            let todo = "grant it to whoever asks: the credentials are theirs, not the worker's";
            let said = format!("not looked at, `{permission}` is missing");
            return lines.advised(check, Colour::Yellow, said, todo);
        }
        Err(Unseen::NotInstalled | Unseen::NotAsked(_) | Unseen::Because(_)) => {
            lines.seen(check, seen);
            return;
        }
    };
    let counts = counted(by_band.iter().rev().map(|(band, count)| (*band, *count)));
    let said = match (counts.is_empty(), and_more) {
        (true, _) => "none".to_owned(),
        (false, true) => format!("{counts}, and more that were not counted"),
        (false, false) => counts,
    };
    let colour = weighed(by_band.keys().max().copied());
    lines.sentence(check, colour, format!("{said} ({meant}; all of {region})"));
}
