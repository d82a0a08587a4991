//! Whether a finding is about how something is set up or about what somebody does: only the first can pass a check, and
//! no sender's verdict ends the second.

use super::product::Product;
use super::read::{as_text, first_text, list};
use crate::json::Json;

/// How the types of ASFF begin that are of what somebody does; OCSF has a word of its own.
const ATTACKS: [&str; 5] =
    ["TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications", "Threats"];

/// Whether a verdict of a check belongs to it: a control's, or that of a product that reports weaknesses.
pub(super) fn is_posture(product: Product, finding: &Json<'_>) -> bool {
    match product {
        Product::SecurityHub => true,
        Product::GuardDuty | Product::Inspector => false,
        Product::Other => !claims_guardduty(finding) && !types(finding).any(|kind| is_attack(&kind)),
    }
}

fn types<'v>(finding: &'v Json<'_>) -> impl Iterator<Item = String> + 'v {
    let lists = ["Types", "FindingProviderFields.Types", "finding_info.types"];
    lists.into_iter().flat_map(|path| list(finding, path)).filter_map(as_text)
}

fn is_attack(kind: &str) -> bool {
    let namespace = kind.split('/').next().unwrap_or_default().trim();
    ATTACKS.iter().any(|attack| namespace.eq_ignore_ascii_case(attack)) || is_guardduty_type(kind)
}

/// `Exfiltration:S3/AnomalousBehavior`.
fn is_guardduty_type(kind: &str) -> bool {
    let Some((purpose, rest)) = kind.trim().split_once(':') else { return false };
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word(purpose) && rest.split_once('/').is_some_and(|(resource, _)| word(resource))
}

/// By a name that nobody vouches for: reason enough to close nothing.
fn claims_guardduty(finding: &Json<'_>) -> bool {
    let name = first_text(finding, &["ProductName", "metadata.product.name"]);
    name.is_some_and(|name| name.to_ascii_lowercase().contains("guardduty"))
}
