//! A service that is none, for tests: it answers as a script says, well or badly.
//!
//! It speaks HTTP over sockets of this host, a thread for each connection. Its language model says the same
//! to everybody; its embedding model counts words, so that texts with words in common are near each other.

use serde_json::{Value, json};
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Dimensions of its vectors.
const DIMENSIONS: usize = 256;
/// What its language model says, piece by piece.
const PIECES: [&str; 4] = ["It ", "is ", "a ", "thing."];

/// How a request is answered.
#[derive(Clone, PartialEq, Debug)]
pub enum Act {
    /// Well.
    Well,
    /// Well, with this pause before the answer and before each piece of it.
    Slowly(Duration),
    /// With a status, a body, and a header or none.
    Status(u16, &'static str, Option<(&'static str, &'static str)>),
    /// With this as the whole body.
    Body(&'static str),
    /// With these events as the whole stream.
    Events(&'static [&'static str]),
    /// The connection ends after the head of the answer and a part of its body.
    CutBody,
    /// The connection ends before any answer.
    Hangup,
    /// Never, until the client leaves.
    Never,
}

/// A service on a port of its own. It ends when it is dropped.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
    heads: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

type Script = dyn Fn(u64, &str) -> Act + Send + Sync;

#[derive(Clone)]
struct Shared {
    script: Arc<Script>,
    requests: Arc<AtomicU64>,
    running: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
    heads: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Fake {
    /// A service that does with request `n`, from 0, at a path, what `script` says.
    ///
    /// # Errors
    /// When the system refuses a socket or a thread.
    pub fn start(script: impl Fn(u64, &str) -> Act + Send + Sync + 'static) -> io::Result<Fake> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Shared {
            script: Arc::new(script),
            requests: Arc::default(),
            running: Arc::default(),
            most: Arc::default(),
            heads: Arc::default(),
            over: Arc::default(),
        };
        let (requests, most) = (Arc::clone(&shared.requests), Arc::clone(&shared.most));
        let (over, heads) = (Arc::clone(&shared.over), Arc::clone(&shared.heads));
        let connections = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&connections);
        let accept = move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), shared) = (stream, shared.clone()) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                // A client that leaves ends its thread.
                thread::spawn(move || drop(shared.serve(&stream)));
            }
        };
        let thread = Some(thread::Builder::new().name("fake".into()).spawn(accept)?);
        Ok(Fake { address, requests, connections, most, heads, over, thread })
    }

    /// A service without a fault.
    ///
    /// # Errors
    /// As [`Fake::start`].
    pub fn well() -> io::Result<Fake> {
        Fake::start(|_, _| Act::Well)
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// The most requests that were being answered at once.
    pub fn most_at_once(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Heads of the requests so far, in small letters.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address); // wakes it
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let mut from = BufReader::new(stream);
        loop {
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if from.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line.trim().is_empty() {
                    break;
                }
                let line = line.to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            from.read_exact(&mut body)?;
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            self.heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
            let n = self.requests.fetch_add(1, Ordering::Relaxed);
            let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(running, Ordering::Relaxed);
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let done = answer(stream, &(self.script)(n, &path), &path, &body);
            self.running.fetch_sub(1, Ordering::Relaxed);
            if !done? || self.over.load(Ordering::Relaxed) {
                return stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Answers; says whether the connection goes on.
fn answer(mut to: &TcpStream, act: &Act, path: &str, request: &Value) -> io::Result<bool> {
    let streamed = request["stream"] == true;
    let pause = if let Act::Slowly(pause) = act { *pause } else { Duration::ZERO };
    match act {
        Act::Well | Act::Slowly(_) => {
            wait(pause);
            match (path.ends_with("/embeddings"), streamed) {
                (true, _) => whole(to, 200, None, &embeddings(request).to_string())?,
                (false, false) => whole(to, 200, None, &chat().to_string())?,
                (false, true) => {
                    let events: Vec<String> = stream_events().collect();
                    stream(to, events.iter().map(String::as_str), pause)?;
                }
            }
        }
        Act::Status(code, body, header) => whole(to, *code, *header, body)?,
        Act::Body(body) => whole(to, 200, None, body)?,
        Act::Events(events) => stream(to, events.iter().copied(), pause)?,
        Act::CutBody if streamed => {
            let first = stream_events().next().unwrap_or_default();
            write!(to, "{STREAM}{}", chunk(&first))?;
            return Ok(false);
        }
        Act::CutBody => {
            write!(to, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{{\"choices\":")?;
            return Ok(false);
        }
        Act::Hangup => return Ok(false),
        Act::Never => {
            let _ = to.read(&mut [0]); // ends when the client leaves
            return Ok(false);
        }
    }
    Ok(true)
}

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn whole(
    mut to: &TcpStream,
    code: u16,
    header: Option<(&str, &str)>,
    body: &str,
) -> io::Result<()> {
    let header = header.map_or_else(String::new, |(name, value)| format!("{name}: {value}\r\n"));
    let length = body.len();
    write!(
        to,
        "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\n{header}content-length: {length}\r\n\r\n{body}"
    )
}

fn stream<'e>(
    mut to: &TcpStream,
    events: impl Iterator<Item = &'e str>,
    pause: Duration,
) -> io::Result<()> {
    write!(to, "{STREAM}")?;
    for event in events {
        wait(pause);
        write!(to, "{}", chunk(event))?;
    }
    write!(to, "0\r\n\r\n")
}

fn chunk(event: &str) -> String {
    let data = format!("data: {event}\n\n");
    format!("{:x}\r\n{data}\r\n", data.len())
}

fn stream_events() -> impl Iterator<Item = String> {
    let piece = |text: &str| json!({"choices": [{"delta": {"content": text}}]}).to_string();
    let last = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": usage()});
    let pieces = PIECES.iter().map(move |text| piece(text));
    pieces.chain([last.to_string(), usage.to_string(), "[DONE]".to_owned()])
}

fn chat() -> Value {
    json!({
        "choices": [{"message": {"content": PIECES.concat()}, "finish_reason": "stop"}],
        "usage": usage(),
    })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 7,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 3},
    })
}

fn embeddings(request: &Value) -> Value {
    let texts = request["input"].as_array().cloned().unwrap_or_default();
    let items = texts.iter().enumerate().map(|(index, text)| {
        json!({"index": index, "embedding": counts(text.as_str().unwrap_or_default())})
    });
    json!({"data": items.collect::<Vec<_>>(), "usage": {"prompt_tokens": texts.len()}})
}

/// How often words of each hash occur, and a little of everything, so that no text is without a direction.
fn counts(text: &str) -> Vec<f32> {
    let mut counts = vec![0.01; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut sum = crate::corpus::Fnv::default();
        sum.add(word.to_lowercase().as_bytes());
        counts[(sum.0 % DIMENSIONS as u64) as usize] += 1.0;
    }
    counts
}

fn wait(time: Duration) {
    if !time.is_zero() {
        crate::clock::pause(time);
    }
}
