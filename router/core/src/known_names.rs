//! The names of rules and families that something can match: a pattern that asks for another never does what it was made for.
//!
//! Sources are whoever sends events, so that any may come; of these only a finder that is misspelt is one that there is not.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use crate::attributes::Attributes;
use crate::drill;
use crate::event::FindingSource;
use crate::json::Json;
use crate::near::nearest;
use crate::noise::BundleKind;
use crate::rules::RuleSet;
use crate::yaml::{Mistake, expected};

/// The rule and the family of what people ask for.
pub(crate) const BY_HAND: &str = "by-hand";
/// The family of what tells that mitigation is switched off.
pub(crate) const SWITCHED_OFF: &str = "mitigation-switched-off";
/// The family of what is said as one.
pub(crate) const SEVERAL: &str = "several-incidents";

/// The rules that stand in pages of our own making, which routes see, too.
fn own_rules() -> impl Iterator<Item = &'static str> {
    BundleKind::WORDS.into_iter().chain([BY_HAND, drill::NAME])
}

/// Their families.
const OWN_FAMILIES: [&str; 4] = [BY_HAND, SWITCHED_OFF, SEVERAL, drill::NAME];

/// Two letters apart, in names of that length and more, are a slip of the hand and not another name.
const A_SLIP: usize = 2;
const LONG: usize = 8;

/// The names that there are.
#[derive(Clone, Debug)]
pub struct KnownNames {
    rules: BTreeSet<String>,
    families: BTreeSet<String>,
    finders: BTreeSet<String>,
}

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A rule.
    Rule,
    /// A family.
    Family,
    /// Who found it, or whose event it is.
    Source,
}

impl Named {
    const ALL: [Self; 3] = [Named::Rule, Named::Family, Named::Source];

    /// Where patterns have it.
    pub fn path(self) -> &'static str {
        match self {
            Named::Rule => "rule",
            Named::Family => "family",
            Named::Source => "source",
        }
    }
}

/// A name that a pattern asks for, and that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What it would be of.
    pub of: Named,
    /// Where it stands in the pattern, such as `rule[0]`.
    pub path: String,
    /// What is asked for.
    asked: Asked,
    /// Which name may have been meant.
    meant: Option<String>,
}

/// How a name is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// By all of it.
    Name(String),
    /// By an operator and what that takes.
    Like(String),
}

impl UnknownName {
    /// As a mistake in a configuration.
    pub fn mistake(&self) -> Mistake {
        let of = self.of.path();
        let mistake = match &self.asked {
            Asked::Name(name) => expected(format!("the name of a {of}")).found(format!("`{name}`")),
            Asked::Like(like) => {
                expected(format!("what fits the name of a {of} at least")).found(format!("`{like}`"))
            }
        };
        mistake.hint(match &self.meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`watchfire rules list` shows all".to_owned(),
        })
    }
}

