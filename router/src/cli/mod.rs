//! The command line. Exit codes: 0 fine, 1 failed, 2 usage or configuration; of `run` also 3, the store is of no use any
//! more to this process and is looked at by the next, and 4, the store is damaged and was not to be set aside. Of `health` 1 is
//! yellow, 2 red, and 3 that it could not be looked.

/// Prints a line to standard output, as [`screen::say`] does; whoever fails to is done.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::screen::say(&format!($($words)*))? };
}

/// Prints a line to standard error, as [`screen::complain`] does.
macro_rules! complain {
    ($($words:tt)*) => { $crate::cli::screen::complain(&format!($($words)*)) };
}

mod asking;
mod audit;
mod check;
mod client;
mod completing;
mod demo;
mod desk;
mod doctor;
mod event;
mod evidence;
mod explain;
mod health;
mod help;
mod incidents;
mod man;
#[cfg(feature = "mcp")]
mod mcp;
mod oncall;
mod operator;
mod pattern;
mod preview;
mod rbac;
mod reload;
mod replay;
mod routes;
mod rules;
mod run;
mod schema;
mod screen;
mod send_test;
mod silence;
mod store;
mod table;
mod templates;
mod token;
mod unanswered;
mod version;
mod watching;
mod why;
mod yaml;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use clap_complete::env::{CompleteEnv, Shells};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::yaml::wrong;

use crate::config::{self, Diagnostic};
use crate::{rules_files, telemetry};

/// Routes security alerts for AWS EKS clusters: who is told, how soon, and why.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the worker: take alerts from the queue and tell people.
    Run(run::Arguments),
    /// Play bundled sample events through the real worker and show what it does.
    Demo(demo::Arguments),
    /// Check configuration and rules; say every mistake at once.
    Check(check::Arguments),
    /// Have the worker read its configuration and rules again.
    Reload(reload::Arguments),
    /// Check, test or list the rules.
    #[command(subcommand)]
    Rules(rules::Command),
    /// Show the tree of routes, or say by which of them an event goes.
    #[command(subcommand)]
    Routes(routes::Command),
    /// Say which rule classifies an event, why the others do not, and what is decided.
    Explain(explain::Arguments),
    /// Decide past events without telling anyone: JSON lines in, one decision per line out.
    Replay(replay::Arguments),
    /// Let a plan be carried out that waits for approval.
    Approve(operator::Answer),
    /// Refuse a plan that waits for approval.
    Deny(operator::Answer),
    /// List the plans that wait for approval.
    Approvals(watching::Listing),
    /// Undo what was done on an incident's account.
    Release(operator::Release),
    /// List what is contained and can be released.
    #[command(alias = "held")]
    Contained(watching::Listing),
    /// Quarantine a pod by hand, with everything that a rule would do.
    Quarantine(operator::Quarantine),
    /// Switch acting on the cluster off and on.
    #[command(subcommand)]
    Mitigation(operator::Mitigation),
    /// Keep what matches from being paged for a while, and see what it holds.
    #[command(subcommand, alias = "silences")]
    Silence(silence::Command),
    /// List incidents, show what was decided about one, acknowledge, resolve and reassign.
    #[command(subcommand, alias = "incident")]
    Incidents(incidents::Command),
    /// Say who is on call, as a calendar or PagerDuty has it.
    Oncall(watching::Listing),
    /// Say why something was or was not paged, who was told, and what comes next.
    Why(why::Arguments),
    /// Show an event as it was delivered, why it could not be read, and what was decided about it.
    Event(event::Arguments),
    /// Prove that evidence is whole and unaltered, or list it.
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Show who changed what, and prove that the trail of it is whole.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Make a token for a person or a program.
    #[command(subcommand)]
    Token(token::Command),
    /// Check, back up, restore and export the store.
    #[command(subcommand)]
    Store(store::Command),
    /// Print the Kubernetes roles that the actions in use need.
    Rbac(rbac::Arguments),
    /// Serve an assistant by the Model Context Protocol, over standard input and output.
    #[cfg(feature = "mcp")]
    Mcp(mcp::Arguments),
    /// Look at everything between an event and a page: AWS, channels, cluster; say how to mend it.
    Doctor(doctor::Arguments),
    /// Say how the cluster is, in green, yellow and red (exit 0, 1, 2; 3: unknown).
    Health(health::Arguments),
    /// Show what a channel would send about an event, to the byte.
    Preview(preview::Arguments),
    /// Print the templates that word pages, and what they are given.
    #[command(subcommand)]
    Templates(templates::Command),
    /// Try out who is told: a drill by a channel, a route, or from the queue on.
    SendTest(send_test::Arguments),
    /// Print the JSON Schema of a configuration, a rule file or a scenario, or the API's document.
    Schema(schema::Arguments),
    /// Match EventBridge patterns: lines of {"pattern":…,"event":…} in, {"match":…} or {"invalid":…} out.
    Pattern(pattern::Arguments),
    /// Say what this binary is.
    Version(version::Arguments),
    /// Write the manual, a page for each command.
    Man(man::Arguments),
    /// Print what makes a shell complete commands, and ids where a worker answers.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The command whose own commands need not be told whose they are.
