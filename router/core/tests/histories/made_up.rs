//! Random histories, written as scenarios: a few pods, nodes and accounts, humans, silences, and jumps in time.
//!
//! The end-to-end tests have this file, too: there they are played over both stores.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

/// Of a channel, in every history: so many an hour, so many at once.
pub(crate) const LIMIT: (u32, u32) = (60, 2);

/// What may happen; the numbers choose among the few that there are.
#[derive(Clone, Debug)]
enum Happening {
    Finding {
        which: usize,
        feed: usize,
        severity: usize,
        count: u64,
        late: bool,
        archived: bool,
        container: usize,
    },
    Sequence {
        members: Vec<usize>,
        archived: bool,
    },
    Alarm {
        which: usize,
        ok: bool,
    },
    Event {
        pod: usize,
    },
    Control {
        which: usize,
        passed: bool,
    },
    Ack {
        which: usize,
        via: bool,
    },
    Unack {
        which: usize,
    },
    Resolve {
        which: usize,
        via: bool,
    },
    Reassign {
        which: usize,
        to: usize,
    },
    Silence {
        matches: usize,
        hours: u32,
        flag: bool,
    },
    Expire {
        which: usize,
    },
    Extend {
        which: usize,
        hours: u32,
    },
    Tick,
}

const SECONDS: [u64; 10] = [0, 1, 10, 31, 120, 400, 1_000, 4_000, 20_000, 110_000];
const FEEDS: [&str; 3] = ["guardduty", "securityhub", "ocsf"];
const SEVERITIES: [f64; 5] = [2.0, 5.0, 6.0, 7.5, 9.0];
const PODS: [&str; 3] = ["web-1", "web-2", "web-3"];

fn happening() -> impl Strategy<Value = Happening> {
    let which = || 0..FINDINGS;
    let finding = (which(), 0..6_usize, 0..5_usize, 1..200_u64, any::<bool>(), 0..4_u8, 0..3_usize).prop_map(
        |(which, feed, severity, count, late, archived, container)| Happening::Finding {
            which,
            feed,
            severity,
            count,
            late,
            archived: archived == 0,
            container,
        },
    );
    prop_oneof![
        12 => finding,
        2 => (prop::collection::vec(which(), 0..4), any::<bool>())
            .prop_map(|(members, archived)| Happening::Sequence { members, archived }),
        3 => (0..4_usize, any::<bool>()).prop_map(|(which, ok)| Happening::Alarm { which, ok }),
        1 => (0..3_usize).prop_map(|pod| Happening::Event { pod }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(which, passed)| Happening::Control { which, passed }),
        1 => (which(), any::<bool>()).prop_map(|(which, via)| Happening::Ack { which, via }),
        1 => which().prop_map(|which| Happening::Unack { which }),
        1 => (which(), any::<bool>()).prop_map(|(which, via)| Happening::Resolve { which, via }),
        1 => (which(), 0..3_usize).prop_map(|(which, to)| Happening::Reassign { which, to }),
        2 => (0..5_usize, 1..9_u32, any::<bool>())
            .prop_map(|(matches, hours, flag)| Happening::Silence { matches, hours, flag }),
        1 => (0..4_usize).prop_map(|which| Happening::Expire { which }),
        1 => (0..4_usize, 1..9_u32).prop_map(|(which, hours)| Happening::Extend { which, hours }),
        6 => Just(Happening::Tick),
    ]
}

const FINDINGS: usize = 10;

/// What each finding is about.
fn about(which: usize) -> Value {
    match which {
        0 => json!({"type": "CryptoCurrency:Runtime/BitcoinTool.B", "pod": "shop/web-1"}),
        1 => json!({"type": "Execution:Runtime/NewBinaryExecuted", "pod": "shop/web-1"}),
        2 => json!({"type": "Execution:Runtime/NewBinaryExecuted", "pod": "shop/web-1"}),
        3 => json!({"type": "Execution:Runtime/NewBinaryExecuted", "pod": "shop/web-2"}),
        4 => json!({"type": "Execution:Runtime/NewBinaryExecuted", "pod": "bank/web-1"}),
        5 => json!({"type": "UnauthorizedAccess:Runtime/MetadataDNSRebind", "pod": "shop/web-1"}),
        6 => json!({"type": "UnauthorizedAccess:Runtime/MetadataDNSRebind", "pod": "bank/web-1"}),
        7 => json!({"type": "Discovery:Runtime/SuspiciousCommand", "pod": "shop/web-1"}),
        8 => json!({"type": "DefenseEvasion:Runtime/ProcessInjection"}),
        _ => json!({"type": "UnauthorizedAccess:IAMUser/MaliciousIPCaller", "principal": "deployer"}),
    }
}

fn policy(grouped: bool, chain: bool) -> Value {
    let (per_hour, burst) = LIMIT;
    let groups = json!([{"name": "team", "match": {"family": ["tool", "access"]}, "group_by": ["subject.namespace"],
        "repeat_interval_hours": 6}]);
    let step = json!([{"to": ["boss"]}, {"to": ["cto", "team"], "after_minutes": 15}]);
    json!({
        "fallback": "mail",
        "escalation": if chain { json!({"P0": step, "P1": step, "P2": step, "P3": step}) } else { json!({}) },
        "noise": {
            "limits": {
                "channel": {"per_hour": per_hour, "burst": burst},
                "rule": {"per_hour": 30, "burst": 3}, "family": {"per_hour": 20, "burst": 4},
            },
            "storm": {"incidents": 2, "within_minutes": 20},
            "flapping": {"turns": 2, "within_minutes": 90},
            "groups": if grouped { groups } else { json!([]) },
            "inhibit": [{"name": "known", "source": {"family": ["access"]}, "target": {"family": ["tool"]},
                "equal": ["subject.namespace"]}],
            "maintenance": [{"name": "nightly", "match": {"subject": {"namespace": ["bank"]}}, "cron": "0 2 * * *",
                "hours": 2}],
            "quiet_after_hours": {"events": 30, "families": {"discovery": 3, "evasion": 2}},
        },
    })
}

