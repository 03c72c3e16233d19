//! The head of a log: all that is needed to build the scheduler again.
//!
//! ```text
//! magic  format  protocol  length  body  checksum of the body
//! ```
//!
//! Versions come before anything that they could change. The policy is stored as a spec
//! stores it, names and texts, so that a log of last year resolves through today's
//! registry or says which parameter is gone.

use crate::LogError;
use crate::wire::{Bytes, Checksum, Flaw, put, put_text};
use sched_core::{
    ClusterSpec, Group, GroupSet, PROTOCOL_VERSION, PolicySpec, QueueLimit, ResolvedPolicy,
    Resources, Span, View,
};

/// Version of the layout of a log.
pub const FORMAT_VERSION: u32 = 2;

/// The first byte is in no text, the last two show a file that was copied as one.
pub(crate) const MAGIC: [u8; 8] = *b"\x89flight\n";

/// Most bytes of a body.
const MOST_BODY: usize = 1 << 20;
const MOST_NAME: usize = 1 << 10;
const MOST_NOTE: usize = 1 << 16;
const MOST_PARAMS: usize = 64;

/// What was recorded: which scheduler, on what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The declared cluster.
    pub cluster: ClusterSpec,
    /// The policy with all parameters, its binding among them, as a registry resolves it.
    pub policy: PolicySpec,
    /// The seed that the policy was built with: what [`ResolvedPolicy::build`] was given.
    pub seed: u64,
    /// How late the policy saw the cluster, if facts were held back inside of the recorder: a replay
    /// puts the same view between the log and the policy.
    pub view: Option<View>,
    /// Whatever the host wants to say.
    pub note: String,
}

impl Header {
    /// The header of a policy as the registry resolved it, built with this seed.
    pub fn of(policy: &ResolvedPolicy, cluster: &ClusterSpec, seed: u64, note: &str) -> Header {
        let (cluster, note) = (cluster.clone(), note.to_owned());
        Header { cluster, policy: policy.to_spec(), seed, view: None, note }
    }

    /// The same, of a policy behind a [`StaleView`](sched_core::StaleView).
    #[must_use]
    pub fn with_view(self, view: Option<View>) -> Header {
        Header { view, ..self }
    }

    /// The bytes of it.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, LogError> {
        let mut body = Vec::new();
        put(&mut body, self.cluster.groups().len() as u64);
        for group in self.cluster.groups() {
            put_name(&mut body, &group.name, "a group's name above 1,024 bytes")?;
            put(&mut body, u64::from(group.count));
            put_resources(&mut body, group.capacity);
            put(&mut body, limit_number(group.queue_limit));
        }
        put_name(&mut body, &self.policy.name, "a policy's name above 1,024 bytes")?;
        if self.policy.params.len() > MOST_PARAMS {
            return Err(LogError::TooLong("more than 64 parameters"));
        }
        put(&mut body, self.policy.params.len() as u64);
        for (name, value) in &self.policy.params {
            put_name(&mut body, name, "a parameter's name above 1,024 bytes")?;
            put_name(&mut body, value, "a parameter's value above 1,024 bytes")?;
        }
        put(&mut body, self.seed);
        put(&mut body, self.view.map_or(0, |view| view.refresh().as_nanos()));
        body.extend(self.view.map(|view| u8::from(view.own())));
        if self.note.len() > MOST_NOTE {
            return Err(LogError::TooLong("a note above 65,536 bytes"));
        }
        put_text(&mut body, &self.note);

        let mut out = MAGIC.to_vec();
        put(&mut out, u64::from(FORMAT_VERSION));
        put(&mut out, u64::from(PROTOCOL_VERSION));
        put(&mut out, body.len() as u64);
        let mut sum = Checksum::new();
        sum.add(&body);
        out.extend_from_slice(&body);
        out.extend_from_slice(&sum.bytes());
        Ok(out)
    }

    /// The header that `bytes` begin with. `Ok(None)`: they end within it.
    pub(crate) fn decode(bytes: &mut Bytes<'_>) -> Result<Option<Header>, LogError> {
        match sealed_body(bytes) {
            Ok(body) => header(&mut Bytes::new(body)).map(Some),
            Err(Refused::Flaw(Flaw::Short)) => Ok(None),
            Err(Refused::Flaw(Flaw::Bad(what))) => Err(LogError::Header(what)),
            Err(Refused::Other(error)) => Err(error),
        }
    }
}

/// Why something cannot be read, by its bytes or for what they say.
enum Refused {
    Flaw(Flaw),
    Other(LogError),
}

impl From<Flaw> for Refused {
    fn from(flaw: Flaw) -> Refused {
        Refused::Flaw(flaw)
    }
}

