//! Makes calls of names and arguments, and fields of results.

use crate::{Fields, text};
use merklekv_client::{AsyncClient, Client, Error, Pipeline, Reply, Result, ServerError};
use std::collections::BTreeMap;

/// The result of one command of a pipeline.
pub(crate) type Answer = std::result::Result<Reply, ServerError>;

/// The fields of why a call failed.
pub(crate) struct Failed(pub(crate) Fields);

/// What a call gives.
pub(crate) type Outcome<T> = std::result::Result<T, Failed>;

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed(failure(&error))
    }
}

/// A function that makes one call. The two clients differ in `async` and `.await`.
macro_rules! calls {
    ($name:ident, $client:ty, [$($async:ident)?], [$($await:tt)*], $scan:path) => {
        pub(crate) $($async)? fn $name(
            client: &mut $client,
            name: &str,
            args: &[Vec<u8>],
        ) -> Outcome<Fields> {
            let key = args.first().map(|key| text(key)).unwrap_or_default();
            let second = args.get(1).map(Vec::as_slice).unwrap_or_default();
            Ok(match name {
                "close" => done(client.close()),
                "set" | "set_bytes" => done(client.set(key, second)$($await)*?),
                "get" => value(client.get(key)$($await)*?.map(String::into_bytes)),
                "get_bytes" => value(client.get_bytes(key)$($await)*?),
                "delete" => flag(client.delete(key)$($await)*?),
                "persist" => flag(client.persist(key)$($await)*?),
                "expire" => flag(client.expire(key, number(second)?)$($await)*?),
                "incr" => shown("int", client.incr(key, amount(args)?)$($await)*?),
                "decr" => shown("int", client.decr(key, amount(args)?)$($await)*?),
                "append" => shown("text", client.append(key, second)$($await)*?),
                "prepend" => shown("text", client.prepend(key, second)$($await)*?),
                "mget" => list(client.mget_bytes(texts(args))$($await)*?),
                "mset" => done(client.mset(pairs(args))$($await)*?),
                "exists" => shown("int", client.exists(texts(args))$($await)*?),
                "scan" => list($scan(client, &key)$($await)*?),
                "ttl" => shown("int", client.ttl(key)$($await)*?),
                "dbsize" => shown("int", client.dbsize()$($await)*?),
                "memory" => shown("int", client.memory()$($await)*?),
                "ping" if args.is_empty() => shown("text", client.ping()$($await)*?),
                "ping" => shown("text", client.ping_message(key)$($await)*?),
                "echo" => shown("text", client.echo(key)$($await)*?),
                "info" => map(client.info()$($await)*?),
                "stats" => map(client.stats()$($await)*?),
                "version" => shown("text", client.version()$($await)*?),
                "hash" => shown("text", client.hash(key)$($await)*?),
                "flush" => done(client.flush()$($await)*?),
                "auth" => done(client.auth(&key, &text(second))$($await)*?),
                _ => unknown(name),
            })
        }
    };
}

calls!(call, Client, [], [], scan);
calls!(call_async, AsyncClient, [async], [.await], scan_async);

/// Adds one call.
pub(crate) fn add_to_pipeline(
    pipeline: &mut Pipeline,
    name: &str,
    args: &[Vec<u8>],
) -> Outcome<()> {
    let key = args.first().map(|key| text(key)).unwrap_or_default();
    let second = args.get(1).map(Vec::as_slice).unwrap_or_default();
    match name {
        "set" | "set_bytes" => pipeline.set(key, second)?,
        "get" | "get_bytes" => pipeline.get(key)?,
        "delete" => pipeline.delete(key)?,
        "persist" => pipeline.persist(key)?,
        "expire" => pipeline.expire(key, number(second)?)?,
        "incr" => pipeline.incr(key, amount(args)?)?,
        "decr" => pipeline.decr(key, amount(args)?)?,
        "append" => pipeline.append(key, second)?,
        "prepend" => pipeline.prepend(key, second)?,
        "mget" => pipeline.mget(texts(args))?,
        "mset" => pipeline.mset(pairs(args))?,
        "exists" => pipeline.exists(texts(args))?,
        "ttl" => pipeline.ttl(key)?,
        "dbsize" => pipeline.dbsize(),
        "memory" => pipeline.memory(),
        "ping" if args.is_empty() => pipeline.ping(),
        "ping" => pipeline.ping_message(key),
        "echo" => pipeline.echo(key),
        "info" => pipeline.info(),
        "stats" => pipeline.stats(),
        "version" => pipeline.version(),
        "hash" => pipeline.hash(key),
        "flush" => pipeline.flush(),
        _ => pipeline,
    };
    Ok(())
}

