//! JSON Schemas of the files that people write: of a value with rules of its own, what an editor can know of them.

/// Gives a type that is read from one value the schema of that value.
#[macro_export]
macro_rules! value_schema {
    ($of:ty, $schema:tt) => {
        impl schemars::JsonSchema for $of {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($of).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

/// What an editor can know of an event pattern.
pub(crate) fn pattern(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "description": "An event pattern, as EventBridge has them: members of the event, each with a list of values \
                        or a mapping of its own members.",
        "minProperties": 1
    })
}

/// A mapping by priority.
pub fn by_priority<T: schemars::JsonSchema>(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let value = generator.subschema_for::<T>();
    schemars::json_schema!({
        "type": ["object", "null"],
        "properties": {"P0": value, "P1": value, "P2": value, "P3": value},
        "additionalProperties": false
    })
}

/// The schema of a file as text: what is checked in and printed.
pub fn text_of<T: schemars::JsonSchema>() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}
