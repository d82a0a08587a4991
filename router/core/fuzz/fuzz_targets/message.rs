//! Any bytes as the body of a message: read to the end, in an event or a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_core::event::{Event, messages, text_of};
use watchfire_core::json::Json;

fuzz_target!(|bytes: &[u8]| {
    let body = &*text_of(bytes);
    let _ = Event::read(body);
    // What is made of any text is JSON, and reads the same.
    let (json, _) = Json::read(body);
    assert_eq!(Json::parse(&json.to_string()), Ok(json));
    let Ok(texts) = messages(body) else { return };
    for text in texts {
        let Ok(event) = Event::read(&text) else { continue };
        // What rules match is itself an event, and reads the same. Only a bare finding that nests to the
        // very limit does not fit once it is in an envelope, and is cut there.
        let again = event.json.to_string();
        let Ok(again) = Event::read(&again) else { continue };
        assert_eq!((&event.source, &event.detail_type), (&again.source, &again.detail_type));
        assert_eq!((event.finding.is_some(), &event.subject), (again.finding.is_some(), &again.subject));
    }
});
