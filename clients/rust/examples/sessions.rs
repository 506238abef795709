//! Sessions of a website, which end by themselves: `sessions [host] [port]`.

use merklekv_client::{Client, Error, Pipeline, Result};

/// How long a session lasts after its last request, in seconds.
const LIFETIME: i64 = 30 * 60;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let host = args.next().unwrap_or_else(|| "localhost".to_owned());
    let port = args.next().unwrap_or_else(|| "7379".to_owned());
    let mut client = Client::connect(&format!("{host}:{port}"))?;

    for (session, user) in [("a81f", "Ada Lovelace"), ("c02d", "Grace Hopper")] {
        log_in(&mut client, session, user)?;
    }
    for page in ["/", "/cart", "/checkout"] {
        let visits = visit(&mut client, "a81f", page)?;
        println!("request {visits} of a81f: {page}");
    }
    let keys = client.scan("session:").collect::<Result<Vec<_>>>()?;
    println!("stored: {}", keys.join(" "));

    println!("c02d has {} s left", client.ttl("session:c02d:user")?);
    for key in &keys {
        client.delete(key)?;
    }
    Ok(())
}

fn log_in(client: &mut Client, session: &str, user: &str) -> Result<()> {
    let mut pipeline = Pipeline::new();
    for (fact, value) in [("user", user), ("visits", "0"), ("pages", "")] {
        let key = format!("session:{session}:{fact}");
        pipeline.set(&key, value)?.expire(&key, LIFETIME)?;
    }
    for result in client.run(&pipeline)? {
        result?;
    }
    Ok(())
}

/// Notes a request and gives its number. A value that was no number is begun anew.
fn visit(client: &mut Client, session: &str, page: &str) -> Result<i64> {
    client.append(format!("session:{session}:pages"), format!("{page}\n"))?;
    let visits = format!("session:{session}:visits");
    match client.incr(&visits, 1) {
        Err(Error::Server(refused)) if refused.code() == "Wrong type" => {
            client.set(&visits, "1")?;
            Ok(1)
        }
        outcome => outcome,
    }
}
