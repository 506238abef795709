//! The broker actor: keeps the in-process broker running for as long as the node runs.

use super::embedded::{BrokerError, EmbeddedBroker};
use crate::system::LastWords;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use std::net::SocketAddr;

/// How to make the broker, and the first one, which is started before any actor so that a taken
/// port is known at once.
pub(crate) struct BrokerSource {
    address: SocketAddr,
    max_packet_bytes: usize,
    first: Option<EmbeddedBroker>,
}

impl BrokerSource {
    pub(crate) fn start(
        address: SocketAddr,
        max_packet_bytes: usize,
    ) -> Result<BrokerSource, BrokerError> {
        let first = EmbeddedBroker::start(address, max_packet_bytes)?;
        Ok(BrokerSource { address, max_packet_bytes, first: Some(first) })
    }

    fn next(&mut self) -> Result<EmbeddedBroker, BrokerError> {
        match self.first.take() {
            Some(first) => Ok(first),
            None => EmbeddedBroker::start(self.address, self.max_packet_bytes),
        }
    }
}

/// Owns a running broker; dropping it stops the broker. Started again by the system actor.
pub(crate) struct BrokerActor {
    broker: Result<EmbeddedBroker, BrokerError>,
    words: LastWords,
}

impl BrokerActor {
    pub(crate) fn new(source: &mut BrokerSource, words: LastWords) -> BrokerActor {
        BrokerActor { broker: source.next(), words }
    }
}

impl Actor for BrokerActor {
    type Context = Context<BrokerActor>;

    fn started(&mut self, ctx: &mut Context<BrokerActor>) {
        match &self.broker {
            Ok(broker) => {
                ctx.spawn(broker.ended().into_actor(self).map(|reason, actor, ctx| {
                    actor.words.say(format!("the broker ended: {reason:?}"));
                    ctx.stop();
                }));
            }
            Err(error) => {
                self.words.say(error);
                ctx.stop();
            }
        }
    }
}
