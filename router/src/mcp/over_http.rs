//! `/mcp`: the protocol over HTTP, one request at a time and no sessions, behind the same guards and roles as the API.

use std::sync::Arc;

use axum::Router as Routes;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

use super::desk::Desk;
use super::server::Assistant;
use crate::api::MCP;

/// The most that one request may be, in bytes: an event fits.
const MOST_BYTES: usize = 512 * 1024;

/// The route, over those of the API; it answers to these names beside loopback's.
///
/// The guards of the API have looked at Host and Origin before; what the protocol asks of a server besides is that it looks
/// itself.
pub(crate) fn over_http(api: Routes, hosts: &[String], public_url: Option<&str>) -> Routes {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let public = public_url.and_then(|url| reqwest::Url::parse(url).ok());
    let host_of = |url: &reqwest::Url| url.host_str().map(str::to_owned);
    let names = own.into_iter().chain(hosts.iter().cloned()).chain(public.as_ref().and_then(host_of));
    let origin_of = |url: &reqwest::Url| {
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        Some(format!("{}://{host}:{port}", url.scheme()))
    };
    // A page of loopback's is our own there: the guard before has held its Origin against the Host that was asked.
    let loopback = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
    let origins = loopback.into_iter().chain(public.as_ref().and_then(origin_of));
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        .with_max_request_body_bytes(MOST_BYTES)
        .with_allowed_hosts(names)
        .with_allowed_origins(origins)
        .enforce_origin_validation();
    let assistant = Assistant { desk: Desk::Here(api) };
    let service = StreamableHttpService::new(
        move || Ok(assistant.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Routes::new().route_service(MCP, service)
}
