//! Storms on a clock that is set.

#![allow(clippy::unwrap_used)]

mod fleet;

use std::sync::Arc;

use watchfire_core::priority::Priority;

use super::*;
use crate::failure::Failure;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Never tried before.
fn new(priority: Priority) -> Rank {
    Rank { is_tried: false, priority }
}

fn pace(most: u32) -> Pace {
    Pace::new(ChannelName::new("oncall"), Bound::of(PerMinute(most), &["a key"]))
}

/// When, since the start, pages of that priority were admitted that came as fast as they could.
async fn storm(pace: Arc<Pace>, priority: Priority, lasting: Duration) -> Vec<Duration> {
    let start = Instant::now();
    let mut admitted = Vec::new();
    while start.elapsed() < lasting {
        match pace.admit(new(priority), start + lasting).await {
            Ok(()) => admitted.push(start.elapsed()),
            Err(Failure::Transient { retry_after: Some(wait), .. }) => sleep(wait.min(SECOND)).await,
            Err(other) => panic!("{other:?}"),
        }
    }
    admitted
}

#[tokio::test(start_paused = true)]
async fn no_minute_sees_more_than_the_limit_and_little_of_it_is_wasted() {
    for most in [4, 5, 20, 60, 110, 1000] {
        let paced = Arc::new(pace(most));
        let lasting = 4 * MINUTE;
        let urgent = tokio::spawn(storm(Arc::clone(&paced), Priority::P0, lasting));
        let routine = tokio::spawn(storm(paced, Priority::P3, lasting));
        let mut times = urgent.await.expect("no panic");
        times.extend(routine.await.expect("no panic"));
        times.sort();
        let busiest =
            times.iter().map(|first| times.iter().filter(|t| **t >= *first && **t < *first + MINUTE).count());
        let busiest = busiest.max().expect("some were admitted");
        assert!(busiest <= most as usize, "{busiest} of {most} in a minute");
        assert!(times.len() >= 7 * most as usize / 2, "{} of {most} a minute in 4 minutes", times.len());
    }
}

#[tokio::test(start_paused = true)]
async fn where_two_must_not_be_near_each_other_none_are_whatever_lane_they_come_by() {
    let bound = Bound::of(PerMinute(50), &["a key"]).apart(SECOND);
    let paced = Arc::new(Pace::new(ChannelName::new("chat"), bound));
    let urgent = tokio::spawn(storm(Arc::clone(&paced), Priority::P0, MINUTE));
    let routine = tokio::spawn(storm(paced, Priority::P3, MINUTE));
    let mut times = urgent.await.expect("no panic");
    times.extend(routine.await.expect("no panic"));
    times.sort();
    let nearest = times.windows(2).map(|two| two[1] - two[0]).min().expect("some were admitted");
    assert!(nearest >= SECOND && times.len() >= 40, "{} of them, {nearest:?} apart", times.len());
}

#[tokio::test(start_paused = true)]
async fn an_urgent_page_does_not_wait_behind_a_storm_of_routine_ones() {
    let pace = pace(110);
    let give_up_at = Instant::now() + MINUTE;
    while pace.admit(new(Priority::P2), Instant::now()).await.is_ok() {}
    let start = Instant::now();
    for _ in 0..20 {
        pace.admit(new(Priority::P0), give_up_at).await.expect("room");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_page_waits_for_room_until_it_gives_up_and_no_longer() {
    let pace = pace(12);
    let start = Instant::now();
    let mut admitted = 0;
    let refusal = loop {
        match pace.admit(new(Priority::P1), start + 30 * SECOND).await {
            Ok(()) => admitted += 1,
            Err(refusal) => break refusal,
        }
    };
    // A burst of 3 and 1 from the lanes, then one each 6.7 s (urgent) and 20 s (routine).
    assert_eq!(admitted, 9);
    let Failure::Transient { reason: _, retry_after: Some(wait) } = refusal else { panic!("{refusal:?}") };
    assert!(start.elapsed() + wait >= 30 * SECOND && wait <= 7 * SECOND, "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn routine_pages_without_room_leave_soon_and_come_back_one_after_the_other() {
    let pace = pace(110);
    let give_up_at = Instant::now() + 10 * MINUTE;
    while pace.admit(new(Priority::P3), Instant::now()).await.is_ok() {}
    let mut returns = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        match pace.admit(new(Priority::P3), give_up_at).await {
            Err(Failure::Transient { reason: _, retry_after: Some(wait) }) => {
                returns.push(Instant::now() + wait)
            }
            other => panic!("{other:?}"),
        }
        assert!(start.elapsed() <= ROUTINE_PATIENCE);
    }
    let period = pace.routine.period;
    assert!(returns.windows(2).all(|pair| pair[1] - pair[0] == period), "{returns:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_sent_away_for_more_than_an_hour() {
    let pace = pace(4);
    for _ in 0..1000 {
        if let Err(Failure::Transient { retry_after: Some(wait), .. }) =
            pace.admit(new(Priority::P3), Instant::now()).await
        {
            assert!(wait <= LATEST_RETURN, "{wait:?}");
        }
    }
}

#[test]
fn a_limit_too_small_for_two_lanes_is_refused() {
    assert_eq!(PerMinute::try_from(3), Err(expected("at least 4 a minute").found("3")));
    assert_eq!(PerMinute::try_from(4), Ok(PerMinute(4)));
}
