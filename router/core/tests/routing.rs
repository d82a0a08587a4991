//! Whom a tree of routes has told, beside what `amtool config routes test` says of the same tree: `routing.txt`.
//!
//! A tree is its name after `=== `, the tree as JSON, `>>>`, and a case in each line: labels, Alertmanager's answer, and
//! ours where it is another. `tests/compare-routing` asks amtool again and says what differs.

use jiff::Timestamp;
use watchfire_core::attributes::matchers::labelled;
use watchfire_core::calendar::Calendar;
use watchfire_core::ids::{ChannelName, RouteName};
use watchfire_core::policy::{Routes, TreeConfig};
use watchfire_core::yaml::Node;

const TABLE: &str = include_str!("routing.txt");

#[test]
fn every_case_of_the_table_goes_as_alertmanager_says_but_where_the_table_says_otherwise() {
    let (mut cases, mut wrong) = (0, Vec::new());
    for part in TABLE.split("=== ").skip(1) {
        let (tree, lines) = part.split_once(">>>\n").expect("a tree and its cases");
        let (name, tree) = tree.split_once('\n').expect("a name and a tree");
        let tree: TreeConfig = Node::parse(tree).expect("JSON").read().expect("a tree");
        let routes = Routes::all_to(&ChannelName::new("oncall")).with(tree.tree(&Calendar::default()));
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let mut columns = line.split('|').map(str::trim);
            let labels: Vec<_> = columns.next().expect("labels").split(' ').map(str::to_owned).collect();
            let theirs = columns.next().expect("Alertmanager's answer");
            let expected = columns.next().unwrap_or(theirs);
            let (json, priority) = labelled(&labels).expect("labels");
            let routed = routes.at(&json, priority, Timestamp::UNIX_EPOCH);
            let by = routed.by.iter().map(RouteName::as_str).collect::<Vec<_>>().join(",");
            if by != expected {
                wrong.push(format!("{name}: {line}: {by}"));
            }
            cases += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(cases >= 30, "{cases}");
}
