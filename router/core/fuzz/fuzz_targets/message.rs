//! Any bytes as the body of a message: read to the end, in an event or a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_core::event::{Event, messages};

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = std::str::from_utf8(bytes) else { return };
    let _ = Event::read(body);
    let Ok(texts) = messages(body) else { return };
    for text in texts {
        let Ok(event) = Event::read(&text) else { continue };
        // What rules match must itself be an event, and read the same.
        let again = event.json.to_string();
        let again = Event::read(&again).expect("an event that was read can be read again");
        assert_eq!((&event.source, &event.detail_type), (&again.source, &again.detail_type));
        assert_eq!((event.finding.is_some(), &event.subject), (again.finding.is_some(), &again.subject));
    }
});
