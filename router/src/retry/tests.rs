//! Attempts on a clock that is set.

use std::sync::Mutex;

use super::*;
use crate::failure::Done;

const SECOND: Duration = Duration::from_secs(1);

/// What a scripted other side does next.
enum Next {
    Take,
    Fail(Option<Duration>),
    Refuse,
    Hang,
}

/// Performs against the script; the outcome and when, since the start, each attempt was made.
async fn run(script: Vec<Next>, give_up_after: Duration) -> (Result<Done, Failure>, Vec<Duration>) {
    let start = Instant::now();
    let script = Mutex::new(script.into_iter());
    let times = Mutex::new(Vec::new());
    let attempt = async || {
        times.lock().expect("one thread").push(start.elapsed());
        let next = script.lock().expect("one thread").next().expect("no attempt beyond the script");
        match next {
            Next::Take => Ok(Done { receipt: "taken".to_owned() }),
            Next::Fail(retry_after) => Err(Failure::Transient { reason: "busy".to_owned(), retry_after }),
            Next::Refuse => Err(Failure::permanent("refused")),
            Next::Hang => std::future::pending().await,
        }
    };
    let outcome = until(start + give_up_after, async || Ok(()), attempt).await;
    let times = times.lock().expect("one thread").clone();
    (outcome, times)
}

fn taken() -> Result<Done, Failure> {
    Ok(Done { receipt: "taken".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn attempts_are_about_1_5_15_and_30_seconds_apart() {
    let fails = std::iter::repeat_with(|| Next::Fail(None)).take(5);
    let (outcome, times) = run(fails.chain([Next::Take]).collect(), 600 * SECOND).await;
    assert_eq!(outcome, taken());
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    assert_eq!(gaps.len(), 5);
    for (gap, about) in gaps.iter().zip([1.0, 5.0, 15.0, 30.0, 30.0]) {
        assert!((0.5 * about..=1.5 * about + 0.01).contains(gap), "{gap} is not about {about}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_retry_after_is_honoured() {
    let (outcome, times) = run(vec![Next::Fail(Some(20 * SECOND)), Next::Take], 60 * SECOND).await;
    assert_eq!((outcome, times), (taken(), vec![Duration::ZERO, 20 * SECOND]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_past_the_end_is_handed_back_at_once() {
    let (outcome, times) = run(vec![Next::Fail(Some(90 * SECOND))], 60 * SECOND).await;
    let expected = Failure::Transient { reason: "busy".to_owned(), retry_after: Some(90 * SECOND) };
    assert_eq!((outcome, times), (Err(expected), vec![Duration::ZERO]));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_not_repeated() {
    let (outcome, times) = run(vec![Next::Refuse], 60 * SECOND).await;
    assert_eq!((outcome, times), (Err(Failure::permanent("refused")), vec![Duration::ZERO]));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_is_cut_and_repeated() {
    let (outcome, times) = run(vec![Next::Hang, Next::Take], 60 * SECOND).await;
    assert_eq!(outcome, taken());
    assert!((15 * SECOND..17 * SECOND).contains(&times[1]), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_past_the_end_but_a_first_attempt() {
    let start = Instant::now();
    let (outcome, times) = run(vec![Next::Fail(Some(10 * SECOND)), Next::Hang], 12 * SECOND).await;
    assert_eq!(start.elapsed(), 12 * SECOND);
    assert_eq!(times, [Duration::ZERO, 10 * SECOND]);
    let Err(Failure::Transient { reason, retry_after: Some(_) }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "no answer within 2 s (attempt 2)");

    let start = Instant::now();
    let (outcome, _) = run(vec![Next::Hang], Duration::ZERO).await;
    assert_eq!(start.elapsed(), 15 * SECOND);
    assert!(matches!(outcome, Err(Failure::Transient { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_is_tried_once_even_when_it_is_late() {
    assert_eq!(run(vec![Next::Take], Duration::ZERO).await, (taken(), vec![Duration::ZERO]));
}

#[tokio::test(start_paused = true)]
async fn without_room_there_is_no_attempt() {
    let full = || Failure::Transient { reason: "no room".to_owned(), retry_after: Some(SECOND) };
    let attempt = async || panic!("not admitted");
    let outcome = until(Instant::now() + 60 * SECOND, async || Err(full()), attempt).await;
    assert_eq!(outcome, Err::<Done, _>(full()));
}
