//! Reads the files of TLS and makes of them what sockets are secured with. Blocks while it reads.

use super::error::{TlsError, moment};
use merkle_kv_core::config::{IdentityFiles, TlsVersion};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, Error, RootCertStore, ServerConfig, SupportedProtocolVersion,
};
use webpki::{EndEntityCert, KeyUsage};

/// The keys of the configuration that name a certificate and its private key.
pub(super) struct Keys {
    pub(super) cert: &'static str,
    pub(super) key: &'static str,
}

const NODE: Keys = Keys { cert: "tls.cert_file", key: "tls.key_file" };
const BROKER: Keys = Keys { cert: "mqtt.cert_file", key: "mqtt.key_file" };
const TOOLS: Keys = Keys { cert: "--cert-file", key: "--key-file" };

/// What was made of files, and when the certificate among them expires.
pub(super) type Loaded<T> = (T, Option<UnixTime>);

/// What a node speaks with clients, and with the peers that it connects to.
pub(super) struct Both {
    pub(super) server: Arc<ServerConfig>,
    /// Only if it connects to peers.
    pub(super) client: Option<Arc<ClientConfig>>,
}

/// A certificate, those behind it, and the private key.
struct Identity<'a> {
    files: &'a IdentityFiles,
    keys: Keys,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    valid_until: UnixTime,
}

/// For the client port, and for peers if there are to be any.
pub(super) fn node(
    tls: &merkle_kv_core::config::Tls,
    meets_peers: bool,
) -> Result<Loaded<Both>, TlsError> {
    let identity = identity(&tls.identity, NODE)?;
    let versions = versions(tls.min_version);
    let clients = match &tls.client_ca_file {
        Some(path) => Some((path, roots("tls.client_ca_file", path)?)),
        None => None,
    };
    let client = if meets_peers {
        let key = if tls.ca_file.is_some() { "tls.ca_file" } else { "tls.client_ca_file" };
        let trusted = match tls.peers_ca_file() {
            Some(path) => roots(key, path)?,
            None => system_roots("tls.ca_file", "peers")?,
        };
        Some(client(trusted, Some(&identity), versions)?)
    } else {
        None
    };
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_protocol_versions(versions).map_err(|e| identity.refused(&e))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some((path, roots)) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|error| TlsError::Refused {
                key: "tls.client_ca_file",
                path: path.clone(),
                reason: error.to_string(),
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let server = builder.with_single_cert(identity.chain.clone(), identity.key.clone_key());
    let server = Arc::new(server.map_err(|error| identity.refused(&error))?);
    Ok((Both { server, client }, Some(identity.valid_until)))
}

/// For the connection to a broker.
pub(super) fn broker(
    ca: Option<&Path>,
    files: Option<&IdentityFiles>,
) -> Result<Loaded<Arc<ClientConfig>>, TlsError> {
    let trusted = match ca {
        Some(path) => roots("mqtt.ca_file", path)?,
        None => system_roots("mqtt.ca_file", "the broker")?,
    };
    let identity = files.map(|files| identity(files, BROKER)).transpose()?;
    let valid_until = identity.as_ref().map(|identity| identity.valid_until);
    let client = client(trusted, identity.as_ref(), versions(TlsVersion::V1_2))?;
    Ok((client, valid_until))
}

/// For the program's own commands, whose files are named by options.
pub(super) fn tools(
    ca: Option<&Path>,
    files: Option<&IdentityFiles>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let trusted = match ca {
        Some(path) => roots("--ca-file", path)?,
        None => system_roots("--ca-file", "the node")?,
    };
    let identity = files.map(|files| identity(files, TOOLS)).transpose()?;
    client(trusted, identity.as_ref(), versions(TlsVersion::V1_2))
}

fn client(
    trusted: RootCertStore,
    identity: Option<&Identity<'_>>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider());
    // Fails only if the provider has no suites for these versions, and ring has.
    let refused = |error: Error| match identity {
        Some(identity) => identity.refused(&error),
        None => TlsError::NoSystemRoots { key: "mqtt.ca_file", whose: "the broker" },
    };
    let builder = builder.with_protocol_versions(versions).map_err(refused)?;
    let builder = builder.with_root_certificates(trusted);
    let client = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(|error| identity.refused(&error))?,
    };
    Ok(Arc::new(client))
}

