//! Rules of EventBridge that send to a queue: whether they do, and what becomes of what cannot be delivered.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::dead_letters::{self, Beside};
use super::queue::Queue;
use super::sending::{Sends, Way};
use super::{AT_ONCE, PATIENCE};
use crate::aws::call::{Ask, CallError, Caller, Service};
use crate::clients::Clients;
use crate::finding::Finding;

/// A day: so long AWS tries again where nothing is said.
const ONE_DAY: u64 = 86_400;
/// So often, then.
const ATTEMPTS: u64 = 185;

/// A rule with its target.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) bus: String,
    pub(super) arn: String,
    pub(super) is_enabled: bool,
    /// None of a schedule.
    pub(super) pattern: Option<String>,
    target: Value,
}

/// A rule on a bus.
struct Named {
    bus: String,
    rule: String,
}

/// What sends to a queue, as far as that was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) rules: Vec<Rule>,
    /// There may be more.
    pub(super) in_part: bool,
}

/// All that send to a queue, by bus and name. What could not be asked is among the findings.
pub(super) async fn of(queue: &Queue, clients: &Clients, findings: &mut Vec<Finding>) -> Told {
    let mut told = Told::default();
    let mut named = Vec::new();
    for bus in buses(clients, findings).await {
        match names(&bus, queue, clients).await {
            Ok(names) => named.extend(names.into_iter().map(|rule| Named { bus: bus.clone(), rule })),
            Err(error) => {
                let about = format!("the rules of the bus {bus} that send to {}", queue.name);
                findings.push(Finding::untold(&about, "events:ListRuleNamesByTarget", &error));
                told.in_part = true;
            }
        }
    }
    let asking = named.iter().map(|named| described(named, queue, clients));
    let described: Vec<_> = futures_util::stream::iter(asking).buffered(AT_ONCE).collect::<Vec<_>>().await;
    for described in described {
        match described {
            Ok(rule) => told.rules.push(rule),
            Err(finding) => {
                findings.push(finding);
                told.in_part = true;
            }
        }
    }
    told
}

async fn ask(operation: &str, body: &Value, clients: &Clients) -> Result<Value, CallError> {
    let target = format!("AWSEvents.{operation}");
    let events = Caller::new(clients, Service::EventBridge, None).await?;
    events.call(&Ask::Json { target: &target, body }, PATIENCE).await?.json()
}

/// All of an answer that comes in pages.
async fn pages(
    operation: &str,
    body: Value,
    member: &str,
    clients: &Clients,
) -> Result<Vec<Value>, CallError> {
    let (mut body, mut all) = (body, Vec::new());
    loop {
        let mut answer = ask(operation, &body, clients).await?;
        if let Value::Array(some) = answer[member].take() {
            all.extend(some);
        }
        match answer["NextToken"].take() {
            Value::String(next) if body["NextToken"] != next.as_str() => body["NextToken"] = next.into(),
            _ => return Ok(all),
        }
    }
}

async fn buses(clients: &Clients, findings: &mut Vec<Finding>) -> Vec<String> {
    match pages("ListEventBuses", json!({}), "EventBuses", clients).await {
        Ok(buses) => buses.iter().filter_map(|bus| bus["Name"].as_str().map(str::to_owned)).collect(),
        Err(error) => {
            let told = Finding::untold("buses beside the default one", "events:ListEventBuses", &error);
            if !findings.contains(&told) {
                findings.push(told);
            }
            vec!["default".to_owned()]
        }
    }
}

