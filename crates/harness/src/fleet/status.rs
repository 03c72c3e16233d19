//! `sage cluster status`: what the workers say of themselves.
//!
//! All are asked at once, beside the sessions that run on them, and one that does not answer in a few seconds is
//! said not to.

use super::home::Home;
use crate::report::PAGE;
use crate::report::table::Table;
use crate::run::workers::{token, trust};
use crate::spec::Origin;
use crate::{Error, Exit};
use cluster::wire::{Refusal, Status};
use cluster::{Token, Trust, inquire};
use sched_core::Span;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

/// Version of the JSON document.
const SCHEMA_VERSION: u32 = 1;

/// Workers that can be asked.
pub(super) struct Fleet {
    pub(super) addresses: Vec<SocketAddr>,
    token: Option<Token>,
    trust: Option<Trust>,
}

/// What one of them says.
type Said = Result<Status, String>;

/// Asks all workers and prints what they say.
///
/// # Errors
/// When there is no such cluster, or its file is wrong.
pub(super) fn status(cluster: &Path, json: bool) -> Result<Exit, Error> {
    let named = cluster.display().to_string();
    let origin = super::origin(cluster)?;
    let fleet = Fleet::of(origin)?.ok_or_else(|| {
        Error::Usage(format!("{named}: its workers are started by each run; there is none to ask"))
    })?;
    let said = fleet.ask(false);
    match json {
        true => println!("{:#}", document(&named, &fleet.addresses, &said)),
        false => print!("{}", text(&named, &fleet.addresses, &said)),
    }
    Ok(if said.iter().all(Result::is_ok) { Exit::Done } else { Exit::Failed })
}

impl Fleet {
    /// Those of a file; `None` if they come and go with each run.
    pub(super) fn of(origin: Origin) -> Result<Option<Fleet>, Error> {
        let Origin::Static { workers: addresses, token_file, tls_ca } = origin else {
            return Ok(None);
        };
        let token = token_file.as_deref().map(token).transpose()?;
        let trust = tls_ca.as_deref().map(trust).transpose()?;
        Ok(Some(Fleet { addresses, token, trust }))
    }

    /// Those that were started under a name, if that came so far.
    pub(super) fn of_home(home: &Home) -> Option<Fleet> {
        let origin = Origin::read(&home.file(super::home::FILE)).ok()?;
        Fleet::of(origin).ok().flatten()
    }

    /// Asks all at once; with `stop`, to end.
    pub(super) fn ask(&self, stop: bool) -> Vec<Said> {
        let (token, trust) = (self.token.as_ref(), self.trust.as_ref());
        thread::scope(|scope| {
            let asking: Vec<_> = self
                .addresses
                .iter()
                .map(|at| scope.spawn(move || inquire(*at, token, trust, stop)))
                .collect();
            let said = asking.into_iter().map(|it| match it.join() {
                Ok(said) => said.map_err(|error| error.to_string()),
                Err(_) => Err("it could not be asked".to_owned()),
            });
            said.collect()
        })
    }
}

fn text(named: &str, addresses: &[SocketAddr], said: &[Said]) -> String {
    let up = said.iter().filter(|it| it.is_ok()).count();
    let mut table = Table::new(&[
        "node",
        "address",
        "slots",
        "running",
        "queued",
        "completed",
        "uptime",
        "last heartbeat",
        "refused",
    ]);
    let mut silent = String::new();
    for (node, (address, said)) in addresses.iter().zip(said).enumerate() {
        let (node, address) = (format!("node-{node}"), address.to_string());
        match said {
            Ok(status) => table.row(vec![
                node,
                address,
                slots(status).map_or_else(|| "any".into(), |slots| slots.to_string()),
                status.running.to_string(),
                status.queued.to_string(),
                status.completed.to_string(),
                seconds(status.uptime),
                status
                    .heard
                    .map_or_else(|| "no driver".into(), |ago| format!("{} ago", seconds(ago))),
                status.refused.iter().sum::<u64>().to_string(),
            ]),
            Err(why) => {
                silent.push_str(&format!("{node} does not answer: {why}\n"));
                let mut row = vec![node, address];
                row.resize(9, "-".to_owned());
                table.row(row);
            }
        }
    }
    format!(
        "cluster `{named}`: {up} of {} workers are up\n{}{silent}",
        said.len(),
        table.render(PAGE)
    )
}

fn slots(status: &Status) -> Option<u32> {
    (status.slots > 0).then_some(status.slots)
}

fn seconds(span: Span) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

fn document(named: &str, addresses: &[SocketAddr], said: &[Said]) -> Value {
    let nodes = addresses.iter().zip(said).enumerate().map(|(node, (address, said))| {
        let mut object = json!({
            "node": format!("node-{node}"),
            "address": address.to_string(),
            "up": said.is_ok(),
        });
        let more = match said {
            Ok(status) => json!({
                "process": status.process,
                "slots": slots(status),
                "running": status.running,
                "queued": status.queued,
                "completed": status.completed,
                "uptime_s": status.uptime.as_secs_f64(),
                "last_heartbeat_s": status.heard.map(Span::as_secs_f64),
                "refused": refused(status),
            }),
            Err(why) => json!({ "why": why }),
        };
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    });
    let nodes: Vec<Value> = nodes.collect();
    json!({ "schema_version": SCHEMA_VERSION, "cluster": named, "nodes": nodes })
}

fn refused(status: &Status) -> Map<String, Value> {
    let counts = Refusal::ALL.iter().zip(status.refused);
    counts.map(|(kind, count)| (kind.name().to_owned(), count.into())).collect()
}
