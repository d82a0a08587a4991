//! Lists of a namespace that findings share when they come within seconds of each other.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use tokio::time::{Instant, timeout_at};

use super::calls::{Calls, Unheard};
use super::objects::{Kind, Object};

/// How long a list is good for to an event, from when it was asked for: what is decided by it is done no sooner, once there is
/// evidence.
const FRESH: Duration = Duration::from_secs(2);

/// How long one call may take; whoever waits for it has a time of their own.
const LONGEST: Duration = Duration::from_secs(10);

/// Whoever asks first asks for all who want the same, and for as long as any of them waits.
type Answer = future::Shared<BoxFuture<'static, Result<Arc<dyn Any + Send + Sync>, Unheard>>>;

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
    /// All objects of a namespace. That there is no answer is shared by those who wait for it, and by nobody later.
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
        let list = match timeout_at(until, self.answer::<K>(calls, namespace, since)).await {
            Ok(list) => list?,
            Err(_) => return Err(Unheard::late(K::PLURAL)),
        };
        Ok(list.downcast().expect("it is kept under its type"))
    }

    fn answer<K>(&self, calls: &Calls, namespace: &str, since: Instant) -> Answer
    where
        K: Kind<Scope = NamespaceResourceScope>,
    {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .retain(|_, (asked, answer)| asked.elapsed() < FRESH && !matches!(answer.peek(), Some(Err(_))));
        let key = (TypeId::of::<K>(), namespace.to_owned());
        if let Some((asked, answer)) = answers.get(&key)
            && *asked >= since
        {
            return answer.clone();
        }
        let (calls, of) = (calls.clone(), namespace.to_owned());
        let ask = async move {
            let list = calls.list::<K>(&of, ListParams::default(), Instant::now() + LONGEST).await?;
            Ok(Arc::new(list) as Arc<dyn Any + Send + Sync>)
        };
        let answer = ask.boxed().shared();
        answers.insert(key, (Instant::now(), answer.clone()));
        answer
    }
}
