//! What a token says of somebody: compared with what it has to say, and read as a person.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use watchfire_core::text::clean;

use super::jwt::{text, time};
use super::mapping::{self, Mapping};
use super::{How, Identity, Stranger};

/// Clocks may differ by so much.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// The longest name of an issuer and of somebody at one, in bytes, and of a group; the most groups.
const LONGEST: usize = 255;
const MOST_GROUPS: usize = 1_000;

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// Who signed it.
    pub(super) issuer: &'e str,
    /// For whom it is.
    pub(super) audience: Audience<'e>,
    /// When it is shown.
    pub(super) now: Timestamp,
}

/// For whom a token is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Audience<'e> {
    /// For a client that has asked with that nonce.
    Client { id: &'e str, nonce: &'e str },
    /// For one of these.
    AnyOf(&'e BTreeSet<String>),
}

/// Which claims say what somebody is called, and in which groups they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'c> {
    pub(super) name: &'c str,
    pub(super) groups: &'c str,
}

/// Somebody, as an issuer has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    /// What tells them from others, at any issuer.
    pub(super) subject: String,
    name: String,
    groups: Vec<String>,
}

impl Expected<'_> {
    /// Whether those claims, which are proven, say it.
    ///
    /// # Errors
    /// What they do not say.
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), Stranger> {
        let Self { issuer, audience, now } = *self;
        if text(claims, "iss") != issuer {
            return Err(Stranger::refused(format!("the token is not of the issuer {issuer}")));
        }
        in_time(claims, now)?;
        let audiences = words(claims.get("aud"));
        match audience {
            Audience::AnyOf(ours) => {
                if !audiences.iter().any(|audience| ours.contains(*audience)) {
                    let ours = ours.iter().cloned().collect::<Vec<_>>().join(" or ");
                    return Err(Stranger::refused(format!("the token is not for {ours}")));
                }
            }
            Audience::Client { id, nonce } => {
                let party = claims.get("azp").map(|party| party.as_str().unwrap_or_default());
                let is_for_us = audiences.contains(&id)
                    && party.is_none_or(|party| party == id)
                    && (audiences.len() == 1 || party.is_some());
                if !is_for_us {
                    return Err(Stranger::refused(format!("the token is not for the client {id}")));
                }
                if text(claims, "nonce") != nonce {
                    return Err(Stranger::refused("the token is of another sign-in than this one"));
                }
            }
        }
        Ok(())
    }
}

/// Whether it has begun and has not ended; one without an end is none.
///
/// # Errors
/// It has not, or it has.
pub(super) fn in_time(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Stranger> {
    let end = time(claims, "exp").ok_or_else(|| Stranger::refused("the token does not say when it ends"))?;
    if now >= end + LEEWAY {
        return Err(Stranger::refused("the token has ended"));
    }
    for (name, said) in [("nbf", "the token has not begun"), ("iat", "the token is of the future")] {
        let is_wrong = match claims.get(name) {
            Some(_) => time(claims, name).is_none_or(|at| at > now + LEEWAY),
            None => false,
        };
        if is_wrong {
            return Err(Stranger::refused(said));
        }
    }
    Ok(())
}

impl Claimed {
    /// Reads them.
    ///
    /// # Errors
    /// It does not say who it is, in a length that is fit.
    pub(super) fn of(
        claims: &Map<String, Value>,
        issuer: &str,
        reading: Reading<'_>,
    ) -> Result<Self, Stranger> {
        let subject = text(claims, "sub");
        if subject.is_empty() || subject.len() > LONGEST {
            return Err(Stranger::refused("the token does not say who it is, in 1 to 255 bytes"));
        }
        let Reading { name, groups } = reading;
        // An address that nobody has looked at is whatever somebody wrote there.
        let is_unproven =
            name == "email" && claims.get("email_verified").is_some_and(|is| *is == Value::Bool(false));
        let name = words(at(claims, name)).first().filter(|_| !is_unproven).map(|name| clean(name, 100));
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| clean(subject, 100));
        let groups = words(at(claims, groups)).into_iter().filter(|group| group.len() <= LONGEST);
        let groups = groups.take(MOST_GROUPS).map(str::to_owned).collect();
        Ok(Self { subject: format!("{subject} at {issuer}"), name, groups })
    }

    /// Whether it is said in which groups they are.
    pub(super) fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Somebody with the roles of their groups.
    pub(super) fn identity(&self, how: How, mappings: &[Mapping]) -> Identity {
        let Self { subject, name, groups } = self;
        let roles = mapping::roles(mappings, groups.iter().map(String::as_str));
        Identity { name: name.clone(), how, subject: Some(subject.clone()), roles }
    }
}

/// A claim by its name; where there is none of that name, by the names on the way to it.
fn at<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let mut names = name.split('.');
        let first = claims.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    })
}

