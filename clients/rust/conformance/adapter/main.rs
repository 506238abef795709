//! The adapter of the conformance suite: reads calls, makes them, and writes their results. With
//! `async` as its argument it makes them with the async client.

mod calls;
mod fields;

use calls::{Answer, Failed, add_to_pipeline, call, call_async, failure, results};
use fields::{decoded, encoded};
use merklekv_client::{AsyncClient, Builder, Client, Pipeline, Tls};
use std::io::{self, BufRead, StdinLock, StdoutLock, Write};
use std::time::Duration;
use tokio::runtime::{self, Runtime};

/// A call, or a result: its name and what follows.
type Fields = Vec<Vec<u8>>;

/// One of the two clients.
enum Either {
    Blocking(Client),
    Async(AsyncClient, Runtime),
}

fn main() -> io::Result<()> {
    let is_async = std::env::args().nth(1).as_deref() == Some("async");
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut client = None;
    while let Some(fields) = read(&mut input)? {
        let (name, args) = named(&fields);
        if name == "connect" {
            match connect(args, is_async) {
                Ok(made) => {
                    client = Some(made?);
                    write(&mut output, &[b"ok".to_vec()])?;
                }
                Err(error) => write(&mut output, &failure(&error))?,
            }
        } else if let Some(client) = &mut client {
            if name == "pipeline" {
                run(client, &text(&args[0]), &mut input, &mut output)?;
            } else {
                write(&mut output, &client.call(&name, args))?;
            }
        }
        output.flush()?;
    }
    Ok(())
}

impl Either {
    fn call(&mut self, name: &str, args: &[Vec<u8>]) -> Fields {
        match self {
            Either::Blocking(client) => call(client, name, args),
            Either::Async(client, runtime) => runtime.block_on(call_async(client, name, args)),
        }
        .unwrap_or_else(|failed| failed.0)
    }

    fn run(&mut self, pipeline: &Pipeline) -> merklekv_client::Result<Vec<Answer>> {
        match self {
            Either::Blocking(client) => client.run(pipeline),
            Either::Async(client, runtime) => runtime.block_on(client.run(pipeline)),
        }
    }
}

/// Makes a client that connects with its first call.
fn connect(args: &[Vec<u8>], is_async: bool) -> merklekv_client::Result<io::Result<Either>> {
    let builder = builder(args);
    if !is_async {
        return Ok(Ok(Either::Blocking(builder.build()?)));
    }
    let client = builder.build_async()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map(|runtime| Either::Async(client, runtime)))
}

fn builder(args: &[Vec<u8>]) -> Builder {
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let port = text(&args[1]).parse().unwrap_or_default();
    let mut builder = Client::builder().host(text(&args[0])).port(port);
    let (mut user, mut password) = (None, String::new());
    let (mut is_encrypted, mut tls) = (false, Tls::new());
    let (mut cert, mut key) = (None, None);
    for option in &args[2..] {
        let option = text(option);
        let (name, value) = option.split_once('=').unwrap_or((&option, ""));
        let owned = value.to_owned();
        match name {
            "timeout_ms" => {
                builder = builder.timeout(Duration::from_millis(number(value).into()));
            }
            "connect_attempts" => builder = builder.connect_attempts(number(value)),
            "reply_limit" => builder = builder.reply_limit(number(value) as usize),
            "user" => user = Some(owned),
            "password" => password = owned,
            "tls" => is_encrypted = true,
            "ca" => tls = tls.ca_file(owned),
            "server_name" => tls = tls.server_name(owned),
            "cert" => cert = Some(owned),
            "key" => key = Some(owned),
            _ => {}
        }
    }
    if let Some(user) = user {
        builder = builder.login(user, password);
    }
    if let (Some(cert), Some(key)) = (cert, key) {
        tls = tls.identity(cert, key);
    }
    if is_encrypted { builder.tls(tls) } else { builder }
}

/// Reads the calls of a pipeline, runs it, and writes all results, or one error.
fn run(
    client: &mut Either,
    count: &str,
    input: &mut StdinLock<'_>,
    output: &mut StdoutLock<'_>,
) -> io::Result<()> {
    let mut pipeline = Pipeline::new();
    let mut refused = None;
    for _ in 0..count.parse().unwrap_or(0) {
        let fields = read(input)?.unwrap_or_default();
        let (name, args) = named(&fields);
        if refused.is_none() {
            refused = add_to_pipeline(&mut pipeline, &name, args).err();
        }
    }
    if let Some(Failed(fields)) = refused {
        return write(output, &fields);
    }
    match client.run(&pipeline) {
        Ok(answers) => {
            write(output, &[b"results".to_vec(), answers.len().to_string().into_bytes()])?;
            answers.into_iter().try_for_each(|answer| write(output, &results(answer)))
        }
        Err(error) => write(output, &failure(&error)),
    }
}

fn read(input: &mut StdinLock<'_>) -> io::Result<Option<Fields>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(Some(line.split(|byte| *byte == b'\t').map(decoded).collect()))
}

fn write(output: &mut StdoutLock<'_>, fields: &[Vec<u8>]) -> io::Result<()> {
    let fields: Vec<_> = fields.iter().map(|field| encoded(field)).collect();
    output.write_all(&fields.join(&b'\t'))?;
    output.write_all(b"\n")
}

fn named(fields: &[Vec<u8>]) -> (String, &[Vec<u8>]) {
    let (name, args) = fields.split_first().unwrap_or((const { &Vec::new() }, &[]));
    (text(name), args)
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}
