//! What store and journal say: what was reported in a day, what is open, contained, silenced and suppressed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::line::Lines;
use super::{Check, Colour, Item, Items};
use crate::event::Band;
use crate::priority::Priority;
use crate::verdict::{Verdict, Why};

/// A silence that ends within that time is named.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// What store and journal say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// What was reported in 24 hours by finder and severity, repeats left out.
    pub reported: BTreeMap<(String, Band), u64>,
    /// What is open.
    pub open: BTreeMap<Priority, Open>,
    /// What nobody has acknowledged in time, the most urgent first.
    pub overdue: Items,
    /// What is contained.
    pub contained: Items,
    /// The UIDs of it.
    pub contained_uids: BTreeSet<String>,
    /// Who switched acting off, and why; none while it is on.
    pub switched_off: Option<String>,
    /// Silences and maintenance windows in force.
    pub silences: Vec<Quiet>,
    /// What models have used today; none where no model is asked.
    pub models: Option<Models>,
    /// What was news in 24 hours and not told, by why.
    pub suppressed: BTreeMap<Why, u64>,
}

/// What models have used today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// In a clause.
    pub used: String,
    /// Why none is asked any more today, in a clause; none while there is room.
    pub refusal: Option<String>,
}

/// How many incidents of a priority are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// All of them.
    pub all: u64,
    /// Those that nobody has acknowledged.
    pub unacknowledged: u64,
}

/// A silence in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Its id.
    pub id: String,
    /// Until when.
    pub ends_at: Timestamp,
    /// Why, and who says so.
    pub comment: String,
    /// How many incidents wait for its end.
    pub holds: u64,
}

impl Kept {
    /// One more that was decided in the last 24 hours.
    pub fn count(&mut self, source: &str, band: Option<Band>, verdict: Verdict, why: Why) {
        if is_a_repeat(why) {
            return;
        }
        if let Some(band) = band {
            *self.reported.entry((source.to_owned(), band)).or_default() += 1;
        }
        if verdict == Verdict::Quiet && why.is_kept_back() {
            *self.suppressed.entry(why).or_default() += 1;
        }
    }
}

/// Whether it tells of nothing that was not known.
fn is_a_repeat(why: Why) -> bool {
    matches!(
        why,
        Why::Repeat
            | Why::Outdated
            | Why::Closed
            | Why::StillOpen
            | Why::NotOpen
            | Why::Echo
            | Why::Sample
            | Why::Drill
            | Why::Canary
    )
}

pub(super) fn look(kept: &Kept, at: Timestamp, lines: &mut Lines) {
    findings(kept, lines);
    open(kept, lines);
    contained(kept, lines);
    silences(kept, at, lines);
    match &kept.models {
        Some(Models { used, refusal: None }) => lines.sentence(Check::Models, Colour::Green, used),
        Some(Models { used: _, refusal: Some(refusal) }) => {
            lines.sentence(Check::Models, Colour::Yellow, refusal)
        }
        None => {}
    }
    let said: Vec<_> =
        kept.suppressed.iter().map(|(why, count)| format!("{count} {}", why.sentence())).collect();
    let said = if said.is_empty() { "nothing".to_owned() } else { said.join("; ") };
    lines.sentence(Check::Suppressed, Colour::Green, said);
}

fn findings(kept: &Kept, lines: &mut Lines) {
    let mut by_source: BTreeMap<&str, Vec<(Band, u64)>> = BTreeMap::new();
    for ((source, band), count) in kept.reported.iter().rev() {
        by_source.entry(source).or_default().push((*band, *count));
    }
    let one = |(source, bands): (&str, Vec<(Band, u64)>)| format!("{source} {}", counted(bands));
    let said: Vec<_> = by_source.into_iter().map(one).collect();
    let colour = weighed(kept.reported.keys().map(|(_, band)| *band).max());
    let said = if said.is_empty() { "none".to_owned() } else { said.join("; ") };
    lines.sentence(Check::Findings, colour, said);
}

/// So many of each severity.
pub(super) fn counted(bands: impl IntoIterator<Item = (Band, u64)>) -> String {
    let one = |(band, count): (Band, u64)| format!("{count} {}", band.as_str().to_lowercase());
    bands.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

/// How well it is where that is the worst that was found.
pub(super) fn weighed(worst: Option<Band>) -> Colour {
    match worst {
        Some(Band::Critical | Band::High) => Colour::Yellow,
        Some(Band::Medium | Band::Low | Band::Informational) | None => Colour::Green,
    }
}

fn open(kept: &Kept, lines: &mut Lines) {
    let said: Vec<_> = kept
        .open
        .iter()
        .map(|(priority, Open { all, unacknowledged })| match unacknowledged {
            0 => format!("{all} {priority}"),
            unacknowledged => format!("{all} {priority} ({unacknowledged} nobody has)"),
        })
        .collect();
    let colour = match kept.open.keys().min() {
        Some(Priority::P0) => Colour::Red,
        Some(Priority::P1) => Colour::Yellow,
        Some(Priority::P2 | Priority::P3) | None => Colour::Green,
    };
    let said = if said.is_empty() { "no incident".to_owned() } else { said.join(", ") };
    lines.sentence(Check::OpenIncidents, colour, said);
    lines.items(super::What::Check(Check::Overdue), kept.overdue.clone());
}

fn contained(kept: &Kept, lines: &mut Lines) {
    match kept.contained.is_empty() {
        true => lines.sentence(Check::Contained, Colour::Green, "nothing"),
        false => lines.items(super::What::Check(Check::Contained), kept.contained.clone()),
    }
    match &kept.switched_off {
        Some(who) => lines.sentence(Check::Mitigation, Colour::Yellow, format!("switched off {who}")),
        None => lines.sentence(Check::Mitigation, Colour::Green, "not switched off"),
    }
}

/// Those that hold something back, or end soon.
fn silences(kept: &Kept, at: Timestamp, lines: &mut Lines) {
    let count = kept.silences.len();
    let notable: Items = kept
        .silences
        .iter()
        .filter(|quiet| quiet.holds > 0 || quiet.ends_at.duration_since(at) < SOON)
        .map(|Quiet { id, ends_at, comment, holds }| {
            let said = format!("Until {ends_at:.0}: {comment}; {holds} incidents wait for its end.");
            Item::new(None, id, said, Colour::Green)
        })
        .collect();
    match notable.is_empty() {
        true if count == 0 => lines.sentence(Check::Silences, Colour::Green, "none in force"),
        true => lines.sentence(Check::Silences, Colour::Green, format!("{count} in force")),
        false => lines.items(super::What::Check(Check::Silences), notable),
    }
}
