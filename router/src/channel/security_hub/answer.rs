//! What Security Hub's answers mean: for each finding, or for the call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use watchfire_core::event::HubId;

use crate::failure::{Done, Failure};

/// Longer than that nobody is sent away.
const LATEST_RETURN: Duration = Duration::from_secs(3600);

/// What became of the findings of a call that was answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    processed: BTreeSet<HubId>,
    unprocessed: BTreeMap<HubId, String>,
}

/// Why none of the findings of a call was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Something in the call is refused; it may be a single finding.
    Invalid(String),
    /// Whatever the call had been.
    Failed(Failure),
}

/// The head of an answer, as far as it counts.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    /// `x-amzn-errortype`.
    pub(super) error_type: Option<String>,
    /// `retry-after`, in seconds.
    pub(super) retry_after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lists {
    processed_findings: Vec<Identifier>,
    unprocessed_findings: Vec<Unprocessed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identifier {
    id: String,
    product_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unprocessed {
    finding_identifier: Identifier,
    error_code: String,
    #[serde(default)]
    error_message: String,
}

/// The members of an error, in each of AWS's spellings.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl From<Identifier> for HubId {
    fn from(Identifier { id, product_arn }: Identifier) -> Self {
        HubId { id, product_arn }
    }
}

impl Answer {
    /// What became of one of the call's findings.
    pub(super) fn of(&self, finding: &HubId, receipt: &str) -> Result<Done, Failure> {
        match self.unprocessed.get(finding).map(|said| (said, said.split(':').next().unwrap_or_default())) {
            // Another writer at the same time, or a fault of its own.
            Some((said, "ConcurrentUpdateError" | "InternalFailure")) => {
                Err(Failure::transient(format!("Security Hub: {said}")))
            }
            Some((said, _)) => Err(Failure::permanent(format!("Security Hub: {said}"))),
            None if self.processed.contains(finding) => Ok(Done { receipt: receipt.to_owned() }),
            None => Err(Failure::transient("Security Hub: it did not say what became of the finding")),
        }
    }
}

pub(super) fn judge(head: &Head, body: &str) -> Result<Answer, Unanswered> {
    let Head { status, error_type, retry_after } = head;
    if *status == 200 {
        return lists(body);
    }
    let Said { kind, code, message } = serde_json::from_str(body).unwrap_or_default();
    let named = error_type.clone().or(kind).or(code).unwrap_or_default();
    // `aws.protocol#Name` or `Name:http://...`.
    let named = named.split(':').next().unwrap_or_default();
    let code = named.rsplit('#').next().unwrap_or_default();
    let said = [code, message.as_deref().unwrap_or_default()].map(str::trim);
    let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let reason = format!("Security Hub: {status} {said}").trim_end().to_owned();
    let later = |reason| {
        let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds).min(LATEST_RETURN));
        Err(Unanswered::Failed(Failure::Transient { reason, retry_after }))
    };
    match (status, code) {
        (400, "InvalidInputException" | "ValidationException" | "SerializationException") => {
            Err(Unanswered::Invalid(reason))
        }
        (401, "InvalidAccessException") => {
            Err(Unanswered::Failed(Failure::permanent(format!("{reason} (is Security Hub enabled there?)"))))
        }
        (400 | 403, "AccessDenied" | "AccessDeniedException") => Err(Unanswered::Failed(Failure::permanent(
            format!("{reason} (it takes the permission securityhub:BatchUpdateFindings)"),
        ))),
        // 5xx and throttling, credentials and clocks that will be mended, a proxy that stands in between.
        (_, _) => later(reason),
    }
}

