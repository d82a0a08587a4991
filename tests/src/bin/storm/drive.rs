//! The storm in real time: each finding is posted when its time comes, whatever became of those before it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use watchfire_core::priority::Priority;
use watchfire_tests::storm::{SPAN, Shot, Storm};

use crate::post::{AT_ONCE, Lasting, Post, Program, Taken, now};

/// What is due is posted so often.
const TICK: Duration = Duration::from_millis(10);
/// Findings of one post: what Prometheus takes, too.
const BATCH: usize = 64;
/// Batches that wait or are on their way; the storm halts where a program takes nothing for so long.
const POSTS: usize = 4096;

/// A run.
#[derive(Debug)]
pub(crate) struct Drive {
    pub(crate) program: Program,
    pub(crate) url: String,
    /// So many simulated seconds in a real one. Only the storm is faster: no program's clock is.
    pub(crate) speed: u32,
    /// All that is active is posted again so often, in real time.
    pub(crate) resend: Option<Duration>,
}

/// What has been posted, and the latest report of each alert.
#[derive(Debug, Default)]
struct Told {
    accepted: u64,
    refusals: u64,
    active: BTreeMap<String, Shot>,
}

impl Drive {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self { program, url, speed, resend } = self;
        let lasting = resend.map_or(Lasting::Said, |_| Lasting::Resent);
        let post = Arc::new(Post {
            http: watchfire_tests::http(),
            program,
            url,
            lasting,
            lines: Semaphore::new(AT_ONCE),
        });
        let told = Arc::new(Mutex::new(Told::default()));
        let (half, whole) = (SPAN / 2, SPAN / speed);
        // The last report is as old as it says, and none is from the future.
        let mut storm = Storm::at(Timestamp::now() + whole - SPAN).peekable();
        let places = Arc::new(Semaphore::new(POSTS));
        let mut posts = JoinSet::new();
        let resending =
            resend.map(|every| tokio::spawn(resend_all(Arc::clone(&post), Arc::clone(&told), every)));

        let start = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut posted, mut behind, mut is_half) = (0, Duration::ZERO, false);
        println!("{}", json!({"began": now()}));
        while let Some(next) = storm.peek() {
            if next.at >= half && !std::mem::replace(&mut is_half, true) {
                println!("{}", json!({"half": now()}));
            }
            let late = start.elapsed().saturating_sub(next.at / speed);
            if start.elapsed() * speed < next.at {
                ticks.tick().await;
                continue;
            }
            let mut batch = Vec::with_capacity(BATCH);
            while let Some(shot) =
                storm.next_if(|shot| shot.at <= start.elapsed() * speed && batch.len() < BATCH)
            {
                batch.push(shot);
            }
            (posted, behind) = (posted + batch.len(), behind.max(late));
            let place = Arc::clone(&places).acquire_owned().await.context("nobody closes it")?;
            let (post, told) = (Arc::clone(&post), Arc::clone(&told));
            posts.spawn(async move {
                let _place = place;
                told_of(&post, &told, batch).await
            });
            while let Some(ended) = posts.try_join_next() {
                ended??;
            }
        }
        while let Some(ended) = posts.join_next().await {
            ended??;
        }
        let Told { accepted, refusals, .. } = *told.lock().unwrap_or_else(PoisonError::into_inner);
        println!(
            "{}",
            json!({
                "ended": now(), "posted": posted, "accepted": accepted, "refusals": refusals,
                "behind_ms": behind.as_millis() as u64, "took_ms": start.elapsed().as_millis() as u64,
            })
        );
        if let Some(resending) = resending {
            tokio::select! {
                ended = resending => ended??,
                () = crate::standard_input_closes() => (),
            }
        }
        Ok(())
    }
}

async fn told_of(post: &Post, told: &Mutex<Told>, batch: Vec<Shot>) -> anyhow::Result<()> {
    if let Lasting::Resent = post.lasting {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.active.extend(batch.iter().map(|shot| (shot.finding.clone(), shot.clone())));
    }
    let taken = post.until_taken(&batch).await?;
    let Taken { posted, accepted, refusals } = taken;
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    told.accepted += batch.len() as u64;
    told.refusals += refusals;
    drop(told);
    for shot in batch.iter().filter(|shot| shot.priority == Priority::P0) {
        println!(
            "{}",
            json!({
                "p0": shot.event, "pod": shot.subject.name, "kind": shot.kind.name,
                "at_ms": shot.at.as_millis() as u64, "posted": posted, "accepted": accepted, "refusals": refusals,
            })
        );
    }
    Ok(())
}

/// As Prometheus: what could not be sent is sent at the next turn.
async fn resend_all(post: Arc<Post>, told: Arc<Mutex<Told>>, every: Duration) -> anyhow::Result<()> {
    let mut turns = interval(every);
    turns.tick().await;
    loop {
        turns.tick().await;
        let active: Vec<_> = {
            let told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.active.values().cloned().collect()
        };
        let mut taken = 0;
        for batch in active.chunks(BATCH) {
            taken += if post.once(batch).await? { batch.len() } else { 0 };
        }
        println!("{}", json!({"resent": now(), "active": active.len(), "taken": taken}));
    }
}
