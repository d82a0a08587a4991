//! What spans are known by, and how AWS hands a trace on.

use std::fmt;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jiff::Timestamp;

/// A trace, as W3C and X-Ray have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TraceId(u128);

/// A span of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpanId(u64);

/// What a span is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: TraceId,
    pub(super) span: Option<SpanId>,
    /// Whoever began the trace has decided whether it is kept.
    pub(super) is_sampled: bool,
}

impl Parent {
    /// The beginning of a trace of our own. X-Ray finds a trace by the seconds that its id begins with.
    pub(super) fn none(now: Timestamp) -> Self {
        let [seconds, rest @ ..] = [(now.as_second() as u32), random(), random(), random()];
        let trace = rest.into_iter().fold(u128::from(seconds), |id, part| id << 32 | u128::from(part));
        Self { trace: TraceId(trace), span: None, is_sampled: true }
    }

    /// `Root=1-6560b7f1-aabbccddeeff001122334455;Parent=53995c3f42cd8ad8;Sampled=1`, in any order; none where no trace can be
    /// read from it.
    pub(super) fn of(header: &str) -> Option<Self> {
        let member = |name: &str| {
            let mut members = header.split(';').filter_map(|member| member.trim().split_once('='));
            members.find_map(|(found, value)| (found == name).then_some(value))
        };
        let (seconds, unique) = member("Root")?.strip_prefix("1-")?.split_once('-')?;
        let trace = u128::from(hex(seconds, 8)? as u32) << 96 | hex(unique, 24)?;
        let span = member("Parent").and_then(|parent| hex(parent, 16)).map(|id| SpanId(id as u64));
        Some(Self { trace: TraceId(trace), span, is_sampled: member("Sampled") != Some("0") })
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|id| is_hex && *id != 0)
}

impl SpanId {
    pub(super) fn new() -> Self {
        // Of which 0 is no id.
        Self((u64::from(random()) << 32 | u64::from(random())).max(1))
    }
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    u32::from_be_bytes(bytes)
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_aws_is_read_in_any_order_and_what_is_none_is_not() {
        let trace = TraceId(0x6560_b7f1_aabb_ccdd_eeff_0011_2233_4455);
        let id = SpanId(0x5399_5c3f_42cd_8ad8);
        let span = Some(id);
        let root = "Root=1-6560b7f1-aabbccddeeff001122334455";
        for (header, expected) in [
            (format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"), Parent { trace, span, is_sampled: true }),
            (
                format!("Sampled=0; Parent=53995c3f42cd8ad8 ;Lineage=1:a:0;{root}"),
                Parent { trace, span, is_sampled: false },
            ),
            (root.to_owned(), Parent { trace, span: None, is_sampled: true }),
            (format!("{root};Parent=none;Sampled=?"), Parent { trace, span: None, is_sampled: true }),
        ] {
            assert_eq!(Parent::of(&header), Some(expected), "{header}");
        }
        for none in [
            "",
            "Root",
            "Root=",
            "Root=1-6560b7f1",
            "Root=2-6560b7f1-aabbccddeeff001122334455",
            "Root=1-6560b7f1-aabbccddeeff00112233445",
            "Root=1-6560b7f1-+abbccddeeff001122334455",
            "Root=1-6560b7f1-000000000000000000000000",
            "Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(Parent::of(none), None, "{none}");
        }
        let shown = ["6560b7f1aabbccddeeff001122334455", "53995c3f42cd8ad8"];
        assert_eq!([trace.to_string(), id.to_string()], shown);
    }

    #[test]
    fn a_trace_of_our_own_begins_with_its_time_and_is_no_other() {
        let now: Timestamp = "2026-11-20T03:00:00Z".parse().expect("a time");
        let (one, other) = (Parent::none(now), Parent::none(now));
        assert!(one.trace.to_string().starts_with(&format!("{:08x}", now.as_second())), "{}", one.trace);
        assert_ne!(one.trace, other.trace);
        assert_ne!(SpanId::new(), SpanId::new());
    }
}
