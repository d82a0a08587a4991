//! The tools: each with its name, what it takes, what it answers, and whether it changes anything.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use strum::{IntoStaticStr, VariantArray};
use watchfire_core::text::clean;

use super::desk::Asking;
use super::told::Trouble;
use super::{acting, looking};

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Tool {
    ListIncidents,
    GetIncident,
    Why,
    SearchEvents,
    ExplainRule,
    SimulateEvent,
    ClusterContext,
    Health,
    SilencePreview,
    DraftPostmortem,
    Acknowledge,
    AddNote,
    ProposeSilence,
    ProposeContainment,
}

/// What a tool does to what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// It adds to it, and every call is a command with its entry in the audit trail.
    Adds,
}

impl Tool {
    /// The tool of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|tool| tool.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Tool::ListIncidents => "List incidents",
            Tool::GetIncident => "Show an incident",
            Tool::Why => "Say why something was or was not paged",
            Tool::SearchEvents => "Search what was decided last",
            Tool::ExplainRule => "Explain a rule",
            Tool::SimulateEvent => "Say how an event would be decided",
            Tool::ClusterContext => "Say what the cluster said",
            Tool::Health => "Say how the cluster is",
            Tool::SilencePreview => "Say what a silence would cover",
            Tool::DraftPostmortem => "Draft a post-mortem",
            Tool::Acknowledge => "Say that somebody has an incident",
            Tool::AddNote => "Add a note to an incident",
            Tool::ProposeSilence => "Propose a silence",
            Tool::ProposeContainment => "Propose a containment",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Tool::ListIncidents => "Incidents, the most urgent first, in pages.",
            Tool::GetIncident => {
                "How an incident stands: what is contained, which plans wait for a human, its playbook with what is done of it, \
                 notes, links and related incidents."
            }
            Tool::Why => {
                "Every decision about an incident, a finding or an event, the newest first: by which rule, why it was paged or \
                 not, who was told, what was done and what came of it."
            }
            Tool::SearchEvents => {
                "Among the latest 200 decisions those that fit all that is given; each part is compared as it is, nothing is a \
                 pattern."
            }
            Tool::ExplainRule => {
                "A rule: family, priority, actions, where it stands, what it did in seven days, its playbook."
            }
            Tool::SimulateEvent => {
                "How the rules in force would decide an event, as if nothing were known before; nothing is recorded and nobody \
                 is told."
            }
            Tool::ClusterContext => {
                "What the cluster and the event said of what an incident is about, as it was when its page was last composed."
            }
            Tool::Health => {
                "The morning check: what is amiss in the cluster and in what is kept, in green, yellow and red, and what to do \
                 about it, in pages."
            }
            Tool::SilencePreview => {
                "Which open incidents a silence would match and, for whoever may silence, how many events of the last day; \
                 nothing is silenced."
            }
            Tool::DraftPostmortem => {
                "The facts of an incident for its post-mortem, from the journal; questions for people are left open."
            }
            Tool::Acknowledge => {
                "Says that whoever asks has the incident: it is not escalated further. Wants the role responder. Do it only \
                 where a person has said so."
            }
            Tool::AddNote => "Notes something on an incident; nobody is told. Wants the role responder.",
            Tool::ProposeSilence => {
                "Notes on an incident which silence is proposed, with the hash of that plan, and says how a person makes it. \
                 Nothing is silenced. Wants the role responder."
            }
            Tool::ProposeContainment => {
                "Has a containment of a pod planned on an incident's account. The plan waits, with its hash, for a person who \
                 approves it on the board, the command line or PagerDuty; nothing is done by this, nobody is paged, and no \
                 tool approves. Wants the role responder."
            }
        }
    }

    pub(super) fn effect(self) -> Effect {
        match self {
            Tool::ListIncidents
            | Tool::GetIncident
            | Tool::Why
            | Tool::SearchEvents
            | Tool::ExplainRule
            | Tool::SimulateEvent
            | Tool::ClusterContext
            | Tool::Health
            | Tool::SilencePreview
            | Tool::DraftPostmortem => Effect::Reads,
            Tool::Acknowledge | Tool::AddNote | Tool::ProposeSilence | Tool::ProposeContainment => {
                Effect::Adds
            }
        }
    }

    /// What it takes, and what it answers, as JSON Schema.
    pub(super) fn schemas(self) -> (Map<String, Value>, Map<String, Value>) {
        match self {
            Tool::ListIncidents => schemas::<looking::ListAsked, looking::IncidentPage>(),
            Tool::GetIncident => schemas::<looking::Of, looking::IncidentTold>(),
            Tool::Why => schemas::<looking::OfInPages, looking::DecisionPage>(),
            Tool::SearchEvents => schemas::<looking::SearchAsked, looking::DecisionPage>(),
            Tool::ExplainRule => schemas::<looking::RuleAsked, looking::RuleTold>(),
            Tool::SimulateEvent => schemas::<looking::EventAsked, looking::Simulated>(),
            Tool::ClusterContext => schemas::<looking::Of, looking::ContextTold>(),
            Tool::Health => schemas::<looking::HealthAsked, looking::HealthTold>(),
            Tool::SilencePreview => schemas::<looking::SilenceAsked, looking::SilenceTold>(),
            Tool::DraftPostmortem => schemas::<looking::DraftAsked, looking::Draft>(),
            Tool::Acknowledge => schemas::<acting::AcknowledgeAsked, acting::Done>(),
            Tool::AddNote => schemas::<acting::NoteAsked, acting::Done>(),
            Tool::ProposeSilence => schemas::<acting::ProposeSilenceAsked, acting::SilenceProposed>(),
            Tool::ProposeContainment => {
                schemas::<acting::ProposeContainmentAsked, acting::ContainmentProposed>()
            }
        }
    }

    /// Does it, as whoever asks.
    pub(super) async fn call(
        self,
        asking: Asking<'_>,
        arguments: Map<String, Value>,
    ) -> Result<Value, Trouble> {
        let arguments = Value::Object(arguments);
        match self {
            Tool::ListIncidents => told(looking::list_incidents(asking, read(arguments)?).await),
            Tool::GetIncident => told(looking::get_incident(asking, read(arguments)?).await),
            Tool::Why => told(looking::why(asking, read(arguments)?).await),
            Tool::SearchEvents => told(looking::search_events(asking, read(arguments)?).await),
            Tool::ExplainRule => told(looking::explain_rule(asking, read(arguments)?).await),
            Tool::SimulateEvent => told(looking::simulate_event(asking, read(arguments)?).await),
            Tool::ClusterContext => told(looking::cluster_context(asking, read(arguments)?).await),
            Tool::Health => told(looking::health(asking, read(arguments)?).await),
            Tool::SilencePreview => told(looking::silence_preview(asking, read(arguments)?).await),
            Tool::DraftPostmortem => told(looking::draft_postmortem(asking, read(arguments)?).await),
            Tool::Acknowledge => told(acting::acknowledge(asking, read(arguments)?).await),
            Tool::AddNote => told(acting::add_note(asking, read(arguments)?).await),
            Tool::ProposeSilence => told(acting::propose_silence(asking, read(arguments)?).await),
            Tool::ProposeContainment => told(acting::propose_containment(asking, read(arguments)?).await),
        }
    }
}

/// What was passed; nothing that is not known.
fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, Trouble> {
    serde_json::from_value(arguments).map_err(|error| {
        Trouble::because(format!("its arguments do not fit: {}", clean(&error.to_string(), 300)))
    })
}

fn told(answer: Result<impl Serialize, Trouble>) -> Result<Value, Trouble> {
    serde_json::to_value(answer?).map_err(|error| Trouble::because(error.to_string()))
}

/// By themselves: clients look at each tool alone.
fn schemas<In: JsonSchema, Out: JsonSchema>() -> (Map<String, Value>, Map<String, Value>) {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
    };
    let of = |schema: schemars::Schema| match schema.to_value() {
        Value::Object(mut schema) => {
            schema.remove("title");
            schema
        }
        _ => Map::new(),
    };
    let taken = settings().for_deserialize().into_generator().into_root_schema_for::<In>();
    let answered = settings().for_serialize().into_generator().into_root_schema_for::<Out>();
    (of(taken), of(answered))
}