fn sealed_body<'a>(bytes: &mut Bytes<'a>) -> Result<&'a [u8], Refused> {
    let magic = bytes.take(MAGIC.len().min(bytes.len()))?;
    if magic.is_empty() || !MAGIC.starts_with(magic) {
        return Err(Refused::Other(LogError::NotALog));
    }
    let format = bytes.integer()?;
    if format != u64::from(FORMAT_VERSION) {
        return Err(Refused::Other(LogError::Format(format)));
    }
    let protocol = bytes.integer()?;
    if protocol != u64::from(PROTOCOL_VERSION) {
        return Err(Refused::Other(LogError::Protocol(protocol)));
    }
    let length = bytes.at_most(MOST_BODY as u64, "it is longer than 1 MiB")?;
    let body = bytes.take(length as usize)?;
    let mut sum = Checksum::new();
    sum.add(body);
    match bytes.take(Checksum::BYTES)? == sum.bytes() {
        true => Ok(body),
        false => Err(Flaw::Bad("its checksum is wrong").into()),
    }
}

fn header(body: &mut Bytes<'_>) -> Result<Header, LogError> {
    let header = fields(body).map_err(|refused| match refused {
        Refused::Flaw(Flaw::Short) => LogError::Header("it is shorter than it says"),
        Refused::Flaw(Flaw::Bad(what)) => LogError::Header(what),
        Refused::Other(error) => error,
    })?;
    if body.len() > 0 {
        return Err(LogError::Header("it is longer than it says"));
    }
    Ok(header)
}

fn fields(body: &mut Bytes<'_>) -> Result<Header, Refused> {
    let most = GroupSet::MAX_GROUPS as u64;
    let mut groups = Vec::new();
    for _ in 0..body.at_most(most, "more than 64 groups")? {
        groups.push(Group {
            name: body.text(MOST_NAME)?.to_owned(),
            count: body.small()?,
            capacity: resources(body)?,
            queue_limit: queue_limit(body)?,
        });
    }
    let cluster = ClusterSpec::new(groups).map_err(|error| Refused::Other(error.into()))?;
    let mut policy = PolicySpec::named(body.text(MOST_NAME)?);
    for _ in 0..body.at_most(MOST_PARAMS as u64, "more than 64 parameters")? {
        let name = body.text(MOST_NAME)?;
        policy = policy.with(name, body.text(MOST_NAME)?);
    }
    let seed = body.integer()?;
    let view = view(body)?;
    let note = body.text(MOST_NOTE)?.to_owned();
    Ok(Header { cluster, policy, seed, view, note })
}

/// The time between refreshes, and whether own placements show; a lone 0: everything shows at once.
fn view(body: &mut Bytes<'_>) -> Result<Option<View>, Flaw> {
    let refresh = Span::from_nanos(body.integer()?);
    if refresh == Span::ZERO {
        return Ok(None);
    }
    match body.byte()? {
        own @ 0..=1 => Ok(View::new(refresh, own == 1)),
        _ => Err(Flaw::Bad("a view that is neither stale nor not")),
    }
}

fn put_name(out: &mut Vec<u8>, text: &str, too_long: &'static str) -> Result<(), LogError> {
    if text.len() > MOST_NAME {
        return Err(LogError::TooLong(too_long));
    }
    put_text(out, text);
    Ok(())
}

/// Appends amounts of cpu, gpu and memory.
pub(crate) fn put_resources(out: &mut Vec<u8>, amounts: Resources) {
    put(out, u64::from(amounts.cpu()));
    put(out, u64::from(amounts.gpu()));
    put(out, amounts.memory().wrapping_add(1)); // unlimited is the largest number: one byte, not ten
}

/// Amounts of cpu, gpu and memory.
pub(crate) fn resources(bytes: &mut Bytes<'_>) -> Result<Resources, Flaw> {
    let cpu = Resources::milli_cpu(bytes.small()?);
    let amounts = cpu.with_milli_gpu(bytes.small()?);
    Ok(amounts.with_memory(bytes.integer()?.wrapping_sub(1)))
}

fn limit_number(limit: QueueLimit) -> u64 {
    match limit {
        QueueLimit::Unbounded => 0,
        QueueLimit::AtMost(calls) => u64::from(calls) + 1,
    }
}

fn queue_limit(bytes: &mut Bytes<'_>) -> Result<QueueLimit, Flaw> {
    let most = u64::from(u32::MAX) + 1;
    Ok(match bytes.at_most(most, "a queue limit above 32 bits")? {
        0 => QueueLimit::Unbounded,
        above => QueueLimit::AtMost((above - 1) as u32),
    })
}
