//! A Lambda's metrics, in CloudWatch's embedded metric format: one line an invocation, of what has changed since the last.
//!
//! CloudWatch bills each name with each combination of dimensions: there is one dimension, the function, and what is
//! told apart by a label is told apart by that label's few words, in the name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Metrics;

/// What becomes of a metric, in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The sum of what was counted since the last line, for each word of that label, or in all.
    Counted(Option<&'static str>),
    /// The mean of what was observed since the last line, in seconds.
    Observed,
    /// The least of its values now: of channels that are up, 0 is one that is down.
    Least,
    /// One, under that name, where it is another moment than at the last line: its absence is what is alarmed on.
    Happened(&'static str),
    /// Not at all: it is of workers, or counted in another.
    Nothing,
}

/// Every metric there is.
const SHOWN: [(&str, Shown); 38] = [
    ("decisions", Shown::Counted(Some("priority"))),
    ("decide_seconds", Shown::Observed),
    ("effects", Shown::Counted(Some("outcome"))),
    ("page_latency_seconds", Shown::Observed),
    ("acts", Shown::Counted(Some("end"))),
    ("act_latency_seconds", Shown::Observed),
    ("fallbacks", Shown::Counted(None)),
    ("template_failures", Shown::Counted(None)),
    ("channel_up", Shown::Least),
    ("messages_received", Shown::Counted(None)),
    ("messages_left", Shown::Counted(None)),
    ("messages_at_work", Shown::Nothing),
    ("queue_depth", Shown::Nothing),
    ("store_failures", Shown::Counted(None)),
    ("store_up", Shown::Least),
    ("last_success_timestamp_seconds", Shown::Nothing),
    ("pagerduty_heard", Shown::Counted(Some("outcome"))),
    ("slack_pressed", Shown::Counted(Some("outcome"))),
    ("http_refused", Shown::Counted(None)),
    ("http_connections", Shown::Nothing),
    ("reloads", Shown::Nothing),
    ("config_last_reload_successful", Shown::Nothing),
    ("config_last_reload_success_timestamp_seconds", Shown::Nothing),
    ("spans_lost", Shown::Counted(None)),
    ("canary_arrival_timestamp_seconds", Shown::Happened("canary_arrived")),
    ("canary_timestamp_seconds", Shown::Nothing),
    ("triage_requests", Shown::Counted(Some("outcome"))),
    ("triage_seconds", Shown::Observed),
    ("triage_tokens", Shown::Counted(Some("direction"))),
    ("triage_cost", Shown::Counted(None)),
    ("triage_budget_left_tokens", Shown::Nothing),
    ("triage_budget_left_cost", Shown::Nothing),
    // A Lambda watches nothing.
    ("watch_looks", Shown::Nothing),
    ("watch_look_seconds", Shown::Nothing),
    ("watch_conditions", Shown::Nothing),
    ("watch_blind", Shown::Nothing),
    ("watch_left_out", Shown::Nothing),
    ("watch_said", Shown::Nothing),
];

/// Writes the lines of one environment.
#[derive(Debug)]
pub struct Emf {
    namespace: String,
    function: Option<String>,
    /// What was counted and observed by the last line.
    before: Mutex<BTreeMap<String, f64>>,
}

impl Emf {
    /// In that namespace of CloudWatch.
    pub fn new(namespace: String) -> Self {
        Self { namespace, function: super::function(), before: Mutex::default() }
    }

    /// What has changed since the last line, as one line; none where nothing has.
    pub fn line(&self, metrics: &Metrics, now: Timestamp) -> Option<String> {
        let counted = Samples::of(&metrics.text());
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let values = values(&counted, &before);
        *before = counted.0;
        // Those that always have a value say nothing by themselves.
        let has_changed = values.keys().any(|name| !name.ends_with("_up"));
        has_changed.then(|| self.written(values, now))
    }

    fn written(&self, values: BTreeMap<String, f64>, now: Timestamp) -> String {
        let metric = |name: &String| json!({"Name": name, "Unit": unit(name)});
        let names: Vec<Value> = values.keys().map(metric).collect();
        let dimensions = self.function.as_ref().map_or(json!([[]]), |_| json!([["FunctionName"]]));
        let directive = json!({"Namespace": self.namespace, "Dimensions": dimensions, "Metrics": names});
        let head = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
        let mut line = Map::from_iter([("_aws".to_owned(), head)]);
        line.extend(self.function.iter().map(|name| ("FunctionName".to_owned(), json!(name))));
        line.extend(values.into_iter().map(|(name, value)| (name, json!(value))));
        Value::Object(line).to_string()
    }
}

fn unit(name: &str) -> &'static str {
    match name {
        name if name.ends_with("_seconds") => "Seconds",
        name if name.ends_with("_up") => "None",
        _ => "Count",
    }
}

