//! What people do in PagerDuty, heard by asking: round after round, each change decided once.

use std::sync::Arc;

use tokio::sync::watch;
use watchfire_core::ids::{ChannelName, DedupKey};
use watchfire_core::state::{Key, Record, State};

use super::Router;
use crate::failure::Nack;
use crate::pagerduty::{Change, Heard, Poller, Unheard};
use crate::{store, telemetry};

/// What one round of questions found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollRound {
    /// Alerts that were asked about.
    pub asked: usize,
    /// Changes that were new, and are decided now.
    pub decided: usize,
}

/// Asks round after round until `stop` turns true.
pub async fn poll(router: Arc<Router>, poller: Poller, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let round = async {
            let (now, long) = (router.clock.now(), poller.every() * 3);
            let is_ours = router.store.claim(&format!("poll/{}", poller.channel()), now, long).await;
            // Another worker asks.
            if !is_ours.map_err(|error| Unheard::NotDecided(format!("the store failed: {error}")))? {
                return Ok(PollRound::default());
            }
            let keys = open(&router, poller.channel()).await;
            let keys = keys.map_err(|error| Unheard::NotDecided(format!("the store failed: {error}")))?;
            poll_round(&router, &poller, keys).await
        };
        let result = tokio::select! {
            _ = stop.changed() => break,
            result = round => result,
        };
        let wait = match result {
            Ok(_) => poller.every(),
            Err(unheard) => {
                router.metrics.heard("poll", "failed");
                tell(poller.channel(), &unheard);
                match unheard {
                    Unheard::Limited(rest) => rest.max(poller.every()),
                    Unheard::Refused(_) | Unheard::NoAnswer(_) | Unheard::NotDecided(_) => poller.every(),
                }
            }
        };
        tokio::select! { _ = stop.changed() => break, () = tokio::time::sleep(wait) => {} }
    }
}

fn tell(channel: &ChannelName, unheard: &Unheard) {
    match unheard {
        Unheard::Refused(_) => telemetry::pagerduty_refuses(channel, unheard),
        Unheard::Limited(_) | Unheard::NoAnswer(_) | Unheard::NotDecided(_) => {
            telemetry::pagerduty_unheard(channel, unheard);
        }
    }
}

/// The keys of a channel's alerts whose incidents are open, acknowledged or not: their end is news, too. Those of
/// escalations are among them.
async fn open(router: &Router, channel: &ChannelName) -> Result<Vec<DedupKey>, store::Error> {
    let channel = channel.clone();
    let gather = move |found: &mut Vec<_>, key: &str, record: &Record| {
        if let Record::Incident(record) = record
            && record.open
        {
            if record.paged.contains_key(&channel) {
                found.push(DedupKey::new(format!("{key}-{}", record.episode)));
            }
            let escalated = record.escalated.iter().filter(|page| page.channel == channel);
            found.extend(escalated.map(|page| page.dedup_key.clone()));
        }
    };
    router.store.fold_open(Key::INCIDENTS, Vec::new(), gather).await
}

/// Asks about these alerts, at most 100 of them, one after the other; changes that are new are decided.
/// Keys that are not ours are left out.
///
/// # Errors
/// [`Unheard`]: the rest was not asked about.
pub async fn poll_round(
    router: &Arc<Router>,
    poller: &Poller,
    keys: Vec<DedupKey>,
) -> Result<PollRound, Unheard> {
    let mut round = PollRound::default();
    for key in poller.turn(keys) {
        let Some((changes, others)) = poller.asked(&key).await? else { continue };
        round.asked += 1;
        others.into_iter().for_each(|heard| router.metrics.heard("poll", heard.as_str()));
        for change in changes {
            let heard = hear(router, &change).await;
            let heard = heard.map_err(|nack| Unheard::NotDecided(nack.reason))?;
            router.metrics.heard("poll", heard.as_str());
            round.decided += usize::from(heard == Heard::Decided);
        }
    }
    Ok(round)
}

/// Decides a change, if it was not heard before and is about an incident as it is now. Returns once that is
/// on disk; what it brings about goes on without the one who waits.
///
/// # Errors
/// [`Nack`] where it could not be decided: it has to be told again.
pub(crate) async fn hear(router: &Arc<Router>, change: &Change) -> Result<Heard, Nack> {
    let Change { command, incident, episode } = change;
    let failed = |error| Nack { reason: format!("the store failed: {error}"), retry_after: None };
    if router.store.find(&command.id).await.map_err(failed)?.is_some() {
        return Ok(Heard::Repeat);
    }
    let mut state = State::default();
    router.store.load(&[Key::Incident(incident.clone())], &mut state).await.map_err(failed)?;
    match state.incident(incident) {
        // Paged by another Watchfire, or before its decision could be recorded.
        None => Ok(Heard::Unknown),
        // A late end of the last episode must not end this one.
        Some(record) if record.episode != *episode => Ok(Heard::OtherEpisode),
        Some(_) => router.command_recorded(command).await.map(|_| Heard::Decided),
    }
}
