//! A channel that dies and comes back, on a clock that is set.

use tokio::time::sleep;

use super::*;
use crate::failure::{Done, Failure, NotTaken};

const SECOND: Duration = Duration::from_secs(1);

fn failed(retry_after: Option<Duration>) -> Result<Done, NotTaken> {
    Err(NotTaken::ForNow { reason: "500".to_owned(), retry_after })
}

fn taken() -> Result<Done, NotTaken> {
    Ok(Done { receipt: "taken".to_owned() })
}

fn busy(retry_after: Duration) -> Result<Done, NotTaken> {
    Err(NotTaken::Busy { reason: "429".to_owned(), retry_after: Some(retry_after) })
}

/// A channel that has had those answers, at once.
async fn after(answers: impl IntoIterator<Item = Result<Done, NotTaken>>) -> Health {
    let health = Health::new(ChannelName::new("oncall"));
    for answer in answers {
        enter(&health).await.expect("it is up").learn(&answer);
    }
    health
}

async fn dead() -> Health {
    after(std::iter::repeat_with(|| failed(None)).take(DEATH)).await
}

/// Who does not wait.
async fn enter(health: &Health) -> Result<Pass<'_>, Failure> {
    health.enter(false, Instant::now()).await
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_are_death_and_one_answer_in_between_is_life() {
    let four = || std::iter::repeat_with(|| failed(None)).take(DEATH - 1);
    assert!(after(four()).await.is_up());
    assert!(after(four().chain([taken()]).chain(four())).await.is_up());
    let refused = Err(NotTaken::ForGood { reason: "400".to_owned() });
    assert!(after(four().chain([refused]).chain(four())).await.is_up(), "a refusal is an answer");
    assert_eq!(dead().await.down_because(), Some("500".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_no_time_says_nothing_about_the_channel() {
    let cut = || Err(NotTaken::CutShort { reason: "no answer within 1 s".to_owned() });
    assert!(after(std::iter::repeat_with(cut).take(4 * DEATH)).await.is_up());
}

#[tokio::test(start_paused = true)]
async fn being_asked_for_patience_is_pace_and_not_death() {
    let health = after([]).await;
    for _ in 0..3 * DEATH {
        enter(&health).await.expect("it is up").learn(&busy(2 * SECOND));
        assert!(health.is_up());
        let Err(Failure::Transient { reason: _, retry_after }) = enter(&health).await else {
            panic!("too soon")
        };
        assert_eq!(retry_after, Some(2 * SECOND));
        sleep(2 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_page_at_a_time_finds_out_whether_it_is_back() {
    let health = dead().await;
    let mut probes = Vec::new();
    let start = Instant::now();
    while start.elapsed() < 200 * SECOND {
        if let Ok(probe) = enter(&health).await {
            probes.push(start.elapsed().as_secs_f64());
            for _ in 0..20 {
                assert!(enter(&health).await.is_err(), "while one probes, nobody else does");
            }
            probe.learn(&failed(None));
        }
        sleep(SECOND / 10).await;
    }
    let gaps: Vec<_> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(probes[0] <= 1.7 && gaps.iter().all(|gap| *gap <= 45.2), "{probes:?}");
    assert!((5..12).contains(&probes.len()), "{probes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_taken_opens_it_for_all() {
    let health = dead().await;
    sleep(2 * SECOND).await;
    enter(&health).await.expect("the probe is due").learn(&taken());
    for _ in 0..20 {
        assert!(enter(&health).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_room_for_the_next() {
    let health = dead().await;
    sleep(2 * SECOND).await;
    drop(enter(&health).await.expect("the probe is due"));
    assert!(enter(&health).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_to_be_left_alone_is_for_five_minutes_and_then_probed() {
    for asked in [90, 300, 3_600, 86_400].map(Duration::from_secs) {
        for answer in [busy(asked), failed(Some(asked))] {
            let health = after([answer]).await;
            assert!(!health.is_up(), "{asked:?}");
            sleep(asked.min(LONGEST_REST) - SECOND).await;
            assert!(enter(&health).await.is_err(), "{asked:?}");
            sleep(SECOND).await;
            assert!(enter(&health).await.is_ok(), "{asked:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_are_turned_away_come_back_one_after_the_other() {
    let health = dead().await;
    let mut returns = Vec::new();
    for _ in 0..2_000 {
        let Err(Failure::Transient { reason: _, retry_after: Some(wait) }) = enter(&health).await else {
            panic!("it is down");
        };
        returns.push(wait);
    }
    assert!(returns.is_sorted() && returns[0] <= 2 * SECOND, "{:?}", returns[0]);
    assert!(returns[0] + 99 * APART <= returns[99]);
    assert!(returns.iter().all(|wait| *wait <= LONGEST_REST));
}

#[tokio::test(start_paused = true)]
async fn who_has_nowhere_else_to_go_waits_for_the_next_probe() {
    let health = dead().await;
    let start = Instant::now();
    let waiting = health.enter(true, start + 60 * SECOND);
    let probe = waiting.await.expect("it is due within the minute");
    assert!((SECOND / 2..2 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
    let second = health.enter(true, start + 60 * SECOND);
    let (second, ()) = tokio::join!(second, async { probe.learn(&taken()) });
    assert!(second.is_ok() && start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_fallback_leaves_as_soon_as_it_is_dead() {
    let health = after([]).await;
    let passes: Vec<_> = futures_util::future::join_all((0..DEATH).map(|_| enter(&health))).await;
    let start = Instant::now();
    let dies = async {
        sleep(10 * SECOND).await;
        passes.into_iter().for_each(|pass| pass.expect("it is up").learn(&failed(None)));
    };
    let (Failure::Transient { reason, .. }, ()) = tokio::join!(health.lost(), dies) else {
        panic!("it may be back")
    };
    assert_eq!((reason.as_str(), start.elapsed()), ("oncall is down: 500", 10 * SECOND));
}
