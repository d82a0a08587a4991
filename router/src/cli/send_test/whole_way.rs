//! A drill from the queue on: put in where alerts are, and looked for in what the worker has decided.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use watchfire_core::text::clean;
use watchfire_core::verdict::{EffectKind, Verdict};

use super::report::{Report, Taken, Told};
use super::{Failed, Sending};
use crate::cli::asking::{Whom, ask_if_known, question_of};
use crate::cli::usage;
use crate::clients::Clients;
use crate::config::Config;
use crate::source::QueueConfig;
use crate::source::sqs::Sqs;
use watchfire_core::standing::{Delivery, Progress};

use crate::api::views::{Decision, IncidentDetail};
use crate::api::{IngestEndpoint, OperatorEndpoint};

/// How often the worker is asked.
const EVERY: Duration = Duration::from_millis(50);

/// Where alerts come in.
enum Entrance {
    Queue(QueueConfig),
    Worker { url: String, token: Option<crate::secret::SecretSource> },
}

/// Sends it, and says how it is seen what became of it.
pub(super) fn only_send(
    sending: &Sending,
    config: Config,
    queue: Option<&str>,
    whom: &Whom,
) -> Result<(), Failed> {
    let entrance = Entrance::of(config, queue, whom)?;
    entrance.put(sending)?;
    say!(
        "drill {id} as {}, into {}\nnobody was asked what became of it: watchfire why {id}",
        sending.drill.priority,
        entrance.named(),
        id = sending.id
    );
    Ok(())
}

/// Sends it, and asks until everybody has it or the time is over. The worker is asked first, so that nothing is sent
/// that nobody would say anything of.
pub(super) fn send(
    sending: &Sending,
    config: Config,
    queue: Option<&str>,
    whom: &Whom,
    within: Duration,
) -> Result<Report, Failed> {
    let entrance = Entrance::of(config, queue, whom)?;
    let path = question_of(OperatorEndpoint::Story, &sending.id);
    let before: Option<IncidentDetail> = ask_if_known(whom, &path).map_err(|failed| match failed {
        Failed::Because(error) => usage(error),
        failed => failed,
    })?;
    if before.is_some() {
        return Err(anyhow!("another event has that id already; try again").into());
    }
    let started = Instant::now();
    entrance.put(sending)?;
    let mut seen = Seen::default();
    while started.elapsed() < within && !seen.is_over() {
        std::thread::sleep(EVERY);
        if let Some(story) = ask_if_known::<IncidentDetail>(whom, &path)? {
            seen.learn(story, started.elapsed());
        }
    }
    Ok(seen.report(sending, format!("into {}", entrance.named())))
}

impl Entrance {
    fn of(config: Config, queue: Option<&str>, whom: &Whom) -> Result<Self, Failed> {
        let Config { queues, http, .. } = config;
        let names: Vec<_> = queues.iter().map(|queue| queue.name().to_owned()).collect();
        let chosen = queues.into_iter().find(|known| queue.is_none_or(|queue| known.name() == queue));
        match (chosen, queue) {
            (Some(chosen), _) => Ok(Entrance::Queue(chosen)),
            (None, None) => {
                let url = format!("{}{}", whom.url()?.trim_end_matches('/'), IngestEndpoint::Events.path());
                Ok(Entrance::Worker { url, token: http.token })
            }
            (None, Some(queue)) => Err(usage(anyhow!(
                "--queue: expected a queue of the configuration ({}), found `{queue}`",
                names.join(", ")
            ))),
        }
    }

    fn named(&self) -> String {
        match self {
            Entrance::Queue(queue) => format!("the queue {}", queue.name()),
            Entrance::Worker { url, token: _ } => url.clone(),
        }
    }

    fn put(&self, sending: &Sending) -> anyhow::Result<()> {
        let text = sending.drill.event(&sending.id, sending.at);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let clients = Clients::new(None)?;
            match self {
                Entrance::Queue(queue) => Sqs::send(clients.aws().await, queue, &text, None).await,
                Entrance::Worker { url, token } => {
                    let request = clients.http()?.post(url).header("content-type", "application/json");
                    let request = match token {
                        Some(token) => {
                            request.bearer_auth(token.resolve(&clients).await.context("http.token")?.expose())
                        }
                        None => request,
                    };
                    let answer = request.body(text).send().await.map_err(reqwest::Error::without_url);
                    let answer = answer.with_context(|| format!("{url} takes nothing"))?;
                    let status = answer.status();
                    if !status.is_success() {
                        let said = answer.text().await.unwrap_or_default();
                        bail!("{url} takes nothing: {status}: {}", clean(&said, 300));
                    }
                    Ok(())
                }
            }
        })
    }
}

/// What is known of it so far.
#[derive(Default)]
struct Seen {
    decided: Option<Decision>,
    /// Each effect that came to an end, and when that was seen.
    ended: Vec<(Delivery, Duration)>,
}

impl Seen {
    fn learn(&mut self, story: IncidentDetail, after: Duration) {
        let Some(decided) = story.decisions.into_iter().next() else { return };
        for effect in &decided.effects {
            let is_known = self.ended.iter().any(|(known, _)| known.id == effect.id);
            if effect.result != Progress::Pending && !is_known {
                self.ended.push((effect.clone(), after));
            }
        }
        self.decided = Some(decided);
    }

    fn is_over(&self) -> bool {
        self.decided.as_ref().is_some_and(|decided| decided.effects.len() == self.ended.len())
    }

    fn report(self, sending: &Sending, way: String) -> Report {
        let held = match &self.decided {
            None => Some("the worker has not decided it in time; is it another worker's queue?".to_owned()),
            Some(Decision { verdict: Verdict::Page, .. }) => None,
            Some(decided) => {
                let why = decided.withheld.first().map_or(&decided.because, |withheld| &withheld.reason);
                Some(why.clone())
            }
        };
        let effects = self.decided.iter().flat_map(|decided| &decided.effects);
        let told = effects.filter(|effect| effect.kind == EffectKind::Page).map(|page| Told {
            channel: page.channel.to_string(),
            fallback: page.fallback,
            page: self.taken(EffectKind::Page, page),
            resolve: self.taken(EffectKind::Resolve, page),
        });
        let channels = told.collect();
        Report { drill: sending.id.clone(), priority: sending.drill.priority, way, held, channels }
    }

    /// What became of the effect of that kind by the channel of the page: the page timed from here, its end from the
    /// page by the worker's clock.
    fn taken(&self, kind: EffectKind, page: &Delivery) -> Taken {
        let of_it = |effect: &Delivery| effect.kind == kind && effect.channel == page.channel;
        let Some((effect, after)) = self.ended.iter().find(|(effect, _)| of_it(effect)) else {
            return Taken { result: Progress::Pending, milliseconds: None, said: String::new() };
        };
        let since_page = effect
            .at
            .zip(page.at)
            .and_then(|(at, page)| u64::try_from(at.duration_since(page).as_millis()).ok());
        let milliseconds = match kind == EffectKind::Page {
            true => u64::try_from(after.as_millis()).ok(),
            false => since_page,
        };
        Taken { result: effect.result, milliseconds, said: effect.said.clone() }
    }
}