/// A scenario without expectations.
pub(crate) fn history() -> impl Strategy<Value = String> {
    let step = (0..SECONDS.len(), happening());
    (any::<bool>(), any::<bool>(), prop::collection::vec(step, 1..60)).prop_map(|(grouped, chain, steps)| {
        let (mut at, mut seen, mut silences) = (0_u64, BTreeSet::new(), 0_usize);
        let mut written = Vec::new();
        for (wait, happening) in steps {
            at += SECONDS[wait];
            let mut step = written_as(happening, at, &mut seen, &mut silences);
            step["at"] = json!(format!("+{at}s"));
            step["expect"] = json!([]);
            written.push(step);
        }
        let policy = policy(grouped, chain);
        json!({"promise": "", "rules": "plain", "start": "2026-11-25T09:00:00Z", "policy": policy, "steps": written})
            .to_string()
    })
}

/// What is about a finding or a silence that there is not yet is a tick.
fn written_as(happening: Happening, at: u64, seen: &mut BTreeSet<usize>, silences: &mut usize) -> Value {
    let channels = ["oncall", "team", "ann"];
    let via = |via| if via { json!("oncall") } else { Value::Null };
    let known = |which: usize, step: Value| if seen.contains(&which) { step } else { json!({}) };
    match happening {
        Happening::Finding { which, feed, severity, count, late, archived, container } => {
            seen.insert(which);
            let mut finding = about(which);
            finding["id"] = json!(format!("f{which}"));
            finding["severity"] = json!(SEVERITIES[severity]);
            finding["count"] = json!(count);
            let feed = FEEDS.get(feed).copied().unwrap_or(FEEDS[0]);
            if archived && feed == "ocsf" {
                finding["activity"] = json!("Close");
            } else {
                finding["archived"] = json!(archived);
            }
            if late {
                finding["updated"] = json!(format!("+{}s", at.saturating_sub(60)));
            }
            if container > 0 && feed == "guardduty" {
                finding["container"] = json!(format!("c{container}"));
            }
            json!({feed: finding})
        }
        Happening::Sequence { members, archived } => {
            let members: Vec<_> = members.iter().map(|which| format!("f{which}")).collect();
            json!({"sequence": {"id": "s1", "members": members, "archived": archived}})
        }
        Happening::Alarm { which, ok } => {
            let state = if ok { "OK" } else { "ALARM" };
            json!({"alarm": match which {
                0 => json!({"name": "cluster-down-payments", "state": state, "cluster": "payments"}),
                1 => json!({"name": "node-lost", "state": state, "cluster": "payments", "node": "n1"}),
                2 => json!({"name": "restarts", "state": state, "cluster": "payments", "node": "n1", "pod": "shop/web-1"}),
                _ => json!({"name": "lag", "state": state, "cluster": "payments", "node": "n1", "pod": "bank/web-1"}),
            }})
        }
        Happening::Event { pod } => {
            let detail = json!({"podNamespace": "shop", "podName": PODS[pod]});
            json!({"eventbridge": {"source": "shop.deploy", "type": "Deploy Failed", "detail": detail}})
        }
        Happening::Control { which, passed } => {
            let status = if passed { "PASSED" } else { "FAILED" };
            json!({"control": {"id": "S3.1", "status": status, "resource": format!("bucket-{which}")}})
        }
        Happening::Ack { which, via: by } => {
            known(which, json!({"ack": {"of": format!("f{which}"), "via": via(by)}}))
        }
        Happening::Unack { which } => known(which, json!({"unack": {"of": format!("f{which}")}})),
        Happening::Resolve { which, via: by } => {
            known(which, json!({"resolve": {"of": format!("f{which}"), "via": via(by)}}))
        }
        Happening::Reassign { which, to } => {
            known(which, json!({"reassign": {"of": format!("f{which}"), "to": channels[to]}}))
        }
        Happening::Silence { matches, hours, flag } => {
            *silences += 1;
            let matches = match matches {
                0 => json!({"subject": {"namespace": ["shop"]}}),
                1 => json!({"family": ["tool", "crypto-mining"]}),
                2 => json!({"family": ["attack-sequence", "platform-alarm"]}),
                3 => json!({"priority": ["P1", "P2"]}),
                _ => json!({"subject": {"account": [{"exists": true}]}}),
            };
            let name = format!("n{silences}");
            json!({"silence": {"name": name, "match": matches, "hours": hours, "yes_cover_p0": flag}})
        }
        Happening::Expire { which } => match which < *silences {
            true => json!({"expire": {"name": format!("n{}", which + 1)}}),
            false => json!({}),
        },
        Happening::Extend { which, hours } => match which < *silences {
            true => {
                json!({"extend": {"name": format!("n{}", which + 1), "to": format!("+{}s", at + u64::from(hours) * 3_600)}})
            }
            false => json!({}),
        },
        Happening::Tick => json!({}),
    }
}
