//! Any bytes as a pattern and an event, apart at the first NUL: refused, or matched the same by itself, and eight of it
//! together, from the tree of the event and from its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_core::json::Json;
use watchfire_core::pattern::{Notes, Pattern, PatternSet};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (pattern, event) = text.split_once('\0').unwrap_or((text, "{}"));
    let Ok(pattern) = Pattern::parse(pattern) else { return };
    let Ok(json) = Json::parse(event) else { return };
    // So many are looked up, and not asked in turn.
    let set = PatternSet::new(vec![pattern.clone(); 8]);
    let alone = if pattern.matches(&json) { 8 } else { 0 };
    assert_eq!(set.matching(&json).count(), alone);
    assert_eq!(set.matching_text(event, &mut Notes::default()).len(), alone);
});
