//! What the queue hands out when its store has given up.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::failing;

#[tokio::test]
async fn a_p0_that_was_queued_is_handed_out_although_the_store_gives_up() {
    let (_folder, disk, embedded) = failing::store();
    let store = Store::Embedded(embedded);
    let spool = Spool::new(&store).unwrap();
    let messages = [(Lane::Express, "done"), (Lane::Ordinary, "routine"), (Lane::Express, "urgent")];
    spool.append(messages.map(|(lane, body)| (lane, body.to_owned())).to_vec()).await.unwrap();
    spool.delete(&[0]).await.unwrap();
    disk.set_panicking();
    store.ping().await.unwrap_err();
    assert!(store.broken().is_some());
    let handed_out = spool.receive(Lane::Express, 9).await.unwrap();
    let seen: Vec<_> = handed_out.iter().map(|one| (one.sequence, one.body.as_str(), one.receives)).collect();
    assert_eq!(seen, [(2, "urgent", 1)]);
    spool.receive(Lane::Ordinary, 9).await.unwrap_err();
    assert_eq!(spool.depth(), 2, "neither is lost");
}
