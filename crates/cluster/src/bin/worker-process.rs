//! A worker process and nothing else.
//!
//! Programs of ours start themselves as workers; this one is for what cannot: the tests of this crate,
//! and whoever embeds a cluster in a program of another kind. Without arguments it serves the process that
//! has started it; with `ADDRESS TOKEN CERTIFICATE KEY` it listens there, on the terms of these files, and
//! says where on stdout.

use pipeline::model::{CallContext, SharedSteps, Stepped, Steps};
use sched_core::TaskId;
use std::process::ExitCode;

/// Steps for tests: each appends its number to the data, and 255 fails.
struct Counting(Vec<u8>);

impl Steps for Counting {
    fn first(&self, _: u64) -> Vec<u8> {
        Vec::new()
    }

    fn run(&self, number: u8, call: &CallContext, data: &[u8]) -> Stepped {
        let failure = (number == 255).then(|| format!("task {} ends here", call.task.index));
        Stepped { data: [data, &self.0, &[number]].concat(), failure }
    }

    fn ended(&self, _: TaskId, _: &Stepped) {}

    fn setup(&self) -> Vec<u8> {
        self.0.clone()
    }
}

fn counting(setup: &[u8]) -> Result<SharedSteps, String> {
    match setup {
        b"wrong" => Err("the setup is wrong".to_owned()),
        _ => Ok(SharedSteps::new(Counting(setup.to_vec()))),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let served = match &arguments[..] {
        [address, token, certificate, key] => listen(address, token, certificate, key),
        _ => cluster::serve_parent(counting).map_err(|error| error.to_string()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn listen(address: &str, token: &str, certificate: &str, key: &str) -> Result<(), String> {
    let address = address.parse().map_err(|_| format!("`{address}` is no address with a port"))?;
    let token = std::fs::read(token).map_err(|error| format!("{token}: {error}"))?;
    let terms = || {
        let token = Some(cluster::Token::new(&token)?);
        let identity = Some(cluster::Identity::read(certificate.as_ref(), key.as_ref())?);
        let terms = cluster::Terms { token, identity, slots: None };
        cluster::Listener::bind(address, terms)
    };
    let listener = terms().map_err(|error| error.to_string())?;
    println!("{}", listener.address().map_err(|error| error.to_string())?);
    listener.serve(counting, |line| eprintln!("worker: {line}")).map_err(|error| error.to_string())
}
