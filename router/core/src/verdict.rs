//! What was decided and why, in a word each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::word;

/// Whether a human hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At once.
    Page,
    /// With the next digest.
    Digest,
    /// No; the reason is recorded.
    Quiet,
}

impl Verdict {
    /// The word in the journal, in metrics and on screen.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// Why a human hears of it, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The first event of an incident.
    New,
    /// The finding was closed and is active again.
    Reopened,
    /// A higher priority than the incident had.
    PriorityRose,
    /// A higher severity band than the incident had.
    SeverityRose,
    /// A P0 that goes on, that nobody has taken, and that was said longer ago than its window.
    WindowPassed,
    /// Another finding of the incident, about a resource that it did not have.
    ResourceJoined,
    /// The finder's count is ten times what it was when it was said, longer ago than its window.
    CountGrew,
    /// Several incidents said as one.
    Bundled,
    /// Nobody has taken it in time.
    Escalated,
    /// The digest.
    Digested,
    /// The report of health that is due.
    Reported,
    /// An edition of the digest is closed, and is said next.
    EditionClosed,
    /// The message could not be read.
    Unreadable,
    /// Known, and said within the window.
    Repeat,
    /// Another finding of an incident already said within the window.
    Joined,
    /// Older than what is already known of the finding.
    Outdated,
    /// The finding was archived or resolved, and with it the incident: its page is resolved.
    Closed,
    /// The finding was archived or resolved; others keep the incident open.
    StillOpen,
    /// The finding was archived or resolved, and nobody had been told of it.
    NotOpen,
    /// A silence or a maintenance window covers it.
    Silenced,
    /// A greater incident covers it.
    Inhibited,
    /// Its owner has muted the alarm, or suppresses it by another.
    Muted,
    /// It has been open and over too often within an hour.
    Flapping,
    /// There are not as many of it yet as its rule asks for.
    Counted,
    /// One of too many new incidents of its account and family.
    Stormed,
    /// It waits for the page of its group.
    Grouped,
    /// It is over a limit, and waits for the roll-up.
    Limited,
    /// Somebody had it in Security Hub before it was first heard of.
    InHand,
    /// Our own note on the finding, or our own page on an event bus, come round.
    Echo,
    /// Nothing more was heard of it for its quiet period.
    WentQuiet,
    /// When it was to end nobody was there who would have heard that it goes on.
    Unheard,
    /// Nobody needs to hear of what waited any more: all of it is over.
    OverBefore,
    /// The clock had been ahead: what it wrote counts from now.
    ClockSetBack,
    /// A sample finding.
    Sample,
    /// Somebody tries out who is told.
    Drill,
    /// Watchfire tries out its own way; nobody is told.
    Canary,
    /// The rule is in the shadow stage.
    Shadow,
    /// A model was asked about it, which decides nothing.
    Triaged,
    /// What the cluster could not say in time is known now.
    Completed,
    /// Something was done to the cluster.
    Acted,
    /// Something that was to be done to the cluster could not be done, or not be verified.
    NotContained,
    /// A human asked for it.
    Commanded,
    /// A human asked for something that is not done.
    Declined,
}

impl Verdict {
    /// What became of it, as people are told.
    pub fn in_words(self) -> &'static str {
        match self {
            Verdict::Page => "paged",
            Verdict::Digest => "left to the digest",
            Verdict::Quiet => "not paged",
        }
    }
}

