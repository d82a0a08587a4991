//! Any bytes as a pattern and an event, apart at the first NUL: refused, or matched the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (pattern, event) = text.split_once('\0').unwrap_or((text, "{}"));
    let Ok(pattern) = Pattern::parse(pattern) else { return };
    let Ok(event) = Json::parse(event) else { return };
    assert_eq!(pattern.matches(&event), pattern.matches(&event));
});