impl Identity<'_> {
    fn refused(&self, error: &Error) -> TlsError {
        let Identity { files, keys, .. } = self;
        match error {
            Error::InconsistentKeys(_) => TlsError::OtherKey {
                key: keys.key,
                path: files.key_file.clone(),
                cert: files.cert_file.clone(),
            },
            error => TlsError::Refused {
                key: keys.cert,
                path: files.cert_file.clone(),
                reason: error.to_string(),
            },
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn versions(oldest: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_1_2: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    static FROM_1_3: &[&SupportedProtocolVersion] = &[&TLS13];
    match oldest {
        TlsVersion::V1_2 => FROM_1_2,
        TlsVersion::V1_3 => FROM_1_3,
    }
}

fn identity(files: &IdentityFiles, keys: Keys) -> Result<Identity<'_>, TlsError> {
    let chain = certificates(keys.cert, &files.cert_file)?;
    let valid_until = validity(&chain[0], keys.cert, &files.cert_file)?;
    let text = read(keys.key, &files.key_file)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let (key, path) = (keys.key, files.key_file.clone());
        match error {
            pem::Error::NoItemsFound => TlsError::Nothing { key, path, what: "private key" },
            // It may quote the file.
            _ => TlsError::Damaged { key, path, reason: "it is no PEM".to_owned() },
        }
    })?;
    Ok(Identity { files, keys, chain, key, valid_until })
}

/// The certificates of a file, at least one.
fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(key, path)?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| damaged(key, path, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::Nothing { key, path: path.to_owned(), what: "certificate" });
    }
    Ok(certificates)
}

fn roots(key: &'static str, path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, path)? {
        roots.add(certificate).map_err(|error| damaged(key, path, &error))?;
    }
    Ok(roots)
}

/// What the system trusts. Those that cannot be read are left out, as everybody does.
fn system_roots(key: &'static str, whose: &'static str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemRoots { key, whose }) } else { Ok(roots) }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { key, path: path.to_owned(), source })
}

fn damaged(key: &'static str, path: &Path, reason: &impl ToString) -> TlsError {
    TlsError::Damaged { key, path: path.to_owned(), reason: reason.to_string() }
}

/// When a certificate expires. Fails if it has, or is not valid yet.
///
/// The library that verifies certificates does not tell when one expires, but says so when it
/// refuses one for it, and looks at that before anything else. So it is asked to verify the
/// certificate at the end of time, which spares a second parser of certificates.
fn validity(
    certificate: &CertificateDer<'_>,
    key: &'static str,
    path: &Path,
) -> Result<UnixTime, TlsError> {
    let parsed =
        EndEntityCert::try_from(certificate).map_err(|error| damaged(key, path, &error))?;
    let verified_at = |time| {
        let usage = KeyUsage::server_auth();
        parsed.verify_for_usage(&[], &[], &[], time, usage, None, None).err()
    };
    let path = path.to_owned();
    match verified_at(UnixTime::now()) {
        Some(webpki::Error::CertExpired { not_after, .. }) => {
            return Err(TlsError::Expired { key, path, at: moment(not_after) });
        }
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => {
            return Err(TlsError::NotYetValid { key, path, at: moment(not_before) });
        }
        // Who signs it is the affair of those who verify it.
        Some(_) | None => {}
    }
    match verified_at(UnixTime::since_unix_epoch(Duration::MAX)) {
        Some(webpki::Error::CertExpired { not_after, .. }) => Ok(not_after),
        Some(error) => Err(damaged(key, &path, &error)),
        None => Err(damaged(key, &path, &"it never expires")),
    }
}
