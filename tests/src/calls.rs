//! Who has called what of AWS: what `tests/servers/calls.py` writes down, for servers that are ours.

use std::fs::OpenOptions;
use std::io::Write as _;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::process::python;

/// Writes down a signed call, by the access key that it is signed with.
pub(crate) fn note(action: &str, headers: &HeaderMap) {
    let signed = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((_, rest)) = signed.and_then(|signed| signed.split_once("Credential=")) else { return };
    let Some((who, _)) = rest.split_once('/') else { return };
    let target = python().ancestors().nth(3).expect("the environment is in target/").to_owned();
    let file = OpenOptions::new().create(true).append(true).open(target.join("aws-calls.txt"));
    let written = file.and_then(|mut file| file.write_all(format!("{who} {action}\n").as_bytes()));
    written.expect("target/ is writable");
}
