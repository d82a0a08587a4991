//! Log lines. ERROR: a human must act. WARN: it healed, or will. No secrets; event text only cleaned, and whatever
//! else a line says goes through [`super::lines`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use strum::IntoStaticStr;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;
use watchfire_core::act::Act;
use watchfire_core::audit::AuditHead;
use watchfire_core::decision::{Decision, Effect};
use watchfire_core::ids::{ChannelName, EventId};
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::notice::Fault;
use watchfire_core::survey::{Blind, Condition};
use watchfire_core::text::clean;

use crate::failure::Failure;
use crate::reloaded::{Cause, Reloaded};
use crate::telemetry::lines::Lines;
use crate::telemetry::panics_are_logged;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For a person at a terminal.
    Human,
}

/// From which level on lines are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[strum(serialize_all = "snake_case")]
pub enum LogLevel {
    /// A human must act.
    Error,
    /// It healed, or will.
    Warn,
    /// What is decided and done.
    Info,
    /// How.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word in a filter.
    fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The crate that speaks to assistants; who wants its lines names it in `RUST_LOG`.
const PROTOCOL: &str = "rmcp";

/// Starts logging to stderr from that level on; without one `RUST_LOG` filters as usual, and without that it is `info`.
pub fn start(format: LogFormat, level: Option<LogLevel>) {
    let filter = match level {
        Some(level) => EnvFilter::new(level.as_str()),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
    };
    // It logs at every level what its clients say of themselves, as it came and as long as it is.
    let filter = match filter.to_string().contains(PROTOCOL) {
        true => filter,
        false => filter.add_directive(format!("{PROTOCOL}=off").parse().expect("a directive")),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Lines(std::io::stderr()));
    // A second start, in a test, keeps the first.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        // In one colour: a line that may bring its own would not be told from one that is coloured by an event.
        LogFormat::Human => builder.with_target(false).with_ansi(false).try_init(),
    };
    panics_are_logged();
}

/// One line per entry of the audit trail: the whole entry, and its sum, so that whoever keeps the log can prove the trail.
pub fn audited(line: &str, head: &AuditHead) {
    let AuditHead { number, sha256 } = head;
    info!(number, sha256, entry = line, "audited");
}

/// Something was done, and is not in the audit trail.
pub(crate) fn not_audited(what: &str, reason: &str) {
    error!(what, reason, "not in the audit trail");
}

/// It cannot be read any more who is on call; said once, until it can.
pub(crate) fn on_call_is_not_read(place: &str, why: &str) {
    warn!(place, why, "who is on call is not read");
}

/// It can be again.
pub(crate) fn on_call_is_read_again(place: &str) {
    info!(place, "who is on call is read again");
}

/// Somebody has begun a session.
pub(crate) fn logged_in(name: &str, how: &str) {
    info!(name = clean(name, 200), how, "logged in");
}

/// One line per decided event.
pub fn decided(decision: &Decision, took: Duration) {
    let effects: Vec<_> = decision.effects.iter().map(|effect| effect.id.as_str()).collect();
    let acts: Vec<_> = decision.acts.iter().map(|act| act.id.as_str()).collect();
    let withheld: Vec<_> = decision.withheld.iter().map(|withheld| withheld.action.as_str()).collect();
    info!(
        event = %decision.event,
        source = %clean(&decision.source, 100),
        kind = %clean(&decision.kind, 200),
        subject = %clean(&decision.subject, 300),
        rule = decision.rule.as_str(),
        priority = decision.priority.as_str(),
        verdict = decision.verdict.as_str(),
        why = decision.why.as_str(),
        incident = decision.incident.as_ref().map(|incident| incident.as_str()),
        effects = effects.join(","),
        acts = acts.join(","),
        withheld = withheld.join(","),
        milliseconds = took.as_secs_f64() * 1e3,
        "decided"
    );
}

/// A canary could not be put where events come in.
pub fn canary_not_sent(error: &anyhow::Error) {
    warn!(error = %clean(&format!("{error:#}"), 300), "a canary was not sent");
}

