//! TLS: reads certificates and keys, says what is wrong with them, puts renewed ones in place of old
//! ones, and makes secure sockets of plain ones. Knows nothing of what is said over them.

mod error;
mod files;
mod kept;
mod node;
mod reason;

pub use error::TlsError;
pub(crate) use kept::Renewable;
pub(crate) use node::{Tls, Welcome};
pub(crate) use reason::reason;

use kept::Kept;
use merkle_kv_core::config::{Config, IdentityFiles, MqttTls};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task;
use tokio::time;
use tokio_rustls::rustls::ClientConfig;

/// How often it is looked whether the files are others. Two looks in a row have to find the same, as
/// a certificate and its key are not replaced in the same instant. A look asks for a few file times.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// TLS with the broker: what the next connection is made with.
#[derive(Clone)]
pub(crate) struct BrokerTls(Arc<Kept<Arc<ClientConfig>>>);

impl BrokerTls {
    pub(crate) fn load(tls: &MqttTls) -> Result<BrokerTls, TlsError> {
        let (ca, identity) = (tls.ca_file.clone(), tls.identity.clone());
        let files =
            ca.iter().chain(identity.iter().flat_map(|files| [&files.cert_file, &files.key_file]));
        let files = files.cloned().collect();
        let load = move || files::broker(ca.as_deref(), identity.as_ref());
        Ok(BrokerTls(Arc::new(Kept::load("mqtt", files, Box::new(load))?)))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        (*self.0.current()).clone()
    }
}

/// TLS of a client that is no node: what the program's own commands meet nodes with.
pub(crate) fn for_tools(
    ca: Option<&Path>,
    identity: Option<&IdentityFiles>,
) -> Result<Arc<ClientConfig>, TlsError> {
    files::tools(ca, identity)
}

/// All that a node has to do with TLS.
#[derive(Clone, Default)]
pub(crate) struct NodeTls {
    /// The client port, and peers.
    pub(crate) port: Option<Tls>,
    pub(crate) broker: Option<BrokerTls>,
}

impl NodeTls {
    pub(crate) fn load(config: &Config) -> Result<NodeTls, TlsError> {
        let meets_peers = config.anti_entropy.is_some();
        let port = config.tls.as_ref().map(|tls| Tls::load(tls, meets_peers)).transpose()?;
        let broker = config.mqtt.as_ref().and_then(|mqtt| mqtt.tls.as_ref());
        Ok(NodeTls { port, broker: broker.map(BrokerTls::load).transpose()? })
    }

    /// Everything that is read from files.
    pub(crate) fn renewable(&self) -> Vec<Arc<dyn Renewable>> {
        let port = self.port.as_ref().map(Tls::renewable);
        let broker = self.broker.as_ref().map(|broker| broker.0.clone() as Arc<dyn Renewable>);
        port.into_iter().chain(broker).collect()
    }
}

/// Whether the files that a configuration names for TLS can be used, as the node would find when it
/// starts.
///
/// # Errors
///
/// The first file that cannot be used, and why.
pub fn check_tls(config: &Config) -> Result<(), TlsError> {
    NodeTls::load(config).map(drop)
}

/// Reads everything again, also behind what cannot be used.
pub(crate) fn reload(kept: &[Arc<dyn Renewable>]) -> Result<(), TlsError> {
    let mut all = Ok(());
    for kept in kept {
        all = all.and(kept.reload());
    }
    all
}

/// Looks from time to time whether files have been renewed, until the node stops. Tools that renew
/// certificates send no signals.
pub(crate) async fn watch(kept: Vec<Arc<dyn Renewable>>, mut stopping: watch::Receiver<bool>) {
    if kept.is_empty() {
        return;
    }
    loop {
        tokio::select! {
            () = time::sleep(LOOK_INTERVAL) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let kept = kept.clone();
        let looked = task::spawn_blocking(move || kept.iter().for_each(|kept| kept.look()));
        // A panic has said so already, and the next look may fare better.
        let _ = looked.await;
    }
}
