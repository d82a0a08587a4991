//! Who we are to AWS, and where.

use watchfire_core::text::clean;

use super::{PATIENCE, Section};
use crate::aws::call::{Ask, CallError, Caller, Service};
use crate::channel::ChannelConfig;
use crate::clients::Clients;
use crate::cluster::Access;
use crate::config::Config;
use crate::evidence::To;
use crate::finding::Finding;

/// Whose credentials these are.
#[derive(Clone, Debug)]
pub(super) struct Us {
    pub(super) account: String,
    pub(super) region: String,
}

/// What is shown of who we are.
const ARN_LENGTH: usize = 200;
/// What is shown of why nobody answers, or there is nobody to ask as: providers of credentials tell of each that they tried.
const WHY_LENGTH: usize = 160;

/// Nothing where nothing of AWS is configured, or where AWS does not know us.
pub(super) async fn look(config: &Config, clients: &Clients) -> (Section, Option<Us>) {
    let name = "AWS".to_owned();
    if !is_used(config) {
        return (Section { name, findings: Vec::new() }, None);
    }
    let (finding, us) = match identity(clients).await {
        Ok((arn, us)) => (Finding::ok(format!("{} in {}", clean(&arn, ARN_LENGTH), us.region)), Some(us)),
        Err((said, remedy)) => (Finding::fail(said, remedy), None),
    };
    let mut findings = vec![finding];
    if us.is_none() {
        findings.push(Finding::not_asked("queues, rules, table, topics and bucket: nobody to ask as"));
    }
    (Section { name, findings }, us)
}

fn is_used(config: &Config) -> bool {
    let Config { queues, store, evidence, cluster, channels, mitigation, triage, .. } = config;
    let by_channel = channels
        .values()
        .any(|channel| matches!(channel, ChannelConfig::Sns(_) | ChannelConfig::SecurityHub(_)));
    !queues.is_empty()
        || store.dynamodb.is_some()
        || evidence.as_ref().is_some_and(|evidence| matches!(evidence.to, To::S3(_)))
        || cluster.as_ref().is_some_and(|cluster| matches!(cluster.access, Access::Eks(_)))
        || by_channel
        || mitigation.image_scan
        || triage.as_ref().is_some_and(|triage| triage.bedrock.is_some())
}

async fn identity(clients: &Clients) -> Result<(String, Us), (String, &'static str)> {
    let Some(region) = clients.aws().await.region().map(ToString::to_string) else {
        return Err(("no AWS region".to_owned(), "set AWS_REGION"));
    };
    let ask = Ask::Query { action: "GetCallerIdentity", version: "2011-06-15", fields: &[] };
    let answer = async {
        let answer = Caller::new(clients, Service::Sts, None).await?.call(&ask, PATIENCE).await?;
        let member = |name| answer.xml_text(&["GetCallerIdentityResponse", "GetCallerIdentityResult", name]);
        Ok((member("Arn")?, Us { account: member("Account")?, region: region.clone() }))
    };
    answer.await.map_err(|error| why_not(&error, &region))
}

/// What is said of the answer, and what to do.
fn why_not(error: &CallError, region: &str) -> (String, &'static str) {
    let (said, remedy) = match error {
        CallError::NoCredentials(why) => {
            let remedy = "give the pod a role (Pod Identity), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and what belongs to it";
            return (format!("no AWS credentials: {}", clean(why, WHY_LENGTH)), remedy);
        }
        CallError::NoAnswer(why) => (
            clean(why, WHY_LENGTH),
            "see whether this machine gets there: route, VPC endpoint of STS, proxy, DNS",
        ),
        CallError::Refused(_) => (
            error.to_string(),
            match error.code() {
                "ExpiredToken" | "ExpiredTokenException" => "the credentials have expired: get new ones",
                "InvalidClientTokenId" | "UnrecognizedClientException" => {
                    "the credentials are not known here: is it the right partition and region?"
                }
                "SignatureDoesNotMatch" => "is the secret key the right one, and this machine's clock right?",
                _ => {
                    "see what it says, and whether a policy or an endpoint policy forbids sts:GetCallerIdentity"
                }
            },
        ),
    };
    (format!("STS in {region}: {said}"), remedy)
}
