//! Watches: the state as it is, then each change, with bookmarks, selections and 410.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Shared;
use super::failure::{Cause, Failure};
use super::kind::Kind;
use super::managed;
use super::reading::{Selection, View};
use super::route::Query;
use super::store::{Change, World};

/// As often as the real server sends bookmarks.
const BOOKMARK: Duration = Duration::from_secs(60);

struct Watch {
    shared: Arc<Shared>,
    kind: Arc<Kind>,
    selection: Selection,
    view: View,
    at: u64,
    expiry: u64,
    ready: VecDeque<Value>,
    bookmarks: bool,
    next_bookmark: Instant,
    ends: Instant,
    over: bool,
}

/// Answers a watch, or refuses it.
pub(crate) fn watch(
    shared: &Arc<Shared>,
    kind: &Arc<Kind>,
    selection: Selection,
    view: View,
    query: &Query,
) -> Result<Response<Body>, Failure> {
    let initial = query.is("sendInitialEvents");
    let bookmarks = query.is("allowWatchBookmarks");
    check(query, initial)?;
    let seconds = query.number("timeoutSeconds").unwrap_or(1800 + super::store::random() % 1800);
    let ends = Instant::now() + Duration::from_secs(seconds);
    let world = shared.world();
    let version = query.get("resourceVersion").map(|text| text.parse::<u64>().map_err(|_| unreadable(text)));
    let version = version.transpose()?.unwrap_or(0);
    let mut watch = Watch {
        shared: Arc::clone(shared),
        kind: Arc::clone(kind),
        selection,
        view,
        at: version,
        expiry: world.expiry,
        ready: VecDeque::new(),
        bookmarks,
        next_bookmark: first_bookmark(seconds),
        ends,
        over: false,
    };
    if initial || version == 0 {
        watch.begin(&world, initial);
    } else if let Err(failure) = world.since(kind, version) {
        watch.fail(&failure);
    }
    drop(world);
    let events = stream::unfold(watch, |mut watch: Watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(format!("{line}\n")), watch))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

/// Within a minute, and 2 s before the end, as the real server does; none in a watch that is shorter.
fn first_bookmark(seconds: u64) -> Instant {
    let before_the_end = seconds.checked_sub(2).filter(|left| *left > 0).unwrap_or(seconds);
    Instant::now() + BOOKMARK.min(Duration::from_secs(before_the_end))
}

fn unreadable(version: &str) -> Failure {
    Failure::bad_request(format!(
        "invalid resource version: strconv.ParseUint: parsing {version:?}: invalid syntax"
    ))
}

fn check(query: &Query, initial: bool) -> Result<(), Failure> {
    let options = super::kind::Kind {
        group: "meta.k8s.io".to_owned(),
        kind: "ListOptions".to_owned(),
        ..(*super::kind::built_in()[0]).clone()
    };
    let matching = query.get("resourceVersionMatch");
    let cause = match (initial, matching) {
        (true, Some("NotOlderThan")) | (false, None) => return Ok(()),
        (true, None) => {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            Cause::forbidden("resourceVersionMatch", why)
        }
        (true, Some(_)) => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            Cause::forbidden("resourceVersionMatch", why)
        }
        (false, Some(_)) => Cause::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
    };
    Err(Failure::invalid(&options, "", &[cause]))
}

impl Watch {
    fn begin(&mut self, world: &World, bookmark: bool) {
        for object in self.selection.of(world, &self.kind) {
            self.ready.push_back(self.event("ADDED", &object, None));
        }
        self.at = world.revision();
        if bookmark {
            self.bookmark(true);
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.ready.push_back(json!({"type": "ERROR", "object": failure.status()}));
        self.over = true;
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let mut changed = self.shared.world().subscribe();
            self.look();
            if !self.ready.is_empty() || self.over {
                continue;
            }
            let bookmark = if self.bookmarks { self.next_bookmark } else { self.ends };
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep_until(bookmark.min(self.ends)) => {
                    if Instant::now() >= self.ends {
                        self.over = true;
                    } else {
                        self.bookmark(false);
                        self.next_bookmark = Instant::now() + BOOKMARK;
                    }
                }
            }
        }
    }

    fn look(&mut self) {
        let shared = Arc::clone(&self.shared);
        let world = shared.world();
        if world.expiry > self.expiry {
            return self.fail(&Failure::expired(self.at, world.compacted));
        }
        match world.since(&self.kind, self.at) {
            Ok(changes) => {
                for change in &changes {
                    self.ready.extend(self.seen(change));
                }
                self.at = world.revision();
            }
            Err(failure) => self.fail(&failure),
        }
    }

    /// A change as this selection sees it.
    fn seen(&self, change: &Change) -> Option<Value> {
        let takes = |object: &Option<Arc<Value>>| {
            object.as_ref().filter(|object| self.selection.takes(object)).cloned()
        };
        match (takes(&change.old), takes(&change.new)) {
            (None, None) => None,
            (None, Some(new)) => Some(self.event("ADDED", &new, None)),
            (Some(_), Some(new)) => Some(self.event("MODIFIED", &new, None)),
            // What leaves the selection is shown as it was, at the revision of its leaving.
            (Some(old), None) => Some(self.event("DELETED", &old, Some(change.revision))),
        }
    }

    fn event(&self, what: &str, object: &Value, revision: Option<u64>) -> Value {
        let mut object = self.view.whole(object);
        if let Some(revision) = revision {
            object["metadata"]["resourceVersion"] = revision.to_string().into();
        }
        json!({"type": what, "object": object})
    }

    fn bookmark(&mut self, initial: bool) {
        let mut object = match self.view {
            View::Whole => managed::zero(&self.kind),
            View::Metadata => json!({}),
        };
        object["metadata"] = json!({"resourceVersion": self.at.to_string()});
        if initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        object["kind"] = self.kind.kind.clone().into();
        object["apiVersion"] = self.kind.api_version().into();
        let object = self.view.whole(&object);
        self.ready.push_back(json!({"type": "BOOKMARK", "object": object}));
    }
}
