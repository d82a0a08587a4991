//! A topic: whether somebody hears of what is published.

use super::PATIENCE;
use crate::aws::call::{Answer, Ask, CallError, Caller, Service};
use crate::channel::TopicArn;
use crate::clients::Clients;
use crate::finding::Finding;

/// Who hears of what is published, or will.
struct Subscription {
    arn: String,
    protocol: String,
    endpoint: String,
}

pub(super) async fn look(path: &str, topic: &TopicArn, clients: &Clients) -> Vec<Finding> {
    let mut findings = match subscriptions(topic, clients).await {
        Ok(subscriptions) => heard(path, topic, &subscriptions),
        Err(error) => vec![untold(path, topic, "sns:ListSubscriptionsByTopic", &error)],
    };
    match attribute("KmsMasterKeyId", topic, clients).await {
        Ok(Some(_)) => {}
        Ok(None) => findings.push(Finding::warn(
            format!("{path}: the topic is not encrypted"),
            format!("aws sns set-topic-attributes --topic-arn {} --attribute-name KmsMasterKeyId --attribute-value KEY", topic.as_str()),
        )),
        // That there is none has been said.
        Err(error) if matches!(error.code(), "NotFound" | "NotFoundException") => {}
        Err(error) => findings.push(untold(path, topic, "sns:GetTopicAttributes", &error)),
    }
    findings
}

fn untold(path: &str, topic: &TopicArn, permission: &str, error: &CallError) -> Finding {
    match error.code() {
        "NotFound" | "NotFoundException" => Finding::fail(
            format!("{path}: there is no topic {}", topic.as_str()),
            format!(
                "set {path}.sns.topic_arn to one that is there, or make it: infra/terraform/modules/topics has it"
            ),
        ),
        _ => Finding::untold(path, permission, error),
    }
}

async fn call(
    action: &str,
    more: &[(&str, &str)],
    topic: &TopicArn,
    clients: &Clients,
) -> Result<Answer, CallError> {
    let fields = [&[("TopicArn", topic.as_str())], more].concat();
    let ask = Ask::Query { action, version: "2010-03-31", fields: &fields };
    Caller::new(clients, Service::Sns, Some(topic.region().as_ref())).await?.call(&ask, PATIENCE).await
}

async fn subscriptions(topic: &TopicArn, clients: &Clients) -> Result<Vec<Subscription>, CallError> {
    let (mut all, mut next) = (Vec::new(), None::<String>);
    loop {
        let more: Vec<_> = next.iter().map(|next| ("NextToken", next.as_str())).collect();
        let answer = call("ListSubscriptionsByTopic", &more, topic, clients).await?;
        let xml = answer.xml()?;
        let result = ["ListSubscriptionsByTopicResponse", "ListSubscriptionsByTopicResult"];
        let members = |name| xml.texts(&[result[0], result[1], "Subscriptions", "member", name]);
        let three = members("SubscriptionArn").into_iter().zip(members("Protocol")).zip(members("Endpoint"));
        all.extend(three.map(|((arn, protocol), endpoint)| Subscription { arn, protocol, endpoint }));
        let following = xml.text(&[result[0], result[1], "NextToken"]).filter(|token| !token.is_empty());
        if following.is_none() || following == next {
            return Ok(all);
        }
        next = following;
    }
}

/// An attribute of a topic; none where it is empty.
async fn attribute(name: &str, topic: &TopicArn, clients: &Clients) -> Result<Option<String>, CallError> {
    let answer = call("GetTopicAttributes", &[], topic, clients).await?;
    let xml = answer.xml()?;
    let entries = |name| {
        xml.texts(&["GetTopicAttributesResponse", "GetTopicAttributesResult", "Attributes", "entry", name])
    };
    let mut entries = entries("key").into_iter().zip(entries("value"));
    Ok(entries.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value))
}

fn heard(path: &str, topic: &TopicArn, subscriptions: &[Subscription]) -> Vec<Finding> {
    let is_pending = |one: &&Subscription| !one.arn.starts_with("arn:");
    let confirmed = subscriptions.iter().filter(|one| !is_pending(one)).count();
    let mut findings = vec![match confirmed {
        0 => Finding::fail(
            format!("{path}: nobody has confirmed a subscription to the topic: nobody hears of a page"),
            format!(
                "aws sns subscribe --topic-arn {} --protocol email --notification-endpoint ADDRESS, and confirm it",
                topic.as_str()
            ),
        ),
        1 => Finding::ok(format!("{path}: the topic has 1 confirmed subscription")),
        count => Finding::ok(format!("{path}: the topic has {count} confirmed subscriptions")),
    }];
    findings.extend(subscriptions.iter().filter(is_pending).map(
        |Subscription { arn: _, protocol, endpoint }| {
            Finding::warn(
                format!("{path}: {endpoint} ({protocol}) has not confirmed, and hears nothing"),
                "open the link in the message that it got from AWS, or subscribe it again after three days",
            )
        },
    ));
    findings
}
