//! Whom the server knows by tokens that are shown to others: what it says of one (`TokenReview`), and what that one may
//! (`SubjectAccessReview`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::{Rule, User, attributes};
use super::failure::{Cause, Failure};
use super::kind::Kind;

/// Whom a token without a name for its audiences is for, as in every cluster.
const OWN_AUDIENCE: &str = "https://kubernetes.default.svc";

/// Somebody with a token, as a service account or a person has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// `system:serviceaccount:watchfire:watchfire`, or whatever an access entry says.
    pub username: String,
    /// Of the user.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
    /// For whom the token is; none means the API server itself.
    pub audiences: Vec<String>,
    /// What they may.
    pub rules: Vec<Rule>,
}

/// All who are known, by their tokens, and what groups may.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) tokens: BTreeMap<String, Person>,
    pub(crate) groups: BTreeMap<String, Vec<Rule>>,
}

impl People {
    /// Answers a TokenReview's `spec` with its `status`.
    pub(crate) fn token_review(&self, spec: &Value) -> Result<Value, Failure> {
        let token = spec["token"].as_str().unwrap_or_default();
        if token.is_empty() {
            return Err(Failure::bad_request("token is required for TokenReview in authentication"));
        }
        let words =
            |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap_or_default() };
        let mut asked = words(&spec["audiences"]);
        if asked.is_empty() {
            asked.push(OWN_AUDIENCE.to_owned());
        }
        let Some(person) = self.tokens.get(token) else {
            return Ok(json!({"user": {}, "error": "[invalid bearer token, token lookup failed]"}));
        };
        let Person { username, uid, groups, audiences, rules: _ } = person;
        let own = [OWN_AUDIENCE.to_owned()];
        let audiences = if audiences.is_empty() { &own[..] } else { audiences };
        let shared: Vec<_> = asked.iter().filter(|one| audiences.contains(one)).collect();
        if shared.is_empty() {
            let error = format!(
                "[invalid bearer token, token audiences {audiences:?} is invalid for the target audiences {asked:?}]"
            );
            return Ok(json!({"user": {}, "error": error}));
        }
        let mut user = json!({"username": username, "groups": groups});
        if !uid.is_empty() {
            user["uid"] = uid.clone().into();
        }
        Ok(json!({"authenticated": true, "user": user, "audiences": shared}))
    }

    /// Answers a SubjectAccessReview's `spec` with its `status`.
    pub(crate) fn access_review(&self, kind: &Kind, spec: &Value) -> Result<Value, Failure> {
        let asked = &spec["resourceAttributes"];
        let (user, groups) = (spec["user"].as_str().unwrap_or_default(), &spec["groups"]);
        let groups: Vec<String> = serde_json::from_value(groups.clone()).unwrap_or_default();
        let mut wrong = Vec::new();
        if asked.is_object() == spec["nonResourceAttributes"].is_object() {
            let one = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            wrong.push(Cause::invalid("spec.resourceAttributes", asked, one));
        }
        if user.is_empty() && groups.is_empty() {
            let one = "at least one of user or group must be specified";
            wrong.push(Cause::invalid("spec.user", &json!(user), one));
        }
        if !wrong.is_empty() {
            return Err(Failure::invalid(kind, "", &wrong));
        }
        let own =
            self.tokens.values().filter(|person| person.username == user).flat_map(|person| &person.rules);
        let of_groups = groups.iter().filter_map(|group| self.groups.get(group)).flatten();
        let rules = own.chain(of_groups).cloned().collect();
        let may = User { name: user.to_owned(), rules }.may(&attributes(asked));
        Ok(match asked.is_object() && may {
            true => json!({"allowed": true, "reason": "RBAC: allowed by a role of the tests"}),
            false => json!({"allowed": false}),
        })
    }
}
