//! Patterns over a face as people write them: a priority in small letters, a source as its events name it.

use std::borrow::Cow;

use super::Attributes;
use crate::event::{Band, FindingSource};
use crate::json::Json;
use crate::near::nearest;
use crate::pattern::{Domain, Pattern, PatternError};
use crate::priority::Priority;

impl Attributes {
    /// Reads a pattern over faces: priorities and severities in capitals or not, sources as the finding or as its
    /// event names them.
    ///
    /// # Errors
    /// What is no pattern, and a priority or severity that there is none of: it would never match.
    pub fn pattern(text: &str) -> Result<Pattern, PatternError> {
        let read = Pattern::json(text)?;
        // What is wrong with it as a pattern is told first.
        Pattern::from_json(&read)?;
        Pattern::from_json(&object("", read)?)
    }

    /// A value as faces have it at that path.
    ///
    /// # Errors
    /// One that none ever has there, with what there is.
    pub fn value_at(path: &str, value: &str) -> Result<String, String> {
        let Some(known) = closed(path) else { return Ok(value.to_owned()) };
        if let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(value)) {
            return Ok((*known).to_owned());
        }
        let meant = nearest(value, known.iter().copied()).map(|meant| format!(": did you mean {meant}?"));
        let known = known.join(", ");
        Err(format!("expected one of {known}, found `{value}`{}", meant.unwrap_or_default()))
    }

    /// What faces may have at that path.
    pub fn domain(path: &str) -> Domain {
        const ALWAYS: [&str; 5] = ["priority", "rule", "family", "type", "source"];
        Domain {
            closed: closed(path),
            may_be_absent: !ALWAYS.contains(&path),
            may_be_several: ["subject.resource", "subject.instance"].contains(&path),
        }
    }
}

/// All values that there are, where there are no others.
fn closed(path: &str) -> Option<Vec<&'static str>> {
    match path {
        "priority" => Some(Priority::ALL.map(Priority::as_str).to_vec()),
        "severity" => Some(Band::ALL.map(Band::as_str).to_vec()),
        _ => None,
    }
}

fn object<'a>(place: &str, pattern: Json<'a>) -> Result<Json<'a>, PatternError> {
    let Json::Object(members) = pattern else { return Ok(pattern) };
    let at = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let read = |(name, values): (Cow<'a, str>, Json<'a>)| {
        let values = match (&*name, values) {
            ("$or", Json::Array(ways)) => {
                let ways = ways.into_iter().enumerate();
                let ways = ways.map(|(index, way)| object(&at(&format!("$or[{index}]")), way));
                Json::Array(ways.collect::<Result<_, _>>()?)
            }
            ("source", Json::Array(values)) => Json::Array(values.into_iter().flat_map(source).collect()),
            (path, Json::Array(values)) if closed(path).is_some() => {
                let values = values.into_iter().enumerate();
                let values =
                    values.map(|(index, value)| known(path, &at(&format!("{path}[{index}]")), value));
                Json::Array(values.collect::<Result<_, _>>()?)
            }
            (_, values) => values,
        };
        Ok((name, values))
    };
    Ok(Json::Object(members.into_iter().map(read).collect::<Result<_, _>>()?))
}

/// A value of a closed set, also where it is excluded.
fn known<'a>(path: &str, place: &str, value: Json<'a>) -> Result<Json<'a>, PatternError> {
    match value {
        Json::String(text) => match Attributes::value_at(path, &text) {
            Ok(text) => Ok(Json::string(text)),
            Err(_) => {
                let known = closed(path).unwrap_or_default().join(", ");
                let found = format!("`{text}`");
                Err(PatternError { path: place.to_owned(), expected: format!("one of {known}"), found })
            }
        },
        Json::Array(texts) => {
            let texts = texts.into_iter().map(|text| known(path, place, text));
            Ok(Json::Array(texts.collect::<Result<_, _>>()?))
        }
        Json::Object(members) => {
            let of = |(name, value): (Cow<'a, str>, Json<'a>)| {
                let value = if name == "anything-but" { known(path, place, value)? } else { value };
                Ok((name, value))
            };
            Ok(Json::Object(members.into_iter().map(of).collect::<Result<_, _>>()?))
        }
        other => Ok(other),
    }
}

/// A value of `source`, and beside it the other spelling; what is excluded is excluded in both.
fn source<'a>(value: Json<'a>) -> Vec<Json<'a>> {
    match value {
        Json::String(text) => spellings(&text).into_iter().map(Json::string).collect(),
        Json::Object(members) => {
            let both = |(name, value): (Cow<'a, str>, Json<'a>)| {
                let value = if name == "anything-but" { excluded(value) } else { value };
                (name, value)
            };
            let members: Vec<_> = members.into_iter().map(both).collect();
            let prefixed = match &members[..] {
                [(name, Json::String(text))] if matches!(&**name, "wildcard" | "prefix") => {
                    let rest =
                        text.strip_prefix("aws.").filter(|rest| !rest.is_empty() && !rest.starts_with('*'));
                    rest.map(|rest| Json::Object(vec![(name.clone(), Json::string(rest.to_owned()))]))
                }
                _ => None,
            };
            [Json::Object(members)].into_iter().chain(prefixed).collect()
        }
        other => vec![other],
    }
}

