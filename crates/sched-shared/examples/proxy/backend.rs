//! A tiny backend, and a client to ask through the proxy: what the example shows itself with.
//!
//! A backend answers its name after a millisecond. Killed, it drops its listener and every
//! connection in the middle of whatever they do, as a process that dies would.

use super::Failure;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A backend that runs until it is killed.
pub(crate) struct Backend {
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Backend {
    /// Answers `name` at this address; port 0 lets the system choose one.
    pub(crate) async fn start(name: &'static str, at: SocketAddr) -> Result<Backend, Failure> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new(); // dropped with this task, and they with it
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let service = service_fn(|_: Request<Incoming>| async move {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(name))))
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    // An error here is a client that went away.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Backend { address, accepting: Some(accepting) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks everything off, and returns when nothing is left of it.
    pub(crate) async fn kill(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // The error says that it was aborted.
            let _ = accepting.await;
        }
    }
}

/// Asks once: status and body.
pub(crate) async fn get(at: SocketAddr) -> Result<(u16, Bytes), Failure> {
    let stream = TcpStream::connect(at).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get("/").header("host", at.to_string()).body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}
