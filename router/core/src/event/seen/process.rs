//! A process that was seen, and what GuardDuty's agent noted beside it.

use super::{Seen, joined, with};
use crate::event::read::{at, first_text, list, text};
use crate::json::Json;

/// `service.runtimeDetails.process`: who ran what, and who began it.
pub(super) fn tell(process: &Json<'_>, seen: &mut Seen) {
    seen.say("Process", named(process));
    let uid = with("uid", text(process, "userId"));
    let user = text(process, "user").map(|user| match &uid {
        Some(uid) => format!("{user} ({uid})"),
        None => user,
    });
    seen.say("User", user.or(uid));
    seen.say("SHA-256", first_text(process, &["executableSha256", "executableSHA256"]));
    seen.say("Directory", text(process, "pwd"));
    let lineage = list(process, "lineage");
    let parents: Vec<_> = lineage.iter().take(4).filter_map(named).collect();
    seen.say("Parent", Some(parents.join(" ← ")));
}

/// `name, path, pid 31874`.
fn named(process: &Json<'_>) -> Option<String> {
    let name = text(process, "name");
    let path = text(process, "executablePath").filter(|path| name.as_ref() != Some(path));
    joined([name, path, with("pid", text(process, "pid"))])
}

/// Members of `service.runtimeDetails.context`, and what a reader calls them.
const CONTEXT: [(&str, &str); 22] = [
    ("commandLineExample", "Command"),
    ("toolName", "Tool"),
    ("toolCategory", "Tool category"),
    ("threatFilePath", "Threat file"),
    ("scriptPath", "Script"),
    ("filePath", "File"),
    ("libraryPath", "Library"),
    ("ldPreloadValue", "LD_PRELOAD"),
    ("socketPath", "Socket"),
    ("runcBinaryPath", "runc"),
    ("releaseAgentPath", "Release agent"),
    ("mountSource", "Mounted from"),
    ("mountTarget", "Mounted to"),
    ("fileSystemType", "File system"),
    ("moduleName", "Kernel module"),
    ("moduleFilePath", "Module file"),
    ("moduleSha256", "Module SHA-256"),
    ("shellHistoryFilePath", "Shell history"),
    ("serviceName", "Service"),
    ("flags", "Flags"),
    ("targetProcess", "Target process"),
    ("modifyingProcess", "Changed by"),
];

/// What stands beside the process: a text, or another process.
pub(super) fn tell_context(context: &Json<'_>, seen: &mut Seen) {
    for (member, label) in CONTEXT {
        let value = at(context, member).and_then(|value| match value {
            Json::Object(_) => named(value),
            Json::Array(parts) => joined(parts.iter().map(|part| part.as_str().map(str::to_owned))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => text(context, member),
        });
        seen.say(label, value);
    }
}