/// What is to be told of the cluster is on no queue yet.
pub fn watch_not_told(error: &anyhow::Error) {
    warn!(error = %clean(&format!("{error:#}"), 300), "what the watch of the cluster has to tell is on no queue, and is tried again");
}

/// What a watch could not look at until now, and why: each is said once.
#[derive(Debug, Default)]
pub struct Unseen(BTreeMap<Condition, String>);

/// Says what has changed of what cannot be looked at.
pub fn unseen(known: &mut Unseen, blind: &Blind) {
    for (condition, why) in blind.iter().filter(|(condition, why)| known.0.get(condition) != Some(why)) {
        warn!(condition = condition.as_str(), reason = %clean(why, 300), "not looked at");
    }
    for (condition, _) in known.0.iter().filter(|(condition, _)| !blind.contains_key(condition)) {
        info!(condition = condition.as_str(), "looked at again");
    }
    known.0.clone_from(blind);
}

/// A channel's room cannot be shared for now: each worker goes by a part of its own.
pub(crate) fn paced_alone(channel: &ChannelName, reason: &str) {
    warn!(channel = %channel, reason, "what other workers send is not known, a quarter of the channel's limit is used");
}

/// The room is shared again.
pub(crate) fn paced_with_others(channel: &ChannelName) {
    info!(channel = %channel, "what other workers send is known again");
}

/// What became of an act.
pub fn acted(entry: &Entry, act: &Act, outcome: &Outcome) {
    let (event, id, incident) = (&entry.decision.event, act.id.as_str(), act.incident.as_str());
    // Not `target`: every line has one of that name, which says where in the code it comes from.
    let on = clean(&act.target.named(), 300);
    let approved_by = act.approved_by.as_deref();
    match outcome {
        Outcome::Acted { end: ActEnd::Failed, said, steps, at: _ } => {
            error!(%event, act = id, incident, on, approved_by, said, steps = steps.len(), "an act failed");
        }
        Outcome::Acted { said, steps, .. } => {
            info!(%event, act = id, incident, on, approved_by, said, steps = steps.len(), "acted");
        }
        Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::NotNeeded { .. } => {}
    }
}

/// An act could not be done yet.
pub fn act_pending(entry: &Entry, act: &Act, failure: &Failure) {
    let (event, id) = (&entry.decision.event, act.id.as_str());
    warn!(%event, act = id, reason = %failure, give_up_at = %act.give_up_at, "an act is tried again");
}

/// The addresses that were bound.
pub fn listening(http: SocketAddr, health: SocketAddr) {
    info!(%http, %health, "listening");
}

/// The limit on files and sockets was raised, as far as this process may; none: it had no limit.
pub(crate) fn descriptors(was: Option<u64>, limit: usize) {
    info!(was, limit, "descriptors");
}

/// What is configured to be at work at once may want more files and sockets than the process may open.
pub(crate) fn too_few_descriptors(limit: usize, at_work: usize, connections: usize) {
    warn!(
        limit,
        at_work,
        connections,
        "too few descriptors for all that may be at work at once: raise the limit (ulimit -n)"
    );
}

/// Requests or connections were refused for that reason, so many since this was last said: once a minute at
/// most, for each reason.
pub(crate) fn http_refused(reason: &'static str, detail: &str, times: u64) {
    warn!(reason, detail = %clean(detail, 300), times, "refused; watchfire_http_refused_total counts them");
}

/// An assistant has called a tool; what it changed is in the audit trail.
#[cfg(feature = "mcp")]
pub(crate) fn assistant_asked(tool: &'static str, answered: bool) {
    info!(tool, answered, "an assistant asked");
}

/// Configuration and rules are in force, the store is open, the ports are bound: what comes now is taken.
pub fn ready(rules: usize, channels: usize) {
    info!(rules, channels, version = env!("CARGO_PKG_VERSION"), "ready");
}