fn excluded(value: Json<'_>) -> Json<'_> {
    match value {
        Json::String(text) => Json::Array(spellings(&text).into_iter().map(Json::string).collect()),
        Json::Array(values) => Json::Array(values.into_iter().flat_map(source).collect()),
        other => other,
    }
}

/// The source of an event, and the finder of its finding: a face has the one or the other.
fn spellings(text: &str) -> Vec<String> {
    let of = |finder: FindingSource| Some([finder.event_source()?, finder.as_str()]);
    match FindingSource::ALL.into_iter().filter_map(of).find(|spellings| spellings.contains(&text)) {
        Some(spellings) => spellings.map(str::to_owned).into(),
        None => vec![text.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::attributes;
    use crate::event::Subject;

    /// The paths of a face, each with whether several texts stand there.
    fn paths(face: &Attributes) -> Vec<(String, bool)> {
        fn walk(at: &str, json: &Json<'_>, found: &mut Vec<(String, bool)>) {
            for (name, value) in json.members() {
                let at = if at.is_empty() { name.to_string() } else { format!("{at}.{name}") };
                match value {
                    Json::Object(_) => walk(&at, value, found),
                    Json::Array(_) => found.push((at, true)),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => found.push((at, false)),
                }
            }
        }
        let mut found = Vec::new();
        walk("", &face.json(), &mut found);
        found
    }

    #[test]
    fn what_may_be_absent_or_several_is_what_faces_leave_out_or_list() {
        let bare = paths(&attributes(Subject::default()));
        for path in super::super::PATHS.iter() {
            let is_there = bare.iter().any(|(there, _)| there == path);
            assert_eq!(Attributes::domain(path).may_be_absent, !is_there, "{path}");
        }
        let instance = |id: &str| format!("arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/{id}");
        let resources = vec![instance("i-1"), instance("i-2")];
        let several = paths(&attributes(Subject { resources, ..Subject::default() }));
        let listed: Vec<_> = several.iter().filter(|(_, is_list)| *is_list).map(|(path, _)| path).collect();
        let may_be: Vec<_> =
            super::super::PATHS.iter().filter(|path| Attributes::domain(path).may_be_several).collect();
        assert_eq!(listed.len(), 2, "{several:?}");
        assert!(
            may_be.len() == 2 && may_be.iter().all(|path| listed.iter().any(|it| it == *path)),
            "{may_be:?}"
        );
    }

    fn matches(pattern: &str, face: &str) -> bool {
        let pattern = Attributes::pattern(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        pattern.matches(&Json::parse(face).expect("JSON"))
    }

    #[test]
    fn a_source_is_matched_by_the_name_of_its_finder_and_by_that_of_its_events() {
        let sources =
            [r#"{"source": "guardduty"}"#, r#"{"source": "aws.guardduty"}"#, r#"{"source": "mine"}"#];
        let table = [
            (r#"{"source": ["aws.guardduty"]}"#, [true, true, false]),
            (r#"{"source": ["guardduty"]}"#, [true, true, false]),
            (r#"{"source": [{"wildcard": "aws.guard*"}]}"#, [true, true, false]),
            (r#"{"source": [{"prefix": "aws.guard"}]}"#, [true, true, false]),
            (r#"{"source": [{"wildcard": "aws.*"}]}"#, [false, true, false]),
            (r#"{"source": [{"anything-but": ["aws.guardduty"]}]}"#, [false, false, true]),
            (r#"{"source": [{"anything-but": "guardduty"}]}"#, [false, false, true]),
            (r#"{"$or": [{"source": ["aws.guardduty"]}, {"rule": ["a"]}]}"#, [true, true, false]),
            (r#"{"source": ["aws.inspector2"]}"#, [false, false, false]),
        ];
        for (pattern, expected) in table {
            assert_eq!(sources.map(|face| matches(pattern, face)), expected, "{pattern}");
        }
        assert!(matches(r#"{"source": ["aws.inspector2"]}"#, r#"{"source": "inspector"}"#));
    }

    #[test]
    fn a_priority_or_severity_is_understood_in_small_letters_and_refused_where_there_is_none() {
        let face = r#"{"priority": "P1", "severity": "HIGH"}"#;
        assert!(matches(r#"{"priority": ["p1"], "severity": ["High"]}"#, face));
        assert!(!matches(r#"{"priority": [{"anything-but": ["p1", "p2"]}]}"#, face));
        assert!(matches(r#"{"priority": [{"prefix": "P"}, {"exists": false}]}"#, face));
        let refused =
            |pattern: &str| Attributes::pattern(pattern).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            refused(r#"{"priority": ["P1", "P9"]}"#),
            Err("priority[1]: expected one of P0, P1, P2, P3, found `P9`".to_owned())
        );
        assert_eq!(
            refused(r#"{"$or": [{"severity": [{"anything-but": "hihg"}]}, {"rule": ["a"]}]}"#),
            Err("$or[0].severity[0]: expected one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL, found `hihg`".to_owned())
        );
        assert_eq!(
            Attributes::value_at("severity", "hihg"),
            Err("expected one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL, found `hihg`: did you mean HIGH?".to_owned())
        );
        assert_eq!(Attributes::value_at("subject.pod", "p1"), Ok("p1".to_owned()));
    }
}
