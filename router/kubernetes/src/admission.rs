//! ValidatingAdmissionPolicies that a binding has in force: a request is refused as their expressions say, in the words of
//! the real server.
//!
//! What it does not do: parameters, selectors, audit annotations, `messageExpression`, types; an expression costs nothing.
//! A subresource of a workload is judged by the workload.

use std::sync::Arc;

use cel::{Context, Env, Program, Value as Cel};
use serde_json::{Value, json};

use super::failure::Failure;
use super::kind::Kind;
use super::store::{Key, World};

/// A change that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'c> {
    /// Who; empty for what the server and its controllers do by themselves.
    pub(crate) user: &'c str,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) operation: &'static str,
    pub(crate) subresource: &'c str,
    /// As it would be; null where it goes.
    pub(crate) object: &'c Value,
    /// As it is; null where it is not yet.
    pub(crate) old: &'c Value,
}

const GROUP: &str = "admissionregistration.k8s.io";

/// Whether every policy in force lets it pass.
pub(crate) fn admit(world: &World, kind: &Kind, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    if change.user.is_empty() || kind.group == GROUP {
        return Ok(());
    }
    let (policies, bindings) = (
        world.kind(GROUP, "validatingadmissionpolicies"),
        world.kind(GROUP, "validatingadmissionpolicybindings"),
    );
    for binding in world.list(&bindings, "") {
        let actions = binding["spec"]["validationActions"].as_array();
        if !actions.into_iter().flatten().any(|action| action == "Deny") {
            continue;
        }
        let name = binding["spec"]["policyName"].as_str().unwrap_or_default();
        let Some(policy) = world.get(&Key::new(&policies, "", name)) else { continue };
        if !is_meant(&policy["spec"], kind, change) {
            continue;
        }
        if let Err(message) = judge(&policy["spec"], kind, key, change) {
            let by = binding["metadata"]["name"].as_str().unwrap_or_default();
            return Err(refused(
                kind,
                key,
                &format!("ValidatingAdmissionPolicy '{name}' with binding '{by}' denied request: {message}"),
            ));
        }
    }
    Ok(())
}

fn refused(kind: &Kind, key: &Key, message: &str) -> Failure {
    let about = format!("{} \"{}\" is forbidden: {message}", kind.resource(), key.name);
    let mut failure = Failure::new(422, "Invalid", about);
    let mut details = json!({"name": key.name, "kind": kind.plural, "causes": [{"message": message}]});
    if !kind.group.is_empty() {
        details["group"] = kind.group.clone().into();
    }
    failure.details = Some(details);
    failure
}

fn is_meant(spec: &Value, kind: &Kind, change: &Change<'_>) -> bool {
    let has = |list: &Value, word: &str| {
        list.as_array().into_iter().flatten().any(|have| have == "*" || have == word)
    };
    let resource = match change.subresource {
        "" => kind.plural.clone(),
        subresource => format!("{}/{subresource}", kind.plural),
    };
    let meant = |rule: &Value| {
        let resources = rule["resources"].as_array().into_iter().flatten();
        let named = |name: &Value| {
            name == resource.as_str()
                || name == "*/*"
                || (name == "*" && change.subresource.is_empty())
                || (!change.subresource.is_empty() && *name == format!("{}/*", kind.plural))
        };
        has(&rule["apiGroups"], &kind.group)
            && has(&rule["apiVersions"], &kind.version)
            && has(&rule["operations"], change.operation)
            && resources.clone().any(named)
    };
    spec["matchConstraints"]["resourceRules"].as_array().into_iter().flatten().any(meant)
}

/// The message of the first validation that does not hold. What cannot be evaluated fails, unless the policy says to
/// ignore it.
fn judge(spec: &Value, kind: &Kind, key: &Key, change: &Change<'_>) -> Result<(), String> {
    let passes = spec["failurePolicy"] == "Ignore";
    let failed = |why: String| if passes { Ok(()) } else { Err(why) };
    let request = json!({
        "userInfo": {"username": change.user}, "operation": change.operation, "name": key.name,
        "namespace": key.namespace, "subResource": change.subresource,
        "resource": {"group": kind.group, "version": kind.version, "resource": kind.plural},
    });
    let mut known = vec![
        ("request", converted(&request)),
        ("object", converted(change.object)),
        ("oldObject", converted(change.old)),
    ];
    for condition in spec["matchConditions"].as_array().into_iter().flatten() {
        match evaluated(&condition["expression"], &known) {
            Ok(Cel::Bool(true)) => {}
            Ok(Cel::Bool(false)) => return Ok(()),
            Ok(other) => return failed(format!("a condition came to {}", other.type_of())),
            Err(why) => return failed(why),
        }
    }
    let mut variables = std::collections::HashMap::new();
    for variable in spec["variables"].as_array().into_iter().flatten() {
        known.retain(|(name, _)| *name != "variables");
        known.push(("variables", Cel::from(variables.clone())));
        let name = variable["name"].as_str().unwrap_or_default().to_owned();
        match evaluated(&variable["expression"], &known) {
            Ok(value) => drop(variables.insert(name, value)),
            Err(why) => return failed(format!("variable {name}: {why}")),
        }
    }
    known.retain(|(name, _)| *name != "variables");
    known.push(("variables", Cel::from(variables)));
    for validation in spec["validations"].as_array().into_iter().flatten() {
        match evaluated(&validation["expression"], &known) {
            Ok(Cel::Bool(true)) => {}
            Ok(_) => return Err(validation["message"].as_str().unwrap_or("failed expression").to_owned()),
            Err(why) => {
                failed(format!("expression '{}' resulted in error: {why}", validation["expression"]))?
            }
        }
    }
    Ok(())
}

fn converted(value: &Value) -> Cel {
    cel::to_value(value).unwrap_or(Cel::Null)
}

fn evaluated(expression: &Value, known: &[(&str, Cel)]) -> Result<Cel, String> {
    static STANDARD: std::sync::LazyLock<Arc<Env>> = std::sync::LazyLock::new(|| Arc::new(Env::stdlib()));
    let text = expression.as_str().unwrap_or_default();
    let program: Program = STANDARD.compile(text).map_err(|errors| errors.to_string())?;
    let mut context = Context::with_env(STANDARD.clone());
    for (name, value) in known {
        context.add_variable_from_value(*name, value.clone());
    }
    program.execute(&context).map_err(|error| error.to_string())
}
