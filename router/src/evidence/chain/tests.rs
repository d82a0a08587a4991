//! Promises about the chain, in a folder.
#![allow(clippy::unwrap_used)]

use futures_util::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::clients::Clients;
use crate::evidence::config::{DirectoryConfig, To};

async fn place() -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let to = To::Directory(DirectoryConfig { path: folder.path().to_owned() });
    let place = Place::new(to, &Clients::new(None).unwrap()).await.unwrap();
    (folder, place)
}

async fn link(place: &Place, sequence: u64) -> (Link, String) {
    let bytes = place.get(&key(sequence)).await.unwrap().unwrap();
    (Link::read(&bytes).unwrap(), sha256(&bytes))
}

#[tokio::test]
async fn each_link_has_the_sum_of_the_one_before() {
    let (_folder, place) = place().await;
    let chain = Chain::default();
    assert_eq!(chain.last(&place).await, Ok(0));
    for (sequence, bundle) in [(1, "a"), (2, "b"), (3, "c")] {
        let linked = chain.append(&place, bundle, "sum", sequence - 1).await.unwrap();
        assert_eq!(linked, Linked { sequence, manifest_sha256: "sum".to_owned(), gap: None });
        assert_eq!(chain.last(&place).await, Ok(sequence));
    }
    let (first, sum) = link(&place, 1).await;
    assert_eq!((first.previous.as_str(), first.bundle.as_str()), (NOTHING, "a"));
    let (second, second_sum) = link(&place, 2).await;
    assert_eq!(second.previous, sum);
    assert_eq!(link(&place, 3).await.0.previous, second_sum);
}

#[tokio::test]
async fn a_bundle_is_linked_once_however_many_ask_at_once() {
    let (_folder, place) = place().await;
    let chains = [Chain::default(), Chain::default(), Chain::default()];
    let asks = chains.iter().flat_map(|chain| ["a", "b", "a"].map(|bundle| (chain, bundle)));
    let linked = join_all(asks.map(|(chain, bundle)| chain.append(&place, bundle, bundle, 0))).await;
    let mut links: Vec<_> = linked.into_iter().map(Result::unwrap).collect();
    links.sort_by_key(|linked| linked.sequence);
    links.dedup();
    assert_eq!(links.len(), 2, "{links:?}");
    assert_eq!(place.list(folder()).await.unwrap(), [key(1), key(2)]);
    assert_eq!(link(&place, 2).await.0.previous, link(&place, 1).await.1);
}

#[tokio::test]
async fn a_link_that_was_removed_does_not_stop_the_chain_and_is_told() {
    let (folder, place) = place().await;
    let chain = Chain::default();
    chain.append(&place, "a", "sum", 0).await.unwrap();
    std::fs::remove_file(folder.path().join(key(1))).unwrap();
    let linked = chain.append(&place, "b", "sum", 1).await.unwrap();
    assert_eq!(linked, Linked { sequence: 2, manifest_sha256: "sum".to_owned(), gap: Some(1) });
}

#[test]
fn the_name_of_a_link_is_its_number_in_ten_digits() {
    assert_eq!(key(7), "chain/0000000007.json");
    assert_eq!(parse_key("chain/0000000007.json"), Some(7));
    for wrong in ["chain/7.json", "chain/0000000000.json", "chain/0000000007.txt", "chain/x", "bundles/a"] {
        assert_eq!(parse_key(wrong), None, "{wrong}");
    }
}