/// The configuration was read again.
pub fn reloaded(cause: Cause, reloaded: &Reloaded) {
    let cause = cause.as_str();
    match reloaded {
        Reloaded::Unchanged => info!(cause, "the configuration was read again: nothing is different"),
        Reloaded::Taken { changed, needs_restart, rules, channels } => {
            info!(cause, changed = changed.join(","), rules, channels, "reloaded");
            if !needs_restart.is_empty() {
                warn!(needs_restart = needs_restart.join(","), "some of it takes effect at the next start");
            }
        }
        Reloaded::Refused { mistakes } => {
            for mistake in mistakes {
                error!(mistake, "a mistake in the configuration");
            }
            let mistakes = mistakes.len();
            error!(cause, mistakes, "the configuration was refused: what was in force stays");
        }
    }
}

/// A secret is another one where it is kept, and is used from here on.
pub(crate) fn secret_rotated(path: &str) {
    info!(path, "a secret was rotated: the new one is used");
}

/// The secret that is kept there now cannot be one.
pub(crate) fn secret_does_not_fit(path: &str, mistake: &dyn Display) {
    error!(path, %mistake, "a secret was rotated to one that does not fit: the old one is used");
}

/// Whether a secret was rotated is not known; it is asked again.
pub(crate) fn secret_not_fetched(error: &anyhow::Error) {
    let reason = clean(&format!("{error:#}"), 500);
    warn!(reason, "a secret cannot be fetched again: the one that is known is used");
}

/// An example of a rule in force is not as the rule says: a reload would refuse it.
pub fn example_failed(mistake: &dyn Display) {
    warn!(%mistake, "an example of a rule fails");
}

/// The store did not answer; urgent pages go out unrecorded.
pub fn store_failed(error: &dyn std::error::Error) {
    error!(
        error = chain(error),
        "the store failed: urgent pages go out unrecorded, nothing is deleted from the queue"
    );
}

/// A channel refused an effect for good.
pub fn refused(decision: &Decision, effect: &Effect, reason: &str) {
    let (event, effect, priority) = (&decision.event, effect.id.as_str(), decision.priority.as_str());
    error!(%event, effect, priority, reason, "a channel refused this for good");
}

/// The primary channel did not take an urgent page.
pub fn fell_back(decision: &Decision, fallback: &Effect) {
    let (event, fallback) = (&decision.event, fallback.id.as_str());
    warn!(%event, fallback, "the primary channel did not take an urgent page, the fallback gets it");
}

/// A page was worded by the template that ships, because the channel's own could not be used.
pub(crate) fn template_failed(decision: &Decision, channel: &ChannelName, fault: &Fault) {
    let (event, channel, part) = (&decision.event, channel.as_str(), fault.part.as_str());
    error!(%event, channel, part, reason = fault.reason, "a template could not be used, the one that ships was");
}

/// A channel is known to take nothing; said once, until it does again.
pub(crate) fn channel_down(channel: &ChannelName, reason: &str) {
    let (channel, reason) = (channel.as_str(), clean(reason, 500));
    error!(channel, reason, "a channel is down: urgent pages go to their fallback at once");
}

/// A channel takes pages again.
pub(crate) fn channel_up(channel: &ChannelName, down_for: Duration) {
    info!(channel = channel.as_str(), down_for_seconds = down_for.as_secs(), "a channel is up again");
}

/// A message stays on the queue.
pub fn not_done(message_id: &str, receives: u32, reason: &str, again_in: Duration) {
    let again_in_seconds = again_in.as_secs();
    let reason = clean(reason, 500);
    warn!(message_id, receives, reason, again_in_seconds, "a message stays on the queue");
}

/// A record of a batch is reported as not done; its queue brings it again on its own terms.
pub fn reported(message_id: &str, receives: u32, reason: &str) {
    let reason = clean(reason, 500);
    warn!(message_id, receives, reason, "a record is reported as not done");
}

/// An invocation's time is over before its batch is done.
pub fn out_of_time(records: usize) {
    warn!(records, "the time of the invocation is over: what is not done is reported");
}