/// One text or several.
fn words(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Grant, Role};
    use super::*;

    const ISSUER: &str = "https://login.example.com";
    const READING: Reading<'static> = Reading { name: "email", groups: "groups" };

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    /// Why these are refused at second 1,000, with what is changed.
    fn refused(audience: Audience<'_>, change: &Value) -> Option<String> {
        let mut claims =
            object(&json!({"iss": ISSUER, "aud": "watchfire", "exp": 1_100, "iat": 990, "nonce": "n"}));
        claims.extend(object(change));
        claims.retain(|_, value| !value.is_null());
        let now = Timestamp::from_second(1_000).expect("a time");
        let expected = Expected { issuer: ISSUER, audience, now };
        match expected.check(&claims) {
            Err(Stranger::Refused(why)) => Some(why),
            Ok(()) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_says_who_signed_it_for_whom_and_until_when() {
        let of_client = Audience::Client { id: "watchfire", nonce: "n" };
        let other_client = Some("the token is not for the client watchfire");
        let other_login = Some("the token is of another sign-in than this one");
        for (change, why) in [
            (json!({}), None),
            (json!({"aud": ["watchfire"]}), None),
            (json!({"aud": ["watchfire", "other"], "azp": "watchfire"}), None),
            (
                json!({"iss": "https://login.example.com/"}),
                Some("the token is not of the issuer https://login.example.com"),
            ),
            (json!({"iss": [ISSUER]}), Some("the token is not of the issuer https://login.example.com")),
            (json!({"aud": "other"}), other_client),
            (json!({"aud": null}), other_client),
            (json!({"aud": ["watchfire", "other"]}), other_client),
            (json!({"azp": "other"}), other_client),
            (json!({"azp": 1}), other_client),
            (json!({"nonce": "m"}), other_login),
            (json!({"nonce": null}), other_login),
            (json!({"exp": 941}), None),
            (json!({"exp": 940}), Some("the token has ended")),
            (json!({"exp": null}), Some("the token does not say when it ends")),
            (json!({"exp": "1100"}), Some("the token does not say when it ends")),
            (json!({"nbf": 1_060}), None),
            (json!({"nbf": 1_061}), Some("the token has not begun")),
            (json!({"nbf": "soon"}), Some("the token has not begun")),
            (json!({"iat": 1_061}), Some("the token is of the future")),
        ] {
            assert_eq!(refused(of_client, &change).as_deref(), why, "{change}");
        }
    }

    #[test]
    fn a_token_that_is_shown_is_for_one_of_the_audiences() {
        let ours = BTreeSet::from(["cli".to_owned(), "watchfire".to_owned()]);
        let of = |change: Value| refused(Audience::AnyOf(&ours), &change);
        assert_eq!(of(json!({"nonce": null})), None);
        assert_eq!(of(json!({"aud": ["other", "cli"]})), None);
        assert_eq!(of(json!({"aud": "other"})).as_deref(), Some("the token is not for cli or watchfire"));
        assert_eq!(of(json!({"exp": 900})).as_deref(), Some("the token has ended"));
    }

    #[test]
    fn somebody_is_told_apart_by_what_their_issuer_calls_them_and_called_by_what_was_proven() {
        let claimed = |claims: &Value| Claimed::of(&object(claims), ISSUER, READING);
        let ana = |name: &str, groups: &[&str]| Claimed {
            subject: "u1 at https://login.example.com".to_owned(),
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        for (claims, expected) in [
            (
                json!({"sub": "u1", "email": "ana@example.com", "groups": ["sre"]}),
                ana("ana@example.com", &["sre"]),
            ),
            (
                json!({"sub": "u1", "email": "ana@example.com", "email_verified": true, "groups": "sre"}),
                ana("ana@example.com", &["sre"]),
            ),
            (json!({"sub": "u1", "email": "root@example.com", "email_verified": false}), ana("u1", &[])),
            (
                json!({"sub": "u1", "email": " \u{202e}\n", "groups": [1, {"a": "b"}, "sre"]}),
                ana("\u{fffd}", &["sre"]),
            ),
            (json!({"sub": "u1", "email": 7}), ana("u1", &[])),
        ] {
            assert_eq!(claimed(&claims), Ok(expected), "{claims}");
        }
        for nobody in [json!({}), json!({"sub": ""}), json!({"sub": 7}), json!({"sub": "a".repeat(256)})] {
            assert!(claimed(&nobody).is_err(), "{nobody}");
        }
    }

    #[test]
    fn groups_may_stand_deeper_or_under_a_name_with_a_dot_or_a_colon() {
        let groups = |name: &str, claims: &Value| {
            let reading = Reading { name: "email", groups: name };
            Claimed::of(&object(claims), ISSUER, reading).expect("it is somebody").groups
        };
        assert_eq!(
            groups("realm_access.roles", &json!({"sub": "a", "realm_access": {"roles": ["sre"]}})),
            ["sre"]
        );
        assert_eq!(
            groups("https://a.example/roles", &json!({"sub": "a", "https://a.example/roles": ["sre"]})),
            ["sre"]
        );
        assert_eq!(groups("cognito:groups", &json!({"sub": "a", "cognito:groups": ["sre"]})), ["sre"]);
        assert!(groups("a.b", &json!({"sub": "a", "a": ["sre"]})).is_empty());
    }

    #[test]
    fn a_name_or_an_address_is_no_group() {
        let claims = json!({"sub": "sre", "email": "sre", "name": "sre"});
        let claimed = Claimed::of(&object(&claims), ISSUER, READING).expect("it is somebody");
        let mapping = Mapping {
            who: vec!["sre".to_owned().try_into().expect("a pattern")],
            roles: vec![Grant::anywhere(Role::Admin)],
        };
        assert_eq!(claimed.identity(How::Kubernetes, &[mapping]).roles, []);
    }
}
