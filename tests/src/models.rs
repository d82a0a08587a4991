//! Models: Amazon Bedrock's Converse and OpenAI's chat completions, as strict as their contracts.

use serde_json::{Value, json};

use crate::PythonServer;
use crate::process::http;

/// `tests/servers/models.py`.
#[derive(Debug)]
pub struct Models(PythonServer);

impl Models {
    /// A model that its Bedrock has.
    pub const BEDROCK: &str = "anthropic.claude-sonnet-4-20250514-v1:0";
    /// The one that the other side has, and its token.
    pub const OPENAI: (&str, &str) = ("test-model", "m0del-t0ken-of-the-tests");

    /// Nothing is asked yet.
    pub fn start() -> Self {
        Self(PythonServer::start("models.py", &[]))
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port())
    }

    /// What is answered next, one each.
    pub async fn says(&self, script: Value) {
        let said = http().post(format!("{}/_script", self.url())).body(script.to_string()).send().await;
        assert!(said.expect("it listens").status().is_success());
    }

    /// What it was asked, in order; nothing that it was asked was refused for what it is.
    pub async fn asked(&self) -> Vec<Value> {
        let answer = http().get(format!("{}/_asked", self.url())).send().await.expect("it listens");
        let text = answer.text().await.expect("a body");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(answer["refused"], json!([]));
        answer["asked"].as_array().expect("a list").clone()
    }
}