async fn names(bus: &str, queue: &Queue, clients: &Clients) -> Result<Vec<String>, CallError> {
    let body = json!({"TargetArn": queue.arn, "EventBusName": bus});
    let names = pages("ListRuleNamesByTarget", body, "RuleNames", clients).await?;
    Ok(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

async fn described(Named { bus, rule }: &Named, queue: &Queue, clients: &Clients) -> Result<Rule, Finding> {
    let described = ask("DescribeRule", &json!({"Name": rule, "EventBusName": bus}), clients).await;
    let described = described.map_err(|error| Finding::untold(rule, "events:DescribeRule", &error))?;
    let body = json!({"Rule": rule, "EventBusName": bus});
    let targets = pages("ListTargetsByRule", body, "Targets", clients).await;
    let targets = targets.map_err(|error| Finding::untold(rule, "events:ListTargetsByRule", &error))?;
    let text = |name: &str| described[name].as_str().map(str::to_owned);
    Ok(Rule {
        name: rule.clone(),
        bus: bus.clone(),
        arn: text("Arn").unwrap_or_default(),
        is_enabled: described["State"].as_str().is_some_and(|state| state.starts_with("ENABLED")),
        pattern: text("EventPattern").filter(|pattern| !pattern.is_empty()),
        target: targets.into_iter().find(|target| target["Arn"] == queue.arn.as_str()).unwrap_or_default(),
    })
}

impl Rule {
    /// On which bus, where it is not the usual one, as AWS's command line has it.
    fn on_bus(&self) -> String {
        match self.bus.as_str() {
            "default" => String::new(),
            bus => format!(" --event-bus-name {bus}"),
        }
    }

    /// Whether what it brings arrives as it was.
    pub(super) fn delivers(&self, queue: &Queue) -> bool {
        self.is_enabled && self.may(queue) != Sends::Never && !(self.pattern.is_some() && self.transforms())
    }

    fn transforms(&self) -> bool {
        ["Input", "InputPath", "InputTransformer"].iter().any(|input| !self.target[*input].is_null())
    }

    fn may(&self, queue: &Queue) -> Sends {
        Way { rule: &self.arn, queue: &queue.arn }.judged(&queue.policy)
    }

    /// All that is not as it should be, or that it is.
    pub(super) fn look(&self, queue: &Queue) -> Vec<Finding> {
        let (rule, to) = (&self.name, &queue.name);
        let wrong: Vec<_> =
            [self.switched_off(), self.changes_events(), self.not_let(queue), self.loses(), self.gives_up()]
                .into_iter()
                .flatten()
                .collect();
        if !wrong.is_empty() {
            return wrong;
        }
        let kept = self.dead_letters().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
        vec![Finding::ok(format!("{rule} sends to {to}; what cannot be delivered is kept in {kept}"))]
    }

    pub(super) fn dead_letters(&self) -> Option<&str> {
        self.target["DeadLetterConfig"]["Arn"].as_str()
    }

    fn switched_off(&self) -> Option<Finding> {
        let Self { name, .. } = self;
        (!self.is_enabled).then(|| {
            Finding::fail(
                format!("{name} is disabled: it brings nothing"),
                format!("aws events enable-rule --name {name}{}", self.on_bus()),
            )
        })
    }

    /// A canary is no event, and may be anything.
    fn changes_events(&self) -> Option<Finding> {
        (self.pattern.is_some() && self.transforms()).then(|| {
            Finding::fail(
                format!("{} changes events on their way: Watchfire cannot read them", self.name),
                "take `input`, `input_path` and `input_transformer` out of its target",
            )
        })
    }

    fn not_let(&self, queue: &Queue) -> Option<Finding> {
        let Self { name, arn, .. } = self;
        let to = &queue.name;
        let let_it = format!(
            "add {arn} to `aws:SourceArn` in the policy of {to}: infra/terraform/modules/queues has it"
        );
        match self.may(queue) {
            Sends::Named => None,
            Sends::Never => {
                Some(Finding::fail(format!("{name} may not send to {to}: what it brings is lost"), let_it))
            }
            Sends::Whoever => Some(Finding::warn(
                format!("every rule of every account may send to {to}, {name} too"),
                let_it,
            )),
            Sends::Unread => Some(Finding::warn(
                format!("whether {name} may send to {to} hangs on conditions that are not read here"),
                let_it,
            )),
        }
    }

    fn loses(&self) -> Option<Finding> {
        let Self { name, .. } = self;
        self.dead_letters().is_none().then(|| {
            Finding::warn(
                format!("{name} has no dead-letter queue: what cannot be delivered is lost"),
                "give its target one: `dead_letter_config` in infra/terraform/modules/events has it",
            )
        })
    }

    /// A canary that is late is none.
    fn gives_up(&self) -> Option<Finding> {
        let policy = &self.target["RetryPolicy"];
        let age = policy["MaximumEventAgeInSeconds"].as_u64().unwrap_or(ONE_DAY);
        let attempts = policy["MaximumRetryAttempts"].as_u64().unwrap_or(ATTEMPTS);
        (self.pattern.is_some() && (age < ONE_DAY || attempts < ATTEMPTS)).then(|| {
            Finding::warn(
                format!("{} tries {attempts} times more within {age} s, and gives up", self.name),
                format!("set `maximum_event_age_in_seconds` to {ONE_DAY} and `maximum_retry_attempts` to {ATTEMPTS}"),
            )
        })
    }
}

/// Looks at the queues of what could not be delivered, each once.
pub(super) async fn undelivered(rules: &[(&Queue, Rule)], clients: &Clients, findings: &mut Vec<Finding>) {
    let mut by_arn: BTreeMap<&str, Vec<(&Queue, &Rule)>> = BTreeMap::new();
    for (queue, rule) in rules {
        if let Some(arn) = rule.dead_letters() {
            by_arn.entry(arn).or_default().push((queue, rule));
        }
    }
    for (arn, rules) in by_arn {
        let Some((beside, _)) = rules.first() else { continue };
        let beside = Beside { url: &beside.url, arn: &beside.arn };
        let Some(attributes) = dead_letters::look(arn, &beside, clients, findings).await else { continue };
        let policy = attributes.json("Policy");
        let refused = rules
            .iter()
            .filter(|(_, rule)| Way { rule: &rule.arn, queue: arn }.judged(&policy) == Sends::Never);
        let refused: Vec<_> = refused.map(|(_, rule)| rule.name.as_str()).collect();
        if !refused.is_empty() {
            let name = arn.rsplit(':').next().unwrap_or(arn);
            findings.push(Finding::fail(
                format!("{name} takes nothing from {}", refused.join(", ")),
                format!("add their ARNs to `aws:SourceArn` in the policy of {name}: infra/terraform/modules/queues has it"),
            ));
        }
    }
}
