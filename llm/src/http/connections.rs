//! Connections: accepted, served, and closed when their client is too slow or the server ends.
//!
//! In place of axum's own loop, which waits for ever for the rest of a request's head: clients that send
//! a byte now and then would hold connections until there are none left. The same time-out closes those
//! that are kept open without a request.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long a client may take for the head of a request, from the connection or the answer before.
const HEAD: Duration = Duration::from_secs(30);

/// How long to wait when the system gives no more connections.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `asked` to end and the answers under way are complete.
pub async fn serve(listener: TcpListener, router: Router, asked: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let open = GracefulShutdown::new();
    let mut asked = pin!(asked);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // Of a connection that is gone already, or for want of descriptors.
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            () = &mut asked => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        // What goes wrong with one is the client's affair, and in its ticket.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    open.shutdown().await;
}
