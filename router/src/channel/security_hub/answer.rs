//! What Security Hub's answers mean: for each finding, or for the call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use watchfire_core::event::HubId;

use crate::aws::call::{self, CallError, Refusal};
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

pub(super) fn judge(answered: Result<call::Answer, CallError>) -> Result<Answer, Unanswered> {
    match answered.and_then(|answer| answer.json::<Lists>()) {
        Ok(lists) => Ok(lists.into()),
        Err(CallError::Refused(refusal)) => Err(Unanswered::of(refusal)),
        Err(CallError::NoAnswer(reason) | CallError::NoCredentials(reason)) => {
            Err(Unanswered::Failed(Failure::transient(format!("Security Hub: {reason}"))))
        }
    }
}

impl Unanswered {
    fn of(refusal: Refusal) -> Self {
        let reason = format!("Security Hub: {refusal}");
        match (refusal.status, refusal.code.as_str()) {
            (400, "InvalidInputException" | "ValidationException" | "SerializationException") => {
                Unanswered::Invalid(reason)
            }
            (401, "InvalidAccessException") => {
                Unanswered::Failed(Failure::permanent(format!("{reason} (is Security Hub enabled there?)")))
            }
            (400 | 403, "AccessDenied" | "AccessDeniedException") => Unanswered::Failed(Failure::permanent(
                format!("{reason} (it takes the permission securityhub:BatchUpdateFindings)"),
            )),
            // 5xx and throttling, credentials and clocks that will be mended, a proxy that stands in between.
            (_, _) => {
                let retry_after = refusal.retry_after.map(|wait| wait.min(LATEST_RETURN));
                Unanswered::Failed(Failure::Transient { reason, retry_after })
            }
        }
    }
}

impl From<Lists> for Answer {
    fn from(Lists { processed_findings, unprocessed_findings }: Lists) -> Self {
        let unprocessed = unprocessed_findings.into_iter().map(|unprocessed| {
            let Unprocessed { finding_identifier, error_code, error_message } = unprocessed;
            (finding_identifier.into(), format!("{error_code}: {error_message}"))
        });
        Self {
            processed: processed_findings.into_iter().map(HubId::from).collect(),
            unprocessed: unprocessed.collect(),
        }
    }
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
            let (retry_after, message) = (Some(Duration::from_secs(7)), "m".to_owned());
            let refusal =
                Refusal { status, code: code.to_owned(), message, retry_after, ..Refusal::default() };
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
            assert_eq!(judge(Err(CallError::Refused(refusal))), Err(expected), "{status} {code}");
        }
    }

    #[test]
    fn nobody_is_sent_away_for_longer_than_an_hour() {
        let retry_after = Some(Duration::from_secs(86_400));
        let refusal = Refusal { status: 503, retry_after, ..Refusal::default() };
        let (reason, retry_after) = ("Security Hub: 503".to_owned(), Some(Duration::from_secs(3600)));
        let expected = Unanswered::Failed(Failure::Transient { reason, retry_after });
        assert_eq!(judge(Err(CallError::Refused(refusal))), Err(expected));
    }

    #[test]
    fn what_did_not_answer_may_later() {
        let no_answer = CallError::NoAnswer("no answer within 5 s".to_owned());
        let expected = Failure::transient("Security Hub: no answer within 5 s");
        assert_eq!(judge(Err(no_answer)), Err(Unanswered::Failed(expected)));
    }

    #[test]
    fn every_finding_of_a_call_has_its_own_fate() {
        let body = r#"{"ProcessedFindings":[{"Id":"done","ProductArn":"p"}],"UnprocessedFindings":[
            {"FindingIdentifier":{"Id":"busy","ProductArn":"p"},"ErrorCode":"ConcurrentUpdateError","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"broken","ProductArn":"p"},"ErrorCode":"InternalFailure","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"gone","ProductArn":"p"},"ErrorCode":"FindingNotFound","ErrorMessage":"m"},
            {"FindingIdentifier":{"Id":"large","ProductArn":"p"},"ErrorCode":"FindingSizeExceeded"},
            {"FindingIdentifier":{"Id":"bad","ProductArn":"p"},"ErrorCode":"InvalidInput","ErrorMessage":"m"}]}"#;
        let answer = judge(Ok(call::Answer::of(body))).unwrap_or_default();
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
            assert_eq!(judge(Ok(call::Answer::of(body))), expected, "{body}");
        }
    }
}
