//! The `bootstrap` of the Lambda: the configuration that `WATCHFIRE_CONFIG` names, then one batch after another.

use std::path::PathBuf;

use lambda_runtime::{LambdaEvent, run, service_fn};
use watchfire::app;
use watchfire::config;
use watchfire::telemetry::{self, LogFormat};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start(LogFormat::Json, None);
    let path =
        std::env::var_os("WATCHFIRE_CONFIG").map_or_else(|| PathBuf::from("watchfire.yaml"), PathBuf::from);
    let (config, policy) = config::check(&path).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", mistakes.join("\n"))
    })?;
    let app::Parts { router, store, .. } = app::Parts::open(config, policy, None).await?;
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