fn values(samples: &Samples, before: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    for (name, shown) in SHOWN {
        match shown {
            Shown::Counted(label) => {
                for (sample, value) in samples.named(format!("watchfire_{name}_total")) {
                    let more = value - before.get(sample).unwrap_or(&0.0);
                    let word = label.and_then(|label| label_of(sample, label));
                    let name = word.map_or(name.to_owned(), |word| format!("{name}_{word}"));
                    if more > 0.0 {
                        *values.entry(name).or_default() += more;
                    }
                }
            }
            Shown::Observed => {
                let more = |end: &str| -> f64 {
                    let all = samples.named(format!("watchfire_{name}_{end}"));
                    all.map(|(sample, value)| value - before.get(sample).unwrap_or(&0.0)).sum()
                };
                let (sum, count) = (more("sum"), more("count"));
                if count > 0.0 {
                    values.insert(name.to_owned(), sum / count);
                }
            }
            Shown::Least => {
                let all = samples.named(format!("watchfire_{name}"));
                values.extend(
                    all.map(|(_, value)| value).reduce(f64::min).map(|least| (name.to_owned(), least)),
                );
            }
            Shown::Happened(shown) => {
                let mut all = samples.named(format!("watchfire_{name}"));
                if all.any(|(sample, moment)| moment > *before.get(sample).unwrap_or(&0.0)) {
                    values.insert(shown.to_owned(), 1.0);
                }
            }
            Shown::Nothing => {}
        }
    }
    values
}

/// Samples as Prometheus's text has them: by name and labels.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (sample, value) = line.rsplit_once(' ')?;
            Some((sample.to_owned(), value.parse().ok()?))
        };
        Self(lines.filter_map(sample).collect())
    }

    fn named(&self, name: String) -> impl Iterator<Item = (&String, f64)> {
        let is_it = move |sample: &str| sample.split('{').next() == Some(&name);
        self.0.iter().filter(move |(sample, _)| is_it(sample)).map(|(sample, value)| (sample, *value))
    }
}

