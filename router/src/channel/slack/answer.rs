//! What Slack's answers mean: said, refused for good, gone, or to be asked again.

use serde_json::Value;
use watchfire_core::text::clean;

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

/// What is told of an error that is no word.
const MOST_TOLD: usize = 100;

/// What Slack said.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// It is done.
    Taken(Value),
    /// This message will never be taken; the reason.
    Refused(String),
    /// What it was to go on with is not there; the reason.
    Gone(String),
}

/// What the message itself has wrong, whoever sends it.
const OF_THE_MESSAGE: [&str; 22] = [
    "attachment_payload_limit_exceeded",
    "block_mismatch",
    "blocks_mismatch",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "invalid_payload",
    "invalid_post_type",
    "json_not_object",
    "markdown_text_conflict",
    "missing_post_type",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
    "unsupported_block",
];

/// The message or the thread is not there any more, or may not be changed any more.
const OF_WHAT_IS_GONE: [&str; 6] = [
    "cannot_reply_to_message",
    "cant_update_message",
    "edit_window_closed",
    "invalid_thread_ts",
    "message_not_found",
    "thread_not_found",
];

/// The token or the address may be another by now.
const OF_THE_SECRET: [&str; 7] = [
    "account_inactive",
    "invalid_auth",
    "invalid_token",
    "no_service",
    "not_authed",
    "token_expired",
    "token_revoked",
];

/// Whether it may be the secret that is not known any more.
pub(super) fn may_be_by_the_secret(answer: &Result<Answer, NotTaken>) -> bool {
    let Err(NotTaken::ForNow { reason, .. }) = answer else { return false };
    OF_THE_SECRET.iter().any(|error| reason.contains(error))
}

/// Of the Web API: 200 and `ok`, whatever it means; 429 and 5xx as everywhere.
pub(super) fn of_api(reply: &Reply) -> Result<Answer, NotTaken> {
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let error = said["error"].as_str().unwrap_or_default();
    let retry_after = reply.retry_after;
    match (reply.status, said["ok"].as_bool()) {
        (200, Some(true)) => Ok(Answer::Taken(said)),
        (429, _) => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        (200, Some(false)) => fate(error, explained(&said, error), reply),
        (408 | 500..=599, _) => {
            Err(NotTaken::ForNow { reason: reply.explained("Slack failed"), retry_after })
        }
        // A proxy said it.
        _ => Err(NotTaken::ForNow { reason: reply.explained("not an answer of Slack's"), retry_after }),
    }
}

/// Of an incoming webhook: the status and a word.
pub(super) fn of_hook(reply: &Reply) -> Result<Answer, NotTaken> {
    let (word, retry_after) = (reply.body.trim(), reply.retry_after);
    match reply.status {
        200 if word == "ok" => Ok(Answer::Taken(Value::Null)),
        429 => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        400..=499 => fate(word, reply.explained("refused"), reply),
        500..=599 => Err(NotTaken::ForNow { reason: reply.explained("Slack failed"), retry_after }),
        _ => Err(NotTaken::ForNow { reason: reply.explained("not an answer of Slack's"), retry_after }),
    }
}

/// With what Slack adds about a scope or a block.
fn explained(said: &Value, error: &str) -> String {
    let needed = said["needed"].as_str().map(|needed| format!(", needs {needed}"));
    let messages = said["response_metadata"]["messages"].as_array().into_iter().flatten();
    let messages: Vec<_> = messages.filter_map(Value::as_str).collect();
    let messages = if messages.is_empty() { String::new() } else { format!(": {}", messages.join("; ")) };
    let named = match (error, &said["error"]) {
        ("", Value::Null | Value::String(_)) => "without a reason".to_owned(),
        ("", other) => format!("with {}", clean(&other.to_string(), MOST_TOLD)),
        (error, _) => format!("with {error}"),
    };
    format!("refused {named}{}{messages}", needed.unwrap_or_default())
}

