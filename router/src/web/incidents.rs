//! `GET /v1/silences`, `/v1/incidents` and `/v1/story`: what operators look at.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use watchfire_core::attributes::Attributes;
use watchfire_core::decision::Wanted::Page;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::notice::Group;
use watchfire_core::pattern::Pattern;

use super::answer::{refuse, refuse_unclear, refuse_unknown, unavailable};
use super::asked::Question;
use super::commands::Operator;
use crate::api::params::{self, IncidentsIn, Of};
use crate::api::views;
use crate::identity::{Identity, Place, Role};
use crate::router::{Ambiguous, Among, Listed, Meant, Router, Sight, Wanted};
use crate::store;

/// What a story is of.
pub(super) const STORIES: &str = "expected an event's id, a finding's key or an incident's";
/// So many incidents are listed.
const MOST: usize = 500;

pub(super) async fn silences(
    State(operator): State<Operator>,
    Question(params::Silences { of }): Question<params::Silences>,
) -> Response {
    match some_silences(&operator, of).await {
        Ok(Ok(silences)) => Json(silences).into_response(),
        Ok(Err(ambiguous)) => refuse_unclear(ambiguous),
        Err(error) => unavailable(&error),
    }
}

async fn some_silences(
    operator: &Operator,
    of: Option<String>,
) -> Result<Result<Vec<views::Silence>, Ambiguous>, store::Error> {
    let mut silences = all_silences(operator).await?;
    if let Some(name) = of {
        let one = match operator.router.silence_meant(&name).await? {
            Meant::One(one) => Some(one),
            Meant::Nothing => None,
            Meant::Several(ambiguous) => return Ok(Err(ambiguous)),
        };
        silences.retain(|silence| Some(&silence.id) == one.as_ref());
    }
    Ok(Ok(silences))
}

async fn all_silences(operator: &Operator) -> Result<Vec<views::Silence>, store::Error> {
    let now = operator.router.clock.now();
    let names = operator.router.known_names();
    let mut shown = Vec::new();
    for silence in operator.router.silences().await? {
        let holds = operator.router.held_by(&silence.id).await?;
        shown.push(views::Silence::of(silence, holds, names.as_ref(), now));
    }
    Ok(shown)
}

pub(super) async fn incidents(
    State(operator): State<Operator>,
    Extension(identity): Extension<Identity>,
    Question(which): Question<params::Incidents>,
) -> Response {
    let pattern = match which.matches.as_deref().map(Attributes::pattern).transpose() {
        Ok(pattern) => pattern,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("match is no pattern: {error}")),
    };
    match listed(&operator, which, pattern, &identity).await {
        Ok(listed) => Json(listed).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn listed(
    operator: &Operator,
    which: params::Incidents,
    pattern: Option<Pattern>,
    identity: &Identity,
) -> Result<views::IncidentList, store::Error> {
    let params::Incidents { state, priority, since, mine, label, matches: _, most } = which;
    let most = most.map_or(MOST, |most| usize::from(most).min(MOST));
    let now = operator.router.clock.now();
    let matched = match pattern {
        Some(pattern) => Some(operator.router.that_match(pattern).await?),
        None => None,
    };
    // Whoever may look anywhere is not looked after.
    let places = match identity.has(Role::Viewer, &Place::everywhere()) {
        Ok(()) => None,
        Err(_) => Some((operator.router.places().await?, identity.clone())),
    };
    let among = match state {
        IncidentsIn::Open => Among::Open,
        IncidentsIn::All => Among::All,
    };
    let is_wanted = move |key: &str, record: &IncidentRecord| {
        let is_hers = |name: &String| {
            let has_it = record.acknowledged.as_ref().is_some_and(|whom| whom.by == *name);
            has_it || record.assigned.as_ref() == Some(name)
        };
        let is_one = since.is_none_or(|since| since <= record.last_at.unwrap_or(record.opened_at))
            && mine.as_ref().is_none_or(is_hers)
            && label.as_ref().is_none_or(|label| label.takes(&record.labels))
            && matched.as_ref().is_none_or(|matched| matched.contains(key))
            && places.as_ref().is_none_or(|(places, identity)| {
                let place = places.get(key).cloned().unwrap_or_default();
                identity.has(Role::Viewer, &place).is_ok()
            });
        match is_one {
            true if priority.is_none_or(|priority| priority == record.priority) => Wanted::Listed,
            true => Wanted::Counted,
            false => Wanted::No,
        }
    };
    let Listed { incidents, more, by_priority } = operator.router.incidents(most, among, is_wanted).await?;
    let shown = incidents.into_iter().map(|(key, record, short)| views::Incident {
        short: Some(short),
        ..views::Incident::of(key, &record, now)
    });
    let on_call = operator.router.on_call().map(|known| known.said);
    Ok(views::IncidentList { incidents: shown.collect(), more, by_priority, on_call })
}

pub(super) async fn on_call(State(operator): State<Operator>) -> Response {
    let (place, known) = (operator.router.on_call_place(), operator.router.on_call());
    Json(views::OnCall { place, known }).into_response()
}

/// Whoever may not look everywhere is told nothing of incidents elsewhere beside this one, nor how many there are.
async fn as_far_as_seen(
    router: &Router,
    sight: Sight<'_>,
    mut told: views::IncidentDetail,
) -> Result<views::IncidentDetail, store::Error> {
    if matches!(sight, Sight::Whole) {
        return Ok(told);
    }
    let mut seen = Vec::new();
    for related in std::mem::take(&mut told.related) {
        if router.sees_incident(sight, &related.incident).await? {
            seen.push(related);
        }
    }
    (told.related, told.more_related) = (seen, 0);
    let led_to = told.standing.led_to.take();
    match led_to {
        Some(led) if router.sees_incident(sight, &led.incident).await? => told.standing.led_to = Some(led),
        Some(_) => leads_nowhere(&mut told),
        None => {}
    }
    if let Some(known) = &mut told.known {
        known.groups.retain(|group| group.head != Group::Near.head());
    }
    Ok(told)
}

/// What it led to is elsewhere: neither that nor what was said there is told.
fn leads_nowhere(told: &mut views::IncidentDetail) {
    told.standing.told.retain(|told| !told.with_others);
    let withheld = told.decisions.iter_mut().flat_map(|decision| &mut decision.withheld);
    withheld.filter(|not| not.action == Page.as_str()).for_each(|not| not.since = None);
}

pub(super) async fn story(
    State(operator): State<Operator>,
    Extension(identity): Extension<Identity>,
    Question(Of { of }): Question<Of>,
) -> Response {
    let sight = Sight::from(&identity);
    match operator.router.story(&of, sight).await {
        Ok(Meant::Several(ambiguous)) => refuse_unclear(ambiguous),
        Ok(Meant::One(story)) => {
            let on_call = operator.router.on_call().map(|known| known.said);
            let told = views::IncidentDetail::of(&story, operator.router.clock.now());
            let told = views::IncidentDetail { on_call, ..told };
            match as_far_as_seen(&operator.router, sight, told).await {
                Ok(told) => Json(told).into_response(),
                Err(error) => unavailable(&error),
            }
        }
        Ok(Meant::Nothing) => refuse_unknown(&of, STORIES),
        Err(error) => unavailable(&error),
    }
}
