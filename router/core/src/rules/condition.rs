//! A rule's `when`: a CEL expression over `event`, `finding` and `subject`.

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};

use crate::event::Event;

/// What an expression may name. An absent finding is null.
const NAMES: [&str; 3] = ["event", "finding", "subject"];
/// CEL has no fuel; a bound on the text bounds the work, together with the absence of recursion.
const LONGEST: usize = 2_000;

static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
pub(super) struct Condition {
    text: String,
    program: Program,
}

/// The values an expression sees, converted once per event.
pub(super) struct Variables(Vec<(&'static str, Value)>);

impl Variables {
    pub(super) fn of(event: &Event<'_>) -> Self {
        // The envelope alone carries all three; taking them from there keeps patterns and conditions alike.
        let member = |name| event.json.get(name).map_or(Value::Null, converted);
        Self(vec![
            ("event", converted(&event.json)),
            ("finding", member("finding")),
            ("subject", member("subject")),
        ])
    }
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
        Ok(Self { text: text.to_owned(), program })
    }

    /// Whether it holds; the error says why that cannot be said.
    pub(super) fn holds(&self, variables: &Variables) -> Result<bool, String> {
        let mut context = Context::with_env(STANDARD.clone());
        for (name, value) in &variables.0 {
            context.add_variable_from_value(*name, value.clone());
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("expected true or false, found {}", other.type_of())),
            Err(error) => Err(crate::notice::clean(&error.to_string(), 200)),
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
