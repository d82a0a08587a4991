//! The two addresses, bound: who may come in, and to what.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router as Routes;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Redirect, Response};
use tokio::net::TcpListener;

use super::commands::{Operator, commands, for_operators};
use super::events::{Ingest, events};
use super::guard::{Guard, Names, is_link, not_for_strangers, only_links_of_strangers};
use super::health::{Health, health as telling};
use super::refusal::Refusals;
use super::server::{Address, Server};
use super::slack::slack_buttons;
use super::spelt_out::spelt_out;
use super::webhooks::{Webhooks, webhooks};
use super::who::Who;
use super::worker::{MOST_BYTES, worker};
use crate::api::OperatorEndpoint;
use crate::config::{At, HealthConfig, HttpConfig};
use crate::descriptors::Shares;
use crate::slack::Apps;
use crate::telemetry::{self, Metrics};

/// What is behind the two addresses.
pub(crate) struct Doors {
    pub(crate) ingest: Ingest,
    pub(crate) operator: Operator,
    pub(crate) webhooks: Option<Webhooks>,
    pub(crate) apps: Apps,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) refusals: Arc<Refusals>,
    /// What makes pages of the API's routes for people, where there are any.
    pub(crate) pages: Option<Pages>,
    /// What answers assistants over the API's routes, where anything does.
    pub(crate) assistants: Option<Assistants>,
}

/// Makes pages of the API's routes.
pub(crate) type Pages = Box<dyn FnOnce(Routes, Who) -> Routes + Send>;

/// Answers assistants over the API's routes.
pub(crate) type Assistants = Box<dyn FnOnce(Routes) -> Routes + Send>;

impl Doors {
    /// Binds both: that of events and commands, and that of health.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub(crate) async fn open(
        self,
        http: &HttpConfig,
        health: &HealthConfig,
        shares: Shares,
    ) -> anyhow::Result<(Server, Server)> {
        let events = listen(http.listen).await.context(At("http.listen".to_owned()))?;
        let healths = listen(health.listen).await.context(At("health.listen".to_owned()))?;
        telemetry::listening(events.local_addr()?, healths.local_addr()?);
        let ours = Names::Ours(http.names().into());
        // On loopback only pages of the web are strangers; elsewhere it is asked by whatever name there is.
        let names = if health.listen.ip().is_loopback() { ours.clone() } else { Names::Any };
        let (metrics, refusals) = (self.metrics.clone(), self.refusals.clone());
        let server = |address, listener, routes, most| {
            let (metrics, refusals) = (metrics.clone(), refusals.clone());
            Server { address, listener, routes, most, metrics, refusals }
        };
        let guard = Guard { names, refusals: refusals.clone() };
        let telling = telling(self.health.clone(), guard);
        let taking = self.taking(ours);
        Ok((
            server(Address::Http, events, taking, shares.http),
            server(Address::Health, healths, telling, shares.health),
        ))
    }

    fn taking(self, names: Names) -> Routes {
        let Doors {
            ingest,
            operator,
            webhooks: signed,
            apps,
            health,
            metrics: _,
            refusals,
            pages,
            assistants,
        } = self;
        let who = Who { access: operator.access.clone(), refusals: refusals.clone() };
        let guard =
            |names| from_fn_with_state(Guard { names, refusals: refusals.clone() }, not_for_strangers);
        // A signature proves more than a name does, and its sender uses whatever name leads here.
        let signed = webhooks(signed).merge(slack_buttons(&operator, apps)).layer(guard(Names::Any));
        let of_operators = worker(operator.clone(), health).merge(commands(operator.clone()));
        let assisting = assistants
            .map(|assistants| for_operators(assistants(of_operators.clone()), &operator, MOST_BYTES));
        let assisting = assisting.unwrap_or_default();
        let links = from_fn_with_state(
            Guard { names: names.clone(), refusals: refusals.clone() },
            only_links_of_strangers,
        );
        // They spell out themselves what they say, before it is compressed.
        let pages = pages.map(|pages| pages(of_operators.clone(), who).layer(links));
        let asked = events(ingest).merge(of_operators).merge(assisting).layer(guard(names));
        let asked = signed.merge(asked).layer(map_response(spelt_out));
        match pages {
            Some(pages) => asked.layer(from_fn(led_to_its_page)).merge(pages),
            None => asked,
        }
    }
}

/// The link that stands in pages of every channel tells programs; whoever opens it in a browser is led to the board.
async fn led_to_its_page(request: Request, next: Next) -> Response {
    let is_story = request.uri().path() == OperatorEndpoint::Story.path();
    match request.uri().query().filter(|_| is_story && is_link(&request)) {
        Some(query) if !request.headers().contains_key(header::AUTHORIZATION) => {
            Redirect::to(&format!("/incident?{query}")).into_response()
        }
        Some(_) | None => next.run(request).await,
    }
}

/// What operators and assistants ask of a worker, without a door: for tests of who asks it.
#[cfg(all(test, feature = "mcp"))]
pub(crate) fn asked_of_a_worker(operator: Operator, health: Health) -> Routes {
    worker(operator.clone(), health).merge(commands(operator))
}

/// The same routes for who is called instead of connected to, by whatever name.
pub(crate) fn asked_without_doors(
    ingest: Option<Ingest>,
    operator: Operator,
    signed: Option<Webhooks>,
    apps: Apps,
    refusals: Arc<Refusals>,
) -> Routes {
    let guard = from_fn_with_state(Guard { names: Names::Any, refusals }, not_for_strangers);
    let signed = webhooks(signed).merge(slack_buttons(&operator, apps));
    let asked = ingest.map(events).unwrap_or_default().merge(commands(operator));
    signed.merge(asked).layer(guard).layer(map_response(spelt_out))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))
}