/// Nobody will be reminded of what is due before the next tick.
pub fn not_hinted(reason: &str) {
    warn!(reason, "what is due soon waits for the next tick");
}

/// The source could not be read.
pub fn receive_failed(queue: &str, error: &anyhow::Error, again_in: Duration) {
    let again_in_seconds = again_in.as_secs();
    error!(queue, error = format!("{error:#}"), again_in_seconds, "the queue cannot be read");
}

/// Deletes that the queue did not take; the messages come again and are known.
pub fn delete_failed(messages: usize, reason: &str) {
    warn!(messages, reason, "messages could not be deleted; they come again and are known then");
}

/// A visibility could not be changed; the message comes back on the queue's own terms.
pub fn visibility_failed(message_id: &str, error: &anyhow::Error) {
    warn!(message_id, error = format!("{error:#}"), "a message's visibility could not be changed");
}

/// What a Lambda has not done comes again on the queue's own terms.
pub(crate) fn not_given_back(messages: usize, error: &anyhow::Error) {
    warn!(messages, error = format!("{error:#}"), "what is not done comes again by the queue's visibility");
}

/// What was old is gone.
pub fn pruned(records: u64) {
    info!(records, "pruned");
}

/// A tick found an entry that it could not read.
pub fn not_resumed(event: &EventId, error: &dyn std::error::Error) {
    error!(%event, error = chain(error), "an entry is due and cannot be read");
}

/// What is due could not be decided; the next tick tries again.
pub fn not_woken(what: &dyn Display, reason: &str) {
    error!(%what, reason, "what is due could not be decided");
}

/// The clock was set back.
pub fn set_back(records: usize) {
    warn!(records, "the clock was ahead and is set back: what was written then counts from now");
}

/// Handling a message panicked: a defect of ours. The message stays on its queue.
pub fn panicked(message_id: &str) {
    error!(message_id, "handling a message panicked; it stays on the queue");
}

/// A tick failed; the next one tries again.
pub fn tick_failed(error: &dyn std::error::Error) {
    error!(error = chain(error), "a tick failed");
}

/// A report of health that is due could not be made or written down; it is tried again.
pub fn bulletin_not_posted(error: &dyn std::error::Error) {
    warn!(error = chain(error), "a report of health that is due is not posted, and is tried again");
}

/// A silence asks for a rule or a family that there is no more.
pub fn silence_asks_for_nothing(silence: &str, what: &str) {
    warn!(
        silence,
        what, "a silence asks for what there is not, and goes on with the rest of what it matches"
    );
}

/// The worker has been told to stop.
pub fn draining(at_work: usize) {
    info!(at_work, "stopping: no more messages are taken, those at work are finished");
}

/// The worker has stopped.
pub fn drained(given_back: usize) {
    info!(given_back, "stopped");
}

/// A webhook was refused; said once a minute at most.
pub(crate) fn webhook_unsigned(reason: &dyn Display) {
    warn!(%reason, "a webhook for PagerDuty is not signed by it; watchfire_pagerduty_heard_total counts them");
}

/// A request for Slack's buttons is not signed by it.
pub(crate) fn press_unsigned(reason: &dyn Display) {
    warn!(%reason, "a request about a button is not signed by Slack; watchfire_slack_pressed_total counts them");
}

/// Somebody who is not known has pressed a button.
pub(crate) fn press_of_a_stranger(user: &str) {
    warn!(user = %clean(user, 40), "somebody in Slack whom access.slack does not name has pressed a button");
}

/// What came of a button could not be told in Slack.
pub(crate) fn press_not_answered(press: &str, reason: &str) {
    warn!(press, reason = %clean(reason, 300), "what came of a button could not be told in Slack");
}

/// A signed webhook could not be decided; PagerDuty sends it again.
pub(crate) fn webhook_not_decided(event: &EventId, reason: &str) {
    warn!(%event, reason = %clean(reason, 500), "a webhook could not be decided; it comes again");
}

