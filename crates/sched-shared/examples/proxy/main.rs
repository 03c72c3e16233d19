//! A reverse proxy that balances by a policy of your choice.
//!
//! `proxy LISTEN POLICY BACKEND...` forwards HTTP/1.1 from LISTEN to the backends, at most 32 requests
//! at each, and prints every 5 s how many each answered. Without arguments it shows itself: three
//! backends in this process, 600 requests, one backend killed after a third of them and back
//! after two thirds.
//!
//! cargo run -p sched-shared --example proxy
//! cargo run -p sched-shared --example proxy -- 127.0.0.1:8080 power_of_two 127.0.0.1:9001 127.0.0.1:9002

mod backend;
mod proxy;

use backend::{Backend, get};
use proxy::Proxy;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    let outcome = match args.as_slice() {
        [] => runtime.block_on(show()),
        [listen, policy, backends @ ..] if !backends.is_empty() => {
            match parse(listen, policy, backends) {
                Ok((listen, proxy)) => runtime.block_on(serve(listen, proxy)),
                Err(error) => return failed(&*error, 2),
            }
        }
        _ => return failed(&"use `proxy LISTEN POLICY BACKEND...`, or no argument", 2),
    };
    outcome.map_or_else(|error| failed(&*error, 1), |()| ExitCode::SUCCESS)
}

fn failed(error: &(impl std::fmt::Display + ?Sized), code: u8) -> ExitCode {
    eprintln!("proxy: {error}");
    ExitCode::from(code)
}

fn parse(
    listen: &str,
    policy: &str,
    backends: &[String],
) -> Result<(SocketAddr, Arc<Proxy>), Failure> {
    let address = |text: &str| {
        let wrong = |_| format!("`{text}` is not an address; write it as 127.0.0.1:9001");
        text.parse::<SocketAddr>().map_err(wrong)
    };
    let backends = backends.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    Ok((address(listen)?, Proxy::new(policy, backends)?))
}

async fn serve(listen: SocketAddr, proxy: Arc<Proxy>) -> Result<(), Failure> {
    let listener = TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::spawn(Arc::clone(&proxy).run(listener));
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        print(&proxy);
    }
}

async fn show() -> Result<(), Failure> {
    let mut backends = Vec::new();
    for name in ["a", "b", "c"] {
        backends.push(Backend::start(name, ([127, 0, 0, 1], 0).into()).await?);
    }
    let proxy = Proxy::new("power_of_two", backends.iter().map(Backend::address).collect())?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(Arc::clone(&proxy).run(listener));
    let rounds = ["all three are up", "b is dead", "b is back"];
    for (round, title) in rounds.into_iter().enumerate() {
        match round {
            1 => backends[1].kill().await,
            2 => {
                backends[1] = Backend::start("b", backends[1].address()).await?;
                tokio::time::sleep(2 * proxy::PROBE).await;
            }
            _ => {}
        }
        let requests: Vec<_> = (0..200).map(|_| tokio::spawn(get(address))).collect();
        let mut answered = 0;
        for request in requests {
            answered += u32::from(request.await??.0 == 200);
        }
        println!("{title}: {answered} of 200 answered");
        print(&proxy);
    }
    Ok(())
}

fn print(proxy: &Proxy) {
    for (address, answered, up) in proxy.counts() {
        println!("  {address}  {answered:>6} answered{}", if up { "" } else { ", down" });
    }
}
