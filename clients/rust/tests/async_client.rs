//! What the conformance suite cannot see of the async client.
#![allow(clippy::unwrap_used)]

mod scripted;

use merklekv_client::{AsyncClient, Error, Pipeline};
use scripted::ScriptedNode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_reply_to_the_next_one() {
    let node = ScriptedNode::play(&[&[("GET a", "VALUE of")], &[("GET b", "VALUE of b\r\n")]]);
    let mut client = AsyncClient::connect(&node.address).await.unwrap();
    let dropped = timeout(Duration::from_millis(20), client.get("a")).await;
    assert!(dropped.is_err(), "{dropped:?}");
    assert_eq!(client.get("b").await.unwrap().unwrap(), "of b");
}

#[tokio::test]
async fn a_pipeline_that_is_dropped_leaves_no_reply_either() {
    let node =
        ScriptedNode::play(&[&[("PING", "PONG\r\n"), ("PING", "")], &[("PING", "PONG\r\n")]]);
    let mut client = AsyncClient::connect(&node.address).await.unwrap();
    let mut pipeline = Pipeline::new();
    pipeline.ping().ping();
    let dropped = timeout(Duration::from_millis(20), client.run(&pipeline)).await;
    assert!(dropped.is_err(), "{dropped:?}");
    assert_eq!(client.ping().await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_scan_asks_for_a_page_when_its_first_key_is_wanted() {
    let node = ScriptedNode::play(&[&[
        ("PING", "PONG\r\n"),
        ("SCAN \"\" LIMIT 1000", "KEYS 2\r\na1\r\na2\r\nEND\r\n"),
        ("PING", "PONG\r\n"),
    ]]);
    let mut client = AsyncClient::connect(&node.address).await.unwrap();
    drop(client.scan("never asked"));
    client.ping().await.unwrap();
    assert_eq!(client.scan("").next().await.unwrap().unwrap(), "a1");
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_client_of_its_own_for_each_task() {
    let node = ScriptedNode::echo(4);
    let mut tasks = Vec::new();
    for number in 0..4 {
        let mut client = AsyncClient::connect(&node.address).await.unwrap();
        tasks.push(tokio::spawn(async move {
            for call in 0..100 {
                let message = format!("{number} {call}");
                assert_eq!(client.echo(&message).await.unwrap(), message);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn tasks_that_share_a_client_take_turns() {
    let node = ScriptedNode::echo(1);
    let client = Arc::new(Mutex::new(AsyncClient::connect(&node.address).await.unwrap()));
    let tasks = (0..4).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            for call in 0..100 {
                let message = format!("{number} {call}");
                assert_eq!(client.lock().await.echo(&message).await.unwrap(), message);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn futures_of_every_kind_may_move_between_threads() {
    fn movable<T: Send>(_: T) {}
    let mut client = AsyncClient::builder().build_async().unwrap();
    movable(client.get("k"));
    movable(client.mset([("k", "v")]));
    movable(client.run(&Pipeline::new()));
    movable(client.scan("").next());
    movable(client);
}

#[tokio::test]
async fn a_closed_client_stays_closed() {
    let node = ScriptedNode::play(&[&[]]);
    let mut client = AsyncClient::connect(&node.address).await.unwrap();
    client.close();
    client.close();
    let error = client.ping().await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
}