const INCIDENTS: &str = "incidents";
/// The exit code of `run` where the store is of no use any more to this process.
const STORE_BROKE: u8 = 3;
/// The exit code of `run` where the store is damaged and was not to be set aside.
const STORE_DAMAGED: u8 = 4;

/// How a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Human,
    /// For a program.
    Json,
}

/// Where the rules and routes of a command without a worker come from.
#[derive(Clone, Debug, clap::Args)]
struct PolicyArguments {
    /// A folder of rule files, instead of the set in the binary
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// A configuration file, for its rules and routes
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG")]
    config: Option<PathBuf>,
}

/// Why a command ends.
enum Failed {
    /// Exit 1: it was carried out and the answer is no, or it could not be.
    Because(anyhow::Error),
    /// Exit 2: what it was given cannot be used.
    Usage(Vec<String>),
    /// Exit 1, everything has been said.
    Said,
    /// Exit with that code, everything has been said.
    With(u8),
    /// Exit 3: the store is of no use any more to this process.
    StoreBroke(anyhow::Error),
    /// Exit 4: the store is damaged, and was to be left as it is.
    Damaged(String),
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Failed::Because(error)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Failed::Because(error.into())
    }
}

impl From<Vec<Diagnostic>> for Failed {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        Failed::Usage(mistakes.iter().map(Diagnostic::to_string).collect())
    }
}

/// The command line as it is defined: every command, with its arguments and its help.
pub fn definition() -> clap::Command {
    help::complete(Cli::command())
}

/// What a shell is to run at its start: it asks us again for each word.
fn completions(shell: clap_complete::Shell) -> Result<(), Failed> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let completer = shells.completer(&name).ok_or_else(|| usage(anyhow!("there are none for {name}")))?;
    let mut script = Vec::new();
    completer.write_registration(completing::VARIABLE, "watchfire", "watchfire", "watchfire", &mut script)?;
    say!("{}", String::from_utf8_lossy(&script).trim_end());
    Ok(())
}

/// What is typed, with `incidents` before what only that does: whoever is called at night types `watchfire ack ID`.
pub fn spelt_out(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut typed: Vec<OsString> = typed.into_iter().collect();
    let command = definition();
    let is_one = |of: &clap::Command| {
        typed.get(1).and_then(|word| word.to_str()).is_some_and(|word| of.find_subcommand(word).is_some())
    };
    if !is_one(&command) && command.find_subcommand(INCIDENTS).is_some_and(is_one) {
        typed.insert(1, INCIDENTS.into());
    }
    typed
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    telemetry::panics_are_logged();
    CompleteEnv::with_factory(definition).var(completing::VARIABLE).complete();
    let matches = definition().get_matches_from(spelt_out(std::env::args_os()));
    let Cli { command } = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match carried_out(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Because(error)) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(Failed::Because(error)) => {
            complain!("watchfire: {error:#}");
            ExitCode::FAILURE
        }
        Err(Failed::Said) => ExitCode::FAILURE,
        Err(Failed::With(code)) => ExitCode::from(code),
        Err(Failed::StoreBroke(error)) => {
            eprintln!("watchfire: {error:#}");
            ExitCode::from(STORE_BROKE)
        }
        Err(Failed::Damaged(what)) => {
            eprintln!("watchfire: {what}");
            ExitCode::from(STORE_DAMAGED)
        }
        Err(Failed::Usage(mistakes)) => {
            for mistake in mistakes {
                complain!("{mistake}");
            }
            ExitCode::from(2)
        }
    }
}

