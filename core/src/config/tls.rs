//! What a configuration says of TLS: which files, and the rules between them. Reads none of them;
//! whether they are any good is found out by whoever opens them.

use std::path::PathBuf;

use super::keys;
use super::problem::Cause;
use super::reader::Reader;
use super::values::TlsVersion;

/// TLS on the client port, and towards peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Who this node is, to clients and to peers.
    pub identity: IdentityFiles,
    /// Who signs the certificates that clients have to show; `None` asks for none.
    pub client_ca_file: Option<PathBuf>,
    /// Who signs the certificates of peers, if that was written; see [`Tls::peers_ca_file`].
    pub ca_file: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

impl Tls {
    /// What peers are verified with: `ca_file`, or else `client_ca_file`, as peers are clients, too;
    /// `None` is what the system trusts.
    pub fn peers_ca_file(&self) -> Option<&PathBuf> {
        self.ca_file.as_ref().or(self.client_ca_file.as_ref())
    }
}

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate, and behind it those that lead to the one that others trust.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// TLS with the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttTls {
    /// Who signs the certificate of the broker; `None` is whom the system trusts.
    pub ca_file: Option<PathBuf>,
    /// What the broker is shown if it asks who this is.
    pub identity: Option<IdentityFiles>,
}

/// The files for the broker as they were written, before it is known whether they are used.
pub(super) struct BrokerFiles {
    ca_file: Option<PathBuf>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
}

/// The outer `None` is a mistake, the inner one that it is switched off.
pub(super) fn node(reader: &mut Reader<'_>) -> Option<Option<Tls>> {
    let enabled = reader.value(&keys::TLS_ENABLED);
    let cert_file = reader.optional(&keys::TLS_CERT_FILE);
    let key_file = reader.optional(&keys::TLS_KEY_FILE);
    let client_ca_file = reader.optional(&keys::TLS_CLIENT_CA_FILE);
    let ca_file = reader.optional(&keys::TLS_CA_FILE);
    let min_version = reader.value(&keys::TLS_MIN_VERSION);
    if !enabled? {
        return Some(None);
    }
    let (cert_file, key_file) = (cert_file?, key_file?);
    if cert_file.is_none() {
        let advice = "write cert_file = \"node-1.pem\" under [tls], or enabled = false";
        reader.missing(&keys::TLS_CERT_FILE, advice);
    }
    if key_file.is_none() {
        let advice = "write key_file = \"node-1.key\" under [tls], or enabled = false";
        reader.missing(&keys::TLS_KEY_FILE, advice);
    }
    Some(Some(Tls {
        identity: IdentityFiles { cert_file: cert_file?, key_file: key_file? },
        client_ca_file: client_ca_file?,
        ca_file: ca_file?,
        min_version: min_version?,
    }))
}

pub(super) fn broker_files(reader: &mut Reader<'_>) -> Option<BrokerFiles> {
    let ca_file = reader.optional(&keys::MQTT_CA_FILE);
    let cert_file = reader.optional(&keys::MQTT_CERT_FILE);
    let key_file = reader.optional(&keys::MQTT_KEY_FILE);
    Some(BrokerFiles { ca_file: ca_file?, cert_file: cert_file?, key_file: key_file? })
}

/// For a broker whose address asks for TLS.
pub(super) fn broker(files: BrokerFiles, reader: &mut Reader<'_>) -> Option<MqttTls> {
    let identity = match (files.cert_file, files.key_file) {
        (Some(cert_file), Some(key_file)) => Some(IdentityFiles { cert_file, key_file }),
        (None, None) => None,
        (Some(_), None) => {
            let other = keys::MQTT_KEY_FILE.about.path();
            reader.report_at(&keys::MQTT_CERT_FILE, Cause::HalfAnIdentity { other });
            return None;
        }
        (None, Some(_)) => {
            let other = keys::MQTT_CERT_FILE.about.path();
            reader.report_at(&keys::MQTT_KEY_FILE, Cause::HalfAnIdentity { other });
            return None;
        }
    };
    Some(MqttTls { ca_file: files.ca_file, identity })
}
