//! Names that many threads ask for at once, until there are none.

use super::*;
use std::thread;

#[test]
fn a_node_has_one_name_whoever_asks_first_and_none_when_all_are_given_away() {
    let writers = Writers::new();
    let ids = || (1..=300).map(|id| NodeId(id << 32 | 0xabcd));
    let name_all = || -> Vec<Option<u8>> { ids().map(|id| writers.name_of(id)).collect() };
    let names: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(name_all)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(names.iter().all(|same| *same == names[0]));
    assert!(names[0].iter().map(Option::is_some).eq((0..300).map(|at| at < NAMES)));
    for (id, name) in ids().zip(&names[0]) {
        assert!(name.is_none_or(|name| writers.node(name) == id));
    }
    assert_eq!(Writers::new().name_of(NodeId(0)), None);
}