/// The word of a label whose words are our own. A quotation mark in the value of another has a backslash before it.
fn label_of<'s>(sample: &'s str, label: &str) -> Option<&'s str> {
    let begins = [format!("{{{label}=\""), format!(",{label}=\"")];
    let rest = begins.iter().find_map(|begin| sample.split_once(begin.as_str()).map(|(_, rest)| rest))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use watchfire_core::ids::ChannelName;
    use watchfire_core::notice::Part;

    use super::*;
    use crate::telemetry::Origin;

    fn line(emf: &Emf, metrics: &Metrics) -> Value {
        let now = "2026-11-20T03:00:00Z".parse().expect("a time");
        serde_json::from_str(&emf.line(metrics, now).unwrap_or("null".to_owned())).expect("a line is JSON")
    }

    #[test]
    fn a_line_has_what_has_changed_since_the_last_one_and_no_line_is_written_of_nothing() {
        let emf = Emf {
            namespace: "Watchfire".to_owned(),
            function: Some("alerts".to_owned()),
            before: Mutex::default(),
        };
        let metrics = Metrics::default();
        let (oncall, odd) = (ChannelName::new("oncall"), ChannelName::new(r#"a,outcome="done"#));
        metrics.channel_is_up(&oncall, true);
        assert_eq!(line(&emf, &metrics), Value::Null);
        metrics.channel_is_up(&odd, false);
        metrics.fell_back(&oncall);
        metrics.fell_back(&odd);
        metrics.heard("webhook", "decided");
        metrics.heard("poll", "decided");
        metrics.heard("webhook", "unsigned");
        metrics.received(Origin { source: "sqs", queue: "alerts" }, 3);
        let metric = |(name, unit): &(&str, &str)| json!({"Name": name, "Unit": unit});
        let names = [
            ("channel_up", "None"),
            ("fallbacks", "Count"),
            ("messages_received", "Count"),
            ("pagerduty_heard_decided", "Count"),
            ("pagerduty_heard_unsigned", "Count"),
            ("store_up", "None"),
        ];
        let expected = json!({
            "_aws": {"Timestamp": 1_795_143_600_000_i64, "CloudWatchMetrics": [{"Namespace": "Watchfire",
                "Dimensions": [["FunctionName"]], "Metrics": names.iter().map(metric).collect::<Vec<_>>()}]},
            "FunctionName": "alerts", "channel_up": 0.0, "fallbacks": 2.0, "messages_received": 3.0,
            "pagerduty_heard_decided": 2.0, "pagerduty_heard_unsigned": 1.0, "store_up": 1.0,
        });
        assert_eq!(line(&emf, &metrics), expected);
        assert_eq!(line(&emf, &metrics), Value::Null, "nothing has changed since");
        metrics.template_failed(&odd, Part::Title);
        metrics.channel_is_up(&odd, true);
        let next = line(&emf, &metrics);
        assert_eq!(
            (&next["template_failures"], &next["channel_up"], &next["fallbacks"]),
            (&json!(1.0), &json!(1.0), &Value::Null)
        );
    }

    #[test]
    fn what_was_observed_is_its_mean_since_the_last_line() {
        let before = BTreeMap::from([
            ("watchfire_decide_seconds_sum".to_owned(), 1.0),
            ("watchfire_decide_seconds_count".to_owned(), 2.0),
        ]);
        let text = "# TYPE watchfire_decide_seconds histogram\nwatchfire_decide_seconds_sum 4.0\n\
                    watchfire_decide_seconds_count 8\nwatchfire_decide_seconds_bucket{le=\"0.5\"} 8\n\
                    watchfire_page_latency_seconds_sum{priority=\"P0\"} 1.5\n\
                    watchfire_page_latency_seconds_sum{priority=\"P1\"} 2.5\n\
                    watchfire_page_latency_seconds_count{priority=\"P0\"} 1\n\
                    watchfire_page_latency_seconds_count{priority=\"P1\"} 3\n";
        let expected = [("decide_seconds", 0.5), ("page_latency_seconds", 1.0)];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(values(&Samples::of(text), &before), BTreeMap::from(expected));
    }

    #[test]
    fn a_canary_that_has_arrived_is_one_and_none_is_no_value() {
        let gauge =
            |moment: u32| Samples::of(&format!("watchfire_canary_arrival_timestamp_seconds {moment}\n"));
        let told = |before: u32, now: u32| values(&gauge(now), &gauge(before).0);
        let arrived = BTreeMap::from([("canary_arrived".to_owned(), 1.0)]);
        assert_eq!(
            [told(0, 0), told(0, 7), told(7, 7), told(7, 8)].map(|told| told == arrived),
            [false, true, false, true]
        );
        assert_eq!(told(7, 7), BTreeMap::new());
    }

    #[test]
    fn it_is_said_of_every_metric_what_becomes_of_it() {
        // What was never counted is not in the text: each stands where it is registered.
        let registered = include_str!("metrics.rs").split("let r = &mut registry;").nth(1).expect("there");
        let registered = registered.split("            registry,\n").next().expect("it has an end");
        let calls = registered.split(": shown").skip(1);
        let of_triage = include_str!("triage.rs").split(": shown").skip(1);
        let mut there: Vec<&str> = calls.chain(of_triage).filter_map(|call| call.split('"').nth(1)).collect();
        let mut said: Vec<&str> = SHOWN.iter().map(|(name, _)| *name).collect();
        there.sort_unstable();
        said.sort_unstable();
        assert_eq!(said, there);
    }
}
