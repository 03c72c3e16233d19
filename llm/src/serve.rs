//! Loads the models, listens, and ends well.
//!
//! `main` gives it checked flags. Everything that can be wrong with a model or an address is found
//! before the line that says the server is ready.

use crate::args::{Config, USUAL};
use crate::chat::Model;
use crate::embed::Embedder;
use crate::http::{Bounds, Server, connections};
use anyhow::{Context as _, Result};
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// Why the server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Asked to, by SIGTERM or the end of standard input.
    Asked,
    /// By SIGINT.
    Interrupted,
}

/// A server that has its models and its address.
pub struct Ready {
    server: Server,
    listener: std::net::TcpListener,
    grace: Duration,
    until_stdin_closes: bool,
}

/// Loads what the configuration names, and takes the address.
///
/// # Errors
/// A model that cannot be loaded, or an address that cannot be had.
pub fn prepare(config: Config) -> Result<Ready> {
    let listener = std::net::TcpListener::bind(config.listen)
        .with_context(|| format!("--listen {}", config.listen))?;
    listener.set_nonblocking(true)?;
    let created = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut server = Server::new(config.key, created)?;
    if let Some(path) = &config.chat_model {
        let model = Model::load(path)?;
        let context = config.context.min(model.llama.shape.context);
        let bounds =
            Bounds { context, most: config.max_tokens, usual: USUAL.min(config.max_tokens) };
        server = server.with_chat(model, config.limits, bounds, config.queue)?;
    }
    if let Some(path) = &config.embedding_model {
        server = server.with_embedding(Embedder::load(path)?, config.max_texts, config.queue)?;
    }
    let Config { grace, until_stdin_closes, .. } = config;
    Ok(Ready { server, listener, grace, until_stdin_closes })
}

impl Ready {
    /// Serves until asked to end and the answers under way are complete, or the grace is over.
    ///
    /// # Errors
    /// The system's, about sockets and signals.
    pub async fn serve(self) -> Result<Ended> {
        let listener = TcpListener::from_std(self.listener)?;
        let address = listener.local_addr()?;
        let ending = ending(self.until_stdin_closes)?;
        let mut asked = ending.clone();
        let serving = connections::serve(listener, self.server.router(), async move {
            let _ = asked.wait_for(Option::is_some).await;
        });
        println!("listening on http://{address}");
        std::io::stdout().flush()?;
        let mut asked = ending;
        let over = async {
            let _ = asked.wait_for(Option::is_some).await;
            tokio::time::sleep(self.grace).await;
        };
        tokio::select! {
            () = serving => {}
            () = over => eprintln!("answers under way were cut off after {} s", self.grace.as_secs()),
        }
        let why = *asked.borrow();
        Ok(why.unwrap_or(Ended::Asked))
    }
}

/// Becomes `Some` when the server shall end.
fn ending(until_stdin_closes: bool) -> Result<watch::Receiver<Option<Ended>>> {
    let (sender, receiver) = watch::channel(None);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let closed = closed(until_stdin_closes)?;
    tokio::spawn(async move {
        let why = tokio::select! {
            _ = terminate.recv() => Ended::Asked,
            _ = interrupt.recv() => Ended::Interrupted,
            () = closed => Ended::Asked,
        };
        sender.send_replace(Some(why));
        sender.closed().await;
    });
    Ok(receiver)
}

/// Done when standard input ends; never, where that means nothing.
fn closed(watched: bool) -> Result<impl Future<Output = ()>> {
    let (sender, receiver) = oneshot::channel::<()>();
    if watched {
        // A thread, since reading a terminal or a pipe may block for ever.
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut buffer = [0; 256];
            while std::io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
            drop(sender);
        })?;
        return Ok(futures_util::future::Either::Left(async {
            let _ = receiver.await;
        }));
    }
    Ok(futures_util::future::Either::Right(std::future::pending()))
}
