//! Taking a role's power from a pod that is not trusted any more, and giving it back.
//!
//! - Permissions: `iam:PutRolePolicy`, `iam:GetRolePolicy` and `iam:DeleteRolePolicy` on the role, nothing else.
//! - Idempotency: one inline policy of a fixed name; put again it is the same.
//! - Transient: 5xx, throttling, no answer in time, another change at the same time, a missing permission,
//!   a policy that is not to be seen yet. Permanent: a role that does not exist, is AWS's own, is another
//!   account's, or has no room for a policy.
//!
//! EKS Pod Identity tags its sessions with the pod's UID, so one pod is denied and no other. It takes no
//! effect where the association has session tags switched off. Sessions of IRSA have no tags: all that were
//! issued before are denied, those of healthy pods included, until their SDKs ask for new ones; and a stolen
//! service account token can ask for new ones, too, for as long as it is valid.

use std::borrow::Cow;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::call::{Answer, Ask, CallError, Caller, Service};
use super::{ONCE, failure};
use crate::clients::Clients;
use crate::failure::Failure;

/// Of IAM's API.
const VERSION: &str = "2010-05-08";

/// An IAM role of a given account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    arn: String,
    name: String,
}

/// Whose power a policy takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Sessions of EKS Pod Identity for the pod with that UID.
    Pod(PodUid),
    /// Every session that was issued before: IRSA, or any other.
    SessionsBefore(Timestamp),
}

/// A pod's UID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodUid(String);

/// A policy that is in force, as seen after it was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its name on the role; `restore` takes it away.
    pub policy: String,
    /// It was there before.
    pub already: bool,
}

impl Role {
    /// Reads a role's ARN in any partition, with or without a path.
    ///
    /// # Errors
    /// Why it is none, or that it is not of that account.
    pub fn parse(arn: &str, account: &str) -> Result<Self, String> {
        let not = |why: String| format!("role `{}`: {why}", arn.escape_debug());
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", of, resource] = parts[..] else {
            return Err(not("expected an ARN such as arn:aws:iam::123456789012:role/name".to_owned()));
        };
        let path = resource.strip_prefix("role/").filter(|_| partition.starts_with("aws"));
        let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(not("expected an ARN such as arn:aws:iam::123456789012:role/name".to_owned()));
        }
        if of != account {
            return Err(not(format!("expected one of account {account}")));
        }
        if path.is_some_and(|path| path.starts_with("aws-service-role/")) {
            return Err(not("AWS's own, which nobody changes".to_owned()));
        }
        Ok(Self { arn: arn.to_owned(), name: name.to_owned() })
    }
}

impl PodUid {
    /// As Kubernetes writes it.
    ///
    /// # Errors
    /// Whatever else.
    pub fn parse(uid: &str) -> Result<Self, String> {
        let is_one = (1..=64).contains(&uid.len())
            && uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_one { Ok(Self(uid.to_owned())) } else { Err(format!("`{}`: no UID", uid.escape_debug())) }
    }
}

impl Denied {
    /// The name of the policy that does it.
    pub fn policy(&self) -> String {
        match self {
            Denied::Pod(PodUid(uid)) => format!("watchfire-deny-{uid}"),
            Denied::SessionsBefore(_) => "watchfire-deny-older-sessions".to_owned(),
        }
    }

