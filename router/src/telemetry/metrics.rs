//! Metrics, in Prometheus's text form. Labels come from our own enums and configuration, never from events.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use watchfire_core::act::Act;
use watchfire_core::decision::{Decision, Effect};
use watchfire_core::event::Event;
use watchfire_core::ids::ChannelName;
use watchfire_core::journal::{ActEnd, Outcome};
use watchfire_core::notice::Part;
use watchfire_core::survey::{Blind, Condition, Said};
use watchfire_core::triage::{Left, Usage};

use super::triage::{TriageMetrics, TriageOutcome};
use crate::failure::{Failure, Tried};
use crate::reloaded::Reloaded;

pub(super) type Labels = Vec<(&'static str, String)>;

/// All metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<Labels, Counter>,
    deciding: Histogram,
    effects: Family<Labels, Counter>,
    page_latency: Family<Labels, Histogram>,
    acts: Family<Labels, Counter>,
    act_latency: Family<Labels, Histogram>,
    fallbacks: Family<Labels, Counter>,
    template_failures: Family<Labels, Counter>,
    channels_up: Family<Labels, Gauge>,
    received: Family<Labels, Counter>,
    left: Family<Labels, Counter>,
    at_work: Gauge,
    queued: Family<Labels, Gauge>,
    store_failures: Counter,
    store_up: Gauge,
    last_success: Gauge,
    heard: Family<Labels, Counter>,
    pressed: Family<Labels, Counter>,
    refused: Family<Labels, Counter>,
    connections: Family<Labels, Gauge>,
    reloads: Family<Labels, Counter>,
    config_is_right: Gauge,
    config_read: Gauge,
    spans_lost: Family<Labels, Counter>,
    canary_arrived: Gauge,
    canary_sent: Gauge,
    watch_looks: Counter,
    watch_look: Histogram,
    watch_conditions: Family<Labels, Gauge>,
    watch_blind: Family<Labels, Gauge>,
    watch_left_out: Gauge,
    watch_said: Family<Labels, Counter>,
    triage: TriageMetrics,
}

/// Where messages come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'f> {
    /// The kind of source.
    pub source: &'f str,
    /// The queue.
    pub queue: &'f str,
}

/// Something that is counted for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    /// Each is registered where it is made: none is counted that is not shown.
    fn default() -> Self {
        let mut registry = Registry::with_prefix("watchfire");
        let r = &mut registry;
        let seconds = || Histogram::new([0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0]);
        let up = || {
            let gauge = Gauge::default();
            gauge.set(1);
            gauge
        };
        let latency: fn() -> Histogram =
            || Histogram::new([0.01, 0.1, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0]);
        Self {
            decisions: shown(r, "decisions", "Events decided, by finder, priority, verdict and reason"),
            deciding: shown_as(r, "decide_seconds", "From read to committed", seconds()),
            effects: shown(
                r,
                "effects",
                "Pages, updates and ends for a channel, by kind and what came of it; not_asked: nothing was sent, because the channel was down or had no turn in time",
            ),
            page_latency: shown_as(
                r,
                "page_latency_seconds",
                "From the decision to the channel's answer, pages taken",
                Family::new_with_constructor(latency),
            ),
            acts: shown(r, "acts", "Acts on the cluster that came to their end, by action and end"),
            act_latency: shown_as(
                r,
                "act_latency_seconds",
                "From the decision to the end of an act that was done",
                Family::new_with_constructor(latency),
            ),
            fallbacks: shown(r, "fallbacks", "Urgent pages that went to a fallback channel"),
            template_failures: shown(
                r,
                "template_failures",
                "Attempts at pages whose own template could not be used, by channel and part",
            ),
            channels_up: shown(
                r,
                "channel_up",
                "1 while a channel takes pages, 0 once it is known to be down",
            ),
            received: shown(r, "messages_received", "Messages taken from a source"),
            left: shown(r, "messages_left", "Messages left on a source to come again"),
            at_work: shown(r, "messages_at_work", "Messages being handled now"),
            queued: shown(r, "queue_depth", "Messages in the embedded queue, handled now or not, by lane"),
            store_failures: shown(r, "store_failures", "Times the store did not answer"),
            store_up: shown_as(r, "store_up", "1 while the store can be written, 0 once it cannot", up()),
            last_success: shown(r, "last_success_timestamp_seconds", "When a message was last done with"),
            heard: shown(r, "pagerduty_heard", "What PagerDuty told, by way and what came of it"),
            pressed: shown(r, "slack_pressed", "Buttons pressed in Slack, by what came of it"),
            refused: shown(r, "http_refused", "Requests and connections refused, by reason"),
            connections: shown(r, "http_connections", "Connections there are now, by address"),
            reloads: shown(r, "reloads", "Times the configuration was read again, by outcome"),
            config_is_right: shown(
                r,
                "config_last_reload_successful",
                "1 while what is in force is what the files say, 0 once they were refused",
            ),
            config_read: shown(
                r,
                "config_last_reload_success_timestamp_seconds",
                "When the configuration in force was read",
            ),
            spans_lost: shown(r, "spans_lost", "Spans that no collector has, by reason"),
            canary_arrived: shown(
                r,
                "canary_arrival_timestamp_seconds",
                "When a canary last arrived; 0 before the first",
            ),
            canary_sent: shown(
                r,
                "canary_timestamp_seconds",
                "When the canary that arrived last was to be sent",
            ),
            watch_looks: shown(r, "watch_looks", "Times the cluster was looked at"),
            watch_look: shown_as(
                r,
                "watch_look_seconds",
                "How long a look at the cluster took",
                Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0]),
            ),
            watch_conditions: shown(r, "watch_conditions", "What is the matter in the cluster, by condition"),
            watch_blind: shown(r, "watch_blind", "1 for each condition that could not be looked at"),
            watch_left_out: shown(
                r,
                "watch_left_out",
                "Symptoms of the last look that there was no room for",
            ),
            watch_said: shown(r, "watch_said", "What was told of the cluster, by condition and state"),
            triage: TriageMetrics::new(r),
            registry,
        }
    }
}

