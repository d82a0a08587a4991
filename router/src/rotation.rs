//! Secrets that are rotated where they are kept: fetched again while they are in use, and used at once by all who have them.
//!
//! ```text
//! every 5 minutes, and soon after somebody was refused with one -> AWS is asked -> another? -> it fits? -> it is used
//! ```
//!
//! What is in a file is looked at by a reload, which takes it over the same way. An environment variable stays as it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use crate::clients::Clients;
use crate::config::Config;
use crate::router::Router;
use crate::secret::{Secret, SecretSource, SecretUse};
use crate::telemetry;

/// A rotated secret is in use by then, even where nobody is refused with the old one.
const EVERY: Duration = Duration::from_secs(300);
/// Between two looks, however many are refused: nobody pays for more calls because somebody else's answers are wrong.
const LEAST: Duration = Duration::from_secs(30);

/// The secrets in use.
pub struct Rotation {
    clients: Arc<Clients>,
    router: Arc<Router>,
    /// The configuration of the start, by which some parts go on, and the newest.
    in_use: Mutex<[Config; 2]>,
    looked_at: Mutex<Timestamp>,
}

impl Rotation {
    /// The secrets that this configuration names.
    pub fn of(config: &Config, router: Arc<Router>, clients: Arc<Clients>) -> Self {
        let in_use = Mutex::new([config.clone(), config.clone()]);
        Self { clients, in_use, looked_at: Mutex::new(router.clock.now()), router }
    }

    /// What was there at the start takes over the secrets of a newer configuration, of which that is in force from here on.
    pub(crate) fn goes_on_with(&self, mut newest: Config, in_force: &Config) {
        let secrets: Vec<_> = newest.secrets().into_iter().filter_map(known).collect();
        self.take_over(&secrets);
        self.in_use()[1] = in_force.clone();
    }

    /// Looks as often as it has to, and when somebody was refused, for as long as this is polled.
    pub async fn keep_looking(self: Arc<Self>) {
        loop {
            tokio::select! { () = self.clients.doubt.raised() => {}, () = sleep(EVERY) => {} }
            self.look().await;
            sleep(LEAST).await;
        }
    }

    /// Has it look soon, where the last look is that long ago: whoever calls may have been frozen meanwhile.
    pub fn look_if_old(&self, now: Timestamp) {
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(looked_at) >= SignedDuration::try_from(EVERY).expect("it is minutes") {
            self.clients.doubt.raise();
        }
    }

    /// Asks for the secrets that AWS keeps, and has those that are others used. One that cannot be had stays as it was.
    pub async fn look(&self) {
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = self.router.clock.now();
        let mut places: Vec<SecretSource> = Vec::new();
        for config in &mut self.in_use().clone() {
            for SecretUse { source, .. } in config.secrets() {
                let place = source.place();
                if !place.is_local() && !places.contains(place) {
                    places.push(place.clone());
                }
            }
        }
        let mut secrets = Vec::new();
        for place in places {
            match place.resolve(&self.clients).await {
                Ok(secret) => secrets.push((place, secret)),
                Err(error) => telemetry::secret_not_fetched(&error),
            }
        }
        if self.take_over(&secrets) {
            // Whoever was refused with the old one need not wait.
            self.router.in_force().channels.values().for_each(|channel| channel.look_again());
        }
    }

    /// Whether any of them is another than before.
    fn take_over(&self, secrets: &[(SecretSource, Secret)]) -> bool {
        let mut is_any = false;
        for config in &mut self.in_use().clone() {
            for SecretUse { path, source, fits } in config.secrets() {
                let newer =
                    secrets.iter().find(|(place, _)| place == source.place()).map(|(_, secret)| secret);
                let (Some(newer), Some(secret)) = (newer, source.known()) else { continue };
                if newer == secret {
                    continue;
                }
                match fits(newer) {
                    Ok(()) => {
                        secret.becomes(newer);
                        is_any = true;
                        telemetry::secret_rotated(&path);
                    }
                    Err(mistake) => telemetry::secret_does_not_fit(&path, &mistake),
                }
            }
        }
        is_any
    }

    fn in_use(&self) -> MutexGuard<'_, [Config; 2]> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known(SecretUse { source, .. }: SecretUse<'_>) -> Option<(SecretSource, Secret)> {
    Some((source.place().clone(), source.known()?.clone()))
}
