//! A real browser, driven over the DevTools protocol.
//!
//! Chromium reads and writes the protocol on descriptors 3 and 4 when it is started with
//! `--remote-debugging-pipe`: JSON, a zero byte after each message. A shell puts our pipes there,
//! so this needs no port, no web socket and no further crate. Driver crates would bring an async
//! runtime and hundreds of types for the dozen calls that are made here.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Names under which systems install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/// A browser that says nothing for so long hangs. No test measures time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser process; dropping it ends it.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    last: u64,
    /// Events that were not asked for yet, in order.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one.
    pub(crate) fn start() -> Browser {
        let version = |name: &&&str| {
            let asked = Command::new(name).arg("--version").stderr(Stdio::null()).output();
            asked.is_ok_and(|output| output.status.success())
        };
        let name = NAMES.iter().find(version).expect(
            "this test reads a report in a real browser and found none: install Chromium, as with \
             `apt-get install chromium`",
        );
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null", "sh", name])
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            // Only pages of our own are opened, and containers have no sandbox and little shared
            // memory.
            .args([
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let parsed = serde_json::from_slice(&message);
                if parsed.is_ok_and(|parsed: Value| send.send(parsed).is_err()) {
                    break;
                }
                message.clear();
            }
        });
        Browser { child, input, messages, last: 0, events: Vec::new(), _profile: profile }
    }

    /// Calls a method, of a page if there is a `session`, and waits for its answer.
    pub(crate) fn call(&mut self, session: Option<&str>, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.next(method);
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// The first event of this kind since the last one, waiting for it if need be.
    pub(crate) fn wait(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let matches = |event: &Value| event["method"] == method && wanted(&event["params"]);
        loop {
            if let Some(at) = self.events.iter().position(matches) {
                return self.events.remove(at)["params"].clone();
            }
            let event = self.next(method);
            self.events.push(event);
        }
    }

    /// All events of this kind so far, which are forgotten.
    pub(crate) fn taken(&mut self, method: &str) -> Vec<Value> {
        let (taken, kept) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|event| event["method"] == method);
        self.events = kept;
        let taken: Vec<Value> = taken;
        taken.into_iter().map(|event| event["params"].clone()).collect()
    }

    fn next(&self, waiting_for: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|error| panic!("the browser did not answer {waiting_for}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
