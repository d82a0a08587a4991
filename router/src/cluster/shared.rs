//! Lists of a namespace that findings share when they come within seconds of each other.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::calls::{Calls, Unheard};
use super::objects::{Kind, Object};

/// How long a list is good for to an event, from when it was asked for: what is decided by it is done no sooner, once there is
/// evidence.
const FRESH: Duration = Duration::from_secs(2);

/// Whoever asks first asks for all who want the same.
type Answer = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// Answers that are good: asked for since then, and there by then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    since: Instant,
    pub(super) until: Instant,
}

impl Times {
    /// For an event, which shares what others were told seconds ago.
    pub(super) fn shared(until: Instant) -> Self {
        let now = Instant::now();
        Self { since: now.checked_sub(FRESH).unwrap_or(now), until }
    }

    /// For what a human asks for: as it is now.
    pub(super) fn now(until: Instant) -> Self {
        Self { since: Instant::now(), until }
    }
}

/// What namespaces were last said to have.
#[derive(Default)]
pub(super) struct Shared {
    answers: Mutex<HashMap<(TypeId, String), (Instant, Answer)>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Shared")
    }
}

impl Shared {
    /// All objects of a namespace. That there is no answer is not shared.
    pub(super) async fn list<K>(
        &self,
        calls: &Calls,
        namespace: &str,
        times: Times,
    ) -> Result<Arc<Vec<Object<K>>>, Unheard>
    where
        K: Kind<Scope = NamespaceResourceScope>,
    {
        let Times { since, until } = times;
        let answer = self.answer::<K>(namespace, since);
        let ask = async || {
            let list = calls.list::<K>(namespace, ListParams::default(), until).await?;
            Ok(Arc::new(list) as Arc<dyn Any + Send + Sync>)
        };
        let list = match timeout_at(until, answer.get_or_try_init(ask)).await {
            Ok(list) => list?.clone(),
            // Another's call takes longer than this one may.
            Err(_) => return Err(Unheard::late(K::PLURAL)),
        };
        Ok(list.downcast().expect("it is kept under its type"))
    }

    fn answer<K: 'static>(&self, namespace: &str, since: Instant) -> Answer {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, (asked, _)| asked.elapsed() < FRESH);
        let key = (TypeId::of::<K>(), namespace.to_owned());
        let (asked, answer) = answers.entry(key).or_insert_with(|| (Instant::now(), Answer::default()));
        if *asked < since {
            (*asked, *answer) = (Instant::now(), Answer::default());
        }
        answer.clone()
    }
}
