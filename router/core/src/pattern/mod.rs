//! EventBridge event patterns: compile many, match one event against all.
