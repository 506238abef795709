//! The actors of one node on the main thread: how each is made, and where it is now.

use super::supervise::start_watched;
use super::{Child, ChildDown, SystemActor};
use crate::admin::{AdminActor, AdminSettings};
#[cfg(feature = "broker")]
use crate::broker::{BrokerActor, BrokerSource};
use crate::connection::ConnectionSettings;
use crate::facts::Facts;
use crate::listener::{ListenerActor, StopListening};
use crate::mqtt::{MqttActor, MqttSettings};
use crate::store::StoreActor;
use crate::sync::{Reconfigure, SyncActor, SyncSettings};
use actix::{Addr, ArbiterHandle};
use merkle_kv_core::config::Config;
use std::net::TcpListener;
use std::sync::Arc;

/// What the children are made of, again and again.
pub(crate) struct Plan {
    pub(crate) store: Addr<StoreActor>,
    pub(crate) facts: Arc<Facts>,
    /// Bound already; every listener gets a copy. Gone once the node stops.
    pub(crate) socket: Option<TcpListener>,
    /// The threads that serve connections.
    pub(crate) threads: Vec<ArbiterHandle>,
    pub(crate) connections: Arc<ConnectionSettings>,
    pub(crate) mqtt: Option<Arc<MqttSettings>>,
    pub(crate) sync: Option<Arc<SyncSettings>>,
    /// The socket for HTTP, of which every admin actor gets a copy, and what its pages are made of.
    pub(crate) admin: Option<(TcpListener, Arc<AdminSettings>)>,
    #[cfg(feature = "broker")]
    pub(crate) broker: Option<BrokerSource>,
}

/// The children that run now. Their addresses change when they are started again.
pub(super) struct Children {
    plan: Plan,
    listener: Option<Addr<ListenerActor>>,
    mqtt: Option<Addr<MqttActor>>,
    sync: Option<Addr<SyncActor>>,
    /// Only a test speaks to it.
    #[cfg(test)]
    admin: Option<Addr<AdminActor>>,
    /// Likewise.
    #[cfg(all(test, feature = "broker"))]
    broker: Option<Addr<BrokerActor>>,
}

impl Children {
    pub(super) fn new(plan: Plan) -> Children {
        Children {
            plan,
            listener: None,
            mqtt: None,
            sync: None,
            #[cfg(test)]
            admin: None,
            #[cfg(all(test, feature = "broker"))]
            broker: None,
        }
    }

    pub(super) fn store(&self) -> Addr<StoreActor> {
        self.plan.store.clone()
    }

    pub(super) fn mqtt(&self) -> Option<Addr<MqttActor>> {
        self.mqtt.clone()
    }

    pub(super) fn sync(&self) -> Option<Addr<SyncActor>> {
        self.sync.clone()
    }

    pub(super) fn replicates(&self) -> bool {
        self.plan.mqtt.is_some()
    }

    /// Starts a child, if the configuration asks for it.
    pub(super) fn start(&mut self, child: Child, system: Addr<SystemActor>) {
        let ended = {
            let system = system.clone();
            move |reason| system.do_send(ChildDown { child, reason })
        };
        let plan = &mut self.plan;
        match child {
            // Its thread is the node's, which starts it once.
            Child::Store => {}
            Child::Listener => {
                let socket = plan.socket.as_ref().map(TcpListener::try_clone);
                let (threads, settings) = (plan.threads.clone(), plan.connections.clone());
                let make = |words| ListenerActor::new(socket, threads, settings, words);
                self.listener = Some(start_watched(make, ended));
            }
            Child::Mqtt => {
                if let Some(settings) = &plan.mqtt {
                    let (store, facts) = (plan.store.clone(), plan.facts.clone());
                    let make = |_| MqttActor::new(settings.clone(), store, system, facts);
                    self.mqtt = Some(start_watched(make, ended));
                }
            }
            Child::Sync => {
                if let Some(settings) = &plan.sync {
                    let (store, facts) = (plan.store.clone(), plan.facts.clone());
                    let make = |_| SyncActor::new(settings.clone(), store, facts);
                    self.sync = Some(start_watched(make, ended));
                }
            }
            Child::Admin => {
                if let Some((socket, settings)) = &plan.admin {
                    let (socket, settings) = (socket.try_clone(), settings.clone());
                    let make = |words| AdminActor::new(socket, settings, words);
                    let _admin = start_watched(make, ended);
                    #[cfg(test)]
                    {
                        self.admin = Some(_admin);
                    }
                }
            }
            Child::Broker =>
            {
                #[cfg(feature = "broker")]
                if let Some(source) = &mut plan.broker {
                    let _broker = start_watched(|words| BrokerActor::new(source, words), ended);
                    #[cfg(test)]
                    {
                        self.broker = Some(_broker);
                    }
                }
            }
        }
    }

    /// Has other settings hold, for those who run and those who are started again.
    pub(super) fn take_on(&mut self, config: &Config) {
        self.plan.connections.live.take_on(config);
        if let (Some(settings), Some(anti_entropy)) = (&mut self.plan.sync, &config.anti_entropy) {
            let anti_entropy = anti_entropy.clone();
            *settings = Arc::new(SyncSettings { anti_entropy, ..SyncSettings::clone(settings) });
            if let Some(sync) = &self.sync {
                sync.do_send(Reconfigure(settings.clone()));
            }
        }
    }

    /// Closes the port: the listener's copy of the socket and the one to make more of.
    pub(super) fn stop_listening(&mut self) {
        self.plan.socket = None;
        if let Some(listener) = &self.listener {
            listener.do_send(StopListening);
        }
    }
}

/// Where each child is, for tests that make it fail.
#[cfg(test)]
impl Children {
    pub(super) fn listener(&self) -> Addr<ListenerActor> {
        self.listener.clone().unwrap()
    }

    pub(super) fn admin(&self) -> Addr<AdminActor> {
        self.admin.clone().unwrap()
    }

    #[cfg(feature = "broker")]
    pub(super) fn broker(&self) -> Addr<BrokerActor> {
        self.broker.clone().unwrap()
    }
}
