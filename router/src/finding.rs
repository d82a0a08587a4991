//! One thing that was looked at: how well it is, and what to do about it.

use serde::Serialize;

use crate::aws::call::CallError;

/// How well something is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// There was nobody to ask.
    NotAsked,
    /// As it should be.
    Ok,
    /// Works, and should be different; or it may not be looked at.
    Warn,
    /// Something will not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How well it is.
    pub grade: Grade,
    /// What was found, in a clause.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub remedy: String,
}

impl Finding {
    /// There was nobody to ask.
    pub(crate) fn not_asked(found: impl Into<String>) -> Self {
        Self { grade: Grade::NotAsked, found: found.into(), remedy: String::new() }
    }

    /// As it should be.
    pub(crate) fn ok(found: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, found: found.into(), remedy: String::new() }
    }

    /// Works, and should be different.
    pub(crate) fn warn(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Warn, found: found.into(), remedy: remedy.into() }
    }

    /// Will not work.
    pub(crate) fn fail(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { grade: Grade::Fail, found: found.into(), remedy: remedy.into() }
    }

    /// What AWS did not tell of something, for which that permission is needed.
    pub(crate) fn untold(about: &str, permission: &str, error: &CallError) -> Self {
        match error.is_about_permissions() {
            true => Self::warn(
                format!("{about}: not looked at, {permission} is missing"),
                format!("grant {permission} to whoever runs `doctor`, or run it as somebody who has it"),
            ),
            false => Self::fail(format!("{about}: {error}"), "see why AWS does not answer this"),
        }
    }
}
