//! Roles by what somebody is called: by the groups that a claim names, by an ARN.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::text::clean;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::Grant;
use super::config::check_roles;

/// The most characters of a pattern.
const MOST_CHARACTERS: usize = 300;
/// The most of them in one place.
const MOST: usize = 200;

/// Whoever is called so has those roles.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessRoles")]
#[serde(deny_unknown_fields, expecting = "a mapping of who, roles")]
pub struct Mapping {
    /// Groups, or ARNs; one is enough. `*` stands for any characters.
    #[schemars(length(min = 1))]
    pub who: Vec<Pattern>,
    /// What they may.
    #[schemars(length(min = 1))]
    pub roles: Vec<Grant>,
}

/// A text in which `*` stands for any characters, none among them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(String);

value_schema!(Pattern, {
    "type": "string",
    "description": "A text in which `*` stands for any characters.",
    "minLength": 1,
    "maxLength": 300
});

impl TryFrom<String> for Pattern {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        match text.is_empty() || clean(&text, MOST_CHARACTERS) != text {
            true => Err(expected("1 to 300 characters that can be shown in a line")),
            false => Ok(Self(text)),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Pattern {
    /// Its text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether that text is one of those that it stands for.
    pub(super) fn is(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// What somebody who is called all that may: of each mapping that names one of these, the roles.
pub(super) fn roles<'n>(
    mappings: &[Mapping],
    called: impl IntoIterator<Item = &'n str> + Clone,
) -> Vec<Grant> {
    let is_named = |mapping: &&Mapping| {
        let mut names = called.clone().into_iter();
        names.any(|name| mapping.who.iter().any(|pattern| pattern.is(name)))
    };
    let mut all: Vec<Grant> =
        mappings.iter().filter(is_named).flat_map(|mapping| mapping.roles.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// What is wrong about them; what a pattern has to be besides, `fits` says.
pub(super) fn check(
    mappings: &[Mapping],
    fits: impl Fn(&Pattern) -> Result<(), Mistake>,
    mistake: &mut dyn FnMut(&str, Mistake),
) {
    if mappings.is_empty() {
        mistake("", expected("at least one mapping of who and roles").found("none"));
    }
    if mappings.len() > MOST {
        mistake("", expected(format!("at most {MOST}")).found(mappings.len().to_string()));
    }
    for (index, Mapping { who, roles }) in mappings.iter().enumerate() {
        if who.is_empty() {
            mistake(&format!("[{index}].who"), expected("at least one name").found("none"));
        }
        for (at, pattern) in who.iter().enumerate() {
            if let Err(wrong) = fits(pattern) {
                mistake(&format!("[{index}].who[{at}]"), wrong);
            }
        }
        check_roles(roles, &mut |member, wrong| mistake(&format!("[{index}].roles{member}"), wrong));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).expect("a pattern")
    }

    #[test]
    fn a_star_stands_for_any_characters_and_everything_else_for_itself() {
        for (text, fitting, other) in [
            ("sre", &["sre"][..], &["", "sre2", "asre", "SRE"][..]),
            ("*", &["", "anything"], &[]),
            ("team-*", &["team-", "team-a"], &["team", "a-team-a"]),
            ("*-admins", &["-admins", "a-admins"], &["admins", "a-admins2"]),
            ("a*b*c", &["abc", "axbxc", "abbcc"], &["ab", "acb", "abcd"]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("a**b", &["ab", "axb"], &["a"]),
            ("é*", &["é", "éa"], &["e"]),
        ] {
            let pattern = pattern(text);
            fitting.iter().for_each(|name| assert!(pattern.is(name), "{text} {name}"));
            other.iter().for_each(|name| assert!(!pattern.is(name), "{text} {name}"));
        }
        assert!(pattern(&"*a".repeat(150)).is(&"a".repeat(100_000)));
        for wrong in ["", " a", "a\nb", &"a".repeat(301)] {
            assert!(Pattern::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whoever_is_in_several_groups_has_the_roles_of_all_of_them_each_once() {
        let mapping = |who: &[&str], role| Mapping {
            who: who.iter().copied().map(pattern).collect(),
            roles: vec![Grant::anywhere(role)],
        };
        let mappings = [
            mapping(&["everybody"], Role::Viewer),
            mapping(&["sre", "lead-*"], Role::Approver),
            mapping(&["lead-*"], Role::Viewer),
        ];
        let roles = |groups: &[&str]| -> Vec<Role> {
            roles(&mappings, groups.iter().copied()).into_iter().map(|grant| grant.role).collect()
        };
        assert_eq!(roles(&["everybody", "lead-a"]), [Role::Viewer, Role::Approver]);
        assert_eq!(roles(&["everybody", "other"]), [Role::Viewer]);
        assert_eq!(roles(&["other"]), []);
        assert_eq!(roles(&[]), []);
    }
}
