//! What `--help` adds to what the commands say of themselves: an example for each, and one screen for all of them.

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};

/// The commands by who needs them; what is in none is listed last.
const GROUPS: [(&str, &str, &[&str]); 4] = [
    (
        "On call",
        "what is open, why, and what to do about it",
        &[
            "incidents",
            "why",
            "event",
            "approvals",
            "approve",
            "deny",
            "contained",
            "release",
            "quarantine",
            "mitigation",
            "silence",
            "oncall",
            "health",
        ],
    ),
    (
        "Rules",
        "what is paged, tried out without telling anyone",
        &["rules", "routes", "explain", "replay", "preview", "templates", "pattern"],
    ),
    (
        "Worker",
        "set up, run and looked after",
        &[
            "demo",
            "run",
            "check",
            "reload",
            "send-test",
            "doctor",
            "rbac",
            "store",
            "evidence",
            "audit",
            "token",
            "mcp",
        ],
    ),
    ("About", "this program itself", &["schema", "version", "man", "completions", "help"]),
];

/// An example for each command, by its words.
const EXAMPLES: &[(&str, &str)] = &[
    ("run", "watchfire run --config watchfire.yaml"),
    ("demo", "watchfire demo --tour"),
    ("check", "watchfire check --config watchfire.yaml"),
    ("reload", "watchfire reload"),
    ("rules check", "watchfire rules check --rules ./rules"),
    ("rules test", "watchfire rules test --rules ./rules"),
    ("rules list", "watchfire rules list"),
    ("routes show", "watchfire routes show --config watchfire.yaml"),
    ("routes test", "watchfire routes test priority=P1 namespace=shop --config watchfire.yaml"),
    ("explain", "watchfire explain finding.json --rules ./rules"),
    ("replay", "watchfire replay findings.jsonl --output human"),
    ("approve", "watchfire approve 434a6bc0 --reason 'seen in the flow logs, too'"),
    ("deny", "watchfire deny 434a6bc0 --reason 'a load test'"),
    ("approvals", "watchfire approvals --watch"),
    ("release", "watchfire release aafbc2b0 --reason 'a load test'"),
    ("contained", "watchfire contained"),
    ("quarantine", "watchfire quarantine shop/web-7kw7n --reason 'odd egress' --dry-run"),
    ("mitigation off", "watchfire mitigation off --reason 'game day'"),
    ("mitigation on", "watchfire mitigation on --reason 'game day is over'"),
    ("mitigation status", "watchfire mitigation status"),
    ("silence add", "watchfire silence add namespace=shop 'pod=cart-*' -d 2h -c upgrade"),
    ("silence list", "watchfire silence list --expired"),
    ("silence show", "watchfire silence show s-1a2b3c4d"),
    ("silence expire", "watchfire silence expire s-1a2b3c4d"),
    ("silence extend", "watchfire silence extend s-1a2b3c4d -d 1h"),
    ("incidents list", "watchfire incidents list namespace=shop --since 2h --watch"),
    ("incidents show", "watchfire incidents show aafbc2b0"),
    ("incidents timeline", "watchfire incidents timeline aafbc2b0"),
    ("incidents report", "watchfire incidents report aafbc2b0 --format html > report.html"),
    ("incidents ack", "watchfire incidents ack aafbc2b0 --reason 'on it'"),
    ("incidents unack", "watchfire incidents unack aafbc2b0"),
    ("incidents resolve", "watchfire incidents resolve aafbc2b0 --reason 'false alarm'"),
    ("incidents reassign", "watchfire incidents reassign aafbc2b0 --to platform"),
    ("incidents note", "watchfire incidents note aafbc2b0 'the load test of the shop team'"),
    ("incidents link", "watchfire incidents link aafbc2b0 https://tickets.example.com/OPS-1 --title OPS-1"),
    ("incidents follow-up", "watchfire incidents follow-up aafbc2b0 'rotate the keys of shop/pay'"),
    ("incidents label", "watchfire incidents label aafbc2b0 team=shop cause-"),
    ("oncall", "watchfire oncall"),
    ("health", "watchfire health --kubeconfig ~/.kube/config"),
    ("why", "watchfire why aafbc2b0"),
    ("evidence verify", "watchfire evidence verify --all"),
    ("evidence list", "watchfire evidence list --config watchfire.yaml"),
    ("audit list", "watchfire audit list --who ana"),
    ("audit verify", "watchfire audit verify"),
    ("token iam", "watchfire token iam --id payments-prod --region us-gov-west-1"),
    ("token new", "watchfire token new --name ana --role responder"),
    ("store check", "watchfire store check /var/lib/watchfire/watchfire.redb"),
    ("store backup", "watchfire store backup /backup/watchfire.redb"),
    ("store restore", "watchfire store restore /backup/watchfire.redb --config watchfire.yaml"),
    ("store copy", "watchfire store copy watchfire.redb dynamodb:watchfire"),
    ("store export", "watchfire store export > journal.jsonl"),
    ("rbac", "watchfire rbac --config watchfire.yaml | kubectl apply -f -"),
    ("mcp", "watchfire mcp --server https://watchfire.example.com"),
    ("doctor", "watchfire doctor --config watchfire.yaml"),
    ("schema", "watchfire schema config > watchfire.schema.json"),
    ("event", "watchfire event 51d74ce5 --raw"),
    ("preview", "watchfire preview finding.json --channel oncall"),
    ("templates show", "watchfire templates show --part body"),
    ("templates values", "watchfire templates values finding.json"),
    ("send-test", "watchfire send-test --channel oncall"),
    ("pattern", "watchfire pattern < questions.jsonl"),
    ("version", "watchfire version --output json"),
    ("man", "watchfire man /usr/local/share/man/man1"),
    ("completions", "source <(watchfire completions bash)"),
];