/// The fields of what a command of a pipeline gave.
pub(crate) fn results(answer: Answer) -> Fields {
    match answer {
        Ok(Reply::Done) => done(()),
        Ok(Reply::Missing) => value(None),
        Ok(Reply::Value(bytes)) => value(Some(bytes)),
        Ok(Reply::Number(number)) => shown("int", number),
        Ok(Reply::Flag(yes)) => flag(yes),
        Ok(Reply::Values(values)) => list(values),
        Ok(Reply::Report(texts)) => map(texts),
        Ok(_) => unknown("reply"),
        Err(refused) => failure(&refused.into()),
    }
}

/// The fields of an error.
pub(crate) fn failure(error: &Error) -> Fields {
    let (kind, code) = match error {
        Error::Argument { .. } => ("argument", ""),
        Error::Connection { .. } => ("connection", ""),
        Error::Timeout { .. } => ("timeout", ""),
        Error::Protocol { .. } => ("protocol", ""),
        Error::Server(refused) => ("server", refused.code()),
        _ => ("unknown", ""),
    };
    fields(["error", kind, code, &error.to_string()])
}

fn scan(client: &mut Client, prefix: &str) -> Result<Vec<Option<Vec<u8>>>> {
    client.scan(prefix).map(|key| Ok(Some(key?.into_bytes()))).collect()
}

async fn scan_async(client: &mut AsyncClient, prefix: &str) -> Result<Vec<Option<Vec<u8>>>> {
    let mut found = Vec::new();
    let mut keys = client.scan(prefix);
    while let Some(key) = keys.next().await {
        found.push(Some(key?.into_bytes()));
    }
    Ok(found)
}

fn texts(args: &[Vec<u8>]) -> Vec<String> {
    args.iter().map(|arg| text(arg)).collect()
}

fn pairs(args: &[Vec<u8>]) -> Vec<(String, &[u8])> {
    args.chunks(2).map(|pair| (text(&pair[0]), pair[1].as_slice())).collect()
}

fn amount(args: &[Vec<u8>]) -> Outcome<i64> {
    args.get(1).map_or(Ok(1), |amount| number(amount))
}

/// What does not fit the type of the argument cannot reach the library.
fn number(arg: &[u8]) -> Outcome<i64> {
    let text = text(arg);
    let beyond = || format!("{text} is no number of 64 bits");
    text.parse().map_err(|_| Failed(fields(["error", "argument", "", &beyond()])))
}

fn done((): ()) -> Fields {
    fields(["ok"])
}

fn flag(yes: bool) -> Fields {
    shown("bool", yes)
}

fn value(value: Option<Vec<u8>>) -> Fields {
    match value {
        None => fields(["nil"]),
        Some(bytes) => vec![b"text".to_vec(), bytes],
    }
}

fn list(items: Vec<Option<Vec<u8>>>) -> Fields {
    let marked = |item: Option<Vec<u8>>| match item {
        None => b"!".to_vec(),
        Some(bytes) => [b"=".as_slice(), &bytes].concat(),
    };
    fields(["list"]).into_iter().chain(items.into_iter().map(marked)).collect()
}

fn map(texts: BTreeMap<String, String>) -> Fields {
    let pairs = texts.into_iter().flat_map(|(name, text)| [name.into_bytes(), text.into_bytes()]);
    fields(["map"]).into_iter().chain(pairs).collect()
}

fn shown(kind: &str, value: impl ToString) -> Fields {
    fields([kind, &value.to_string()])
}

fn unknown(name: &str) -> Fields {
    fields(["error", "unknown", "", &format!("no such call: {name}")])
}

fn fields<const N: usize>(texts: [&str; N]) -> Fields {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
