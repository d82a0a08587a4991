//! Makes what `match_bench` reads, the same each time: `match_data KIND COUNT`.
//!
//! `mixed`: patterns of all operators; `contains`: patterns of one wildcard `*text*`; `events`: GuardDuty findings of 4.4 KB;
//! `fields`: one pattern of four fields in two arrays, whatever the count; `arrays`: one event of two arrays of so many elements.
#![allow(clippy::unwrap_used, reason = "it is run by hand")]

use std::process::ExitCode;

const EVENT: &str = include_str!("../benches/guardduty.json");

const TYPES: [&str; 16] = [
    "Execution:Runtime/NewBinaryExecuted",
    "CryptoCurrency:Runtime/BitcoinTool.B",
    "CryptoCurrency:Runtime/BitcoinTool.B!DNS",
    "Backdoor:Runtime/C&CActivity.B",
    "UnauthorizedAccess:EC2/TorClient",
    "PrivilegeEscalation:Runtime/DockerSocketAccessed",
    "PrivilegeEscalation:Kubernetes/PrivilegedContainer",
    "Persistence:Kubernetes/ContainerWithSensitiveMount",
    "Execution:Kubernetes/ExecInKubeSystemPod",
    "Discovery:Kubernetes/SuccessfulAnonymousAccess",
    "Impact:Runtime/CryptoMinerExecuted",
    "DefenseEvasion:Runtime/ProcessInjection.Proc",
    "CredentialAccess:Kubernetes/MaliciousIPCaller",
    "Trojan:Runtime/DNSDataExfiltration!DNS",
    "Recon:EC2/Portscan",
    "Policy:Kubernetes/ExposedDashboard",
];
const PROCESSES: [&str; 6] = ["kdevtmpfsi", "xmrig", "nc", "bash", "kinsing", "python3"];
const WORDS: [&str; 8] = ["binary", "container", "pod", "crypto", "tor", "miner", "secret", "node"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let of = |kind: &str| -> Option<fn(usize) -> String> {
        match kind {
            "mixed" => Some(mixed),
            "contains" => Some(contains),
            "events" => Some(event),
            "fields" => Some(|_| r#"{"a":{"x":[1],"y":[1]},"b":{"x":[1],"y":[1]}}"#.to_owned()),
            "arrays" => Some(arrays),
            _ => None,
        }
    };
    match &arguments[..] {
        [kind, count] if of(kind).is_some() => {
            let (line, count) = (of(kind).unwrap(), count.parse().unwrap());
            match kind.as_str() {
                "fields" | "arrays" => println!("{}", line(count)),
                _ => (0..count).for_each(|index| println!("{}", line(index))),
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: match_data mixed|contains|events|fields|arrays COUNT");
            ExitCode::from(2)
        }
    }
}

/// A number below `below`, the same for the same index and salt.
fn drawn(index: usize, salt: u64, below: usize) -> usize {
    let mut bits =
        (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    bits = (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((bits ^ bits >> 32) % below as u64) as usize
}

fn mixed(index: usize) -> String {
    let kind = TYPES[drawn(index, 1, TYPES.len())];
    let family = kind.split(':').next().unwrap();
    let (word, process) = (WORDS[drawn(index, 2, WORDS.len())], PROCESSES[drawn(index, 3, PROCESSES.len())]);
    let (severity, net) = (1 + drawn(index, 4, 9), drawn(index, 5, 256));
    let account = format!("1111222{:05}", drawn(index, 6, 5_000));
    let guardduty = r#""source":["aws.guardduty"],"detail-type":["GuardDuty Finding"]"#;
    let detail = match index % 14 {
        0 => format!(r#""type":["{kind}"],"accountId":["{account}","{account}7"]"#),
        1 => format!(
            r#""type":[{{"prefix":"{family}:Runtime/{index}"}},{{"prefix":"{family}:EC2"}}],"severity":[{{"numeric":[">=",{severity}]}}],"accountId":["{account}"]"#
        ),
        2 => format!(r#""type":[{{"wildcard":"*:Kubernetes/*{index}*"}}]"#),
        3 => format!(
            r#""resource":{{"eksClusterDetails":{{"name":["cluster-{index}"]}},"kubernetesDetails":{{"kubernetesWorkloadDetails":{{"namespace":["ns-{net}"]}}}}}}"#
        ),
        4 => {
            return format!(
                r#"{{"source":["aws.securityhub"],"detail":{{"findings":{{"Types":[{{"prefix":"TTPs/{index}"}}],"RecordState":["ACTIVE"]}}}}}}"#
            );
        }
        5 => format!(
            r#""resource":{{"kubernetesDetails":{{"kubernetesWorkloadDetails":{{"namespace":["ns-{net}"],"containers":{{"name":["checkout"],"image":[{{"suffix":"checkout:1.{index}.0"}}]}}}}}}}}"#
        ),
        6 => format!(
            r#""service":{{"runtimeDetails":{{"process":{{"name":[{{"equals-ignore-case":"{}-{index}"}},{{"equals-ignore-case":"{}"}}],"userId":[{{"numeric":["=",{net}]}}]}}}}}}"#,
            process.to_uppercase(),
            process.to_uppercase()
        ),
        7 => format!(
            r#""resource":{{"instanceDetails":{{"networkInterfaces":{{"privateIpAddress":[{{"cidr":"10.{net}.{}.0/24"}}]}}}}}}"#,
            drawn(index, 7, 256)
        ),
        8 => format!(
            r#""accountId":["{account}"],"$or":[{{"severity":[{{"numeric":[">=",{severity}]}}]}},{{"type":[{{"suffix":"{index}"}}]}}]"#
        ),
        9 => {
            return format!(
                r#"{{"source":["aws.service-{index}"],"detail":{{"status":[{{"anything-but":["OK","INFO"]}}]}}}}"#
            );
        }
        10 => format!(
            r#""resource":{{"kubernetesDetails":{{"kubernetesUserDetails":{{"username":[{{"exists":false}}]}},"kubernetesWorkloadDetails":{{"serviceAccountName":["account-{index}"]}}}}}}"#
        ),
        11 => format!(r#""description":[{{"wildcard":"*{word}-{index}*"}}]"#),
        12 => format!(
            r#""service":{{"runtimeDetails":{{"process":{{"executablePath":[{{"prefix":"/tmp/{index}/"}}],"pwd":[{{"anything-but":{{"prefix":"/proc"}}}}]}}}}}}"#
        ),
        _ => format!(
            r#""region":["eu-central-1","eu-west-{index}"],"severity":[{{"numeric":[">",{severity},"<=",{}.5]}}],"resource":{{"instanceDetails":{{"imageId":["ami-{index:016x}"]}}}}"#,
            severity + 1
        ),
    };
    format!(r#"{{{guardduty},"detail":{{{detail}}}}}"#)
}

/// Over four texts of a finding, from its type to its longest.
fn contains(index: usize) -> String {
    let word = WORDS[drawn(index, 2, WORDS.len())];
    let field = match index % 4 {
        0 => format!(r#""description":[{{"wildcard":"*{word}-{index}*"}}]"#),
        1 => format!(r#""title":[{{"wildcard":"*{word} {index}*"}}]"#),
        2 => format!(r#""type":[{{"wildcard":"*{}{index}*"}}]"#, &TYPES[index % TYPES.len()][5..12]),
        _ => format!(
            r#""resource":{{"kubernetesDetails":{{"kubernetesWorkloadDetails":{{"name":[{{"wildcard":"*{word}-{index}*"}}]}}}}}}"#
        ),
    };
    format!(r#"{{"detail":{{{field}}}}}"#)
}

fn event(index: usize) -> String {
    let net = drawn(index, 5, 256);
    EVENT
        .trim()
        .replace("Execution:Runtime/NewBinaryExecuted", TYPES[drawn(index, 11, TYPES.len())])
        .replace("111122223333", &format!("1111222{:05}", drawn(index, 12, 5_000)))
        .replace("\"payments-prod\"", &format!("\"cluster-{}\"", drawn(index, 13, 10_000)))
        .replace("\"namespace\":\"checkout\"", &format!("\"namespace\":\"ns-{net}\""))
        .replace("kdevtmpfsi", PROCESSES[drawn(index, 14, PROCESSES.len())])
        .replace("10.40.17.23", &format!("10.{net}.{}.{}", drawn(index, 15, 256), drawn(index, 16, 256)))
        .replace("\"severity\":5", &format!("\"severity\":{}", 1 + drawn(index, 17, 9)))
        .replace("checkout:1.42.0", &format!("checkout:1.{}.0", drawn(index, 18, 10_000)))
        .replace(
            "newly created binary",
            &format!("newly created {}-{}", WORDS[drawn(index, 19, WORDS.len())], drawn(index, 20, 10_000)),
        )
}

/// In no element both fields have the wanted value.
fn arrays(elements: usize) -> String {
    let array = format!("[{}]", vec![r#"{"x":1},{"y":1}"#; elements / 2].join(","));
    format!(r#"{{"a":{array},"b":{array}}}"#)
}
