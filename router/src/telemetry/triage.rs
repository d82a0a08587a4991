//! What is counted of models that are asked about pages. No label names an incident, an event or a model.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::Serialize;
use watchfire_core::triage::{Left, Usage};
use watchfire_core::word;

use super::metrics::{Labels, shown, shown_as};

/// What came of asking a model, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TriageOutcome {
    /// It wrote a text.
    Answered,
    /// It wrote something else than was asked for.
    Unreadable,
    /// It, or what guards it, would not answer.
    Refused,
    /// Too many ask.
    Throttled,
    /// It took too long.
    TimedOut,
    /// Whoever asks may not.
    Denied,
    /// It does not take the question.
    Invalid,
    /// It is not there.
    Unavailable,
    /// It was not asked: the budget has no room.
    BudgetSpent,
    /// It is asked later, or not at all: too many wait.
    QueueFull,
}

/// The metrics of it.
#[derive(Debug)]
pub(super) struct TriageMetrics {
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    tokens: Family<Labels, Counter>,
    cost: Counter<f64, AtomicU64>,
    left_tokens: Family<Labels, Gauge>,
    left_cost: Family<Labels, Gauge<f64, AtomicU64>>,
}

impl TriageMetrics {
    pub(super) fn new(r: &mut Registry) -> Self {
        let seconds = Histogram::new([0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0]);
        Self {
            requests: shown(
                r,
                "triage_requests",
                "Times a model was to be asked about a page, by what came of it",
            ),
            seconds: shown_as(
                r,
                "triage_seconds",
                "From a question to its answer, or to its end without one",
                seconds,
            ),
            tokens: shown(r, "triage_tokens", "Tokens that models have used, by direction"),
            cost: shown(r, "triage_cost", "What they cost, in what the prices are in"),
            left_tokens: shown(r, "triage_budget_left_tokens", "Tokens that are left of the day's budget"),
            left_cost: shown(
                r,
                "triage_budget_left_cost",
                "What is left of the day's budget, in what the prices are in",
            ),
        }
    }

    pub(super) fn came(&self, outcome: TriageOutcome, asked: Option<(&Usage, Duration)>) {
        self.requests.get_or_create(&vec![("outcome", word::of(&outcome).to_owned())]).inc();
        let Some((usage, took)) = asked else { return };
        self.seconds.observe(took.as_secs_f64());
        for (direction, tokens) in [("in", usage.input_tokens), ("out", usage.output_tokens)] {
            self.tokens.get_or_create(&vec![("direction", direction.to_owned())]).inc_by(tokens);
        }
        self.cost.inc_by(usage.cost.unwrap_or_default().amount());
    }

    /// Nothing is shown of a budget that has no end.
    pub(super) fn left(&self, Left { tokens, cost }: Left) {
        if let Some(tokens) = tokens {
            self.left_tokens.get_or_create(&Vec::new()).set(i64::try_from(tokens).unwrap_or(i64::MAX));
        }
        if let Some(cost) = cost {
            self.left_cost.get_or_create(&Vec::new()).set(cost.amount());
        }
    }
}
