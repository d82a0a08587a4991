//! The test server by itself: `pagerduty-server [PORT] [--light]` prints each accepted event as a line of
//! JSON, and ends when its standard input does. `GET /count` says how many there were.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use serde_json::json;
use watchfire_tests::pagerduty::{Mode, PagerDuty};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (mut port, mut mode) = (0, Mode::Strict);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--light" => mode = Mode::Light,
            flag if flag.starts_with('-') => bail!("usage: pagerduty-server [PORT] [--light]"),
            number => port = number.parse().with_context(|| format!("port {number}"))?,
        }
    }
    let server = PagerDuty::listen(port, mode).await.with_context(|| format!("port {port}"))?;
    println!("{}", json!({"listening": server.url()}));

    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        end = ended => { end??; }
        () = print(&server, mode) => {}
    }
    println!("{}", json!({"accepted": server.accepted()}));
    Ok(())
}

async fn print(server: &PagerDuty, mode: Mode) {
    match mode {
        Mode::Light => std::future::pending().await,
        Mode::Strict => {
            let mut printed = 0;
            loop {
                server.accepted_over(printed).await;
                let events = server.events();
                events[printed..].iter().for_each(|event| println!("{event}"));
                printed = events.len();
            }
        }
    }
}
