//! A queue of what was given up: whether it takes it, keeps it for long enough, and what lies there.

use jiff::{SignedDuration, Timestamp};

use super::PATIENCE;
use super::queue::{Attributes, encryption};
use crate::aws::call::{Ask, CallError, Caller, Service};
use crate::clients::Clients;
use crate::finding::{Finding, Grade};

/// SQS keeps nothing for longer.
const TWO_WEEKS: u64 = 14 * 24 * 3600;

/// A queue of the same account and region.
pub(super) struct Beside<'a> {
    pub(super) url: &'a str,
    pub(super) arn: &'a str,
}

impl Beside<'_> {
    /// The URL of the queue of that ARN: but for the name it is the same.
    fn url_of(&self, arn: &str) -> Option<String> {
        let (place, name) = arn.rsplit_once(':')?;
        let (ours, _) = self.arn.rsplit_once(':')?;
        let (base, _) = self.url.trim_end_matches('/').rsplit_once('/')?;
        (place == ours).then(|| format!("{base}/{name}"))
    }
}

/// Looks at it. Its attributes, where they were told.
pub(super) async fn look(
    arn: &str,
    beside: &Beside<'_>,
    clients: &Clients,
    findings: &mut Vec<Finding>,
) -> Option<Attributes> {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    let Some(url) = beside.url_of(arn) else {
        findings.push(Finding::warn(
            format!("{name} is of another account or region, and is not looked at"),
            "run `doctor` there, too",
        ));
        return None;
    };
    let attributes = match Attributes::of(clients, &url).await {
        Ok(attributes) => attributes,
        Err(error) => {
            findings.push(untold(name, &error));
            return None;
        }
    };
    findings.extend(refused(name, beside.arn, &attributes));
    findings.push(retention(name, &url, attributes.number("MessageRetentionPeriod")));
    let encrypted = encryption(&attributes);
    if encrypted.grade > Grade::Ok {
        findings.push(Finding { found: format!("{name}: {}", encrypted.found), ..encrypted });
    }
    findings.push(depth(name, arn, attributes.number("ApproximateNumberOfMessages"), clients).await);
    Some(attributes)
}

fn untold(name: &str, error: &CallError) -> Finding {
    match error.code() {
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => Finding::fail(
            format!("there is no dead-letter queue {name}: what is given up is lost"),
            "make it again: infra/terraform/modules/queues has it",
        ),
        _ => Finding::untold(name, "sqs:GetQueueAttributes", error),
    }
}

/// Nothing where it takes what that queue gives up.
fn refused(name: &str, queue: &str, attributes: &Attributes) -> Option<Finding> {
    let allows = attributes.json("RedriveAllowPolicy");
    let is_listed =
        || allows["sourceQueueArns"].as_array().is_some_and(|all| all.iter().any(|one| one == queue));
    let takes = match allows["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => is_listed(),
        Some(_) | None => true,
    };
    (!takes).then(|| {
        Finding::fail(
            format!("{name} does not take what this queue gives up"),
            format!("add {queue} to `sourceQueueArns` of its redrive allow policy"),
        )
    })
}

fn retention(name: &str, url: &str, seconds: u64) -> Finding {
    match seconds >= TWO_WEEKS {
        true => Finding::ok(format!("{name} keeps what it has for 14 days")),
        false => Finding::warn(
            format!("{name} keeps what it has for {} only", lasting(seconds)),
            format!(
                "aws sqs set-queue-attributes --queue-url {url} --attributes MessageRetentionPeriod={TWO_WEEKS}"
            ),
        ),
    }
}

/// How many messages there are, and where there are any since when.
async fn depth(name: &str, arn: &str, count: u64, clients: &Clients) -> Finding {
    if count == 0 {
        return Finding::ok(format!("{name} is empty"));
    }
    let age = match age(name, clients).await {
        Ok(Some(seconds)) => format!(", the oldest for {}", lasting(seconds)),
        Ok(None) => ", since when CloudWatch does not know".to_owned(),
        Err(error) if error.is_about_permissions() => {
            ", since when is not looked at: cloudwatch:GetMetricStatistics is missing".to_owned()
        }
        Err(error) => format!(", since when is not known: CloudWatch: {error}"),
    };
    let messages = if count == 1 { "message lies" } else { "messages lie" };
    Finding::warn(
        format!("{count} {messages} in {name}{age}"),
        format!(
            "read them, mend why, and send them back: aws sqs start-message-move-task --source-arn {arn}"
        ),
    )
}

/// How old the oldest message is, in seconds, by the latest of a quarter of an hour's figures.
async fn age(name: &str, clients: &Clients) -> Result<Option<u64>, CallError> {
    let now = Timestamp::now();
    let [begin, end] = [now - SignedDuration::from_mins(15), now + SignedDuration::from_mins(1)]
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let fields = [
        ("Namespace", "AWS/SQS"),
        ("MetricName", "ApproximateAgeOfOldestMessage"),
        ("Dimensions.member.1.Name", "QueueName"),
        ("Dimensions.member.1.Value", name),
        ("StartTime", &begin),
        ("EndTime", &end),
        ("Period", "900"),
        ("Statistics.member.1", "Maximum"),
    ];
    let ask = Ask::Query { action: "GetMetricStatistics", version: "2010-08-01", fields: &fields };
    let answer = Caller::new(clients, Service::CloudWatch, None).await?.call(&ask, PATIENCE).await?;
    let path =
        ["GetMetricStatisticsResponse", "GetMetricStatisticsResult", "Datapoints", "member", "Maximum"];
    let ages = answer.xml()?.texts(&path).into_iter().filter_map(|age| age.parse::<f64>().ok());
    Ok(ages.reduce(f64::max).map(|age| age as u64))
}

fn lasting(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
