//! Promises about connections: how long each may stay, and which one makes room.

use super::*;

const US: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn peer(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// How long a connection may stay as it is now, and why it ends then.
async fn stays(line: &Line) -> (u64, End) {
    let began = Instant::now();
    let end = line.end().await;
    (began.elapsed().as_secs(), end)
}

#[tokio::test(start_paused = true)]
async fn each_standing_has_its_time_and_who_has_shown_nothing_the_least() {
    let lines = Lines::default();
    let place = lines.add(US, US, Standing::Unproven);
    let line = &place.line;
    assert_eq!(stays(line).await, (10, End::Overdue));
    line.reading();
    line.working();
    line.answered();
    assert_eq!(line.end().await, End::Overdue, "what it asks does not give it more time");
    line.proven();
    assert_eq!(stays(line).await, (300, End::Overdue));
    line.reading();
    assert_eq!(stays(line).await, (40, End::Overdue));
    line.answered();
    assert_eq!(stays(line).await, (75, End::Idle));
    line.leaving();
    assert_eq!(stays(line).await, (10, End::Overdue));
}

#[tokio::test(start_paused = true)]
async fn who_has_shown_least_makes_room_and_who_is_to_be_answered_never_does() {
    let lines = Lines::default();
    let from = |address| lines.add(peer(address), US, Standing::Unproven);
    let (working, idle, reading, unproven) =
        (from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3"), from("192.0.2.4"));
    for place in [&working, &idle, &reading] {
        place.line.proven();
    }
    idle.line.answered();
    reading.line.reading();
    assert_eq!(lines.make_room(), Some(peer("192.0.2.4")));
    assert_eq!(unproven.line.end().await, End::MakesRoom);
    assert_eq!(lines.make_room(), Some(peer("192.0.2.2")));
    assert_eq!(lines.make_room(), None, "the body has only begun to come");
    tokio::time::advance(UNHURRIED * 2).await;
    assert_eq!(lines.make_room(), Some(peer("192.0.2.3")));
    assert_eq!(lines.make_room(), None, "the last one is to be answered");
}

#[tokio::test(start_paused = true)]
async fn of_those_who_have_shown_the_same_it_is_the_oldest_from_where_most_come() {
    let lines = Lines::default();
    let mut places = Vec::new();
    for address in ["192.0.2.1", "192.0.2.9", "192.0.2.9", "192.0.2.2", "192.0.2.9"] {
        places.push(lines.add(peer(address), US, Standing::Unproven));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let asked = |places: &[Place]| -> Vec<bool> {
        places.iter().map(|place| place.line.stand.borrow().is_to_go).collect()
    };
    lines.make_room();
    assert_eq!(asked(&places), [false, true, false, false, false]);
    places.remove(1);
    lines.make_room();
    assert_eq!(asked(&places), [false, true, false, false]);
    places.remove(1);
    lines.make_room();
    assert_eq!(asked(&places), [true, false, false], "each is from another place: the oldest");
}

#[test]
fn one_network_of_ipv6_is_one_place_to_come_from() {
    assert_eq!(network(peer("2001:db8:1:2:3:4:5:6")), network(peer("2001:db8:1:2:ffff::1")));
    assert_ne!(network(peer("2001:db8:1:2::1")), network(peer("2001:db8:1:3::1")));
    assert_eq!(network(peer("::ffff:192.0.2.1")), peer("192.0.2.1"));
}