/// The definition with its examples; every help is one screen.
pub(super) fn complete(command: Command) -> Command {
    let screen = screen(&command);
    let about = "{about-with-newline}\n{usage-heading} {usage}{after-help}";
    let command = command.help_template(about).after_help(screen);
    each(command, "")
}

fn each(mut command: Command, path: &str) -> Command {
    // The same for -h: there is one help.
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::HelpShort)
        .help("Print help")
        .help_heading(Resettable::Reset);
    command = command.disable_help_flag(true).arg(help).mut_args(|arg| arg.hide_env_values(true));
    if let Some((_, example)) = EXAMPLES.iter().find(|(of, _)| *of == path) {
        let more = command.get_after_help().map(|more| format!("\n\n{more}")).unwrap_or_default();
        command = command.after_help(format!("Example: {example}{more}"));
    }
    if !path.is_empty() {
        command = command.disable_help_subcommand(true);
    }
    if !command.has_subcommands() {
        let usage = usage(&command, path);
        command = command.override_usage(usage);
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(name, |sub| each(sub, path.trim_start()));
    }
    command
}

/// How a command is typed, whatever the environment says: what is hidden in a list of options for its length is named.
fn usage(command: &Command, path: &str) -> String {
    let shown = command.clone().bin_name(format!("watchfire {path}")).mut_args(|arg| arg.hide(false));
    let usage = shown.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").to_owned()
}

/// All commands, by who needs them.
fn screen(command: &Command) -> String {
    let all = || command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(Command::get_name);
    let is_grouped = |name: &str| GROUPS.iter().any(|(_, _, names)| names.contains(&name));
    let other: Vec<_> = all().filter(|name| !is_grouped(name)).collect();
    let known = |names: &[&'static str]| {
        names.iter().copied().filter(|name| *name == "help" || all().any(|known| known == *name)).collect()
    };
    let mut lines = Vec::new();
    for (title, what, names) in GROUPS {
        let names: Vec<&str> = known(names);
        lines.push(format!("{title}: {what}\n  {}\n", names.join("  ")));
    }
    if !other.is_empty() {
        lines.push(format!("Other\n  {}\n", other.join("  ")));
    }
    lines.push(
        "watchfire COMMAND --help has an example of each. To begin with:\n  watchfire demo --tour\n  \
         watchfire incidents list\n  watchfire why ID"
            .to_owned(),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests;