pub(super) fn shown<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    shown_as(registry, name, help, M::default())
}

pub(super) fn shown_as<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// The text that `/metrics` answers.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Encoding into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn decided(&self, decision: &Decision, event: &Event<'_>, took: Duration) {
        let finder = event.finding.as_ref().map_or("none", |finding| finding.source.as_str());
        let labels = vec![
            ("finder", finder.to_owned()),
            ("priority", decision.priority.as_str().to_owned()),
            ("verdict", decision.verdict.as_str().to_owned()),
            ("why", decision.why.as_str().to_owned()),
        ];
        self.decisions.get_or_create(&labels).inc();
        self.deciding.observe(took.as_secs_f64());
    }

    /// Something was decided because its time had come.
    pub(crate) fn woken(&self, decision: &Decision) {
        let labels = vec![
            ("finder", "due".to_owned()),
            ("priority", decision.priority.as_str().to_owned()),
            ("verdict", decision.verdict.as_str().to_owned()),
            ("why", decision.why.as_str().to_owned()),
        ];
        self.decisions.get_or_create(&labels).inc();
    }

    pub(crate) fn performed(&self, effect: &Effect, tried: &Tried) {
        let labels = vec![
            ("channel", effect.channel.to_string()),
            ("kind", effect.kind.as_str().to_owned()),
            ("outcome", outcome_of(tried).to_owned()),
        ];
        self.effects.get_or_create(&labels).inc();
    }

    /// A channel took what a human is to hear.
    pub(crate) fn told(&self, decision: &Decision, now: Timestamp) {
        let latency = (now - decision.at).total(jiff::Unit::Second).unwrap_or_default();
        let labels = vec![("priority", decision.priority.as_str().to_owned())];
        self.page_latency.get_or_create(&labels).observe(latency);
    }

    pub(crate) fn acted(&self, act: &Act, outcome: &Outcome, decided: Timestamp, now: Timestamp) {
        let Outcome::Acted { end, .. } = outcome else { return };
        let end = match end {
            ActEnd::Done => "done",
            ActEnd::Failed => "failed",
            ActEnd::Needless => "needless",
        };
        let action = act.action.as_str().to_owned();
        self.acts.get_or_create(&vec![("action", action.clone()), ("end", end.to_owned())]).inc();
        if end == "done" {
            let latency = (now - decided).total(jiff::Unit::Second).unwrap_or_default();
            self.act_latency.get_or_create(&vec![("action", action)]).observe(latency);
        }
    }

    /// The configuration that was read at that time is in force.
    /// A canary that was to be sent then has come all the way: what another way of telling metrics hooks into.
    pub(crate) fn canary_arrived(&self, sent: Timestamp, now: Timestamp) {
        self.canary_sent.set(sent.as_second());
        self.canary_arrived.set(now.as_second());
    }

    /// The cluster was looked at.
    pub(crate) fn looked(
        &self,
        told: &BTreeMap<Condition, usize>,
        blind: &Blind,
        left_out: usize,
        took: Duration,
    ) {
        self.watch_looks.inc();
        self.watch_look.observe(took.as_secs_f64());
        for condition in Condition::ALL {
            let labels = vec![("condition", condition.as_str().to_owned())];
            let count = told.get(&condition).copied().unwrap_or(0);
            self.watch_conditions.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
            self.watch_blind.get_or_create(&labels).set(blind.contains_key(&condition).into());
        }
        self.watch_left_out.set(i64::try_from(left_out).unwrap_or(i64::MAX));
    }

    /// Something was told of the cluster.
    pub(crate) fn watch_said(&self, said: &Said) {
        let labels = vec![
            ("condition", said.condition.as_str().to_owned()),
            ("state", said.state.as_str().to_owned()),
        ];
        self.watch_said.get_or_create(&labels).inc();
    }

    /// A model was to be asked about a page; what it used, where it was.
    pub(crate) fn triaged(&self, outcome: TriageOutcome, asked: Option<(&Usage, Duration)>) {
        self.triage.came(outcome, asked);
    }

    /// So much is left of the day's budget.
    pub(crate) fn triage_left(&self, left: Left) {
        self.triage.left(left);
    }

    pub(crate) fn configured(&self, now: Timestamp) {
        self.config_is_right.set(1);
        self.config_read.set(now.as_second());
    }

    /// The configuration was read again.
    pub(crate) fn reloaded(&self, reloaded: &Reloaded, now: Timestamp) {
        let outcome = match reloaded {
            Reloaded::Taken { .. } => "taken",
            Reloaded::Unchanged => "unchanged",
            Reloaded::Refused { .. } => "refused",
        };
        self.reloads.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
        match reloaded {
            Reloaded::Taken { .. } | Reloaded::Unchanged => self.configured(now),
            Reloaded::Refused { .. } => {
                self.config_is_right.set(0);
            }
        }
    }

    /// Something that PagerDuty told by that way: `webhook` or `poll`.
    pub(crate) fn heard(&self, way: &'static str, outcome: &'static str) {
        let labels = vec![("way", way.to_owned()), ("outcome", outcome.to_owned())];
        self.heard.get_or_create(&labels).inc();
    }

    /// A button in Slack, or what was sent in its name.
    pub(crate) fn pressed(&self, outcome: &'static str) {
        self.pressed.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&vec![("reason", reason.to_owned())]).inc();
    }

    /// A connection to that address: `http` or `health`.
    pub(crate) fn connected(&self, address: &'static str) -> Counted {
        let connections = self.connections.get_or_create(&vec![("address", address.to_owned())]).clone();
        connections.inc();
        Counted(connections)
    }

    pub(crate) fn fell_back(&self, channel: &ChannelName) {
        self.fallbacks.get_or_create(&vec![("channel", channel.to_string())]).inc();
    }

    pub(crate) fn template_failed(&self, channel: &ChannelName, part: Part) {
        let labels = vec![("channel", channel.to_string()), ("part", part.as_str().to_owned())];
        self.template_failures.get_or_create(&labels).inc();
    }

    pub(crate) fn channel_is_up(&self, channel: &ChannelName, is_up: bool) {
        self.channels_up.get_or_create(&vec![("channel", channel.to_string())]).set(is_up.into());
    }

    /// It is not configured any more.
    pub(crate) fn channel_is_gone(&self, channel: &ChannelName) {
        self.channels_up.remove(&vec![("channel", channel.to_string())]);
    }

    /// No collector has so many spans, for that reason: `full` or `refused`.
    pub(crate) fn spans_lost(&self, reason: &'static str, spans: u64) {
        if spans > 0 {
            self.spans_lost.get_or_create(&vec![("reason", reason.to_owned())]).inc_by(spans);
        }
    }

    pub(crate) fn store_failed(&self) {
        self.store_failures.inc();
    }

    pub(crate) fn store_is_up(&self, is_up: bool) {
        self.store_up.set(is_up.into());
    }

    /// Messages were taken from a source.
    pub fn received(&self, of: Origin<'_>, messages: usize) {
        self.received.get_or_create(&labels_of(of)).inc_by(messages as u64);
    }

    pub(crate) fn queued(&self, lane: &'static str, messages: usize) {
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        self.queued.get_or_create(&vec![("lane", lane.to_owned())]).set(messages);
    }

    pub(crate) fn begun(&self) -> Counted {
        self.at_work.inc();
        Counted(self.at_work.clone())
    }

    pub(crate) fn done(&self, now: Timestamp) {
        self.last_success.set(now.as_second());
    }

    /// Messages come again.
    pub fn left(&self, of: Origin<'_>, messages: usize) {
        self.left.get_or_create(&labels_of(of)).inc_by(messages as u64);
    }
}

/// What came of an effect on a channel, in a word.
pub(super) fn outcome_of(tried: &Tried) -> &'static str {
    match (&tried.result, tried.was_asked) {
        (Ok(_), _) => "done",
        (Err(Failure::Transient { .. }), true) => "transient",
        (Err(Failure::Transient { .. }), false) => "not_asked",
        (Err(Failure::Permanent { .. }), _) => "permanent",
    }
}

fn labels_of(Origin { source, queue }: Origin<'_>) -> Labels {
    vec![("source", source.to_owned()), ("queue", queue.to_owned())]
}
