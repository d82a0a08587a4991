//! Who may do what: rules as a ClusterRole has them, judged as the real authorizer does.

use serde_json::{Value, json};

use super::failure::Failure;
use super::route::Attributes;

/// Of the paths that are no resource's the one that not every user may read.
const METRICS: &str = "/metrics";

/// One rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `get`, …, or `*`.
    pub verbs: Vec<String>,
    /// API groups, `""` for the core, or `*`.
    pub groups: Vec<String>,
    /// `pods`, `pods/log`, or `*`.
    pub resources: Vec<String>,
    /// Where it holds; empty means everywhere, and what is in no namespace.
    pub namespaces: Vec<String>,
    /// Only these objects; empty means any.
    pub names: Vec<String>,
    /// Paths that are no resource's, such as `/metrics`.
    pub paths: Vec<String>,
}

impl Rule {
    /// From lists separated by spaces: `Rule::new("get list", "\"\" apps", "pods deployments")`.
    pub fn new(verbs: &str, groups: &str, resources: &str) -> Rule {
        let words =
            |text: &str| text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect();
        let groups = if groups.is_empty() { vec![String::new()] } else { words(groups) };
        Rule { verbs: words(verbs), groups, resources: words(resources), ..Rule::default() }
    }

    /// Everything.
    pub fn everything() -> Rule {
        Rule::new("*", "*", "*")
    }

    /// Only in these namespaces.
    #[must_use]
    pub fn within(mut self, namespaces: &[&str]) -> Rule {
        self.namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Only objects of these names.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Rule {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// The `rules` of a ClusterRole or Role, as its JSON has them.
    pub fn of_role(role: &Value) -> Vec<Rule> {
        let words = |value: &Value| serde_json::from_value(value.clone()).unwrap_or_default();
        let rules = role["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rule = |rule: &Value| Rule {
            verbs: words(&rule["verbs"]),
            groups: words(&rule["apiGroups"]),
            resources: words(&rule["resources"]),
            namespaces: Vec::new(),
            names: words(&rule["resourceNames"]),
            paths: words(&rule["nonResourceURLs"]),
        };
        rules.iter().map(rule).collect()
    }

    fn allows(&self, asked: &Attributes) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|have| have == "*" || have == word);
        if asked.resource.is_empty() {
            return has(&self.verbs, &asked.verb)
                && (has(&self.paths, &asked.path) || has(&self.resources, "*"));
        }
        let (resource, any) = (asked.full_resource(), format!("*/{}", asked.subresource));
        has(&self.verbs, &asked.verb)
            && has(&self.groups, &asked.group)
            && (has(&self.resources, &resource)
                || (!asked.subresource.is_empty() && self.resources.contains(&any)))
            && (self.namespaces.is_empty() || self.namespaces.contains(&asked.namespace))
            && (self.names.is_empty() || self.names.contains(&asked.name))
    }

    fn review(&self) -> Value {
        let mut rule = json!({"verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources});
        if !self.names.is_empty() {
            rule["resourceNames"] = self.names.clone().into();
        }
        rule
    }
}

/// Someone who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `system:serviceaccount:watchfire:watchfire`.
    pub name: String,
    /// What he may.
    pub rules: Vec<Rule>,
}

impl User {
    /// May do everything.
    pub fn admin() -> User {
        User { name: "admin".to_owned(), rules: vec![Rule::everything()] }
    }

    /// Has shown no token, where tokens are asked for.
    pub fn anonymous() -> User {
        User { name: "system:anonymous".to_owned(), rules: Vec::new() }
    }

    /// As somebody else, for who may do everything; with what that one may, where nobody says it.
    pub(crate) fn impersonating(self, name: &str) -> User {
        let may = self.rules == User::admin().rules && !name.is_empty();
        if may { User { name: name.to_owned(), ..self } } else { self }
    }

    /// Whether he may; the refusal reads as the real one.
    pub fn check(&self, asked: &Attributes) -> Result<(), Failure> {
        // Every user may discover, and ask about himself, by the roles a real cluster begins with.
        let open = asked.resource.is_empty() && asked.verb == "get" && asked.path != METRICS
            || asked.group.starts_with("auth") && asked.resource.starts_with("selfsubject");
        if open || self.may(asked) {
            return Ok(());
        }
        let Attributes { verb, group, namespace, resource, name, path, .. } = asked;
        if resource.is_empty() {
            let message = format!("forbidden: User \"{}\" cannot {verb} path \"{path}\"", self.name);
            return Err(Failure::new(403, "Forbidden", message).with(json!({})));
        }
        let full = asked.full_resource();
        let about = match name.as_str() {
            "" => with_group(resource, group),
            name => format!("{} \"{name}\"", with_group(resource, group)),
        };
        let place = match namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let message = format!(
            "{about} is forbidden: User \"{}\" cannot {verb} resource \"{full}\" in API group \"{group}\" {place}",
            self.name
        );
        let name = Some(name.as_str()).filter(|name| !name.is_empty());
        Err(Failure::forbidden(message, name, group, resource))
    }

    pub(crate) fn may(&self, asked: &Attributes) -> bool {
        self.rules.iter().any(|rule| rule.allows(asked))
    }

    /// Answers a SelfSubjectAccessReview's `spec` with its `status`.
    pub fn access_review(&self, spec: &Value) -> Value {
        let path = &spec["nonResourceAttributes"];
        if path.is_object() {
            let of = |name: &str| path[name].as_str().unwrap_or_default().to_owned();
            let asked = Attributes { path: of("path"), verb: of("verb"), ..Attributes::default() };
            return json!({"allowed": self.check(&asked).is_ok()});
        }
        let asked = &spec["resourceAttributes"];
        let allowed = asked.is_object() && self.may(&attributes(asked));
        json!({"allowed": allowed})
    }

    /// Answers a SelfSubjectRulesReview for that namespace with its `status`.
    pub fn rules_review(&self, namespace: &str) -> Value {
        let here =
            |rule: &&Rule| rule.namespaces.is_empty() || rule.namespaces.iter().any(|n| n == namespace);
        let rules: Vec<Value> = self.rules.iter().filter(here).map(Rule::review).collect();
        json!({"resourceRules": rules, "nonResourceRules": [], "incomplete": false})
    }
}

/// A review's `resourceAttributes`.
pub(crate) fn attributes(asked: &Value) -> Attributes {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    Attributes {
        verb: text("verb"),
        group: text("group"),
        version: text("version"),
        namespace: text("namespace"),
        resource: text("resource"),
        subresource: text("subresource"),
        name: text("name"),
        path: String::new(),
    }
}

fn with_group(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
