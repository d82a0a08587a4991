//! `watchfire reload`: has the worker read its configuration and rules again.

use clap::Args;
use serde_json::{Value, json};

use super::Failed;
use super::asking::{self, Whom};

/// What `reload` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { whom } = arguments;
    let answer = asking::ask(whom, "/v1/reload", Some(json!({})))?;
    let is_refused = answer["outcome"] == "refused";
    if whom.is_printed(&answer)? {
        return if is_refused { Err(Failed::Usage(Vec::new())) } else { Ok(()) };
    }
    match answer["outcome"].as_str() {
        Some("refused") => {
            let mistakes = words(&answer, "mistakes").into_iter();
            let stays = "refused: what was in force stays".to_owned();
            return Err(Failed::Usage(mistakes.chain([stays]).collect()));
        }
        Some("unchanged") => say!("nothing is different"),
        _ => {
            let (rules, channels) = (&answer["rules"], &answer["channels"]);
            say!("reloaded: {}; {rules} rules, {channels} channels", listed(&words(&answer, "changed")));
            let needs_restart = words(&answer, "needs_restart");
            if !needs_restart.is_empty() {
                say!("takes effect at the next start: {}", needs_restart.join(", "));
            }
        }
    }
    Ok(())
}

fn words(answer: &Value, name: &str) -> Vec<String> {
    let words = answer[name].as_array().into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "nothing that is in force already".to_owned() } else { words.join(", ") }
}
