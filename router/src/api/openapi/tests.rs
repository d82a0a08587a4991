//! The document is what the types say, whole in itself, and lists every route that is served.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

#[test]
fn what_is_checked_in_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
    let document = document();
    if std::env::var_os("WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == document, "{} is not as the types are: WRITE_SCHEMAS=1", path.display());
}

/// Everything in a value that is under that name.
fn all<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                if member == name {
                    found.push(value);
                }
                all(value, name, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| all(element, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = made();
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    let named: BTreeSet<&str> = references.iter().map(|reference| reference.as_str().unwrap()).collect();
    for reference in &named {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(named.contains(format!("#/components/schemas/{name}").as_str()), "nobody names {name}");
        // What schemars calls a type whose name is taken.
        assert!(
            !name.ends_with(|last: char| last.is_ascii_digit()),
            "{name}: give the type a name of its own"
        );
    }
}

#[test]
fn a_type_that_is_written_and_read_has_one_schema() {
    let mut generators = Generators::new();
    for endpoint in OperatorEndpoint::ALL {
        operation::of_operator(*endpoint, &mut generators);
    }
    let (read, written) = (generators.read.take_definitions(true), generators.written.take_definitions(true));
    for (name, schema) in &read {
        if let Some(other) = written.get(name) {
            assert_eq!(schema, other, "{name}");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_who_may_ask() {
    let document = made();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<_> = paths.values().flat_map(|item| item.as_object().unwrap().values()).collect();
    let names: BTreeSet<_> =
        operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len());
    let known = document["components"]["securitySchemes"].as_object().unwrap();
    for operation in operations {
        let security = operation["security"].as_array().unwrap();
        let asked = security.iter().flat_map(|one| one.as_object().unwrap().keys());
        asked.for_each(|name| assert!(known.contains_key(name), "{name}"));
    }
}

/// The text of every file of a folder and those in it.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap())),
        }
    }
}

#[test]
fn no_route_is_served_that_the_document_does_not_list() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut found);
    for (file, text) in found.iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let routes =
            code.split(".route(").skip(1).filter(|route| !route.trim_start().starts_with("endpoint.path()"));
        assert_eq!(routes.count(), 0, "{file}: a route belongs into api/endpoints.rs");
    }
}
