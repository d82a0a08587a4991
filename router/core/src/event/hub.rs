//! What Security Hub knows a finding by, and how our own notes on findings are known when they come round.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read::{number, text, time};
use crate::json::Json;

/// What every note of ours begins with.
pub const NOTE_PREFIX: &str = "watchfire: ";
/// Who our notes say wrote them: `Note.UpdatedBy`.
pub const NOTE_AUTHOR: &str = "watchfire";

/// The longest `Id` of ASFF, and more than any product's ARN.
const LONGEST_ID: usize = 512;

/// How Security Hub names a finding in ASFF; both parts are needed to change anything about it.
///
/// Both came with the finding: the product's ARN is vouched for by Security Hub, the id is whatever the product
/// wrote. Neither has control characters, white space at its ends, or more than 512 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct HubId {
    /// The product's id of the finding, `Id`.
    pub id: String,
    /// Which product's, `ProductArn`, such as `arn:aws:securityhub:eu-north-1::product/aws/guardduty`.
    pub product_arn: String,
}

/// The names of an ASFF finding; none where either is missing or could not be one.
pub(super) fn id(finding: &Json<'_>) -> Option<HubId> {
    let (id, product_arn) = (text(finding, "Id")?, text(finding, "ProductArn")?);
    let fits = |name: &str| name.chars().count() <= LONGEST_ID && !name.chars().any(char::is_control);
    let parts: Vec<_> = product_arn.splitn(6, ':').collect();
    let of_hub =
        matches!(parts[..], ["arn", _, "securityhub", _, _, resource] if resource.starts_with("product/"));
    (of_hub && fits(&id) && fits(&product_arn)).then_some(HubId { id, product_arn })
}

/// Whether somebody has it: notified in ASFF, in progress in OCSF.
pub(super) fn is_in_hand(finding: &Json<'_>) -> bool {
    let is = |path: &str, word: &str| text(finding, path).is_some_and(|text| text.eq_ignore_ascii_case(word));
    is("Workflow.Status", "NOTIFIED")
        || is("WorkflowState", "NOTIFIED")
        || is("status", "In Progress")
        || number(finding, "status_id") == Some(2.0)
}

/// Whether the last that happened to an ASFF finding is that somebody wrote a note as we write them and set it
/// NOTIFIED. `UpdatedAt` is when the product last reported; a note does not change it.
pub(super) fn is_echo(finding: &Json<'_>) -> bool {
    let is = |path: &str, word: &str| text(finding, path).is_some_and(|text| text == word);
    let ours = is("Note.UpdatedBy", NOTE_AUTHOR)
        && is("Workflow.Status", "NOTIFIED")
        && text(finding, "Note.Text").is_some_and(|note| note.starts_with(NOTE_PREFIX));
    let noted = time(finding, "Note.UpdatedAt").zip(time(finding, "UpdatedAt"));
    ours && noted.is_some_and(|(noted, reported)| noted >= reported)
}
