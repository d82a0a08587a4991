//! All that core promises beside its unit tests, one binary: it is linked once, and its tests share both cores.

#![allow(clippy::unwrap_used)]

mod fixtures;
mod histories;
mod support;

mod approvers;
mod audit;
mod canary;
mod cases;
mod changes;
mod containment;
mod containment_hostile;
mod containment_properties;
mod decide;
mod details;
mod digest_editions;
mod drill;
mod event_account;
mod event_alerts;
mod event_bounds;
mod event_echo;
mod event_envelope;
mod event_foreign;
mod event_guardduty;
mod event_hostile;
mod event_platform;
mod event_properties;
mod event_securityhub;
mod follow_ups;
mod identify;
mod identity;
mod json_reading;
mod named_first;
mod noise_properties;
mod notice_hostile;
mod pages;
mod pattern_cost;
mod pattern_cover;
mod pattern_explain;
mod pattern_matrix;
mod pattern_properties;
mod pattern_sets;
mod pattern_table;
mod proposals;
mod repertoire;
mod roll_ups;
mod routing;
mod rule_files;
mod rule_members;
mod rule_mistakes;
mod scenarios;
mod seen;

/// One that nobody names here would be left out without a word.
#[test]
fn every_file_beside_this_one_is_in_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let own = include_str!("main.rs");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let files = names.iter().filter_map(|name| name.strip_suffix(".rs")).filter(|name| *name != "main");
    let left_out: Vec<_> = files.filter(|name| !own.contains(&format!("mod {name};\n"))).collect();
    assert_eq!(left_out, [""; 0]);
}
