//! Whether this machine's clock agrees with AWS's and the API server's: who is off by minutes is refused.

use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use std::path::Path;
use std::time::Duration;

use super::configuration::Read;
use super::{Section, cluster, section};
use crate::aws::call::{Caller, Service, date};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::finding::Finding;

const WITHIN: Duration = Duration::from_secs(5);
/// Dates are told to the second, and an answer takes a moment.
const SMALL: SignedDuration = SignedDuration::from_secs(30);
/// AWS refuses what was signed more than five minutes ago; half of that is no comfort.
const LARGE: SignedDuration = SignedDuration::from_secs(150);

pub(super) async fn look(read: &Read, kubeconfig: Option<&Path>, clients: &Clients) -> Section {
    section("clock".to_owned(), async |findings| {
        let (aws, server) = tokio::join!(aws(clients), server(read, kubeconfig, clients));
        if aws.is_none() && server.is_none() {
            findings.push(Finding::not_asked(
                "compared with no other: neither AWS nor an API server tells the time",
            ));
        }
        let now = Clock::System.now();
        findings.extend(aws.map(|aws| compared("AWS", aws, now)));
        findings.extend(server.map(|server| compared("the API server", server, now)));
    })
    .await
}

/// Nothing where it is not told: who does not answer has been said.
async fn aws(clients: &Clients) -> Option<Timestamp> {
    clients.aws().await.region()?;
    let caller = Caller::new(clients, Service::Sts, None).await.ok()?;
    caller.time(WITHIN).await.ok()
}

async fn server(read: &Read, kubeconfig: Option<&Path>, clients: &Clients) -> Option<Timestamp> {
    let server = cluster::reach(read.config.cluster.as_ref(), kubeconfig, clients).await?.ok()?;
    let request = axum::http::Request::get("/version").body(Body::empty()).ok()?;
    let answer = tokio::time::timeout(WITHIN, server.send(request)).await.ok()?.ok()?;
    date(answer.headers())
}

fn compared(whose: &str, theirs: Timestamp, ours: Timestamp) -> Finding {
    let apart = ours.duration_since(theirs);
    let way = if apart.is_negative() { "behind" } else { "before" };
    let off = format!("this clock is {} {way} that of {whose}", lasting(apart.abs()));
    let remedy = "have chrony or systemd-timesyncd set the clock of this machine";
    match apart.abs() {
        small if small < SMALL => {
            Finding::ok(format!("this clock and that of {whose} agree to {} s", SMALL.as_secs()))
        }
        some if some < LARGE => Finding::warn(off, remedy),
        _ => Finding::fail(format!("{off}: what it signs is refused"), remedy),
    }
}

/// Minutes to the nearest, where there are some.
fn lasting(apart: SignedDuration) -> String {
    match apart.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Grade;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off_to_either_side() {
        let ours = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let table = [
            (0, Grade::Ok, "this clock and that of AWS agree to 30 s"),
            (-29, Grade::Ok, "this clock and that of AWS agree to 30 s"),
            (30, Grade::Warn, "this clock is 30 s before that of AWS"),
            (-149, Grade::Warn, "this clock is 2 min behind that of AWS"),
            (150, Grade::Fail, "this clock is 3 min before that of AWS: what it signs is refused"),
        ];
        for (seconds, grade, found) in table {
            let finding = compared("AWS", ours - SignedDuration::from_secs(seconds), ours);
            assert_eq!((finding.grade, finding.found.as_str()), (grade, found));
        }
    }
}
