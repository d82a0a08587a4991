//! Every route of the worker, once: the server serves these, the command line asks these, the document lists these.

use crate::identity::Role;

/// How a route is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It changes nothing.
    Get,
    /// It may change something.
    Post,
}

impl Method {
    /// As the document has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
        }
    }
}

/// Routes of one kind: each with its method and path, and in a sentence, which is the document's summary.
macro_rules! endpoints {
    ($(#[$of:meta])* $name:ident { $(#[doc = $summary:literal] $variant:ident: $method:ident $path:literal,)+ }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $(#[doc = $summary] $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// How it is asked.
            pub const fn method(self) -> Method {
                match self { $($name::$variant => Method::$method,)+ }
            }

            /// Where.
            pub const fn path(self) -> &'static str {
                match self { $($name::$variant => $path,)+ }
            }

            /// What it is, in a sentence.
            pub(super) const fn summary(self) -> &'static str {
                match self { $($name::$variant => $summary,)+ }
            }
        }
    };
}

endpoints! {
    /// What senders ask, at `http.listen`.
    IngestEndpoint {
        /// Takes events onto the queue; answered once they are on it.
        Events: Post "/v1/events",
        /// Takes a notification of Alertmanager or Grafana: an event for each of its alerts; answered once they are on the queue.
        Alertmanager: Post "/v1/alertmanager",
        /// Takes alerts as Prometheus sends them to an Alertmanager; answered once they are on the queue.
        Alerts: Post "/api/v2/alerts",
        /// Says to clients of an Alertmanager, which ask it first, that there is one.
        AlertsStatus: Get "/api/v2/status",
    }
}

endpoints! {
    /// What operators ask, at `http.listen`.
    OperatorEndpoint {
        /// Carries out a command, or rehearses it.
        Commands: Post "/v1/commands",
        /// Lists the plans that wait for an approval, and those that were answered lately.
        Approvals: Get "/v1/approvals",
        /// Lists what is contained and can be released.
        Contained: Get "/v1/contained",
        /// The same under its old name.
        Held: Get "/v1/held",
        /// Says whether acting on the cluster is switched off, and by whom.
        Mitigation: Get "/v1/mitigation",
        /// Lists silences and maintenance windows.
        Silences: Get "/v1/silences",
        /// Lists incidents, the newest first; the 500 most urgent of more.
        Incidents: Get "/v1/incidents",
        /// Says who is on call, as a calendar or PagerDuty has it.
        OnCall: Get "/v1/oncall",
        /// Says all that was decided about an event, a finding or an incident, how it stands, and what comes next.
        Story: Get "/v1/story",
        /// Shows one event as it was delivered, and what was decided about it.
        Event: Get "/v1/event",
        /// Shows who changed what: the latest hundred, or the hundred behind a number.
        Audit: Get "/v1/audit",
        /// Has the configuration and rules read again.
        Reload: Post "/v1/reload",
        /// Streams what `watchfire store backup` makes a store of.
        Backup: Get "/v1/store/backup",
        /// Streams the journal: a decision per line.
        Export: Get "/v1/store/export",
    }
}

impl OperatorEndpoint {
    /// The least role that it wants; of commands, each wants its own besides.
    pub fn least(self) -> Role {
        match self {
            OperatorEndpoint::Approvals
            | OperatorEndpoint::Contained
            | OperatorEndpoint::Held
            | OperatorEndpoint::Mitigation
            | OperatorEndpoint::Silences
            | OperatorEndpoint::Incidents
            | OperatorEndpoint::OnCall
            | OperatorEndpoint::Story
            | OperatorEndpoint::Event => Role::Viewer,
            OperatorEndpoint::Commands => Role::Responder,
            OperatorEndpoint::Audit
            | OperatorEndpoint::Reload
            | OperatorEndpoint::Backup
            | OperatorEndpoint::Export => Role::Admin,
        }
    }
}

endpoints! {
    /// What operators ask of a worker, and no Lambda answers, at `http.listen`.
    WorkerEndpoint {
        /// Lists what was decided last, the newest first.
        Decisions: Get "/v1/decisions",
        /// Lists the rules in the order they are tried, each with what it did in the last seven days.
        Rules: Get "/v1/rules",
        /// Lists the playbooks, one's own before those that are shipped.
        Playbooks: Get "/v1/playbooks",
        /// Says how the worker's queue, channels, store and cluster are.
        Condition: Get "/v1/condition",
        /// Shows the edition of the digest that is written now.
        Digest: Get "/v1/digest",
        /// Says how an event would be decided, and records nothing.
        Explain: Post "/v1/explain",
        /// Puts the sum of an incident's post-mortem into the audit trail, by whoever asks for it.
        SignReport: Post "/v1/report/sign",
        /// Says how the cluster and what is kept of it are, in green, yellow and red: the morning check.
        Health: Get "/v1/health",
    }
}

impl WorkerEndpoint {
    /// The least role that it wants.
    pub fn least(self) -> Role {
        match self {
            WorkerEndpoint::Decisions
            | WorkerEndpoint::Rules
            | WorkerEndpoint::Playbooks
            | WorkerEndpoint::Condition
            | WorkerEndpoint::Digest
            | WorkerEndpoint::Explain
            | WorkerEndpoint::Health => Role::Viewer,
            WorkerEndpoint::SignReport => Role::Responder,
        }
    }

    /// Whether it tells of every namespace, so that the role has to be had everywhere.
    pub fn is_about_everything(self) -> bool {
        match self {
            WorkerEndpoint::Decisions | WorkerEndpoint::Digest => true,
            WorkerEndpoint::Rules
            | WorkerEndpoint::Playbooks
            | WorkerEndpoint::Condition
            | WorkerEndpoint::Explain
            | WorkerEndpoint::Health
            | WorkerEndpoint::SignReport => false,
        }
    }
}

endpoints! {
    /// What people do elsewhere, as it is told at `http.listen`.
    WebhookEndpoint {
        /// Takes what people do in PagerDuty; answered once it is on disk.
        PagerDuty: Post "/v1/pagerduty/webhooks",
        /// Takes what people do by a button in Slack; answered within two seconds, whatever comes of it.
        Slack: Post "/v1/slack/interactivity",
    }
}

endpoints! {
    /// What whoever watches over the worker asks, at `health.listen`.
    HealthEndpoint {
        /// Says whether the process is of use: not while only a new start would help.
        Live: Get "/livez",
        /// Says whether the store answers.
        Ready: Get "/readyz",
        /// Prints the metrics.
        Metrics: Get "/metrics",
    }
}
