//! Why an environment could not begin, told to Lambda, which shows it with the function: else there is only "exited".

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// It is on this machine.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reports it, where there is a runtime API to report it to.
pub(crate) async fn report(reason: &str) {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    // Lambda sees the end of the process too, and what it said is in its log.
    let _ = timeout(PATIENCE, post(&api, reason)).await;
}

async fn post(api: &str, reason: &str) -> std::io::Result<()> {
    let body = json!({"errorType": "Watchfire.Init", "errorMessage": reason, "stackTrace": []}).to_string();
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: Watchfire.Init\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(api).await?;
    stream.write_all(request.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await.map(|_| ())
}