fn carried_out(command: Command) -> Result<(), Failed> {
    match command {
        Command::Run(arguments) => run::main(arguments),
        Command::Demo(arguments) => demo::main(arguments),
        Command::Check(arguments) => check::main(&arguments),
        Command::Reload(arguments) => reload::main(&arguments),
        Command::Rules(command) => rules::main(&command),
        Command::Routes(command) => routes::main(&command),
        Command::Explain(arguments) => explain::main(&arguments),
        Command::Replay(arguments) => replay::main(&arguments),
        Command::Approve(arguments) => operator::answer(arguments, CommandKind::Approve),
        Command::Deny(arguments) => operator::answer(arguments, CommandKind::Deny),
        Command::Approvals(listing) => operator::approvals(&listing),
        Command::Release(arguments) => operator::release(arguments),
        Command::Contained(listing) => operator::contained(&listing),
        Command::Quarantine(arguments) => operator::quarantine(arguments),
        Command::Mitigation(command) => operator::mitigation(command),
        Command::Silence(command) => silence::main(command),
        Command::Incidents(command) => incidents::main(command),
        Command::Oncall(listing) => oncall::oncall(&listing),
        Command::Why(arguments) => why::main(&arguments),
        Command::Event(arguments) => event::main(&arguments),
        Command::Evidence(command) => evidence::main(command),
        Command::Audit(command) => audit::main(command),
        Command::Token(command) => token::main(command),
        Command::Store(command) => store::main(command),
        Command::Rbac(arguments) => rbac::main(&arguments),
        #[cfg(feature = "mcp")]
        Command::Mcp(arguments) => mcp::main(&arguments),
        Command::Doctor(arguments) => doctor::main(&arguments),
        Command::Health(arguments) => health::main(&arguments),
        Command::Preview(arguments) => preview::main(&arguments),
        Command::Templates(command) => templates::main(&command),
        Command::SendTest(arguments) => send_test::main(arguments),
        Command::Schema(arguments) => schema::main(&arguments),
        Command::Pattern(arguments) => pattern::main(&arguments),
        Command::Version(arguments) => version::main(&arguments),
        Command::Man(arguments) => man::main(&arguments, definition()),
        Command::Completions { shell } => completions(shell),
    }
}

/// `watchfire replay … | head`: the reader has had enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

impl PolicyArguments {
    /// The rules and routes; without a configuration everything that pages goes to one channel. A folder
    /// of rules goes before the configuration's.
    fn policy(&self) -> Result<Policy, Failed> {
        let Self { rules, config } = self;
        let Some(path) = config else {
            return Ok(plain_policy(rules.as_deref())?);
        };
        let (_, mut policy) = config::check(path)?;
        if rules.is_some() {
            policy.rules = plain_policy(rules.as_deref())?.rules;
        }
        Ok(policy)
    }
}

fn plain_policy(rules: Option<&Path>) -> Result<Policy, Vec<Diagnostic>> {
    let files = rules_files::all(rules).map_err(|error| {
        let file = rules.map(|path| path.display().to_string()).unwrap_or_default();
        vec![Diagnostic::on(&file, None, "", wrong(format!("{error:#}")))]
    })?;
    let rules = rules_files::load(&files)?;
    Ok(Policy::new(rules, Routes::all_to(&ChannelName::new("console"))))
}

fn usage(error: anyhow::Error) -> Failed {
    Failed::Usage(vec![format!("{error:#}")])
}

/// The whole of a file, or of standard input for `-`.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().read_to_end(&mut bytes).map(|_| bytes),
        false => std::fs::read(path),
    };
    read.map_err(|error| cannot_be_read(path, &error))
}

fn cannot_be_written(path: &Path, error: &dyn std::error::Error) -> Failed {
    Failed::Usage(vec![format!("{}: cannot be written: {error}", path.display())])
}

fn cannot_be_read(path: &Path, error: &dyn std::error::Error) -> Failed {
    vec![Diagnostic::unread(&path.display().to_string(), error)].into()
}
