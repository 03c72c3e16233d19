//! Full: refusing at once, standing in line, leaving the line, and nodes that come and go meanwhile.
//!
//! Each body runs for both ways, because a host must not care which one its policy has.

use sched_core::{
    ClusterSpec, Group, GroupSet, Infeasible, NodeId, PolicySpec, Registry, Resources,
};
use sched_shared::{Call, Placing, Refusal, Seat, Shared};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn shared(policy: &str, cluster: &ClusterSpec) -> Shared {
    let policy = PolicySpec::named(policy).with("bind", "late");
    Shared::new(&Registry::builtin().resolve(&policy).unwrap(), cluster, 1)
}

/// One policy of each way, on one node of one slot.
fn both(check: impl Fn(&Shared)) {
    for policy in ["power_of_two", "round_robin", "load_aware_spread", "fifo"] {
        check(&shared(policy, &ClusterSpec::uniform(1, 1).unwrap()));
    }
}

fn waits(placing: Placing<&Shared>) -> Placing<&Shared> {
    placing.try_now().expect_err("nothing is free")
}

fn got(placing: Placing<&Shared>) -> Seat<&Shared> {
    placing.try_now().expect("it is its turn").unwrap()
}

const NODE: NodeId = NodeId(0);

#[test]
fn a_full_cluster_refuses_at_once_and_takes_again() {
    both(|shared| {
        let seat = shared.try_place(&Call::slot()).unwrap();
        for _ in 0..100 {
            assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow));
        }
        assert!(seat.done());
        for _ in 0..100 {
            drop(shared.try_place(&Call::slot()).unwrap());
        }
    });
}

#[test]
fn lines_are_served_in_order_and_newcomers_stand_behind() {
    both(|shared| {
        let seat = shared.try_place(&Call::slot()).unwrap();
        let first = waits(shared.place(&Call::slot()));
        let second = waits(shared.place(&Call::slot()));
        drop(seat);
        assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow));
        let seat = got(first);
        let second = waits(second);
        drop(seat);
        drop(got(second));
        assert!(shared.try_place(&Call::slot()).is_ok());
    });
}

#[test]
fn who_leaves_the_line_holds_up_nobody() {
    both(|shared| {
        let seat = shared.try_place(&Call::slot()).unwrap();
        let first = waits(shared.place(&Call::slot()));
        let second = waits(shared.place(&Call::slot()));
        drop(first);
        drop(seat);
        drop(second); // it had its turn: the seat goes back
        drop(got(shared.place(&Call::slot())));
    });
}

#[test]
fn who_leaves_lets_those_behind_it_go() {
    for policy in ["random", "fifo"] {
        let shared = shared(policy, &ClusterSpec::uniform(1, 2).unwrap());
        let half = Call::new(Resources::milli_cpu(1000));
        let whole = Call::new(Resources::milli_cpu(2000));
        let seat = shared.try_place(&half).unwrap();
        let large = waits(shared.place(&whole));
        let small = waits(shared.place(&half));
        drop(large);
        if policy == "random" {
            drop(got(small)); // the counters' line knows that it has left
            drop(seat);
        } else {
            drop(seat); // the scheduler meets the one that left at its turn
            drop(got(small));
        }
        drop(got(shared.place(&whole)));
    }
}

#[test]
fn a_seat_of_a_lost_node_frees_nothing_after_its_return() {
    both(|shared| {
        let old = shared.try_place(&Call::slot()).unwrap();
        let ticket = shared.try_place(&Call::slot()).err();
        assert_eq!(ticket, Some(Refusal::NotNow));
        shared.node_down(NODE);
        assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow));
        let waiting = waits(shared.place(&Call::slot()));
        shared.node_up(NODE);
        let new = got(waiting);
        assert!(!old.done(), "its node was lost");
        assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow), "given twice");
        assert!(new.done());
        drop(shared.try_place(&Call::slot()).unwrap());
    });
}

#[test]
fn a_draining_node_finishes_what_it_has() {
    both(|shared| {
        let seat = shared.try_place(&Call::slot()).unwrap();
        shared.node_drain(NODE);
        let waiting = waits(shared.place(&Call::slot()));
        assert!(seat.done());
        let waiting = waits(waiting);
        shared.node_up(NODE);
        drop(got(waiting));
    });
}

#[test]
fn never_is_said_at_once_with_the_reason() {
    both(|shared| {
        let large = Call::new(Resources::milli_cpu(1001));
        let Refusal::Never(Infeasible::TooLarge { demand, .. }) =
            shared.try_place(&large).unwrap_err()
        else {
            panic!("too large for ever")
        };
        assert_eq!(demand, large.demand);
        assert!(matches!(shared.place(&large).wait(), Err(Refusal::Never(_))));
        let elsewhere = Call { on: GroupSet::only(7), ..Call::slot() };
        assert_eq!(shared.try_place(&elsewhere).err(), Some(Refusal::Never(Infeasible::NoGroup)));
    });
}

#[test]
fn lines_of_groups_with_nothing_in_common_do_not_wait_for_each_other() {
    let groups = vec![Group::of_slots("a", 1, 1), Group::of_slots("b", 1, 1)];
    let cluster = ClusterSpec::new(groups).unwrap();
    for policy in ["random", "load_aware_spread"] {
        let shared = shared(policy, &cluster);
        let of = |group| Call { on: GroupSet::only(group), ..Call::slot() };
        let a = shared.try_place(&of(0)).unwrap();
        let second_a = waits(shared.place(&of(0)));
        drop(shared.try_place(&of(1)).unwrap());
        // One that may use both waits for neither of the line's: it takes what is not kept.
        let any = got(shared.place(&Call::slot()));
        assert_eq!(any.node(), NodeId(1));
        drop(a);
        assert_eq!(got(second_a).node(), NodeId(0));
    }
}

#[test]
fn a_ticket_outlives_its_seat_and_is_brought_back_by_hand() {
    both(|shared| {
        let ticket = shared.try_place(&Call::slot()).unwrap().into_ticket();
        assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow));
        assert!(shared.done(ticket));
        drop(shared.try_place(&Call::slot()).unwrap());
    });
}

#[test]
fn a_future_is_woken_when_its_turn_comes() {
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    both(|shared| {
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let seat = shared.try_place(&Call::slot()).unwrap();
        let mut placing = pin!(shared.place(&Call::slot()));
        assert!(placing.as_mut().poll(&mut context).is_pending());
        assert!(placing.as_mut().poll(&mut context).is_pending());
        drop(seat);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        let Poll::Ready(Ok(seat)) = placing.as_mut().poll(&mut context) else { panic!("woken") };
        assert_eq!(seat.node(), NODE);
    });
}
