//! What an editor can know of the values of noise control.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    AtLeastOne, MaintenanceConfig, MaintenanceText, Paths, PatternConfig, QuotaConfig, QuotaText, UpTo,
};
use crate::attributes::PATHS;
use crate::value_schema;

value_schema!(AtLeastOne, {"type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32});

impl<const MOST: u8> JsonSchema for UpTo<MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("UpTo{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": MOST})
    }
}

impl JsonSchema for Paths {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Paths".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "minItems": 1, "items": {"enum": *PATHS}})
    }
}

impl JsonSchema for PatternConfig {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        crate::schema::pattern(generator)
    }
}

/// Read from another type, and written as that one is.
macro_rules! written_as {
    ($of:ty, $text:ty) => {
        impl JsonSchema for $of {
            fn schema_name() -> Cow<'static, str> {
                <$text>::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$text>::json_schema(generator)
            }
        }
    };
}

written_as!(QuotaConfig, QuotaText);
written_as!(MaintenanceConfig, MaintenanceText);
