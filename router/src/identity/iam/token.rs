//! A token, read: nothing of it decides where something is sent, and nothing but the one question gets through.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{BEGINS, ID};
use crate::aws::presigned::{ACTION, VERSION};

/// The longest token, in bytes: a session's own token is long.
const LONGEST: usize = 12 * 1024;
/// The longest that one may last.
const LASTS: SignedDuration = SignedDuration::from_mins(15);
/// A clock may be that far ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// What stands for itself in a question that is signed.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const ALGORITHM: &str = "X-Amz-Algorithm";
const CREDENTIAL: &str = "X-Amz-Credential";
const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";
const SIGNATURE: &str = "X-Amz-Signature";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const TOKEN: &str = "X-Amz-Security-Token";

/// What a token has to be of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// The region that it is signed for.
    pub(super) region: &'e str,
    /// Where STS of that region is, without a path.
    pub(super) endpoints: &'e [String],
}

/// What is to be sent, put together anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// At one of the endpoints that were expected.
    pub(super) url: String,
    /// When STS does not take it any more.
    pub(super) ends_at: Timestamp,
}

/// Reads one.
///
/// # Errors
/// What was expected of it; nothing of it is told.
pub(super) fn read(token: &str, expected: &Expected<'_>, now: Timestamp) -> Result<Question, String> {
    let Expected { region, endpoints } = expected;
    let text = (token.len() <= LONGEST).then(|| token.strip_prefix(BEGINS)).flatten();
    let text = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or(format!("expected `{BEGINS}` and a signed question in base64url"))?;
    let query = |endpoint: &&String| text.strip_prefix(endpoint.as_str())?.strip_prefix("/?");
    let at = endpoints.iter().find(|endpoint| query(endpoint).is_some());
    let at = at.ok_or(format!("expected a question to STS in {region}, at {}", endpoints.join(" or ")))?;
    let named = members(query(&at).unwrap_or_default())
        .ok_or("expected each parameter once, and none but STS's own")?;
    let of = |name: &str| named.get(name).map(String::as_str).unwrap_or_default();
    for (name, value) in [ACTION, VERSION, (ALGORITHM, "AWS4-HMAC-SHA256")] {
        if of(name) != value {
            return Err(format!("expected {name}={value}"));
        }
    }
    if of(SIGNED_HEADERS) != format!("host;{ID}") {
        return Err(format!("expected the headers host and {ID} to be signed, and no others"));
    }
    let signed_at = time(of(DATE)).ok_or(format!("expected a time in {DATE}"))?;
    let ends_at = ends(signed_at, of(EXPIRES), now)?;
    let scope = format!("/{}/{region}/sts/aws4_request", of(DATE).get(..8).unwrap_or_default());
    let key = of(CREDENTIAL).strip_suffix(scope.as_str());
    if !key.is_some_and(|key| {
        (16..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }) {
        return Err(format!("expected it to be signed for STS in {region}, on the day of {DATE}"));
    }
    let signature = of(SIGNATURE);
    if signature.len() != 64 || !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("expected 64 digits in {SIGNATURE}"));
    }
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<_> = named.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    Ok(Question { url: format!("{at}/?{}", pairs.join("&")), ends_at })
}

/// The parameters, decoded; none where one is there twice, or is none of those that belong there.
fn members(query: &str) -> Option<BTreeMap<&'static str, String>> {
    const NAMES: [&str; 9] =
        [ACTION.0, VERSION.0, ALGORITHM, CREDENTIAL, DATE, EXPIRES, SIGNATURE, SIGNED_HEADERS, TOKEN];
    let mut named = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        let name = NAMES.into_iter().find(|known| *known == name)?;
        // What is not encoded means one thing to some and another to others: a plus, a `#`.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        let value =
            value.bytes().all(is_plain).then(|| percent_decode_str(value).decode_utf8().ok()).flatten()?;
        if named.insert(name, value.into_owned()).is_some() {
            return None;
        }
    }
    Some(named)
}

fn ends(signed_at: Timestamp, expires: &str, now: Timestamp) -> Result<Timestamp, String> {
    let is_number = (1..=4).contains(&expires.len()) && expires.bytes().all(|byte| byte.is_ascii_digit());
    let lasts = is_number.then(|| expires.parse().ok()).flatten().map(SignedDuration::from_secs);
    let lasts = lasts.filter(|lasts| *lasts > SignedDuration::ZERO && *lasts <= LASTS);
    let lasts = lasts.ok_or(format!("expected 1 to {} seconds in {EXPIRES}", LASTS.as_secs()))?;
    if signed_at > now + AHEAD {
        return Err("it was signed in what is the future here".to_owned());
    }
    let ends_at = signed_at + lasts;
    if ends_at <= now {
        return Err("it is too old".to_owned());
    }
    Ok(ends_at)
}

/// `20261129T235900Z`, and nothing like it.
fn time(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (at.strftime("%Y%m%dT%H%M%SZ").to_string() == text).then_some(at)
}

#[cfg(test)]
mod tests;
