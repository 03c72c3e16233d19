//! The example's proxy before real sockets: every request is answered, also when a backend dies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

#[path = "../examples/proxy/backend.rs"]
mod backend;
#[path = "../examples/proxy/proxy.rs"]
mod proxy;

use backend::{Backend, get};
use proxy::Proxy;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

async fn backends() -> Vec<Backend> {
    let mut backends = Vec::new();
    for name in ["a", "b", "c"] {
        backends.push(Backend::start(name, ANYWHERE.into()).await.unwrap());
    }
    backends
}

async fn proxy(policy: &str, backends: &[Backend]) -> (Arc<Proxy>, SocketAddr) {
    let proxy = Proxy::new(policy, backends.iter().map(Backend::address).collect()).unwrap();
    let listener = TcpListener::bind(SocketAddr::from(ANYWHERE)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Arc::clone(&proxy).run(listener));
    (proxy, address)
}

/// So many at once; how many of them each of a, b and c answered. All must be.
async fn ask(at: SocketAddr, count: usize) -> [u64; 3] {
    let requests: Vec<_> = (0..count).map(|_| tokio::spawn(get(at))).collect();
    let mut by = [0; 3];
    for request in requests {
        let (status, body) = request.await.unwrap().unwrap();
        assert_eq!(status, 200);
        by[usize::from(body[0] - b'a')] += 1;
    }
    by
}

fn counts(proxy: &Proxy) -> Vec<u64> {
    proxy.counts().map(|(_, answered, _)| answered).collect()
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}

#[test]
fn every_request_is_answered_and_counted_where_it_was() {
    run(async {
        for policy in ["power_of_two", "round_robin", "load_aware_spread"] {
            let backends = backends().await;
            let (proxy, address) = proxy(policy, &backends).await;
            let by = ask(address, 150).await;
            assert_eq!(counts(&proxy), by, "{policy}");
            assert!(by.iter().all(|&answered| answered > 0), "{policy} {by:?}");
        }
    });
}

#[test]
fn a_backend_that_dies_costs_no_request_and_comes_back() {
    run(async {
        for policy in ["power_of_two", "round_robin", "fifo"] {
            let mut backends = backends().await;
            let (proxy, address) = proxy(policy, &backends).await;
            // It dies in the middle of requests.
            let asked = tokio::spawn(ask(address, 300));
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            backends[0].kill().await;
            let by = asked.await.unwrap();
            assert_eq!(by.iter().sum::<u64>(), 300, "{policy}");
            // And stays dead: the others answer.
            let before = counts(&proxy)[0];
            let by = ask(address, 90).await;
            assert_eq!((by[0], by[1] + by[2]), (0, 90), "{policy}");
            assert_eq!(counts(&proxy)[0], before, "{policy}");
            // Until it is back, and a probe finds it.
            backends[0] = Backend::start("a", backends[0].address()).await.unwrap();
            let mut back = 0;
            for _ in 0..200 {
                back += ask(address, 30).await[0];
                if back > 0 {
                    break;
                }
                tokio::time::sleep(proxy::PROBE / 4).await;
            }
            assert!(back > 0, "{policy}: it came back and nobody asks it");
        }
    });
}

#[test]
fn an_unknown_policy_is_refused_with_the_remedy() {
    let error = Proxy::new("power_of_too", vec![ANYWHERE.into()]).err().unwrap().to_string();
    assert!(error.contains("did you mean `power_of_two`?"), "{error}");
}