/// PagerDuty does not let us ask.
pub(crate) fn pagerduty_refuses(channel: &ChannelName, why: &dyn Display) {
    let (channel, reason) = (channel.as_str(), clean(&why.to_string(), 500));
    error!(channel, reason, "PagerDuty cannot be asked what people do there");
}

/// A round of questions came to no end.
pub(crate) fn pagerduty_unheard(channel: &ChannelName, why: &dyn Display) {
    let (channel, reason) = (channel.as_str(), clean(&why.to_string(), 500));
    warn!(channel, reason, "PagerDuty is asked again what people do there");
}

/// Nothing can be written to the store any more; said once, until something can.
pub(crate) fn store_is_away(error: &dyn std::error::Error) {
    error!(
        error = chain(error),
        "the store is away: what is urgent is paged unrecorded, all else waits on its queue"
    );
}

/// Something can be written to the store again.
pub(crate) fn store_is_back(since: Timestamp) {
    info!(away_since = %since, "the store is back");
}

/// A worker begins before its table has answered.
pub(crate) fn begun_without_table(error: &dyn std::error::Error) {
    error!(
        error = chain(error),
        "the table does not answer: begun without it, urgent pages go out unrecorded"
    );
}

/// The store's writer could not write.
pub(crate) fn nothing_can_be_stored(error: &dyn std::error::Error) {
    error!(error = chain(error), "nothing can be stored");
}

/// The table of the store is not there, or not as it must be.
pub(crate) fn table_is_wrong(error: &dyn std::error::Error) {
    error!(error = chain(error), "the table is not as it must be: urgent pages go out unrecorded");
}

/// This process can do nothing with the store any more.
pub(crate) fn store_broke(error: &dyn std::error::Error) {
    error!(
        error = chain(error),
        "the store is of no use any more: urgent pages go out unrecorded, this process ends"
    );
}

/// The store that gave up is not there any more; a new one is begun.
pub(crate) fn store_was_gone(store: &std::path::Path) {
    error!(store = %store.display(), "the store gave up and its file is gone: what it knew is not known any more");
}

/// A damaged store was set aside, and a new one is begun.
pub(crate) fn set_aside(error: &dyn std::error::Error, to: &std::path::Path) {
    error!(error = chain(error), to = %to.display(), "the store was damaged and is set aside; a new one is begun");
}

/// The store's file was made smaller; whoever wanted something of it waited so long.
pub(crate) fn compacted(bytes: u64, took: Duration) {
    info!(bytes, milliseconds = took.as_secs_f64() * 1e3, "the store gave back what was free");
}

/// The store's file could not be made smaller.
pub(crate) fn not_compacted(error: &dyn std::error::Error) {
    warn!(error = chain(error), "the store could not give back what is free");
}

/// The store could not be opened again after a fault.
pub(crate) fn stays_closed(error: &dyn std::error::Error) {
    error!(error = chain(error), "the store stays closed");
}

/// The API server does not answer; events are told what the cache knows.
pub(crate) fn api_server_silent(reason: &str) {
    warn!(reason, "the API server does not answer: events are told what is known");
}

/// The API server answers again.
pub(crate) fn api_server_answers(since: Timestamp) {
    info!(silent_since = %since, "the API server answers again");
}

/// A watch has begun to fail; it is tried again, less and less often.
pub(crate) fn watch_failed(resource: &str, reason: &str) {
    warn!(resource, reason, "a watch failed and is tried again");
}

/// The collector has begun not to take spans; it is asked again.
pub(crate) fn spans_not_taken(reason: &str) {
    let reason = clean(reason, 500);
    warn!(reason, "the collector takes no spans; watchfire_spans_lost_total counts those that are lost");
}

/// The collector takes spans again.
pub(crate) fn spans_taken() {
    info!("the collector takes spans again");
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// What a model says of a page could not be had or be written down: nobody misses anything by it.
pub(crate) fn not_triaged(reason: &str) {
    warn!(reason, "no model was asked");
}

/// No model is asked any more today.
pub(crate) fn triage_budget_is_spent() {
    warn!("no model was asked: the day's budget has no room for one more question");
}
