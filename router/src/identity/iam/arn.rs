//! Whom an ARN of STS names: the role, whatever the session is called.

use watchfire_core::yaml::{Mistake, expected};

use super::People;
use crate::identity::mapping::Pattern;

/// Somebody whom AWS knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principal {
    /// As patterns name it: of a session, the role's.
    pub(super) arn: String,
    /// What the session is called; none where it is none.
    session: Option<String>,
}

impl Principal {
    /// From what STS answers; none where that is no ARN.
    pub(super) fn of(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam" | "sts", "", account, resource] = parts[..] else { return None };
        if !partition.starts_with("aws") || !is_account(account) || resource.is_empty() {
            return None;
        }
        let Some(session) = resource.strip_prefix("assumed-role/") else {
            return Some(Self { arn: arn.to_owned(), session: None });
        };
        let (role, session) = session.split_once('/')?;
        let arn = format!("arn:{partition}:iam::{account}:role/{role}");
        Some(Self { arn, session: Some(session.to_owned()) })
    }

    /// What people call them; of a session, with the role, since whoever takes it on chooses the name.
    pub(super) fn name(&self) -> String {
        let resource = self.arn.rsplit(':').next().unwrap_or_default();
        let last = resource.rsplit('/').next().unwrap_or_default();
        match &self.session {
            Some(session) => format!("{last}/{session}"),
            None if resource == "root" => {
                format!("root of {}", self.arn.rsplit(':').nth(1).unwrap_or_default())
            }
            None => last.to_owned(),
        }
    }

    /// What tells them from others.
    pub(super) fn person(&self, people: People) -> String {
        match (people, &self.session) {
            (People::Session, Some(session)) => format!("{}/{session}", self.arn),
            (People::Role | People::Session, _) => self.arn.clone(),
        }
    }
}

/// Whether a pattern can be that of somebody: the account is no star's, and it is a role's ARN and not a session's.
pub(super) fn fits(pattern: &Pattern) -> Result<(), Mistake> {
    let arn = || expected("an ARN such as arn:aws:iam::111122223333:role/oncall or …:user/ana");
    let parts: Vec<&str> = pattern.as_str().splitn(6, ':').collect();
    let ["arn", partition, service @ ("iam" | "sts"), "", account, resource] = parts[..] else {
        return Err(arn().found(format!("`{pattern}`")));
    };
    if !matches!(
        partition,
        "aws" | "aws-us-gov" | "aws-cn" | "aws-eusc" | "aws-iso" | "aws-iso-b" | "aws-iso-e" | "aws-iso-f"
    ) {
        return Err(expected("a partition such as aws or aws-us-gov").found(format!("`{partition}`")));
    }
    if !is_account(account) {
        let all = expected("the 12 digits of one account").found(format!("`{account}`"));
        return Err(all.hint("a star would let in whoever has an account of AWS"));
    }
    match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", rest))) => {
            let role = rest.split('/').next().unwrap_or_default();
            let instead =
                format!("write arn:{partition}:iam::{account}:role/{role}: a session counts as its role");
            Err(arn().found(format!("`{pattern}`")).hint(instead))
        }
        ("iam", Some(("role", name))) if name.contains('/') => Err(expected("the role without its path")
            .found(format!("`{pattern}`"))
            .hint("STS does not say the path")),
        ("iam", Some(("role" | "user", name))) if !name.is_empty() => Ok(()),
        ("sts", Some(("federated-user", name))) if !name.is_empty() => Ok(()),
        ("iam", None) if resource == "root" => Ok(()),
        _ => Err(arn().found(format!("`{pattern}`"))),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_role_and_is_told_from_others_by_its_name_only_where_that_proves_something() {
        let table = [
            (
                "arn:aws-us-gov:sts::111122223333:assumed-role/oncall/ana",
                "arn:aws-us-gov:iam::111122223333:role/oncall",
                "oncall/ana",
                "arn:aws-us-gov:iam::111122223333:role/oncall/ana",
            ),
            (
                "arn:aws:iam::111122223333:user/people/bo",
                "arn:aws:iam::111122223333:user/people/bo",
                "bo",
                "arn:aws:iam::111122223333:user/people/bo",
            ),
            (
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::111122223333:root",
                "root of 111122223333",
                "arn:aws:iam::111122223333:root",
            ),
            (
                "arn:aws:sts::111122223333:federated-user/cy",
                "arn:aws:sts::111122223333:federated-user/cy",
                "cy",
                "arn:aws:sts::111122223333:federated-user/cy",
            ),
        ];
        for (arn, principal, name, by_session) in table {
            let found = Principal::of(arn).expect("it is one");
            let told =
                (found.arn.as_str(), found.name(), found.person(People::Role), found.person(People::Session));
            assert_eq!(told, (principal, name.to_owned(), principal.to_owned(), by_session.to_owned()));
        }
        for none in [
            "",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::1111:role/a",
            "arn:aws:sts::111122223333:assumed-role/oncall",
            "arn:aws:iam:us-east-1:111122223333:role/a",
        ] {
            assert_eq!(Principal::of(none), None, "{none}");
        }
    }

    #[test]
    fn a_pattern_names_one_account_and_what_sts_really_says() {
        let fits = |text: &str| {
            let pattern = Pattern::try_from(text.to_owned()).expect("a pattern");
            super::fits(&pattern).map_err(|mistake| mistake.to_string())
        };
        for right in [
            "arn:aws:iam::111122223333:role/oncall",
            "arn:aws:iam::111122223333:role/AWSReservedSSO_oncall_*",
            "arn:aws-us-gov:iam::111122223333:user/people/*",
            "arn:aws:sts::111122223333:federated-user/*",
            "arn:aws:iam::111122223333:root",
        ] {
            assert_eq!(fits(right), Ok(()), "{right}");
        }
        for (wrong, said) in [
            ("*", "an ARN such as"),
            ("arn:*:iam::111122223333:role/oncall", "a partition such as"),
            ("arn:aws:iam::*:role/oncall", "one account"),
            ("arn:aws:iam::111122223333:*", "an ARN such as"),
            ("arn:aws:iam::111122223333:role/", "an ARN such as"),
            ("arn:aws:iam::111122223333:role/path/oncall", "without its path"),
            (
                "arn:aws:sts::111122223333:assumed-role/oncall/*",
                "write arn:aws:iam::111122223333:role/oncall",
            ),
        ] {
            let told = fits(wrong).expect_err("it is wrong");
            assert!(told.contains(said), "{wrong}: {told}");
        }
    }
}
