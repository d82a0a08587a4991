//! `DenyAdmin`: the same in the admin tier, which no namespace can overrule.

use watchfire_core::context::AdminApi;

use super::api::Api;
use super::{Outcome, deny, policy};

/// It is there and denies, by ours or someone else's doing.
pub(super) async fn deny(api: &Api, tier: AdminApi) -> Outcome {
    let right = |live: &serde_json::Value| policy::admin_denies(tier, live);
    deny::applied(api, policy::admin_kind(tier), "", &policy::admin(tier), right).await
}
