//! Room for attempts, shared by all who ask for the same key.

use std::time::Duration;

use futures_util::future::join_all;
use watchfire::store::{Ask, Leased, Store, Urgency};

use super::builders::at;

/// Of twelve, three for what is routine; used within seven seconds.
fn ask(urgency: Urgency, want: u32) -> Ask {
    Ask { most: 12, most_routine: 3, urgency, want, used_within: Duration::from_secs(7) }
}

async fn lease(store: &Store, key: &str, ask: Ask, seconds: i64) -> Leased {
    store.lease(key, &ask, at(seconds)).await.unwrap()
}

pub async fn what_is_leased_is_never_more_than_the_room(open: impl AsyncFn() -> Store) {
    let store = open().await;
    assert_eq!(lease(&store, "k", ask(Urgency::Routine, 9), 0).await, Leased::Attempts(3));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 5), 0).await, Leased::Attempts(5));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 9), 1).await, Leased::Attempts(4));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 1), 2).await, Leased::NoneBefore(at(67)));
    assert_eq!(lease(&store, "other", ask(Urgency::Urgent, 9), 2).await, Leased::Attempts(9), "another key");
}

pub async fn what_is_leased_is_room_again_a_minute_after_it_is_over(open: impl AsyncFn() -> Store) {
    let store = open().await;
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 10), 0).await, Leased::Attempts(10));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 10), 30).await, Leased::Attempts(2));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 10), 66).await, Leased::NoneBefore(at(67)));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 12), 67).await, Leased::Attempts(10));
    assert_eq!(lease(&store, "k", ask(Urgency::Urgent, 12), 97).await, Leased::Attempts(2));
}

pub async fn many_who_lease_at_once_get_the_room_and_no_more(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let ask = Ask { most: 110, most_routine: 27, ..ask(Urgency::Urgent, 15) };
    let asking = (0..8).map(|_| async {
        let mut got = 0;
        while let Leased::Attempts(attempts) = lease(&store, "k", ask, 0).await {
            got += attempts;
        }
        got
    });
    assert_eq!(join_all(asking).await.iter().sum::<u32>(), 110);
}
