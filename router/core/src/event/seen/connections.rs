//! A connection that was seen: which way, to or from whom, and where in the world that is.

use super::service::Service;
use super::{MOST, Seen, joined, with};

/// `service.action` of what goes over a network.
pub(super) fn tell(service: Service<'_, '_>, seen: &mut Seen) {
    network(service, seen);
    seen.say(
        "Domain",
        service.first(&["action.dnsRequestAction.domainWithSuffix", "action.dnsRequestAction.domain"]),
    );
    let probes = service.count("action.portProbeAction.portProbeDetails", MOST + 1);
    let probe = |number: usize| {
        let path = format!("action.portProbeAction.portProbeDetails.{number}");
        let port = with("at port", port(service, &format!("{path}.localPortDetails")));
        joined([remote(service, &format!("{path}.remoteIpDetails")), port])
    };
    seen.say_each("Probed by", "Probed by:", (0..probes).filter_map(probe).collect());
    login(service, seen);
}

fn network(service: Service<'_, '_>, seen: &mut Seen) {
    const ACTION: &str = "action.networkConnectionAction";
    let text = |name: &str| service.text(&format!("{ACTION}.{name}"));
    let direction = text("connectionDirection").map(|direction| direction.to_lowercase());
    let protocol = text("protocol").map(|protocol| protocol.to_uppercase());
    let local = end(service, &format!("{ACTION}.localIpDetails"), &format!("{ACTION}.localPortDetails"));
    let blocked = service.is_true(&format!("{ACTION}.blocked")).then(|| "blocked".to_owned());
    let way = joined([direction, protocol, with("local end", local), blocked]);
    seen.say("Connection", way);
    let port = port(service, &format!("{ACTION}.remotePortDetails"));
    seen.say("Remote", remote_end(service, &format!("{ACTION}.remoteIpDetails"), port));
}

fn login(service: Service<'_, '_>, seen: &mut Seen) {
    const ACTION: &str = "action.rdsLoginAttemptAction";
    seen.say("Remote", remote(service, &format!("{ACTION}.remoteIpDetails")));
    let attempts = service.count(&format!("{ACTION}.loginAttributes"), MOST + 1);
    let attempt = |number: usize| {
        let text = |name: &str| service.text(&format!("{ACTION}.loginAttributes.{number}.{name}"));
        let tries = [("successful", "successfulLoginAttempts"), ("failed", "failedLoginAttempts")];
        let tries = tries.map(|(word, name)| text(name).map(|count| format!("{count} {word}")));
        joined([text("user"), with("with", text("application"))].into_iter().chain(tries))
    };
    seen.say_each("Login", "Logins:", (0..attempts).filter_map(attempt).collect());
}

/// Who called: `203.0.113.140, Netherlands, AS64500 Example Transit`.
pub(super) fn remote(service: Service<'_, '_>, path: &str) -> Option<String> {
    remote_end(service, path, None)
}

/// Who is at the other end of a connection: `203.0.113.140 port 4444, Netherlands, AS64500 Example Transit`.
fn remote_end(service: Service<'_, '_>, path: &str, port: Option<String>) -> Option<String> {
    let text = |name: &str| service.text(&format!("{path}.{name}"));
    let address = text("ipAddressV4").or_else(|| text("ipAddressV6"))?;
    let place = text("country.countryName").map(|country| match text("city.cityName") {
        Some(city) => format!("{city}, {country}"),
        None => country,
    });
    // GuardDuty writes -1 where it does not know.
    let network = text("organization.asn").filter(|asn| asn != "-1" && asn != "0");
    let network = network.map(|asn| match text("organization.asnOrg").or_else(|| text("organization.org")) {
        Some(owner) => format!("AS{asn} {owner}"),
        None => format!("AS{asn}"),
    });
    let address = match port {
        Some(port) => format!("{address} port {port}"),
        None => address,
    };
    joined([Some(address), place, network])
}

/// An address with its port.
fn end(service: Service<'_, '_>, ip: &str, port_path: &str) -> Option<String> {
    let address = service.first(&[&format!("{ip}.ipAddressV4"), &format!("{ip}.ipAddressV6")]);
    match (address, port(service, port_path)) {
        (Some(address), Some(port)) => Some(format!("{address} port {port}")),
        (Some(address), None) => Some(address),
        (None, port) => port.map(|port| format!("port {port}")),
    }
}

/// `4444`, or `22 (SSH)`.
fn port(service: Service<'_, '_>, path: &str) -> Option<String> {
    let port = service.text(&format!("{path}.port"))?;
    let name = service.text(&format!("{path}.portName")).filter(|name| !name.eq_ignore_ascii_case("unknown"));
    Some(match name {
        Some(name) => format!("{port} ({name})"),
        None => port,
    })
}
