//! `/board/live`: says that something has changed, and nothing of what; the script then fetches its page again.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until, timeout};
use watchfire_core::ids::EventId;

use super::Board;
use super::visitor::Visitor;
use crate::identity::{Access, Shown, Use};
use crate::router::Router;
use crate::store::Store;
use crate::web::Line;

/// How long changes are gathered into one, and how long it is between two of those that browsers hear of.
const GATHERED: Duration = Duration::from_millis(100);
const APART: Duration = Duration::from_millis(700);
/// How often it is looked for what others on the same table have done.
const OTHERS: Duration = Duration::from_secs(2);
/// How often a browser hears that its connection is alive.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether who looks on would still be let in; with whatever is told, and when a session is ended.
const AGAIN: Duration = Duration::from_secs(5);
/// After that time a browser connects anew.
const LONGEST: Duration = Duration::from_secs(600);

/// How much has happened: here, and elsewhere on the same table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64, pub(super) u64);

/// What browsers are told.
#[derive(Clone, Debug)]
pub(super) struct Live {
    here: watch::Receiver<u64>,
    elsewhere: watch::Receiver<u64>,
    /// Whoever looks on has one of their own: this is cloned with the board, for each of its routes.
    ticks: Arc<watch::Receiver<u64>>,
    /// A count would tell somebody of one namespace how much happens in all: they are told another mark for each.
    marks: RandomState,
}

/// What was decided last, and how much of it is done.
type Newest = Option<(EventId, usize)>;

impl Live {
    /// Follows a router until there is none any more.
    pub(super) fn begin(router: &Arc<Router>) -> Self {
        let (ticks, ticking) = watch::channel(0);
        let (elsewhere, others) = watch::channel(0);
        let here = router.changes();
        tokio::spawn(follow(Arc::downgrade(router), here.clone(), ticks, elsewhere));
        Self { here, elsewhere: others, ticks: Arc::new(ticking), marks: RandomState::new() }
    }

    /// How much has happened by now.
    pub(super) fn moment(&self) -> Moment {
        Moment(*self.here.borrow(), *self.elsewhere.borrow())
    }
}

async fn follow(
    router: Weak<Router>,
    mut here: watch::Receiver<u64>,
    ticks: watch::Sender<u64>,
    elsewhere: watch::Sender<u64>,
) {
    let (mut looks, mut newest, mut told) = (interval(OTHERS), None, Instant::now());
    loop {
        tokio::select! {
            changed = here.changed() => if changed.is_err() { return },
            _ = looks.tick() => {
                // That of the board itself is one.
                let is_looked_at = ticks.receiver_count() > 1;
                let found = if is_looked_at { others(&router).await } else { None };
                if found.is_none() || found == newest {
                    continue;
                }
                newest = found;
                elsewhere.send_modify(|count| *count += 1);
            }
        }
        // After a rest it is told at once, and not more than about once a second however much happens.
        sleep_until((told + APART).max(Instant::now() + GATHERED)).await;
        told = Instant::now();
        here.mark_unchanged();
        ticks.send_modify(|count| *count += 1);
    }
}

/// What was decided last on a table, which others may have done; a file is this process's.
async fn others(router: &Weak<Router>) -> Newest {
    let router = router.upgrade()?;
    if matches!(router.store, Store::Embedded(_)) {
        return None;
    }
    let newest = router.journal(1).await.ok()?;
    newest.first().map(|entry| (entry.decision.event.clone(), entry.outcomes.len()))
}

/// Who looks on, asked again now and then: a stream ends with what let them in.
struct Onlooker {
    access: Arc<Access>,
    endings: watch::Receiver<u64>,
    headers: HeaderMap,
    line: Option<Arc<Line>>,
    marks: RandomState,
    looked_at: Instant,
}

impl Onlooker {
    fn of(board: &Board, visitor: Visitor, line: Option<Arc<Line>>) -> Self {
        let (access, endings) = (board.access.clone(), board.access.endings());
        let marks = board.live.marks.clone();
        Self { access, endings, headers: visitor.headers, line, marks, looked_at: Instant::now() }
    }

    /// Whether they would still be let in.
    async fn is_let_in(&mut self) -> bool {
        self.looked_at = Instant::now();
        let peer = self.line.as_ref().map(|line| line.from);
        let shown = Shown { headers: &self.headers, peer, how: Use::ByItself, now: Timestamp::now() };
        self.access.who(shown).await.is_ok()
    }
}

/// Tells of each change until the browser goes away, or what let it in is over.
pub(super) async fn live(
    visitor: Visitor,
    State(board): State<Board>,
    line: Option<Extension<Arc<Line>>>,
) -> Response {
    let line = line.map(|Extension(line)| line);
    let mut ticks = (*board.live.ticks).clone();
    ticks.mark_changed();
    let until = Instant::now() + LONGEST;
    let onlooker = Onlooker::of(&board, visitor, line);
    let events = stream::unfold((ticks, onlooker, until), async |(mut ticks, mut onlooker, until)| {
        let changed = loop {
            let (changed, is_due) = tokio::select! {
                changed = timeout(ALIVE, ticks.changed()) => (Some(changed), onlooker.looked_at.elapsed() >= AGAIN),
                // Somebody's session has ended, which may be another's.
                _ = onlooker.endings.changed() => (None, true),
            };
            if is_due && !onlooker.is_let_in().await {
                return None;
            }
            if let Some(changed) = changed {
                break changed;
            }
        };
        // Nobody who asks something has to wait for one who only listens.
        onlooker.line.iter().for_each(|line| line.answered());
        let event = match changed {
            Ok(Ok(())) => format!("data: {:x}\n\n", onlooker.marks.hash_one(*ticks.borrow_and_update())),
            Ok(Err(_)) => return None,
            Err(_) => ":\n\n".to_owned(),
        };
        (Instant::now() < until).then_some((Ok::<_, Infallible>(event), (ticks, onlooker, until)))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}
