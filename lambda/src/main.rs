//! The `bootstrap` of the Lambda: the configuration that `WATCHFIRE_CONFIG` names, then one invocation after another.

mod init_error;

use std::env::{self, VarError};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::value::RawValue;
use watchfire::app::Parts;
use watchfire::clients::Clients;
use watchfire::config::{Reach, Ready};
use watchfire::store::Store;
use watchfire::telemetry::{self, LogFormat};
use watchfire_lambda::{Deadline, Lambda, Operators};

/// Set by tests, and by nobody else: environments do not share a file, and two of them would each page.
const FILE_STORE: &str = "WATCHFIRE_LAMBDA_FILE_STORE";
/// The answer to the invocation in which the store broke is given by then.
const LAST_ANSWER: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start(LogFormat::Json, None);
    let lambda = match init().await {
        Ok(lambda) => Arc::new(lambda),
        Err(error) => {
            let reason = format!("{error:#}");
            init_error::report(&reason).await;
            return Err(reason.into());
        }
    };
    let looking = lambda.clone();
    tokio::spawn(async move { looking.keep_looking().await });
    run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let lambda = lambda.clone();
        async move {
            let LambdaEvent { payload, context } = event;
            let deadline = Deadline::at(context.deadline());
            let answer = lambda.answer(payload.get(), context.xray_trace_id.as_deref(), deadline).await;
            if let Some(line) = lambda.told(deadline).await {
                // CloudWatch reads it from the log; an answer is worth more than its line.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            answer.map_err(lambda_runtime::Error::from)
        }
    }))
    .await
}

/// Everything that an invocation needs, before the first of them.
async fn init() -> anyhow::Result<Lambda> {
    let path = env::var_os("WATCHFIRE_CONFIG").map_or_else(|| PathBuf::from("watchfire.yaml"), PathBuf::from);
    let operators = operators()?;
    let clients = Arc::new(Clients::new(None)?);
    let ready = Ready::read(&path, &clients, Reach::Away).await.map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow!("{}", mistakes.join("\n"))
    })?;
    if ready.config.store.dynamodb.is_none() && env::var_os(FILE_STORE).is_none() {
        bail!(
            "{}: expected store.dynamodb: the environments of a Lambda do not share a file, and each would page",
            path.display()
        );
    }
    let (rules, channels) = (ready.policy.rules.rules().len(), ready.channels.len());
    let written = ready.written.clone();
    let parts = Parts::of(ready, clients, None).await;
    let called = parts.map_err(|error| anyhow!(written.because(&error)))?.called().await;
    tokio::spawn(end_with(called.store.clone()));
    telemetry::ready(rules, channels);
    Ok(Lambda::new(called, operators))
}

fn operators() -> anyhow::Result<Operators> {
    match env::var("WATCHFIRE_OPERATORS").as_deref() {
        Ok("iam") => Ok(Operators::AreLetInByIam),
        Ok("token") | Err(VarError::NotPresent) => Ok(Operators::ShowTheToken),
        Ok(_) | Err(VarError::NotUnicode(_)) => bail!("WATCHFIRE_OPERATORS: expected token or iam"),
    }
}

/// Only a new environment helps where a store is of no use any more. The batch at work is answered: what is urgent in it
/// was paged, and all of it comes again.
async fn end_with(store: Store) {
    store.breaks().await;
    tokio::time::sleep(LAST_ANSWER).await;
    std::process::exit(3);
}
