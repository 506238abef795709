//! The load, with the library redis: `bench_redis HOST PORT`.

mod load;

use load::{Outcome, Subject};
use redis::{Commands, Connection};

struct Redis(Connection);

impl Subject for Redis {
    fn set(&mut self, key: &str, value: &str) -> Outcome {
        Ok(self.0.set(key, value)?)
    }

    fn get(&mut self, key: &str, value: &str) -> Outcome {
        let found: Option<String> = self.0.get(key)?;
        if found.as_deref() == Some(value) { Ok(()) } else { Err("another value".into()) }
    }

    fn set_all(&mut self, keys: &[String], value: &str) -> Outcome {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.set(key, value).ignore();
        }
        Ok(pipeline.query(&mut self.0)?)
    }

    fn get_all(&mut self, keys: &[String], value: &str) -> Outcome {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.get(key);
        }
        let found: Vec<String> = pipeline.query(&mut self.0)?;
        if found.iter().all(|found| found == value) { Ok(()) } else { Err("another value".into()) }
    }
}

fn main() -> Outcome {
    let client = redis::Client::open(format!("redis://{}/", load::address()?))?;
    load::run(&mut Redis(client.get_connection()?))
}
