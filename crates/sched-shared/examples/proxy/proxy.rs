//! The proxy itself: a seat for every request, health by what happens, and a try elsewhere.
//!
//! A request takes a seat on a backend and keeps it until its answer has gone out to the last byte. A
//! backend that cannot be connected to, or that breaks off before it answers, is down until a probe
//! connects; the request goes elsewhere if nothing of it was sent or if it may be repeated.

use super::Failure;
use http_body_util::{BodyExt as _, Either, Empty, combinators::BoxBody};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sched_core::{ClusterSpec, NodeId, PolicySpec, Registry};
use sched_shared::{Call, Seat, Shared};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How often backends that are down are tried.
pub(crate) const PROBE: Duration = Duration::from_millis(100);
/// How long a request may wait for a backend, and a connection for its other end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests at one backend at a time; the rest wait in line here, where any backend can have them.
const SLOTS: u32 = 32;

/// Headers of one connection, not of the message.
const OF_CONNECTION: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A reverse proxy.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    backends: Vec<Backend>, // by node
}

struct Backend {
    address: SocketAddr,
    answered: AtomicU64,
    is_up: AtomicBool,
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Why there is no answer from a backend.
enum Failed {
    /// Nothing was sent, or it may be sent again: the request comes back.
    Again(Box<Parts>, Option<Incoming>),
    /// It may have been carried out.
    Over,
}

impl Proxy {
    /// Balances over these backends by a policy of the registry.
    pub(crate) fn new(policy: &str, backends: Vec<SocketAddr>) -> Result<Arc<Proxy>, Failure> {
        let policy = PolicySpec::named(policy).with("bind", "late");
        let policy = Registry::builtin().resolve(&policy)?;
        let cluster = ClusterSpec::uniform(backends.len() as u32, SLOTS)?;
        let backend = |address| Backend {
            address,
            answered: AtomicU64::new(0),
            is_up: AtomicBool::new(true),
        };
        let backends = backends.into_iter().map(backend).collect();
        Ok(Arc::new(Proxy { shared: Arc::new(Shared::new(&policy, &cluster, 0)), backends }))
    }

    /// Address, answers so far, and whether it is up, of each backend.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (SocketAddr, u64, bool)> {
        self.backends.iter().map(|backend| {
            let answered = backend.answered.load(Ordering::Relaxed);
            (backend.address, answered, backend.is_up.load(Ordering::Relaxed))
        })
    }

    /// Serves whoever connects, for ever.
    pub(crate) async fn run(self: Arc<Proxy>, listener: TcpListener) {
        tokio::spawn(Arc::clone(&self).probe());
        while let Ok((stream, _)) = listener.accept().await {
            let proxy = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let proxy = Arc::clone(&proxy);
                    async move { Ok::<_, Infallible>(proxy.answer(request).await) }
                });
                let server = hyper::server::conn::http1::Builder::new();
                // An error here is a client that went away: nobody is left to be told.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (mut parts, body) = request.into_parts();
        for name in &OF_CONNECTION {
            parts.headers.remove(name);
        }
        let mut body = if body.is_end_stream() { None } else { Some(body) };
        // Each failure takes a backend away, so there is an end to it; probes may bring some back.
        for _ in 0..=2 * self.backends.len() {
            let placing = self.shared.place_owned(&Call::slot());
            let Ok(Ok(seat)) = timeout(PATIENCE, placing).await else { break };
            let node = seat.node();
            match self.forward(parts, body, seat).await {
                Ok(answer) => {
                    self.backends[node.index()].answered.fetch_add(1, Ordering::Relaxed);
                    return answer;
                }
                Err(failed) => {
                    self.backends[node.index()].is_up.store(false, Ordering::Relaxed);
                    self.shared.node_down(node);
                    match failed {
                        Failed::Again(again, rest) => (parts, body) = (*again, rest),
                        Failed::Over => return empty(StatusCode::BAD_GATEWAY),
                    }
                }
            }
        }
        empty(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Sends a request to the seat's backend. The seat goes along with the answer's body.
    async fn forward(
        &self,
        parts: Parts,
        body: Option<Incoming>,
        seat: Seat<Arc<Shared>>,
    ) -> Result<Answer, Failed> {
        let address = self.backends[seat.node().index()].address;
        let Ok(Ok(stream)) = timeout(PATIENCE, TcpStream::connect(address)).await else {
            return Err(Failed::Again(Box::new(parts), body));
        };
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let Ok((mut sender, connection)) = handshake.await else {
            return Err(Failed::Again(Box::new(parts), body));
        };
        tokio::spawn(connection);
        let repeatable = (body.is_none() && parts.method.is_idempotent()).then(|| parts.clone());
        let body = body.map_or_else(|| Either::Right(Empty::<Bytes>::new()), Either::Left);
        match sender.send_request(Request::from_parts(parts, body)).await {
            Ok(answer) => Ok(answer.map(|body| Seated { body, _seat: seat }.boxed())),
            Err(_) => {
                Err(repeatable.map_or(Failed::Over, |parts| Failed::Again(Box::new(parts), None)))
            }
        }
    }

    /// Tries backends that are down, and lets those come back that can be connected to.
    async fn probe(self: Arc<Proxy>) {
        loop {
            tokio::time::sleep(PROBE).await;
            for (backend, node) in self.backends.iter().zip((0..).map(NodeId)) {
                if !backend.is_up.load(Ordering::Relaxed)
                    && let Ok(Ok(_)) = timeout(PATIENCE, TcpStream::connect(backend.address)).await
                {
                    backend.is_up.store(true, Ordering::Relaxed);
                    self.shared.node_up(node);
                }
            }
        }
    }
}

fn empty(status: StatusCode) -> Answer {
    let never = |never: Infallible| match never {};
    let mut answer = Response::new(Empty::new().map_err(never).boxed());
    *answer.status_mut() = status;
    answer
}

/// The body of an answer, and the seat that its request holds until the body ends.
struct Seated {
    body: Incoming,
    _seat: Seat<Arc<Shared>>,
}

impl Body for Seated {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
