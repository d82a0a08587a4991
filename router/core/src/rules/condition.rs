//! A rule's `when`: a CEL expression over `event`, `finding` and `subject`, and over `pod`, `node` and
//! `namespace` as far as the cluster knows them.

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};

use crate::event::Event;

/// What an expression may name. An absent finding is null.
const NAMES: [&str; 6] = ["event", "finding", "subject", "pod", "node", "namespace"];
/// Those of them that the cluster is asked for.
const CLUSTER: [&str; 3] = ["pod", "node", "namespace"];
/// CEL has no fuel; a bound on the text bounds the work, together with the absence of recursion.
const LONGEST: usize = 2_000;

static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
pub(super) struct Condition {
    text: String,
    program: Program,
    cluster: Vec<&'static str>,
}

/// What came of a condition.
pub(super) enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be evaluated, because it reads something that the event does not have: it does not hold.
    Error(String),
    /// It asks for something of the cluster that is not known.
    Unknown(String),
}

/// The values an expression sees, converted once per event.
pub(super) struct Variables {
    values: Vec<(&'static str, Value)>,
    /// Why each of these is not among them.
    unknown: Vec<(&'static str, String)>,
}

impl Variables {
    pub(super) fn of(event: &Event<'_>, context: &crate::context::Context) -> Self {
        // The envelope alone carries all three; taking them from there keeps patterns and conditions alike.
        let member = |name| event.json.get(name).map_or(Value::Null, converted);
        let mut values = vec![
            ("event", converted(&event.json)),
            ("finding", member("finding")),
            ("subject", member("subject")),
        ];
        let mut unknown = Vec::new();
        let mut put = |name, value: Result<Value, String>| match value {
            Ok(value) => values.push((name, value)),
            Err(because) => unknown.push((name, because)),
        };
        put("pod", pod(context));
        put("node", context.node.as_ref().map(serialised).ok_or_else(|| "the node is not known".to_owned()));
        let namespace = context.namespace.as_ref().map(serialised);
        put("namespace", namespace.ok_or_else(|| "the namespace is not known".to_owned()));
        Self { values, unknown }
    }
}

fn pod(context: &crate::context::Context) -> Result<Value, String> {
    use crate::context::Pods;
    if let Some(pod) = context.pod() {
        return Ok(serialised(pod));
    }
    Err(match &context.pods {
        Pods::NotAsked => "the event names no pod".to_owned(),
        Pods::Unknown(because) | Pods::None(because) => because.clone(),
        Pods::Found { count, .. } => format!("{count} pods fit"),
    })
}

fn serialised(value: &impl serde::Serialize) -> Value {
    cel::to_value(value).unwrap_or(Value::Null)
}

fn converted(json: &crate::json::Json<'_>) -> Value {
    cel::to_value(json).unwrap_or(Value::Null)
}

impl Condition {
    /// Compiles; the error says what was expected.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("expected at most {LONGEST} characters, found {}", text.len()));
        }
        let program = STANDARD.compile(text).map_err(|errors| {
            let first = errors.errors.first().map(|error| error.msg.to_string());
            format!("expected a CEL expression: {}", first.unwrap_or_else(|| errors.to_string()))
        })?;
        let references = program.references();
        if let Some(unknown) = references.variables().into_iter().find(|name| !NAMES.contains(name)) {
            return Err(format!("unknown name `{unknown}`: expected one of {}", NAMES.join(", ")));
        }
        let variables = references.variables();
        let cluster = CLUSTER.into_iter().filter(|name| variables.contains(name)).collect();
        Ok(Self { text: text.to_owned(), program, cluster })
    }

    /// The first thing of the cluster that it asks for.
    pub(super) fn asks_the_cluster(&self) -> Option<&'static str> {
        self.cluster.first().copied()
    }

    /// Whether it holds.
    pub(super) fn holds(&self, variables: &Variables) -> Truth {
        let missing = variables.unknown.iter().find(|(name, _)| self.cluster.contains(name));
        let mut context = Context::with_env(STANDARD.clone());
        for (name, value) in &variables.values {
            context.add_variable_from_value(*name, value.clone());
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(true)) => Truth::True,
            Ok(Value::Bool(false)) => Truth::False,
            Ok(other) => Truth::Error(format!("expected true or false, found {}", other.type_of())),
            // `finding.sample || pod.host.network` may well be true without the pod; this one is not.
            Err(error) => match missing {
                Some((name, because)) => Truth::Unknown(format!("`{name}` is not known: {because}")),
                None => Truth::Error(crate::notice::clean(&error.to_string(), 200)),
            },
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Condition").field(&self.text).finish()
    }
}
