//! What mitigation asks of AWS itself: plain calls with typed answers.
//!
//! Each is tried once, with its own time limit; trying again is the matter of whoever performs the effect.

pub mod credentials;
pub mod image_scan;

use std::time::Duration;

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::timeout::TimeoutConfig;

use crate::clients::explain;
use crate::failure::Failure;

/// One call, in all.
const CALL: Duration = Duration::from_secs(5);

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(CALL).build()
}

/// The code of an error that the service gave; empty for all others.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

fn failure<E>(service: &str, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let reason = format!("{service}: {}", explain(error));
    let transient = match error {
        SdkError::ServiceError(answer) => is_transient(answer.raw().status().as_u16(), code(error)),
        // No connection, no credentials, no answer in time, or one that is not the service's.
        _ => true,
    };
    if transient { Failure::transient(reason) } else { Failure::permanent(reason) }
}

/// 5xx, throttling, expired credentials, a clock that is off, a writer beside us, and a missing permission
/// (403), which can be mended.
fn is_transient(status: u16, code: &str) -> bool {
    let again = ["RequestExpired", "RequestTimeTooSkewed", "ExpiredToken", "ExpiredTokenException"];
    let beside =
        ["ConcurrentModification", "ConcurrentModificationException", "EntityTemporarilyUnmodifiable"];
    let denied = ["AccessDenied", "AccessDeniedException", "UnrecognizedClientException"];
    let throttle = code.contains("Throttl") || code == "TooManyRequestsException";
    matches!(status, 403 | 408 | 429 | 500..)
        || throttle
        || again.contains(&code)
        || beside.contains(&code)
        || denied.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_fate() {
        let table = [
            // ECR: everything that is wrong with a request is 400.
            (400, "InvalidParameterException", false),
            (400, "RepositoryNotFoundException", false),
            (400, "ImageNotFoundException", false),
            (400, "ImageArchivedException", false),
            (400, "UnsupportedImageTypeException", false),
            (400, "ValidationException", false),
            (400, "AccessDeniedException", true),
            (400, "UnrecognizedClientException", true),
            (400, "ThrottlingException", true),
            (400, "ExpiredTokenException", true),
            (500, "ServerException", true),
            // IAM.
            (400, "MalformedPolicyDocument", false),
            (400, "UnmodifiableEntity", false),
            (404, "NoSuchEntity", false),
            (409, "LimitExceeded", false),
            (400, "Throttling", true),
            (403, "AccessDenied", true),
            (403, "ExpiredToken", true),
            (409, "ConcurrentModification", true),
            (409, "EntityTemporarilyUnmodifiable", true),
            (500, "ServiceFailure", true),
            (503, "ServiceUnavailable", true),
        ];
        for (status, code, transient) in table {
            assert_eq!(is_transient(status, code), transient, "{status} {code}");
        }
    }
}
