//! News that falls under a limit: there is room in all of them, or it waits for the first that has none.

use jiff::{SignedDuration, Timestamp};

use super::disposition::{Suppressing, Suppression, Waiting};
use crate::draft::Draft;
use crate::ids::{BundleKey, LimitKey};
use crate::noise::{self, BundleKind, Limits, Quota, bundle_key, limit_key};
use crate::priority::Priority;
use crate::state::{Key, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// What is over a limit waits at least this long for more of it.
const ROLL_UP_WAIT: SignedDuration = SignedDuration::from_mins(1);

impl Suppressing<'_> {
    /// Room in every limit that it falls under is spent; otherwise the first that has none holds it.
    pub(super) fn limited(&self, draft: &mut Draft<'_>) -> Result<Option<Suppression>, Unread> {
        let limits = self.limits(draft.now());
        draft.need_all(
            limits
                .iter()
                .flat_map(|limit| [Key::Limit(limit.key.clone()), Key::Bundle(limit.waiting.clone())]),
        )?;
        let full = limits.iter().find_map(|limit| Some((limit, limit.room(draft).err()?)));
        if let Some((limit, due_at)) = full {
            return Ok(Some(self.rolled_up(limit, due_at)));
        }
        for Limit { key, quota, name, .. } in limits {
            draft.spend(key, quota, &name);
        }
        Ok(None)
    }

    /// The limits that it falls under.
    fn limits(&self, now: Timestamp) -> Vec<Limit> {
        let limits = &self.policy.noise.limits;
        let account = self.face.subject.account.as_deref().unwrap_or("-");
        let family = self.face.family.as_str();
        let rule = self.face.rule.as_str();
        let routed = self.policy.routed(self.face, now);
        let channels = routed.to().into_iter().map(|channel| {
            let key = channel_limit(channel.as_str(), self.face.priority);
            (limits.channel, key, format!("channel {channel}"))
        });
        let class = class(self.face.priority);
        let others = [
            (limits.rule, limit_key("rule", &[rule, class]), format!("rule {rule}")),
            (
                limits.family,
                limit_key("family", &[account, family, class]),
                format!("{family} in account {account}"),
            ),
        ];
        let limits = channels.chain(others).map(|(quota, key, name)| {
            let kind = BundleKind::RollUp { limit: clean(&name, 100) };
            let waiting = bundle_key(&kind, &[key.as_str(), self.face.priority.as_str()]);
            Limit { quota, key, name, kind, waiting }
        });
        limits.collect()
    }

    fn rolled_up(&self, limit: &Limit, due_at: Timestamp) -> Suppression {
        let Limit { quota, key: _, name, kind, waiting } = limit;
        let (kind, waiting) = (kind.clone(), waiting.clone());
        let title = format!("over the limit of {} ({})", clean(name, 100), quota.sentence());
        Suppression {
            why: Why::Limited,
            reason: format!("{title}; in a roll-up at {}", self.policy.zone().second(due_at)),
            bundle: Some(Waiting { key: waiting, kind, title, due_at: Some(due_at), episode: None }),
            until: None,
        }
    }
}

/// A limit, and the bundle that waits for its room.
struct Limit {
    quota: Quota,
    key: LimitKey,
    name: String,
    kind: BundleKind,
    waiting: BundleKey,
}

impl Limit {
    /// Whether there is room; or when what is over it is said.
    fn room(&self, draft: &Draft<'_>) -> Result<(), Timestamp> {
        let now = draft.now();
        // Nothing overtakes what was there first.
        if let Some(ahead) = draft.bundle(&self.waiting).filter(|ahead| ahead.unsaid > 0) {
            return Err(ahead.due_at.unwrap_or(now));
        }
        noise::check(self.quota, draft.limit(&self.key), now)
            .map(drop)
            .map_err(|room_at| room_at.max(now + ROLL_UP_WAIT))
    }
}

/// The longest that a roll-up waits: for the room that one quota has at the latest.
pub(crate) fn longest_roll_up(limits: &Limits) -> SignedDuration {
    let Limits { channel, rule, family } = limits;
    [channel, rule, family].map(Quota::period).into_iter().fold(ROLL_UP_WAIT, SignedDuration::max)
}

/// The limit of a channel.
pub(crate) fn channel_limit(channel: &str, priority: Priority) -> LimitKey {
    limit_key("channel", &[channel, class(priority)])
}

/// Each limit is two: P1 does not wait for the room that others have spent.
fn class(priority: Priority) -> &'static str {
    if priority == Priority::P1 { "urgent" } else { "routine" }
}
