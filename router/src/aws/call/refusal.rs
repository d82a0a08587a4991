//! Why a call came to nothing: AWS refused it, or gave no answer.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::{Map, Value};
use watchfire_core::text::clean;

use super::xml::Xml;

const CODE_LENGTH: usize = 100;
const MESSAGE_LENGTH: usize = 500;

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// AWS said no.
    #[error("{0}")]
    Refused(Refusal),
    /// No connection, nothing in time, or nothing that is the service's: it may be there later.
    #[error("{0}")]
    NoAnswer(String),
    /// Nobody to call as: where there are some, they may be had later.
    #[error("{0}")]
    NoCredentials(String),
}

/// What AWS said: cleaned, cut, and without the secrets that it may quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP's.
    pub(crate) status: u16,
    /// Such as `NoSuchEntity`; empty where it named none.
    pub(crate) code: String,
    /// May be empty.
    pub(crate) message: String,
    /// Not before that much time; none where it did not say.
    pub(crate) retry_after: Option<Duration>,
    /// What DynamoDB says beside: `CancellationReasons`, `Item`. As it came.
    pub(crate) details: Map<String, Value>,
}

/// The head of an answer, as far as it counts.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    /// `x-amzn-errortype`.
    pub(super) error_type: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// `x-amz-bucket-region`.
    pub(super) bucket_region: Option<String>,
}

/// An error as its body tells it.
#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    details: Map<String, Value>,
}

impl CallError {
    /// The service's name for it; empty where it gave none.
    pub(crate) fn code(&self) -> &str {
        match self {
            CallError::Refused(refusal) => &refusal.code,
            CallError::NoAnswer(_) | CallError::NoCredentials(_) => "",
        }
    }

    /// Whether whoever calls may not. A bad signature or an unknown key is something else.
    pub(crate) fn is_about_permissions(&self) -> bool {
        const DENIED: [&str; 4] =
            ["AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"];
        DENIED.contains(&self.code())
    }

    /// Whether the same call may be taken later, once something was mended or has passed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.is_transient(),
            CallError::NoAnswer(_) | CallError::NoCredentials(_) => true,
        }
    }

    /// Whether the same call may be taken in a moment, with nothing mended.
    pub(crate) fn passes(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.passes(),
            CallError::NoAnswer(_) | CallError::NoCredentials(_) => true,
        }
    }
}

impl Refusal {
    pub(super) fn read(head: &Head, body: &[u8], credentials: &Credentials) -> Self {
        let Head { status, error_type, retry_after, bucket_region } = head;
        let body = String::from_utf8_lossy(body);
        let Said { code, message, details } = Said::of(&body);
        // S3's own words are of an endpoint that is specified, and do not name it.
        let elsewhere = bucket_region.as_ref().filter(|_| (300..400).contains(status));
        let message = match (message.unwrap_or_default(), elsewhere) {
            (message, Some(region)) => format!("{message} The bucket is in {region}."),
            (message, None) => message,
        };
        let named = error_type.clone().or(code).unwrap_or_default();
        // `aws.protocol#Name` or `Name:http://...`.
        let named = named.split(':').next().unwrap_or_default();
        let code = named.rsplit('#').next().unwrap_or_default();
        let told = |text: &str, most| clean(&without_secrets(text, credentials), most);
        Self {
            status: *status,
            code: told(code.trim(), CODE_LENGTH),
            message: told(message.trim(), MESSAGE_LENGTH),
            retry_after: *retry_after,
            details,
        }
    }

    /// 5xx, throttling, expired credentials, a clock that is off, a writer beside us, and a missing permission
    /// (403), which can be mended.
    fn is_transient(&self) -> bool {
        const AGAIN: [&str; 10] = [
            "RequestExpired",
            "RequestTimeTooSkewed",
            "ExpiredToken",
            "ExpiredTokenException",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "EntityTemporarilyUnmodifiable",
            "AccessDenied",
            "AccessDeniedException",
            "UnrecognizedClientException",
        ];
        self.passes() || self.status == 403 || AGAIN.contains(&self.code.as_str())
    }

    /// 5xx, more calls than are taken, and a request that did not come in time.
    fn passes(&self) -> bool {
        const TOO_MANY: [&str; 4] = [
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "TransactionConflictException",
        ];
        let throttled = self.code.contains("Throttl") || TOO_MANY.contains(&self.code.as_str());
        matches!(self.status, 408 | 429 | 500..) || throttled || self.code == "RequestTimeout"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, code, message, retry_after: _, details: _ } = self;
        write!(out, "{status}")?;
        match (code.as_str(), message.as_str()) {
            ("", "") => Ok(()),
            (said, "") | ("", said) => write!(out, " {said}"),
            (code, message) => write!(out, " {code}: {message}"),
        }
    }
}

impl Said {
    fn of(body: &str) -> Self {
        if body.trim_start().starts_with('<') {
            let Some(xml) = Xml::parse(body) else { return Self::default() };
            // S3's has no envelope.
            let member =
                |name| xml.text(&["ErrorResponse", "Error", name]).or_else(|| xml.text(&["Error", name]));
            return Self { code: member("Code"), message: member("Message"), details: Map::new() };
        }
        // Each service has spellings of its own, and some use two at once.
        let mut members: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
        let details = ["CancellationReasons", "Item"];
        let details = details.iter().filter_map(|name| members.remove_entry(*name)).collect();
        let first =
            |names: &[&str]| names.iter().find_map(|name| members.get(*name)?.as_str().map(str::to_owned));
        Self {
            code: first(&["__type", "code", "Code"]),
            message: first(&["message", "Message", "errorMessage"]),
            details,
        }
    }
}