/// In a clause.
impl fmt::Display for UnknownName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.of.path();
        match &self.asked {
            Asked::Name(name) => write!(out, "there is no {of} `{name}`")?,
            Asked::Like(like) => write!(out, "there is no {of} that `{like}` fits")?,
        }
        match &self.meant {
            Some(meant) => write!(out, ": did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

impl KnownNames {
    /// Those of these rules, and those of our own pages.
    pub fn of(rules: &RuleSet) -> Self {
        let all = rules.rules().iter();
        let rules = all.clone().map(|rule| rule.name.as_str().to_owned());
        let families = all.map(|rule| rule.family.clone());
        let finders = FindingSource::ALL.into_iter();
        let finders = finders.flat_map(|finder| [Some(finder.as_str()), finder.event_source()]);
        Self {
            rules: own_rules().map(str::to_owned).chain(rules).collect(),
            families: OWN_FAMILIES.map(str::to_owned).into_iter().chain(families).collect(),
            finders: finders.flatten().map(str::to_owned).collect(),
        }
    }

    /// Whether there is such a family.
    pub fn has_family(&self, name: &str) -> bool {
        self.families.contains(name)
    }

    /// Of a family that there is not.
    pub fn no_family(&self, path: &str, name: &str) -> UnknownName {
        self.unknown_name(Named::Family, path, name)
    }

    /// The names in a pattern, as text, that there are not, also where they are excluded. What is no pattern has none: that
    /// is another mistake.
    pub fn unknown_in(&self, pattern: &str) -> Vec<UnknownName> {
        let mut unknown = Vec::new();
        if let Ok(Value::Object(pattern)) = serde_json::from_str(pattern) {
            self.look_through("", &pattern, &mut unknown);
        }
        unknown
    }

    fn look_through(
        &self,
        at: &str,
        pattern: &serde_json::Map<String, Value>,
        unknown: &mut Vec<UnknownName>,
    ) {
        let list = |name: &str| pattern.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
        for (index, way) in list("$or") {
            if let Value::Object(way) = way {
                self.look_through(&format!("{at}$or[{index}]."), way, unknown);
            }
        }
        for of in Named::ALL {
            for (index, value) in list(of.path()) {
                self.look_at(of, &format!("{at}{}[{index}]", of.path()), value, unknown);
            }
        }
    }

    /// One value of a list: a name, or what fits some, or what is none of those.
    fn look_at(&self, of: Named, path: &str, value: &Value, unknown: &mut Vec<UnknownName>) {
        match value {
            Value::String(name) if !self.is_known(of, name) => {
                unknown.push(self.unknown_name(of, path, name));
            }
            Value::Object(operators) => {
                for (operator, operand) in operators {
                    match (operator.as_str(), operand) {
                        ("exists", _) => {}
                        ("anything-but", Value::Array(values)) => {
                            values.iter().for_each(|value| self.look_at(of, path, value, unknown));
                        }
                        ("anything-but", value) => self.look_at(of, path, value, unknown),
                        (_, Value::Array(operands)) => operands.iter().for_each(|operand| {
                            self.look_at(of, path, &json!({operator.as_str(): operand}), unknown);
                        }),
                        (_, Value::String(text)) if !self.fits_any(of, value) => {
                            unknown.push(UnknownName {
                                of,
                                path: path.to_owned(),
                                asked: Asked::Like(text.clone()),
                                meant: None,
                            });
                        }
                        (_, _) => {}
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
        }
    }

    fn names(&self, of: Named) -> &BTreeSet<String> {
        match of {
            Named::Rule => &self.rules,
            Named::Family => &self.families,
            Named::Source => &self.finders,
        }
    }

    fn is_known(&self, of: Named, name: &str) -> bool {
        let names = self.names(of);
        names.contains(name) || (of == Named::Source && !names.iter().any(|known| is_a_slip(name, known)))
    }

    fn unknown_name(&self, of: Named, path: &str, name: &str) -> UnknownName {
        let meant = nearest(name, self.names(of).iter().map(String::as_str)).map(str::to_owned);
        UnknownName { of, path: path.to_owned(), asked: Asked::Name(name.to_owned()), meant }
    }

    /// Whether such a value matches any name; any source may come.
    fn fits_any(&self, of: Named, value: &Value) -> bool {
        let Ok(pattern) = Attributes::pattern(&json!({of.path(): [value]}).to_string()) else { return true };
        let has = |name: &String| {
            pattern.matches(&Json::Object(vec![(of.path().into(), Json::string(name.as_str()))]))
        };
        of == Named::Source || self.names(of).iter().any(has)
    }
}

fn is_a_slip(name: &str, known: &str) -> bool {
    known.len() >= LONG && strsim::osa_distance(name, known) <= A_SLIP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleFile;

    fn known() -> KnownNames {
        let text = "rules:\n  - {name: miner-in-a-pod, family: crypto-mining, match: {source: [a]}, priority: P1}\n  \
                    - {name: rest, family: unclassified, priority: P2}\n";
        let file = RuleFile { name: "r.yaml".to_owned(), text: text.to_owned() };
        KnownNames::of(&RuleSet::load(&[file]).expect("rules"))
    }

    fn said(pattern: &str) -> Vec<String> {
        known().unknown_in(pattern).iter().map(|name| format!("{}: {name}", name.path)).collect()
    }

    #[test]
    fn what_there_is_is_found_whole_by_its_beginning_and_among_what_is_excluded() {
        for pattern in [
            r#"{"rule": ["miner-in-a-pod", "rest"], "family": ["crypto-mining"]}"#,
            r#"{"rule": [{"wildcard": "miner-*"}, {"prefix": "re"}, {"exists": true}]}"#,
            r#"{"rule": [{"anything-but": ["rest"]}], "family": [{"anything-but": {"suffix": "mining"}}]}"#,
            r#"{"family": [{"anything-but": {"wildcard": ["crypto-*", "un*"]}}]}"#,
            r#"{"family": ["several-incidents", "by-hand", "drill"], "rule": ["storm"]}"#,
            r#"{"source": ["guardduty", "aws.guardduty", "aws.ecs", "aws.backup", "mine", {"prefix": "x"}]}"#,
            r#"{"subject": {"pod": ["no-rule"]}, "type": ["any"], "priority": ["P0"]}"#,
            "no pattern",
        ] {
            assert_eq!(said(pattern), Vec::<String>::new(), "{pattern}");
        }
    }

    #[test]
    fn what_there_is_not_is_told_with_its_place_and_what_may_have_been_meant() {
        for (pattern, expected) in [
            (
                r#"{"rule": ["rest", "miner-in-pod"]}"#,
                "rule[1]: there is no rule `miner-in-pod`: did you mean `miner-in-a-pod`?",
            ),
            (r#"{"family": ["wholly-other"]}"#, "family[0]: there is no family `wholly-other`"),
            // Nothing would be left out by it.
            (
                r#"{"rule": [{"anything-but": ["resst"]}]}"#,
                "rule[0]: there is no rule `resst`: did you mean `rest`?",
            ),
            (
                r#"{"rule": [{"anything-but": "resst"}]}"#,
                "rule[0]: there is no rule `resst`: did you mean `rest`?",
            ),
            (r#"{"rule": [{"wildcard": "minr*"}]}"#, "rule[0]: there is no rule that `minr*` fits"),
            (
                r#"{"rule": [{"anything-but": {"wildcard": ["min*", "minr*"]}}]}"#,
                "rule[0]: there is no rule that `minr*` fits",
            ),
            (r#"{"rule": [{"anything-but": {"prefix": "zz"}}]}"#, "rule[0]: there is no rule that `zz` fits"),
            (
                r#"{"$or": [{"rule": ["rest"]}, {"family": ["x"]}]}"#,
                "$or[1].family[0]: there is no family `x`",
            ),
            (
                r#"{"source": ["aws.guarduty"]}"#,
                "source[0]: there is no source `aws.guarduty`: did you mean `aws.guardduty`?",
            ),
        ] {
            assert_eq!(said(pattern), [expected], "{pattern}");
        }
    }

    #[test]
    fn every_page_that_tells_of_several_goes_by_a_rule_that_routes_may_name() {
        let incident = crate::ids::IncidentKey::new("wf1-1");
        let kinds = [
            BundleKind::Group { name: String::new() },
            BundleKind::Storm,
            BundleKind::RollUp { limit: String::new() },
            BundleKind::Silence { id: crate::ids::SilenceId::new("s-1") },
            BundleKind::Cover { incident },
        ];
        assert_eq!(kinds.each_ref().map(BundleKind::as_str), BundleKind::WORDS);
    }
}
