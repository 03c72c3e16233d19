//! What driver and Python say to each other: one JSON object a line.
//!
//! The other end is `python/ray_side.py`, which lists the same. It is a child of this very process, so
//! what it says is checked for sense, not for malice.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The first line to it.
#[derive(Serialize, Debug)]
pub(super) struct Hello<'a> {
    pub(super) address: &'a str,
    pub(super) folder: &'a str,
    pub(super) token: &'a str,
    /// For workers beyond this host, PEM.
    pub(super) certificate: &'a str,
    pub(super) key: &'a str,
}

/// What it is to do.
#[derive(Serialize, Debug)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(super) enum Order<'a> {
    /// Have a worker for each node of a run.
    Workers { slots: &'a [u32] },
    /// The worker at this address is of no use any more.
    Renew { node: u32, address: SocketAddr },
    /// Be ready for calls.
    Tasks { slots: &'a [u32], speeds: &'a [f64], strategy: &'a str, compute: bool },
    /// Run them.
    Calls { calls: &'a [Ask] },
}

/// A call: ticket, service time in ns, rounds to be burnt, index of the task, milli-CPU.
pub(super) type Ask = (u64, u64, u32, u64, u64);

/// A call that has ended: ticket, node, execution in ns, and why Ray lost it.
pub(super) type Done = (u64, Option<u32>, u64, Option<String>);

/// What it says.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(tag = "say", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Word {
    /// The last order was carried out.
    Ready {},
    /// It was not.
    Refused { why: String },
    /// Nothing can be done any more.
    Gone { why: String },
    /// A node has a worker, and this is where it listens.
    Worker { node: u32, address: SocketAddr },
    /// It has none any more.
    Lost { node: u32, why: String },
    /// So many processes for tasks are there before a run starts.
    Warm { processes: u32, slots: u32 },
    /// Calls have ended.
    Done { calls: Vec<Done> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_what_the_script_reads() {
        let line = |order: &Order<'_>| serde_json::to_string(order).unwrap();
        assert_eq!(line(&Order::Workers { slots: &[4, 2] }), r#"{"do":"workers","slots":[4,2]}"#);
        let renew = Order::Renew { node: 1, address: "127.0.0.1:7".parse().unwrap() };
        assert_eq!(line(&renew), r#"{"do":"renew","node":1,"address":"127.0.0.1:7"}"#);
        let tasks = Order::Tasks { slots: &[1], speeds: &[0.5], strategy: "SPREAD", compute: true };
        let text =
            r#"{"do":"tasks","slots":[1],"speeds":[0.5],"strategy":"SPREAD","compute":true}"#;
        assert_eq!(line(&tasks), text);
        let calls = Order::Calls { calls: &[(7, 1_000, 0, 3, 1_000)] };
        assert_eq!(line(&calls), r#"{"do":"calls","calls":[[7,1000,0,3,1000]]}"#);
    }

    #[test]
    fn words_are_what_the_script_says() {
        let word = |line: &str| serde_json::from_str::<Word>(line);
        assert_eq!(word(r#"{"say": "ready"}"#).unwrap(), Word::Ready {});
        let address = "127.0.0.2:70".parse().unwrap();
        let worker = word(r#"{"say": "worker", "node": 2, "address": "127.0.0.2:70"}"#).unwrap();
        assert_eq!(worker, Word::Worker { node: 2, address });
        let done = word(r#"{"say": "done", "calls": [[1, 3, 99, null], [2, null, 0, "x"]]}"#);
        let calls = vec![(1, Some(3), 99, None), (2, None, 0, Some("x".to_owned()))];
        assert_eq!(done.unwrap(), Word::Done { calls });
        for wrong in ["", "ready", r#"{"say": "worker", "node": -1}"#, r#"{"say": "hello"}"#] {
            assert!(word(wrong).is_err(), "{wrong}");
        }
    }
}
