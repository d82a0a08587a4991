//! A call of an API that was seen: what was asked for, by whom, from where, and what was answered.

use super::connections::remote;
use super::service::Service;
use super::{Seen, joined, with};
use crate::event::read::{as_text, first_text, list, text};
use crate::json::Json;

/// `service.action` of a call to Kubernetes or to AWS.
pub(super) fn tell(service: Service<'_, '_>, seen: &mut Seen) {
    kubernetes(service, seen);
    permission(service, seen);
    aws(service, seen);
}

fn kubernetes(service: Service<'_, '_>, seen: &mut Seen) {
    const CALL: &str = "action.kubernetesApiCallAction";
    let text = |name: &str| service.text(&format!("{CALL}.{name}"));
    let Some(verb) = text("verb") else { return };
    let kind = joined([text("resource"), text("subresource")]).map(|kind| kind.replace(", ", "/"));
    let object = match (text("namespace"), text("resourceName")) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        (Some(namespace), None) => Some(format!("in {namespace}")),
        (None, name) => name,
    };
    let what = [Some(verb), kind.or_else(|| text("requestUri")), object];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(" ");
    seen.say("Kubernetes call", joined([Some(what), with("answered", text("statusCode"))]));
    seen.say("Request", text("requestUri"));
    seen.say("Parameters", text("parameters"));
    let from = remote(service, &format!("{CALL}.remoteIpDetails")).or_else(|| text("sourceIPs.0"));
    seen.say("Called from", from.or_else(|| text("sourceIps.0")));
    seen.say("User agent", text("userAgent"));
}

/// Roles and bindings that were made, permissions that were tried.
fn permission(service: Service<'_, '_>, seen: &mut Seen) {
    let text = |path: &str| service.text(&format!("action.{path}"));
    let tried = "kubernetesPermissionCheckedDetails";
    if let Some(verb) = text(&format!("{tried}.verb")) {
        let allowed = service.is_true(&format!("action.{tried}.allowed"));
        let what =
            joined([text(&format!("{tried}.resource")), with("in", text(&format!("{tried}.namespace")))]);
        let allowed = if allowed { "allowed" } else { "denied" };
        seen.say("Permission asked", joined([Some(verb), what, Some(allowed.to_owned())]));
    }
    let role = ["name", "kind"].map(|name| text(&format!("kubernetesRoleDetails.{name}")));
    seen.say("Role", joined(role));
    let binding = "kubernetesRoleBindingDetails";
    let bound = [text(&format!("{binding}.name")), with("to role", text(&format!("{binding}.roleRefName")))];
    seen.say("Role binding", joined(bound));
}

fn aws(service: Service<'_, '_>, seen: &mut Seen) {
    const CALL: &str = "action.awsApiCallAction";
    let text = |name: &str| service.text(&format!("{CALL}.{name}"));
    let Some(api) = text("api") else { return };
    let of = with("of", text("serviceName"));
    let call = [Some(api), of].into_iter().flatten().collect::<Vec<_>>().join(" ");
    seen.say("API call", Some(call));
    seen.say("Error", text("errorCode"));
    let from = remote(service, &format!("{CALL}.remoteIpDetails")).or_else(|| text("domainDetails.domain"));
    seen.say("Called from", from);
    let other = text("remoteAccountDetails.accountId").map(|account| {
        let ours = service.is_true(&format!("{CALL}.remoteAccountDetails.affiliated"));
        format!("{account}, {}", if ours { "of this organization" } else { "not of this organization" })
    });
    seen.say("Caller's account", other);
    seen.say("User agent", text("userAgent"));
}

/// Who acted through the Kubernetes API: `resource.kubernetesDetails.kubernetesUserDetails`.
pub(super) fn tell_user(detail: &Json<'_>, seen: &mut Seen) {
    const USER: &str = "resource.kubernetesDetails.kubernetesUserDetails";
    let Some(name) = text(detail, &format!("{USER}.username")) else { return };
    let names = |path: &str| -> Option<String> {
        let names: Vec<_> = list(detail, path).iter().take(5).filter_map(as_text).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let groups = names(&format!("{USER}.groups")).map(|groups| format!("groups {groups}"));
    let session = names(&format!("{USER}.sessionName")).map(|session| format!("session {session}"));
    let as_whom = with("impersonating", text(detail, &format!("{USER}.impersonatedUser.username")));
    seen.say("Caller", joined([Some(name), as_whom, session, groups]));
}

/// Whose credentials were used: `resource.accessKeyDetails`.
pub(super) fn tell_key(detail: &Json<'_>, seen: &mut Seen) {
    let text = |name: &str| text(detail, &format!("resource.accessKeyDetails.{name}"));
    let key = with("access key", text("accessKeyId"));
    seen.say("Credentials", joined([text("userName"), text("userType"), key]));
}

/// A call as CloudTrail records it.
pub(super) fn tell_trail(detail: &Json<'_>, seen: &mut Seen) {
    let text = |path: &str| text(detail, path);
    let call = [text("eventName"), with("of", text("eventSource"))];
    let call = call.into_iter().flatten().collect::<Vec<_>>().join(" ");
    seen.headline = Some(call.clone());
    seen.say("API call", Some(call));
    let who =
        ["userIdentity.arn", "userIdentity.userName", "userIdentity.principalId", "userIdentity.invokedBy"];
    let key = with("access key", text("userIdentity.accessKeyId"));
    seen.say("Caller", joined([first_text(detail, &who), text("userIdentity.type"), key]));
    seen.say("Called from", text("sourceIPAddress"));
    seen.say("Error", joined([text("errorCode"), text("errorMessage")]));
    seen.say("User agent", text("userAgent"));
    let parameters = crate::event::read::at(detail, "requestParameters");
    let mut given = Seen::default();
    if let Some(parameters) = parameters {
        super::unknown::tell(parameters, &mut given);
    }
    let given: Vec<_> =
        given.rows.into_iter().take(5).map(|(name, value)| format!("{name}={value}")).collect();
    seen.say("Asked for", Some(given.join(", ")));
}