impl Why {
    /// The word in the journal, in metrics and on screen.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// Whether someone is to hear of it; all others are reasons to be quiet.
    pub fn is_news(self) -> bool {
        match self {
            Why::New
            | Why::Reopened
            | Why::PriorityRose
            | Why::SeverityRose
            | Why::WindowPassed
            | Why::ResourceJoined
            | Why::CountGrew
            | Why::Bundled
            | Why::Escalated
            | Why::Digested
            | Why::Reported
            | Why::Unreadable
            | Why::Completed
            | Why::Acted
            | Why::NotContained
            | Why::Commanded
            | Why::Drill => true,
            Why::Repeat
            | Why::Joined
            | Why::Outdated
            | Why::Closed
            | Why::StillOpen
            | Why::NotOpen
            | Why::Silenced
            | Why::Inhibited
            | Why::Muted
            | Why::Flapping
            | Why::Counted
            | Why::Stormed
            | Why::Grouped
            | Why::Limited
            | Why::InHand
            | Why::Echo
            | Why::WentQuiet
            | Why::Unheard
            | Why::OverBefore
            | Why::ClockSetBack
            | Why::EditionClosed
            | Why::Sample
            | Why::Canary
            | Why::Shadow
            | Why::Triaged
            | Why::Declined => false,
        }
    }

    /// Whether it was news that was kept back.
    pub fn is_kept_back(self) -> bool {
        matches!(
            self,
            Why::Silenced
                | Why::Inhibited
                | Why::Muted
                | Why::Flapping
                | Why::Counted
                | Why::Stormed
                | Why::Grouped
                | Why::Limited
        )
    }

    /// Whether it opens an incident, or opens it again.
    pub fn opens(self) -> bool {
        matches!(self, Why::New | Why::Reopened | Why::Unreadable)
    }

    /// The reason in a sentence, for a page or a human's screen.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::New => "first report of this incident",
            Why::Reopened => "it had been closed and is active again",
            Why::PriorityRose => "its priority rose",
            Why::SeverityRose => "its severity rose",
            Why::WindowPassed => "it is still going on, and nobody has acknowledged it",
            Why::Unreadable => "a message on the alert queue could not be read",
            Why::Repeat => "already said, nothing got worse",
            Why::Joined => "another finding of an incident already said",
            Why::Outdated => "older than what is already known",
            Why::Closed => "archived or resolved, and the incident with it",
            Why::StillOpen => "archived or resolved; other findings keep the incident open",
            Why::NotOpen => "archived or resolved, and nobody had been told",
            Why::ResourceJoined => "another resource is affected",
            Why::CountGrew => "it happens ten times as often as when it was said",
            Why::Bundled => "several incidents in one page",
            Why::Escalated => "nobody has acknowledged it in time",
            Why::Digested => "the daily digest",
            Why::Reported => "the report of health that is due",
            Why::EditionClosed => "the digest is closed, to be said",
            Why::Silenced => "silenced",
            Why::Inhibited => "a greater incident covers it",
            Why::Muted => "its owner muted it",
            Why::Flapping => "open and over too often; held",
            Why::Counted => "not as many of it yet as its rule asks for",
            Why::Stormed => "one of a storm, said as one incident",
            Why::Grouped => "it waits for the page of its group",
            Why::Limited => "over a limit, it waits for the roll-up",
            Why::InHand => "when first heard of, it was in somebody's hands in Security Hub already",
            Why::Echo => "what we have written ourselves, come round",
            Why::WentQuiet => "nothing more was heard of it",
            Why::Unheard => "its time was up while nobody listened; it has a little longer",
            Why::OverBefore => "over before anyone had to hear of it",
            Why::ClockSetBack => "the clock had been ahead: what it wrote counts from now",
            Why::Sample => "a sample finding",
            Why::Drill => "somebody tries out who is told",
            Why::Canary => "Watchfire tries out its own way, nobody is told",
            Why::Shadow => "the rule is in its shadow stage",
            Why::Triaged => "a model was asked about it, which decides nothing",
            Why::Completed => "what the cluster says about it is known now",
            Why::Acted => "something was done about it",
            Why::NotContained => "it could not be contained, a human has to",
            Why::Commanded => "a human asked for it",
            Why::Declined => "a human asked for it, and it is not done",
        }
    }
}

/// What an effect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Tell a human at once.
    Page,
    /// Tell them that it is over.
    Resolve,
    /// Tell those who were paged what has become known or was done.
    Update,
    /// Tell on a business day what did not have to be told at once.
    Digest,
    /// Tell those who were paged that somebody has it.
    Acknowledge,
}

impl EffectKind {
    /// The word in the journal, in metrics and on screen.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}
