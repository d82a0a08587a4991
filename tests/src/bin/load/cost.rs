//! What an event costs, against what there is already: rules, open incidents, silences, pods. Lines of JSON, for `tests/plot`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use serde_json::json;
use watchfire_tests::{Configuration, GuardDuty, Watchfire};

use crate::alerts;
use crate::api_server::ApiServer;
use crate::drive::{self, Connection};
use crate::measure::{Receiver, port_of, until_decided};

/// Events that are told to nobody, for each point; those before it warm up.
const EVENTS: usize = 2000;
const WARM_UP: usize = 500;
const CONNECTIONS: usize = 32;
const TOKEN: &str = "load-operator-token";

pub(crate) async fn measure() -> anyhow::Result<()> {
    rules(&[100, 1000, 10_000]).await?;
    open(&[0, 1000, 10_000, 50_000]).await?;
    silences(&[0, 50, 100, 200]).await?;
    pods(&[0, 1000, 10_000]).await
}

/// So many rules in a folder: each looks for a type of its own, the last but one for those of the events that are told to
/// nobody.
pub(crate) fn rules_of_their_own(folder: &Path, count: usize) -> anyhow::Result<()> {
    let mut text = "rules:\n".to_owned();
    for index in 2..count {
        let pattern = format!("finding: {{type: [{{prefix: \"Family-{index}:\"}}]}}");
        writeln!(
            text,
            "  - {{name: rule-{index}, family: crypto-mining, match: {{{pattern}}}, priority: P2}}"
        )?;
    }
    text += "  - {name: quiet, family: crypto-mining, match: {finding: {type: [{prefix: \"Execution:\"}]}}, priority: P3}\n";
    text += "  - {name: rest, family: unclassified, priority: P2}\n";
    std::fs::write(folder.join("rules.yaml"), text)?;
    Ok(())
}

async fn rules(counts: &[usize]) -> anyhow::Result<()> {
    let receiver = Receiver::start()?;
    for count in counts {
        let folder = tempfile::tempdir()?;
        rules_of_their_own(folder.path(), *count)?;
        let configuration = Configuration::new(&receiver.url()).set("rules.directory", json!(folder.path()));
        let watchfire = Watchfire::start(&configuration, None).await;
        let mut posted = 0;
        events(&watchfire, &mut posted, WARM_UP, &alerts::quiet_event).await?;
        point("rules", *count, &watchfire, &mut posted, &alerts::quiet_event).await?;
    }
    Ok(())
}

/// Each event is a new incident; so that the others are open is a matter of having been there before.
async fn open(counts: &[usize]) -> anyhow::Result<()> {
    let receiver = Receiver::start()?;
    let watchfire = Watchfire::start(&Configuration::new(&receiver.url()), None).await;
    let mut posted = 0;
    events(&watchfire, &mut posted, WARM_UP, &alerts::quiet_event).await?;
    for count in counts {
        let more = count.saturating_sub(posted);
        events(&watchfire, &mut posted, more, &alerts::quiet_event).await?;
        point("open incidents", *count, &watchfire, &mut posted, &alerts::quiet_event).await?;
    }
    Ok(())
}

/// Each silence is of a pod of its own, that no event is about.
async fn silences(counts: &[usize]) -> anyhow::Result<()> {
    let receiver = Receiver::start()?;
    let folder = tempfile::tempdir()?;
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN)?;
    let configuration =
        Configuration::new(&receiver.url()).set("http.operator_token", json!({"file": token}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let mut posted = 0;
    events(&watchfire, &mut posted, WARM_UP, &alerts::quiet_event).await?;
    let mut made = 0;
    for count in counts {
        while made < *count {
            let pod = format!("pod=quiet-{made}-*");
            let answer = watchfire.command(&[
                "silence",
                "add",
                &pod,
                "-d",
                "2h",
                "-c",
                "load",
                "--token-file",
                &token.to_string_lossy(),
                "--by",
                "load",
            ]);
            ensure!(answer.code == 0, "a silence was refused: {}", answer.stderr);
            made += 1;
        }
        point("silences", *count, &watchfire, &mut posted, &alerts::quiet_event).await?;
    }
    Ok(())
}

/// Each event is about a pod of the cluster that is followed, by its UID; of no pods, of a cluster that is not.
async fn pods(counts: &[usize]) -> anyhow::Result<()> {
    let receiver = Receiver::start()?;
    for count in counts {
        let alone = Configuration::new(&receiver.url());
        let mut posted = 0;
        if *count == 0 {
            let watchfire = Watchfire::start(&alone, None).await;
            events(&watchfire, &mut posted, WARM_UP, &alerts::quiet_event).await?;
            point("pods", 0, &watchfire, &mut posted, &alerts::quiet_event).await?;
            continue;
        }
        let server = ApiServer::start(*count)?;
        let suspects = server.suspects().await?;
        let following = server.configured(alone).set("mitigation", json!({"mode": "observe"}));
        let watchfire = Watchfire::start(&following, None).await;
        crate::measure::settled_memory(watchfire.pid()).await?;
        let about = |index: usize| {
            let suspect = &suspects[index * 5 % suspects.len() + index * 5 / suspects.len() % 5];
            suspect.finding(GuardDuty::low(&suspect.name), index)
        };
        events(&watchfire, &mut posted, WARM_UP, &about).await?;
        point("pods", *count, &watchfire, &mut posted, &about).await?;
    }
    Ok(())
}

async fn point(
    against: &str,
    count: usize,
    watchfire: &Watchfire,
    posted: &mut usize,
    event: &dyn Fn(usize) -> String,
) -> anyhow::Result<()> {
    let before = ticks(watchfire.pid())?;
    events(watchfire, posted, EVENTS, event).await?;
    let ticks = ticks(watchfire.pid())? - before;
    // A tick is a hundredth of a second wherever Linux runs on a server.
    let micros = ticks as f64 * 10_000.0 / EVENTS as f64;
    println!("{}", json!({"against": against, "count": count, "micros": micros}));
    Ok(())
}

/// Posts so many more, until each is decided.
async fn events(
    watchfire: &Watchfire,
    posted: &mut usize,
    count: usize,
    event: &dyn Fn(usize) -> String,
) -> anyhow::Result<()> {
    let bodies = Arc::new((*posted..*posted + count).map(event).collect::<Vec<_>>());
    *posted += count;
    let mut health = Connection::to(port_of(&watchfire.health)?).await?;
    drive::post_all(port_of(&watchfire.ingest)?, "/v1/events", bodies, CONNECTIONS, None).await?;
    until_decided(&mut health, *posted).await
}

/// The processor time that a process has had, in ticks.
fn ticks(pid: u32) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the program has ended")?;
    let (_, rest) = stat.rsplit_once(')').context("a name ends")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}