/// AWS quotes what it would have signed, session token included, where a signature is wrong.
fn without_secrets(text: &str, credentials: &Credentials) -> String {
    let secrets = [Some(credentials.secret_access_key()), credentials.session_token()];
    let secrets = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "s3cr3t", Some("t0k3n".to_owned()), None, "test")
    }

    fn read(status: u16, error_type: Option<&str>, body: &str) -> Refusal {
        let head = Head { status, error_type: error_type.map(str::to_owned), ..Head::default() };
        Refusal::read(&head, body.as_bytes(), &credentials())
    }

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        let [code, message] = [code, message].map(str::to_owned);
        Refusal { status, code, message, ..Refusal::default() }
    }

    #[test]
    fn a_refusal_is_named_wherever_aws_names_it() {
        let xml = r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>
            <Code>Wrong</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>"#;
        for (error_type, body) in [
            (None, r#"{"__type":"com.amazonaws.ecr#Wrong","message":"m"}"#),
            (None, r#"{"__type":"Wrong","Message":"m"}"#),
            (None, r#"{"Code":"Wrong","Message":"m"}"#),
            (None, r#"{"code":"Wrong","message":"m"}"#),
            (None, r#"{"code":null,"Code":"Wrong","message":"m","Message":"m"}"#),
            (Some("Wrong:http://internal.example/"), r#"{"message":"m"}"#),
            (None, xml),
            (None, "<Error><Code>Wrong</Code><Message>m</Message><StringToSign>s</StringToSign></Error>"),
        ] {
            assert_eq!(read(400, error_type, body), refusal(400, "Wrong", "m"), "{body}");
        }
        for (body, said) in [("", "502"), ("<html>sorry</html>", "502"), (r#"{"message":"m"}"#, "502 m")] {
            assert_eq!(read(502, None, body).to_string(), said);
        }
        assert_eq!(read(400, Some("Wrong"), "").to_string(), "400 Wrong");
        assert_eq!(read(400, None, xml).to_string(), "400 Wrong: m");
    }

    #[test]
    fn what_dynamodb_says_beside_is_kept_as_it_came() {
        let reasons = serde_json::json!([{"Code": "None"}, {"Code": "TransactionConflict"}]);
        let body = serde_json::json!({"__type": "x#TransactionCanceledException", "message": "m",
            "CancellationReasons": reasons});
        let said = read(400, None, &body.to_string());
        assert_eq!(said.details, Map::from_iter([("CancellationReasons".to_owned(), reasons)]));
        assert_eq!(said.to_string(), "400 TransactionCanceledException: m");
    }

    #[test]
    fn who_asks_in_a_region_that_is_not_the_buckets_is_told_which_is() {
        let body =
            "<Error><Code>PermanentRedirect</Code><Message>Use the specified endpoint.</Message></Error>";
        let region = Some("eu-west-1".to_owned());
        let said = |status, bucket_region: &Option<String>| {
            let head = Head { status, bucket_region: bucket_region.clone(), ..Head::default() };
            Refusal::read(&head, body.as_bytes(), &credentials()).to_string()
        };
        let told = "PermanentRedirect: Use the specified endpoint.";
        assert_eq!(said(301, &region), format!("301 {told} The bucket is in eu-west-1."));
        assert_eq!(said(301, &None), format!("301 {told}"));
        assert_eq!(said(403, &region), format!("403 {told}"));
    }

    #[test]
    fn what_aws_says_is_one_line_of_bounded_length_without_our_secrets() {
        let long = "x".repeat(10_000);
        let said = read(403, None, &serde_json::json!({"__type": long, "message": long}).to_string());
        assert_eq!((said.code.chars().count(), said.message.chars().count()), (CODE_LENGTH, MESSAGE_LENGTH));
        let quoted =
            serde_json::json!({"message": "should have been\nx-amz-security-token:t0k3n\n\u{202e}s3cr3t"});
        let expected = "should have been x-amz-security-token:*** \u{fffd}***";
        assert_eq!(read(403, None, &quoted.to_string()).message, expected);
        let escaped =
            "<ErrorResponse><Error><Message>t&#48;k3n &amp; s3cr3t</Message></Error></ErrorResponse>";
        assert_eq!(read(403, None, escaped).message, "*** & ***");
    }

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
            let error = CallError::Refused(refusal(status, code, ""));
            assert_eq!(error.is_transient(), transient, "{status} {code}");
        }
        assert!(CallError::NoAnswer("no answer within 5 s".to_owned()).is_transient());
    }

    #[test]
    fn only_what_mends_itself_is_tried_again_at_once() {
        let table = [
            (400, "ResourceNotFoundException", false),
            (400, "AccessDeniedException", false),
            (403, "ExpiredToken", false),
            (400, "ThrottlingException", true),
            (400, "RequestTimeout", true),
            (403, "RequestTimeTooSkewed", false),
            (408, "", true),
            (429, "TooManyRequestsException", true),
            (500, "InternalServiceError", true),
            // DynamoDB.
            (400, "ProvisionedThroughputExceededException", true),
            (400, "RequestLimitExceeded", true),
            (400, "TransactionConflictException", true),
            (400, "ConditionalCheckFailedException", false),
            (400, "TransactionCanceledException", false),
            (400, "ValidationException", false),
            (503, "", true),
        ];
        for (status, code, passes) in table {
            assert_eq!(CallError::Refused(refusal(status, code, "")).passes(), passes, "{status} {code}");
        }
        assert!(CallError::NoAnswer(String::new()).passes());
    }
}