/// Only what is wrong with the message ends it: all else can be mended while it waits.
fn fate(error: &str, reason: String, reply: &Reply) -> Result<Answer, NotTaken> {
    let retry_after = reply.retry_after;
    match error {
        error if OF_THE_MESSAGE.contains(&error) => Ok(Answer::Refused(reason)),
        error if OF_WHAT_IS_GONE.contains(&error) => Ok(Answer::Gone(reason)),
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Err(NotTaken::Busy { reason, retry_after })
        }
        _ => Err(NotTaken::ForNow { reason, retry_after }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const WAIT: Option<Duration> = Some(Duration::from_secs(1));

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: WAIT, body: body.to_owned() }
    }

    fn later(reason: &str) -> Result<Answer, NotTaken> {
        Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: WAIT })
    }

    fn busy(reason: &str) -> Result<Answer, NotTaken> {
        Err(NotTaken::Busy { reason: reason.to_owned(), retry_after: WAIT })
    }

    #[test]
    fn every_error_of_the_web_api_has_its_fate() {
        let of = |error: &str| of_api(&reply(200, &json!({"ok": false, "error": error}).to_string()));
        for error in OF_THE_MESSAGE {
            assert_eq!(of(error), Ok(Answer::Refused(format!("refused with {error}"))));
        }
        for error in OF_WHAT_IS_GONE {
            assert_eq!(of(error), Ok(Answer::Gone(format!("refused with {error}"))));
        }
        for error in ["ratelimited", "rate_limited", "message_limit_exceeded"] {
            assert_eq!(of(error), busy(&format!("refused with {error}")));
        }
        for error in [
            "access_denied",
            "account_inactive",
            "channel_not_found",
            "ekm_access_denied",
            "fatal_error",
            "internal_error",
            "invalid_auth",
            "is_archived",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "not_authed",
            "not_in_channel",
            "org_login_required",
            "request_timeout",
            "restricted_action",
            "service_unavailable",
            "team_access_not_granted",
            "team_added_to_org",
            "token_expired",
            "token_revoked",
            "an_error_of_tomorrow",
        ] {
            assert_eq!(of(error), later(&format!("refused with {error}")));
            assert_eq!(may_be_by_the_secret(&of(error)), OF_THE_SECRET.contains(&error), "{error}");
        }
    }

    #[test]
    fn every_status_of_the_web_api_has_its_fate() {
        let table = [
            (200, r#"{"ok":true,"ts":"1.2"}"#, Ok(Answer::Taken(json!({"ok": true, "ts": "1.2"})))),
            (200, "<html>", later("200 not an answer of Slack's: <html>")),
            (302, "", later("302 not an answer of Slack's")),
            (404, "no", later("404 not an answer of Slack's: no")),
            (408, "", later("408 Slack failed")),
            (
                429,
                r#"{"ok":false,"error":"ratelimited"}"#,
                busy(r#"429 too many: {"ok":false,"error":"ratelimited"}"#),
            ),
            (500, "", later("500 Slack failed")),
            (503, "", later("503 Slack failed")),
        ];
        for (status, body, fate) in table {
            assert_eq!(of_api(&reply(status, body)), fate, "{status}");
        }
        for (body, said) in [
            (r#"{"ok":false}"#, "refused without a reason"),
            (r#"{"ok":false,"error":""}"#, "refused without a reason"),
            (r#"{"ok":false,"error":{"code":7}}"#, r#"refused with {"code":7}"#),
        ] {
            assert_eq!(of_api(&reply(200, body)), later(said), "{body}");
        }
        let scope = r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"x"}"#;
        assert_eq!(of_api(&reply(200, scope)), later("refused with missing_scope, needs chat:write"));
        let block =
            r#"{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] no"]}}"#;
        assert_eq!(
            of_api(&reply(200, block)),
            Ok(Answer::Refused("refused with invalid_blocks: [ERROR] no".to_owned()))
        );
    }

    #[test]
    fn every_answer_of_a_webhook_has_its_fate() {
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let table = [
            (200, "ok", Ok(Answer::Taken(Value::Null))),
            (200, "<html>Log in", later("200 not an answer of Slack's: <html>Log in")),
            (200, r#"{"ok":false}"#, later(r#"200 not an answer of Slack's: {"ok":false}"#)),
            (400, "invalid_payload", refused("400 refused: invalid_payload")),
            (400, "no_text", refused("400 refused: no_text")),
            (400, "too_many_attachments", refused("400 refused: too_many_attachments")),
            (403, "action_prohibited", later("403 refused: action_prohibited")),
            (403, "invalid_token", later("403 refused: invalid_token")),
            (404, "channel_not_found", later("404 refused: channel_not_found")),
            (404, "no_service", later("404 refused: no_service")),
            (410, "channel_is_archived", later("410 refused: channel_is_archived")),
            (429, "", busy("429 too many")),
            (500, "rollup_error", later("500 Slack failed: rollup_error")),
            (302, "", later("302 not an answer of Slack's")),
        ];
        for (status, body, fate) in table {
            assert_eq!(of_hook(&reply(status, body)), fate, "{status} {body}");
        }
    }
}
