//! The `bootstrap` of the Lambda: the configuration that `WATCHFIRE_CONFIG` names, then one batch after another.

use std::path::PathBuf;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, run, service_fn};
use watchfire::app;
use watchfire::clients::Clients;
use watchfire::config::{Reach, Ready};
use watchfire::telemetry::{self, LogFormat};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start(LogFormat::Json, None);
    let path =
        std::env::var_os("WATCHFIRE_CONFIG").map_or_else(|| PathBuf::from("watchfire.yaml"), PathBuf::from);
    let clients = Arc::new(Clients::new(None)?);
    let ready = Ready::read(&path, &clients, Reach::World).await.map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", mistakes.join("\n"))
    })?;
    let (rules, channels) = (ready.policy.rules.rules().len(), ready.channels.len());
    let written = ready.written.clone();
    let parts = app::Parts::of(ready, clients, None).await;
    let app::Parts { router, store, .. } = parts.map_err(|error| anyhow::anyhow!(written.because(&error)))?;
    telemetry::ready(rules, channels);
    tokio::spawn(async move {
        store.breaks().await;
        // The batch at work is answered: what is urgent in it was paged, and all of it comes again, to the next environment.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        std::process::exit(3);
    });
    run(service_fn(|event: LambdaEvent<_>| {
        let router = router.clone();
        async move { Ok::<_, lambda_runtime::Error>(watchfire_lambda::handle(router, event.payload).await) }
    }))
    .await
}
