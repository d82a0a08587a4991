//! The protocol: what `rmcp` asks of a server, answered by our tools, resources and prompts. It keeps nothing between requests.

use std::sync::Arc;

use axum::http::request::Parts;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, Implementation, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, Prompt as PromptModel, PromptArgument,
    PromptMessage, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate, Role, ServerCapabilities, ServerConfig, Tool as ToolModel,
    ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use strum::VariantArray as _;
use watchfire_core::text::clean;

use super::desk::{Asking, Desk};
use super::prompts::{Prompt, UNTRUSTED};
use super::resources::{self, Kind, Read};
use super::told::Trouble;
use super::tool::{Effect, Tool};
use crate::telemetry;

/// A server over a desk.
#[derive(Clone)]
pub(super) struct Assistant {
    pub(super) desk: Desk,
}

type Context = RequestContext<RoleServer>;

impl Assistant {
    /// As whoever sent the request; over stdio, as whoever started it.
    fn asking<'a>(&'a self, context: &'a Context) -> Asking<'a> {
        Asking { desk: &self.desk, shown: context.extensions.get::<Parts>() }
    }
}

/// A tool as it is listed.
fn listed(tool: Tool) -> ToolModel {
    let (input, output) = tool.schemas();
    let reads = tool.effect() == Effect::Reads;
    let hints = ToolAnnotations::with_title(tool.title())
        .read_only(reads)
        .destructive(false)
        .idempotent(reads)
        .open_world(false);
    ToolModel::new(tool.name(), tool.description(), Arc::new(input))
        .with_title(tool.title())
        .with_raw_output_schema(Arc::new(output))
        .with_annotations(hints)
}

fn invalid(what: &str, name: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no {what} `{}`", clean(name, 100)), None)
}

impl ServerHandler for Assistant {
    fn get_info(&self) -> ServerConfig {
        let capabilities =
            ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        let own = Implementation::new("watchfire", env!("CARGO_PKG_VERSION"))
            .with_title("Watchfire")
            .with_description(
                "Security alerts of AWS EKS clusters: incidents, why they were paged, what was done.",
            );
        ServerConfig::new(capabilities).with_server_info(own).with_instructions(format!(
            "Watchfire routes security alerts for AWS EKS clusters. {UNTRUSTED} What keeps something from being paged or touches \
             the cluster can only be proposed: a person approves it elsewhere."
        ))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::VARIANTS.iter().copied().map(listed).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = Tool::named(&request.name).ok_or_else(|| invalid("tool", &request.name))?;
        let answer = tool.call(self.asking(&context), request.arguments.unwrap_or_default()).await;
        telemetry::assistant_asked(tool.name(), answer.is_ok());
        Ok(match answer {
            Ok(value) => CallToolResult::structured(value).into(),
            Err(Trouble(said)) => CallToolResult::error(vec![ContentBlock::text(said)]).into(),
        })
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let playbooks = resources::playbooks(self.asking(&context)).await;
        let playbooks = playbooks.map_err(|Trouble(said)| ErrorData::internal_error(said, None))?;
        let resource = |playbook: crate::api::views::Playbook| {
            Resource::new(Kind::Playbook.address(playbook.name.as_str()), playbook.name.as_str())
                .with_title(playbook.title)
                .with_mime_type(Kind::Playbook.mime())
        };
        Ok(ListResourcesResult::with_all_items(playbooks.into_iter().map(resource).collect()))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = |kind: Kind| {
            ResourceTemplate::new(kind.address("{name}"), kind.word())
                .with_description(kind.description())
                .with_mime_type(kind.mime())
        };
        Ok(ListResourceTemplatesResult::with_all_items(Kind::ALL.map(template).into()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = resources::read(self.asking(&context), &request.uri).await;
        let Read { text, mime } = read.map_err(|Trouble(said)| ErrorData::resource_not_found(said, None))?;
        let contents = ResourceContents::text(text, request.uri).with_mime_type(mime);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |prompt: Prompt| {
            let id = PromptArgument::new("id").with_description("The incident's id").with_required(true);
            PromptModel::new(prompt.name(), Some(prompt.description()), Some(vec![id]))
        };
        Ok(ListPromptsResult::with_all_items(Prompt::ALL.map(prompt).into()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = Prompt::ALL.into_iter().find(|prompt| prompt.name() == request.name);
        let prompt = prompt.ok_or_else(|| invalid("prompt", &request.name))?;
        let id = request.arguments.as_ref().and_then(|arguments| arguments.get("id")?.as_str());
        let is_id = |id: &&str| {
            (1..=300).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._".contains(&byte))
        };
        let id =
            id.filter(is_id).ok_or_else(|| ErrorData::invalid_params("expected an incident's `id`", None))?;
        let message = PromptMessage::new_text(Role::User, prompt.text(id));
        Ok(GetPromptResult::new(vec![message]).with_description(prompt.description()).into())
    }
}

/// Serves an assistant's client at standard input and output until it has gone.
///
/// # Errors
/// A client that does not speak the protocol.
pub(crate) async fn over_stdio(away: super::Away) -> anyhow::Result<()> {
    use rmcp::ServiceExt as _;
    let assistant = Assistant { desk: Desk::Away(away) };
    let running = assistant.serve(rmcp::transport::stdio()).await?;
    running.waiting().await?;
    Ok(())
}