fn lists(body: &str) -> Result<Answer, Unanswered> {
    let Ok(Lists { processed_findings, unprocessed_findings }) = serde_json::from_str(body) else {
        let reason = "Security Hub: 200 with a body that is not its own";
        return Err(Unanswered::Failed(Failure::transient(reason)));
    };
    let unprocessed = unprocessed_findings.into_iter().map(|unprocessed| {
        let Unprocessed { finding_identifier, error_code, error_message } = unprocessed;
        (finding_identifier.into(), format!("{error_code}: {error_message}"))
    });
    Ok(Answer {
        processed: processed_findings.into_iter().map(HubId::from).collect(),
        unprocessed: unprocessed.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str) -> HubId {
        HubId { id: id.to_owned(), product_arn: "p".to_owned() }
    }

    #[test]
    fn every_status_has_its_fate() {
        enum Fate {
            Invalid,
            Permanent,
            Transient,
        }
        use Fate::{Invalid, Permanent, Transient};
        let table = [
            (400, "InvalidInputException", Invalid),
            (400, "ValidationException", Invalid),
            (400, "ThrottlingException", Transient),
            (400, "ExpiredTokenException", Transient),
            (400, "", Transient),
            (401, "InvalidAccessException", Permanent),
            (401, "", Transient),
            (403, "AccessDeniedException", Permanent),
            (403, "ExpiredTokenException", Transient),
            (403, "InvalidSignatureException", Transient),
            (403, "UnrecognizedClientException", Transient),
            (403, "", Transient),
            (404, "", Transient),
            (408, "", Transient),
            (429, "LimitExceededException", Transient),
            (429, "TooManyRequestsException", Transient),
            (500, "InternalException", Transient),
            (503, "", Transient),
        ];
        for (status, code, fate) in table {
            let error_type = Some(format!("{code}:http://internal.example/")).filter(|_| !code.is_empty());
            let head = Head { status, error_type, retry_after: Some(7) };
            let reason = format!("Security Hub: {status} {}m", if code.is_empty() { "" } else { "CODE: " });
            let reason = reason.replace("CODE", code);
            let expected = match fate {
                Invalid => Unanswered::Invalid(reason),
                Permanent => {
                    let more = if status == 401 {
                        "is Security Hub enabled there?"
                    } else {
                        "it takes the permission securityhub:BatchUpdateFindings"
                    };
                    Unanswered::Failed(Failure::permanent(format!("{reason} ({more})")))
                }
                Transient => Unanswered::Failed(Failure::Transient {
                    reason,
                    retry_after: Some(Duration::from_secs(7)),
                }),
            };
            assert_eq!(judge(&head, r#"{"Message":"m"}"#), Err(expected), "{status} {code}");
        }
    }

    #[test]
    fn an_error_is_named_wherever_aws_names_it() {
        for body in [
            r#"{"__type":"com.amazonaws.securityhub#InvalidInputException","message":"m"}"#,
            r#"{"Code":"InvalidInputException","Message":"m"}"#,
            r#"{"code":"InvalidInputException","message":"m"}"#,
        ] {
            let expected = "Security Hub: 400 InvalidInputException: m".to_owned();
            let head = Head { status: 400, ..Head::default() };
            assert_eq!(judge(&head, body), Err(Unanswered::Invalid(expected)), "{body}");
        }
    }

    #[test]
    fn every_finding_of_a_call_has_its_own_fate() {
        let body = r#"{"ProcessedFindings":[{"Id":"done","ProductArn":"p"}],"UnprocessedFindings":[
            {"FindingIdentifier":{"Id":"busy","ProductArn":"p"},"ErrorCode":"ConcurrentUpdateError","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"broken","ProductArn":"p"},"ErrorCode":"InternalFailure","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"gone","ProductArn":"p"},"ErrorCode":"FindingNotFound","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"large","ProductArn":"p"},"ErrorCode":"FindingSizeExceeded"},
            {"FindingIdentifier":{"Id":"bad","ProductArn":"p"},"ErrorCode":"InvalidInput","ErrorMessage":"m"}]}"#;
        let answer = judge(&Head { status: 200, ..Head::default() }, body).unwrap_or_default();
        let later = |reason: &str| Err(Failure::transient(format!("Security Hub: {reason}")));
        let never = |reason: &str| Err(Failure::permanent(format!("Security Hub: {reason}")));
        for (id, expected) in [
            ("done", Ok(Done { receipt: "noted".to_owned() })),
            ("busy", later("ConcurrentUpdateError: m")),
            ("broken", later("InternalFailure: m")),
            ("gone", never("FindingNotFound: m")),
            ("large", never("FindingSizeExceeded: ")),
            ("bad", never("InvalidInput: m")),
            ("unsaid", later("it did not say what became of the finding")),
        ] {
            assert_eq!(answer.of(&finding(id), "noted"), expected, "{id}");
        }
    }

    #[test]
    fn a_body_that_is_not_security_hubs_is_asked_for_again() {
        for body in ["", "<html>", "{}", "[]"] {
            let reason = "Security Hub: 200 with a body that is not its own";
            let expected = Err(Unanswered::Failed(Failure::transient(reason)));
            assert_eq!(judge(&Head { status: 200, ..Head::default() }, body), expected, "{body}");
        }
    }
}
