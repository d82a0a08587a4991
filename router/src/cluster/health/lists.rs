//! Lists in pages: what of an object is kept is kept, the page is let go of before the next, and few pages are there at once.

use std::fmt::Debug;
use std::time::Duration;

use kube::api::{Api, ListParams};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use watchfire_core::health::{Seen, Unseen};
use watchfire_core::text::clean;

use crate::clients::chain;

/// Objects of one page: of pods some 8 KB each, and as much again while they are read.
const PAGE: u32 = 200;
/// Pages that are there at the same time, of all lists.
const PAGES: usize = 2;
/// So long for all pages of a list.
const WITHIN: Duration = Duration::from_secs(30);
/// So long for one of them: whoever has a turn and no answer is not to keep all others from theirs.
const OF_A_PAGE: Duration = Duration::from_secs(8);
/// More objects of a kind are not looked through.
const MOST: usize = 50_000;

/// What lists.
pub(super) struct Lists {
    client: Client,
    turns: Semaphore,
}

impl Lists {
    pub(super) fn new(client: &Client) -> Self {
        Self { client: client.clone(), turns: Semaphore::new(PAGES) }
    }
}

/// What is kept of every object of a kind.
pub(super) async fn all<R, T>(lists: &Lists, mut keep: impl FnMut(R) -> Option<T>) -> Seen<Vec<T>>
where
    R: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let mut kept = Vec::new();
    each(lists, |one| kept.extend(keep(one))).await?;
    Ok(kept)
}

/// Shows every object of a kind.
pub(super) async fn each<R>(lists: &Lists, mut show: impl FnMut(R)) -> Seen<()>
where
    R: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let what = R::plural(&());
    let api: Api<R> = Api::all(lists.client.clone());
    let until = Instant::now() + WITHIN;
    let mut params = ListParams::default().limit(PAGE);
    let mut shown = 0;
    loop {
        let Ok(turn) = timeout_at(until, lists.turns.acquire()).await else {
            let why = format!("{what}: not asked within {} s, others were not answered", WITHIN.as_secs());
            return Err(Unseen::Because(why));
        };
        let page = match timeout_at(until.min(Instant::now() + OF_A_PAGE), api.list(&params)).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => return Err(unseen(&permission::<R>(), &error)),
            Err(_) => {
                let why = format!("{what}: no answer within {} s", OF_A_PAGE.as_secs());
                return Err(Unseen::Because(why));
            }
        };
        shown += page.items.len();
        page.items.into_iter().for_each(&mut show);
        drop(turn);
        if shown > MOST {
            return Err(Unseen::Because(format!("{what}: more than {MOST}")));
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(()),
        }
    }
}

/// `list persistentvolumeclaims`, `list backups.velero.io`.
fn permission<R: Resource<DynamicType = ()>>() -> String {
    match R::group(&()) {
        group if group.is_empty() => format!("list {}", R::plural(&())),
        group => format!("list {}.{group}", R::plural(&())),
    }
}

/// Why nothing was seen, for which that permission is needed.
pub(super) fn unseen(permission: &str, error: &kube::Error) -> Unseen {
    match error {
        kube::Error::Api(status) if status.code == 403 => Unseen::Refused(permission.to_owned()),
        kube::Error::Api(status) if status.code == 404 => Unseen::NotInstalled,
        kube::Error::Api(status) => {
            Unseen::Because(format!("{permission}: {} {}", status.code, clean(&status.message, 120)))
        }
        other => Unseen::Because(format!("{permission}: {}", clean(&chain(other), 160))),
    }
}