    fn document(&self) -> Value {
        let condition = match self {
            Denied::Pod(PodUid(uid)) => {
                json!({"StringEquals": {"aws:PrincipalTag/kubernetes-pod-uid": uid}})
            }
            Denied::SessionsBefore(at) => {
                let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                json!({"DateLessThan": {"aws:TokenIssueTime": at}})
            }
        };
        let statement = json!({"Sid": "Watchfire", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }
}

/// Takes the power away, and looks that it is. What is in force already, or denies more, stays.
///
/// # Errors
/// As the head of this file says.
pub async fn deny(clients: &Clients, role: &Role, denied: &Denied) -> Result<InForce, Failure> {
    let iam = Iam::of(clients, role).await?;
    let (policy, document) = (denied.policy(), denied.document());
    if covers(iam.get(&policy).await?.as_ref(), denied) {
        return Ok(InForce { policy, already: true });
    }
    iam.put(&policy, &document).await?;
    // IAM is consistent in the end only, and somebody can have put another in between.
    if covers(iam.get(&policy).await?.as_ref(), denied) {
        return Ok(InForce { policy, already: false });
    }
    Err(Failure::transient(format!("IAM: {}: policy {policy} is not to be seen yet", role.arn)))
}

/// Gives the power back, and looks that it is: whether there was a policy to take away.
///
/// # Errors
/// As the head of this file says.
pub async fn restore(clients: &Clients, role: &Role, denied: &Denied) -> Result<bool, Failure> {
    let iam = Iam::of(clients, role).await?;
    let policy = denied.policy();
    let was = iam.delete(&policy).await?;
    match iam.get(&policy).await? {
        None => Ok(was),
        Some(_) => Err(Failure::transient(format!("IAM: {}: policy {policy} is still to be seen", role.arn))),
    }
}

/// The policies on one role.
struct Iam<'r> {
    caller: Caller,
    role: &'r Role,
}

impl<'r> Iam<'r> {
    async fn of(clients: &Clients, role: &'r Role) -> Result<Self, Failure> {
        let caller = Caller::new(clients, Service::Iam, None).await;
        Ok(Self { caller: caller.map_err(|error| failed(role, &error))?, role })
    }

    /// The policy; `Null` where it cannot be read.
    async fn get(&self, policy: &str) -> Result<Option<Value>, Failure> {
        let path = ["GetRolePolicyResponse", "GetRolePolicyResult", "PolicyDocument"];
        let answer = self.call("GetRolePolicy", policy, None).await;
        match answer.and_then(|answer| answer.xml_text(&path)) {
            Ok(document) => Ok(Some(serde_json::from_str(&decoded(&document)).unwrap_or_default())),
            Err(error) if error.code() == "NoSuchEntity" => Ok(None),
            Err(error) => Err(failed(self.role, &error)),
        }
    }

    async fn put(&self, policy: &str, document: &Value) -> Result<(), Failure> {
        let put = self.call("PutRolePolicy", policy, Some(&document.to_string())).await;
        put.map(|_| ()).map_err(|error| failed(self.role, &error))
    }

    /// Whether there was one.
    async fn delete(&self, policy: &str) -> Result<bool, Failure> {
        match self.call("DeleteRolePolicy", policy, None).await {
            Ok(_) => Ok(true),
            // The policy, or the role with it.
            Err(error) if error.code() == "NoSuchEntity" => Ok(false),
            Err(error) => Err(failed(self.role, &error)),
        }
    }

    async fn call(&self, action: &str, policy: &str, document: Option<&str>) -> Result<Answer, CallError> {
        let mut fields = vec![("RoleName", self.role.name.as_str()), ("PolicyName", policy)];
        fields.extend(document.map(|document| ("PolicyDocument", document)));
        self.caller.call(&Ask::Query { action, version: VERSION, fields: &fields }, ONCE).await
    }
}

fn failed(role: &Role, error: &CallError) -> Failure {
    failure(&format!("IAM: {}", role.arn), error)
}

/// Whether what is there denies at least that.
fn covers(found: Option<&Value>, denied: &Denied) -> bool {
    let Some(found) = found else { return false };
    let since = |document: &Value| {
        let at = document["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"].as_str();
        at.and_then(|at| at.parse::<Timestamp>().ok())
    };
    match denied {
        Denied::Pod(_) => *found == denied.document(),
        Denied::SessionsBefore(_) => {
            let (is, wanted) = (since(found), since(&denied.document()));
            let mut same_but_for_time = denied.document();
            same_but_for_time["Statement"][0]["Condition"] = found["Statement"][0]["Condition"].clone();
            is >= wanted && is.is_some() && *found == same_but_for_time
        }
    }
}

/// IAM answers with documents encoded for URLs.
fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests;
