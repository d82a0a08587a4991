//! Many workers on one key, in a time that is set: clocks a little apart, crashes, storms that come and go.

use std::sync::Mutex;

use jiff::SignedDuration;
use tempfile::TempDir;

use super::*;
use crate::store::Store;

const MOST: u32 = 110;

/// A room that all workers lease of, and when they made their attempts.
struct Fleet {
    store: Store,
    start: Instant,
    attempts: Mutex<Vec<Duration>>,
    _folder: TempDir,
}

impl Fleet {
    fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("room.redb")).unwrap();
        Arc::new(Self { store, start: Instant::now(), attempts: Mutex::default(), _folder: folder })
    }

    /// One whose clock is ahead by so many milliseconds.
    fn worker(&self, ahead: i64) -> Pace {
        let (start, noon) = (self.start, "2026-11-20T12:00:00Z".parse::<jiff::Timestamp>().unwrap());
        let pace = pace(MOST);
        let now = move || {
            let passed = SignedDuration::try_from(start.elapsed()).unwrap();
            noon + passed + SignedDuration::from_millis(ahead)
        };
        pace.share(&Lessor::of_many(&self.store, Arc::new(now)));
        pace
    }

    async fn attempt(&self, pace: &Pace, priority: Priority, give_up_at: Instant) -> Result<(), Failure> {
        pace.admit(new(priority), give_up_at).await?;
        self.attempts.lock().unwrap().push(self.start.elapsed());
        Ok(())
    }

    /// Attempts as fast as there is room for them.
    async fn storm(&self, pace: &Pace, priority: Priority, lasting: Duration) {
        let end = Instant::now() + lasting;
        while Instant::now() < end {
            if self.attempt(pace, priority, end).await.is_err() {
                sleep(SECOND / 4).await;
            }
        }
    }

    fn attempts(&self) -> Vec<Duration> {
        let mut attempts = self.attempts.lock().unwrap().clone();
        attempts.sort();
        attempts
    }

    /// The most that any 60 s have seen.
    fn busiest(&self) -> usize {
        let all = self.attempts();
        let seen = |first: &Duration| all.iter().filter(|at| *at >= first && **at < *first + MINUTE).count();
        all.iter().map(seen).max().unwrap_or_default()
    }
}

/// Numbers that a seed decides.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// A worker's life: it is still, pages, crashes and is begun again.
async fn live(fleet: Arc<Fleet>, seed: u64) {
    let mut chance = Chance(seed | 1);
    let end = fleet.start + 5 * MINUTE;
    let ahead = chance.below(2_000) as i64 - 1_000;
    let mut pace = fleet.worker(ahead);
    while Instant::now() < end {
        let lasting = Duration::from_millis(chance.below(20_000));
        match chance.below(5) {
            0 => sleep(lasting).await,
            1 => pace = fleet.worker(ahead),
            2 => fleet.storm(&pace, Priority::P3, lasting).await,
            3 => fleet.storm(&pace, Priority::P1, lasting).await,
            _ => {
                let both = tokio::join!(
                    fleet.storm(&pace, Priority::P0, lasting),
                    fleet.storm(&pace, Priority::P2, lasting)
                );
                let ((), ()) = both;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_minute_sees_more_than_the_room_whatever_its_workers_do() {
    for seed in 1..=20 {
        let fleet = Fleet::new();
        let mut chance = Chance(seed);
        let workers = 1 + chance.below(8);
        let living = (0..workers).map(|worker| tokio::spawn(live(fleet.clone(), seed * 1_000 + worker)));
        for life in living.collect::<Vec<_>>() {
            life.await.unwrap();
        }
        let busiest = fleet.busiest();
        assert!(busiest <= MOST as usize, "{busiest} in a minute, of {workers} workers, by seed {seed}");
        assert!(fleet.attempts().len() >= MOST as usize, "seed {seed} shows nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn one_active_worker_of_many_has_nearly_all_of_the_room() {
    let fleet = Fleet::new();
    let idle: Vec<Pace> = (0..7).map(|worker| fleet.worker(worker * 100)).collect();
    for pace in &idle {
        fleet.attempt(pace, Priority::P0, Instant::now()).await.unwrap();
    }
    let active = fleet.worker(0);
    fleet.storm(&active, Priority::P0, 10 * MINUTE).await;
    let made = fleet.attempts().len();
    assert!(made >= 9 * MOST as usize, "{made} of {} in ten minutes", 10 * MOST);
    assert!(fleet.busiest() <= MOST as usize);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_page_waits_behind_no_workers_routine_ones() {
    let fleet = Fleet::new();
    let storms = (0..5).map(|worker| {
        let (fleet, pace) = (fleet.clone(), fleet.worker(worker * 200));
        tokio::spawn(async move { fleet.storm(&pace, Priority::P2, 3 * MINUTE).await })
    });
    let storms: Vec<_> = storms.collect();
    let urgent = fleet.worker(-500);
    for _ in 0..90 {
        sleep(2 * SECOND).await;
        let before = Instant::now();
        fleet.attempt(&urgent, Priority::P0, before + MINUTE).await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
    for storm in storms {
        storm.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_that_died_had_leased_is_room_again() {
    let fleet = Fleet::new();
    // Each dies with what it has not used.
    while fleet.worker(0).admit(new(Priority::P1), Instant::now()).await.is_ok() {}
    let full = fleet.worker(0);
    assert!(full.admit(new(Priority::P1), Instant::now()).await.is_err());
    sleep(MINUTE + 8 * SECOND).await;
    let start = Instant::now();
    let mut admitted = 0;
    while start.elapsed() < 45 * SECOND && full.admit(new(Priority::P0), start + 45 * SECOND).await.is_ok() {
        admitted += 1;
    }
    assert_eq!(admitted, MOST);
}
