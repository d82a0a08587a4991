//! Who calls AWS: what it knows them by, which they cannot choose.
//!
//! - Permissions: none; `sts:GetCallerIdentity` is everybody's.

use std::time::Duration;

use super::call::{Ask, CallError, Caller, Patience, Service};
use crate::clients::Clients;

/// Of STS's API.
const VERSION: &str = "2011-06-15";
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    in_all: Duration::from_secs(10),
    attempts: 3,
    wait: Duration::from_millis(100),
};

/// Whose credentials these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What people call them.
    pub(crate) name: String,
    /// Their whole ARN.
    pub(crate) arn: String,
}

impl From<String> for Identity {
    fn from(arn: String) -> Self {
        Self { name: name(&arn), arn }
    }
}

impl Identity {
    /// That of the credentials at hand.
    ///
    /// # Errors
    /// What AWS said, or why it said nothing.
    pub(crate) async fn ours(clients: &Clients, region: Option<&str>) -> Result<Self, CallError> {
        let caller = Caller::new(clients, Service::Sts, region).await?;
        let ask = Ask::Query { action: "GetCallerIdentity", version: VERSION, fields: &[] };
        let answer = caller.call(&ask, PATIENCE).await?;
        let arn: String =
            answer.xml_text(&["GetCallerIdentityResponse", "GetCallerIdentityResult", "Arn"])?;
        Ok(arn.into())
    }
}

/// The name of a session, of a user; whatever else it is, as it stands in the ARN.
fn name(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts[..] else { return arn.to_owned() };
    match resource.split_once('/') {
        None if resource == "root" => format!("root of {account}"),
        None => resource.to_owned(),
        // A path may stand before it.
        Some((_, path)) => path.rsplit('/').next().unwrap_or(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_calls_is_called_as_people_know_them() {
        let table = [
            ("arn:aws:sts::111122223333:assumed-role/Admin/ana@example.com", "ana@example.com"),
            ("arn:aws-us-gov:iam::111122223333:user/oncall/bo", "bo"),
            ("arn:aws:sts::111122223333:federated-user/cy", "cy"),
            ("arn:aws:iam::111122223333:root", "root of 111122223333"),
            ("arn:aws:iam::111122223333:something", "something"),
            ("nothing", "nothing"),
        ];
        for (arn, expected) in table {
            assert_eq!(name(arn), expected, "{arn}");
        }
    }
}
