//! What GuardDuty saw, in the order in which a reader asks: the process, its connection, the call, the file.

use super::Seen;
use super::service::Service;
use super::{calls, connections, malware, process, sequence};
use crate::event::read::{at, text};
use crate::json::Json;
use crate::zone::Zone;

/// Of GuardDuty's own event.
pub(super) fn tell(detail: &Json<'_>, zone: &Zone, seen: &mut Seen) {
    let service = Service::Native(detail);
    if let Some(process) = at(detail, "service.runtimeDetails.process") {
        process::tell(process, seen);
    }
    if let Some(context) = at(detail, "service.runtimeDetails.context") {
        process::tell_context(context, seen);
    }
    tell_service(service, seen);
    calls::tell_user(detail, seen);
    calls::tell_key(detail, seen);
    malware::tell(detail, seen);
    if let Some(found) = at(detail, "service.detection.sequence") {
        sequence::tell(found, zone, seen);
    }
    // Whoever is to look for it elsewhere wants its name.
    seen.say("Detection rule", text(detail, "customDetectionRuleName"));
}

/// Of `service`, as far as a copy has it, too.
pub(super) fn tell_service(service: Service<'_, '_>, seen: &mut Seen) {
    connections::tell(service, seen);
    calls::tell(service, seen);
    malware::tell_threats(service, seen);
}
