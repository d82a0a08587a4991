//! How much of a page leaves for another side that is outside the boundary of most regulated systems.

pub(super) mod page;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::decision::Effect;
use watchfire_core::notice::minimal;
pub use watchfire_core::notice::minimal::Place;
use watchfire_core::notice::{Fault, Notice, Worded, Wording};
use watchfire_core::yaml::{Mistake, expected};

/// How much of a page leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The kind of finding, priority, how it stands with containment, the alias of the cluster, region, namespace, opaque
    /// ids and links: no account, address, or name of anything else.
    #[default]
    Minimal,
    /// Everything the page says.
    Standard,
}

/// How pages become what leaves.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) profile: Profile,
    pub(super) leave_out: Vec<Place>,
    pub(super) wording: Wording,
}

impl Form {
    /// As the configuration says.
    pub(super) fn of(profile: Profile, leave_out: &[Place], wording: impl Into<Wording>) -> Self {
        Self { profile, leave_out: leave_out.to_vec(), wording: wording.into() }
    }

    /// All of the page, for a side that is one's own.
    pub(super) fn whole(wording: impl Into<Wording>) -> Self {
        Self::of(Profile::Standard, &[], wording)
    }

    /// What may leave of a page, and its words.
    pub(super) fn worded(&self, effect: &Effect) -> (Notice, Worded) {
        let notice = self.profile.told(&effect.notice, &self.leave_out).into_owned();
        let words = self.wording_of(effect).words(&notice, effect.kind);
        (notice, words)
    }

    /// Which of its own templates cannot be used for that page.
    pub(super) fn faults(&self, effect: &Effect) -> Vec<Fault> {
        if self.wording_of(effect).has_own() { self.worded(effect).1.faults } else { Vec::new() }
    }

    /// How that page is worded, by the route that it goes by. What may leave of it does not say which that is.
    pub(super) fn wording_of(&self, effect: &Effect) -> &Wording {
        self.wording.of(&effect.notice.routes)
    }
}

impl Profile {
    /// For a channel whose other side is one's own.
    pub(super) fn standard() -> Self {
        Self::Standard
    }

    /// As much of the page as may leave.
    pub(super) fn told<'n>(self, notice: &'n Notice, leave_out: &[Place]) -> Cow<'n, Notice> {
        match self {
            Profile::Standard => Cow::Borrowed(notice),
            Profile::Minimal => Cow::Owned(minimal::reduced(notice, leave_out)),
        }
    }

    /// What it keeps in though the page says it, in words; none where it sends all.
    pub(super) fn leaves_out(self, leave_out: &[Place]) -> Option<String> {
        let places = |is_told: bool| {
            let places = Place::ALL.into_iter().filter(|place| leave_out.contains(place) != is_told);
            places.map(Place::as_str).collect::<Vec<_>>()
        };
        (self == Profile::Minimal).then(|| {
            let told: Vec<_> = ["priority", "type"].into_iter().chain(places(true)).chain(["containment"]).collect();
            let kept: Vec<_> = ["account"].into_iter().chain(places(false)).collect();
            format!(
                "payload `minimal` tells {}; it leaves out {}, the names of pods, workloads, nodes, images and people, \
                 addresses, commands, and all that the finder wrote",
                told.join(", "),
                kept.join(", ")
            )
        })
    }

    /// What is wrong about the two of them.
    pub(super) fn check(self, leave_out: &[Place], mistake: &mut dyn FnMut(&str, Mistake)) {
        if self == Profile::Standard && !leave_out.is_empty() {
            let why = "payload `standard` sends all that the page says; `minimal` can leave out";
            mistake(".leave_out", expected("none").hint(why));
        }
    }
}
