//! Which product reports a finding through Security Hub, and which ids are its own.
//!
//! Every product may write what it likes into its finding's id, another finding's ARN too. Only the product
//! is vouched for: Security Hub lets nobody but AWS report under `product/aws/`.

use super::names;

/// The products of AWS whose findings have the same id in every feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    GuardDuty,
    Inspector,
    /// The hub itself: the findings of its controls.
    SecurityHub,
    /// Another one of AWS, of a vendor, or the customer's own.
    Other,
}

impl Product {
    /// By its ARN, such as `arn:aws:securityhub:eu-north-1::product/aws/guardduty`; OCSF has `productv2`.
    pub(super) fn of_arn(arn: &str) -> Self {
        let parts: Vec<_> = arn.split(':').collect();
        let ["arn", _, "securityhub", _, _, resource] = parts.as_slice() else { return Product::Other };
        match *resource {
            "product/aws/guardduty" | "productv2/aws/guardduty" => Product::GuardDuty,
            "product/aws/inspector" | "productv2/aws/inspector" => Product::Inspector,
            "product/aws/securityhub" | "productv2/aws/securityhub" => Product::SecurityHub,
            _ => Product::Other,
        }
    }

    /// By the name and the vendor that OCSF has; some findings have no ARN beside them.
    pub(super) fn of_name(name: &str, vendor: Option<&str>) -> Self {
        match (name, vendor) {
            ("GuardDuty", None | Some("AWS" | "Amazon")) => Product::GuardDuty,
            ("Inspector", None | Some("AWS" | "Amazon")) => Product::Inspector,
            ("Security Hub", None | Some("AWS" | "Amazon")) => Product::SecurityHub,
            (_, _) => Product::Other,
        }
    }

    /// The name of one of its findings: the id if it is an ARN of the product's own, else
    /// `<product>|<id>`, which is no other product's.
    pub(super) fn finding(self, product: Option<&str>, id: String) -> String {
        if self.owns(&id) { id } else { format!("{}|{id}", product.unwrap_or("-")) }
    }

    fn owns(self, id: &str) -> bool {
        let parts: Vec<_> = id.splitn(6, ':').collect();
        let ["arn", _, service, _, _, resource] = parts.as_slice() else { return false };
        match self {
            Product::GuardDuty => names::is_guardduty_finding(id),
            Product::Inspector => matches!(*service, "inspector2" | "inspector"),
            Product::SecurityHub => {
                *service == "securityhub"
                    && (resource.starts_with("security-control/") || resource.starts_with("subscription/"))
            }
            Product::Other => false,
        }
    }
}
