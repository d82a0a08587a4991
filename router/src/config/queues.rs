//! The SQS queues: one, or several with slots of their own.

use watchfire_core::yaml::{Mistake, Node, Value, expected};

use super::check::check_in_flight;
use super::mistake::Mistakes;
use crate::channel::is_loopback;
use crate::source::QueueConfig;

/// The queues that are right, from `queue` or from `queues`.
pub(super) fn check(
    one: Option<&Node>,
    several: Option<&Node>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<QueueConfig> {
    let mut queues = Vec::new();
    queues.extend(one.and_then(|queue| mistakes.read("queue", queue, check_queue)));
    let Some(list) = several else { return queues };
    if one.is_some() {
        mistakes.add(Some(list.place()), "queues", expected("either `queue` or `queues`").found("both"));
    }
    let Value::List(members) = &list.value else {
        mistakes.add(Some(list.place()), "queues", expected("a list of queues"));
        return queues;
    };
    if members.is_empty() {
        mistakes.add(Some(list.place()), "queues", expected("at least one queue").found("none"));
    }
    for (index, member) in members.iter().enumerate() {
        let path = format!("queues[{index}]");
        let Some(queue) = mistakes.read::<QueueConfig>(&path, member, check_queue) else { continue };
        check_apart(&queue, &queues, &path, member, mistakes);
        queues.push(queue);
    }
    queues
}

/// Two readers of one queue would share its messages, and two of one name a line in the metrics.
fn check_apart(
    queue: &QueueConfig,
    others: &[QueueConfig],
    path: &str,
    member: &Node,
    mistakes: &mut Mistakes<'_>,
) {
    let url = |queue: &QueueConfig| queue.url.trim_end_matches('/').to_owned();
    if others.iter().any(|other| url(other) == url(queue)) {
        let other = expected("a queue that is not listed before").found(format!("`{}` again", queue.url));
        mistakes.add(Some(member.at("url").place()), format!("{path}.url"), other);
    } else if others.iter().any(|other| other.name() == queue.name()) {
        let own = expected("a name of its own").found(format!("`{}` again", queue.name()));
        mistakes.add(Some(member.at("name").place()), format!("{path}.name"), own);
    }
}

/// Plain HTTP does not leave this machine.
fn is_safe_to_ask(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else { return false };
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

fn check_queue(queue: &QueueConfig, mistake: &mut dyn FnMut(&str, Mistake)) {
    let QueueConfig { url, name, wait_seconds, visibility_seconds, in_flight, max_receives } = queue;
    if !is_safe_to_ask(url) {
        mistake(".url", expected("the queue's https:// address").found(format!("`{url}`")));
    }
    if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        mistake(".name", expected("a name").found("nothing"));
    }
    if *wait_seconds > 20 {
        mistake(".wait_seconds", expected("0 to 20").found(wait_seconds.to_string()));
    }
    if !(10..=43_200).contains(visibility_seconds) {
        mistake(".visibility_seconds", expected("10 to 43200").found(visibility_seconds.to_string()));
    }
    if *max_receives == Some(0) {
        mistake(".max_receives", expected("at least 1").found("0"));
    }
    check_in_flight(*in_flight, mistake);
}
