//! The load, with this library: `bench_ours HOST PORT`.

mod load;

use load::{Outcome, Subject};
use merklekv_client::{Client, Pipeline};

struct Ours(Client);

impl Subject for Ours {
    fn set(&mut self, key: &str, value: &str) -> Outcome {
        Ok(self.0.set(key, value)?)
    }

    fn get(&mut self, key: &str, value: &str) -> Outcome {
        let found = self.0.get(key)?;
        if found.as_deref() == Some(value) { Ok(()) } else { Err("another value".into()) }
    }

    fn set_all(&mut self, keys: &[String], value: &str) -> Outcome {
        let mut pipeline = Pipeline::new();
        for key in keys {
            pipeline.set(key, value)?;
        }
        for result in self.0.run(&pipeline)? {
            result?;
        }
        Ok(())
    }

    fn get_all(&mut self, keys: &[String], value: &str) -> Outcome {
        let mut pipeline = Pipeline::new();
        for key in keys {
            pipeline.get(key)?;
        }
        for result in self.0.run(&pipeline)? {
            if result?.as_text() != Some(value) {
                return Err("another value".into());
            }
        }
        Ok(())
    }
}

fn main() -> Outcome {
    load::run(&mut Ours(Client::connect(&load::address()?)?))
}
