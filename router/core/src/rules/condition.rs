//! A rule's `when`: a CEL expression over `event`, `finding` and `subject`, and over `pod`, `node` and
//! `namespace` as far as the cluster knows them.

mod functions;
mod operations;
mod syntax;
mod types;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program, Value};

use crate::event::Event;
use crate::yaml::{Mistake, expected};

/// Those of the names it may use that the cluster is asked for. An absent finding is null.
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

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The byte of the expression where it is.
    pub(super) offset: usize,
    /// What is wrong.
    pub(super) mistake: Mistake,
}

/// What came of a condition.
pub(super) enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be evaluated, because it reads something that the event does not have: it does not hold.
    Error(String),
    /// It came to something that is neither true nor false, which is this: it does not hold.
    Neither(String),
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
    /// Compiles.
    ///
    /// # Errors
    /// Every mistake in it, never none; of a text that is no expression, the first.
    pub(super) fn compile(text: &str) -> Result<Self, Vec<Wrong>> {
        if text.len() > LONGEST {
            let mistake = expected(format!("at most {LONGEST} characters")).found(text.len().to_string());
            return Err(vec![Wrong { offset: 0, mistake }]);
        }
        let program =
            STANDARD.compile(&without_reserved(text)).map_err(|errors| vec![syntax::of(text, &errors)])?;
        let mistakes = types::mistakes(text, &program);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let references = program.references();
        let cluster = CLUSTER.into_iter().filter(|name| references.has_variable(parsed(name))).collect();
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
            context.add_variable_from_value(parsed(name), value.clone());
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(true)) => Truth::True,
            Ok(Value::Bool(false)) => Truth::False,
            Ok(other) => Truth::Neither(other.type_of().to_string()),
            // `finding.sample || pod.host.network` may well be true without the pod; this one is not.
            Err(error) => match missing {
                Some((name, because)) => Truth::Unknown(format!("`{name}` is not known: {because}")),
                None => Truth::Error(in_words(&error)),
            },
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What `namespace` is to the parser, for which that is a reserved word. As long, so that places stay.
const NAMESPACE: &str = "Namespace";

/// A name that an expression may use, as the parser knows it.
fn parsed(name: &str) -> &str {
    if name == "namespace" { NAMESPACE } else { name }
}

/// The expression with `namespace`, where it stands for itself, under the name that the parser takes.
fn without_reserved(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut written = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let end = match (quote, first) {
            (None, _) if word > 0 => word,
            // An escape, quote or not, ends no text.
            (Some(_), '\\') => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            (_, first) => first.len_utf8(),
        };
        let (part, more) = rest.split_at(end);
        match (quote, first) {
            (None, '\'' | '"') => quote = Some(first),
            (Some(open), first) if open == first => quote = None,
            (None | Some(_), _) => {}
        }
        let stands_for_itself = quote.is_none() && !written.trim_end().ends_with(['.', '?']);
        written.push_str(if stands_for_itself { parsed(part) } else { part });
        rest = more;
    }
    written
}

/// Why an expression cannot be evaluated.
fn in_words(error: &ExecutionError) -> String {
    let said = match error {
        ExecutionError::NoSuchKey(name) => format!("there is no `{name}` here"),
        ExecutionError::IndexOutOfBounds(_) => "the list has no element there".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a division by zero".to_owned()
        }
        ExecutionError::NoSuchOverload(overload) => {
            format!(
                "`{}` does not take {}",
                overload.function().trim_matches('_'),
                overload.argument_types().join(" and ")
            )
        }
        other => other.to_string(),
    };
    crate::text::clean(&said, 200)
}

impl fmt::Debug for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Condition").field(&self.text).finish()
    }
}
