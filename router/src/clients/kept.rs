//! Credentials, fetched once and kept while they are good.
//!
//! The clients of AWS's SDK keep what they were given; signed calls of our own ask each time, and would ask the
//! agent on the node, or STS, as often.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// Before their end they are not good any more. The SDK asks for new ones 10 s before the end, at the latest.
const RENEWED_BEFORE: Duration = Duration::from_secs(60);
/// Those without an end may have been changed where they come from.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(900);

/// Gives those that it has, or asks for new ones.
#[derive(Debug)]
pub(super) struct KeptCredentials {
    provider: SharedCredentialsProvider,
    current: Mutex<Option<(SystemTime, Credentials)>>,
}

impl KeptCredentials {
    pub(super) fn of(provider: SharedCredentialsProvider) -> Self {
        Self { provider, current: Mutex::default() }
    }

    async fn current(&self, now: SystemTime) -> Result<Credentials, CredentialsError> {
        // The lock is held while they are fetched, so that they are fetched once.
        let mut current = self.current.lock().await;
        if let Some((fetched, credentials)) = current.as_ref()
            && is_good(*fetched, credentials, now)
        {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *current = Some((now, credentials.clone()));
        Ok(credentials)
    }
}

fn is_good(fetched: SystemTime, credentials: &Credentials, now: SystemTime) -> bool {
    match credentials.expiry() {
        Some(end) => now + RENEWED_BEFORE < end,
        // A clock that was set back is no reason to keep them.
        None => now.duration_since(fetched).is_ok_and(|age| age < LOOKED_AT_AFTER),
    }
}

impl ProvideCredentials for KeptCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.current(SystemTime::now()))
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Numbers those that it gives; each is good for so long, from the beginning of time.
    #[derive(Debug)]
    struct Numbered {
        given: AtomicU64,
        good_for: Option<Duration>,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.given.fetch_add(1, Ordering::SeqCst);
            let end = self.good_for.map(|good_for| SystemTime::UNIX_EPOCH + good_for);
            future::ProvideCredentials::ready(Ok(Credentials::new(
                number.to_string(),
                "hush",
                None,
                end,
                "test",
            )))
        }
    }

    async fn given(good_for: Option<u64>, asked_at: &[u64]) -> Vec<String> {
        let provider = Numbered { given: AtomicU64::new(0), good_for: good_for.map(Duration::from_secs) };
        let kept = KeptCredentials::of(SharedCredentialsProvider::new(provider));
        let mut given = Vec::new();
        for seconds in asked_at {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds);
            given.push(kept.current(now).await.unwrap().access_key_id().to_owned());
        }
        given
    }

    #[tokio::test]
    async fn credentials_are_kept_until_a_minute_before_their_end() {
        assert_eq!(given(Some(3600), &[0, 1, 3539, 3540, 3541]).await, ["0", "0", "0", "1", "2"]);
    }

    #[tokio::test]
    async fn credentials_without_an_end_are_looked_at_again_after_a_quarter_of_an_hour() {
        assert_eq!(given(None, &[5, 6, 904, 905, 906]).await, ["0", "0", "0", "1", "1"]);
        assert_eq!(given(None, &[5, 4]).await, ["0", "1"]);
    }

    #[tokio::test]
    async fn what_is_kept_does_not_print() {
        let credentials = Credentials::new("AKIDEXAMPLE", "hush", Some("token".to_owned()), None, "test");
        let kept = KeptCredentials::of(SharedCredentialsProvider::new(credentials));
        kept.current(SystemTime::now()).await.unwrap();
        let printed = format!("{kept:?}");
        assert!(!printed.contains("hush") && !printed.contains("token"), "{printed}");
    }
}
