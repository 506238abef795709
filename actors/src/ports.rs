//! The ports of a node: bound before any actor starts, so that one that is taken is known at once,
//! and told to others.

use crate::node::StartError;
use log::warn;
use merkle_kv_core::config::Config;
use rustix::net;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// Connections that the system has taken and the node not yet. The system takes fewer if it is told to
/// (`net.core.somaxconn`, 4096 by default on Linux).
const BACKLOG: i32 = 4_096;

/// The port for clients. Bound before any actor starts, so that a taken one is known at once.
pub(crate) fn listen(config: &Config) -> Result<(TcpListener, SocketAddr), StartError> {
    let network = &config.network;
    let address = SocketAddr::new(network.bind_address, network.bind_port);
    bind(address).map_err(|source| StartError::Listen { address, source })
}

/// The port for those who operate the node, likewise.
pub(crate) fn listen_for_admin(
    config: &Config,
) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    let Some(admin) = &config.admin else {
        return Ok(None);
    };
    let address = SocketAddr::new(admin.bind_address, admin.bind_port);
    let bound = bind(address).map_err(|source| StartError::Admin { address, source })?;
    Ok(Some(bound))
}

fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpListener::bind(address)?;
    // The standard library asks for 128, which clients of a node that has just been started again
    // fill: those beyond wait for a second before they try once more.
    net::listen(&socket, BACKLOG)?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// What peers are told to connect to. A wildcard is no address, so loopback stands in for it.
pub(crate) fn advertised(config: &Config, bound: SocketAddr) -> String {
    if let Some(address) = &config.network.advertise_address {
        return format!("{}:{}", address.host, address.port.unwrap_or(bound.port()));
    }
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port()).to_string()
}

/// Without users whoever reaches the port may do everything; with users whoever hears a connection
/// hears a password.
pub(crate) fn warn_of_clients(config: &Config, address: IpAddr) {
    let asks_for_certificates = config.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
    if config.security.users_file.is_none() && !asks_for_certificates {
        return warn_of_strangers("clients", address);
    }
    if !address.is_loopback() && config.tls.is_none() {
        warn!(address:%; "clients: passwords and data cross the network as they are, without TLS");
    }
}

/// Whoever reaches this port may do everything.
pub(crate) fn warn_of_strangers(what: &str, address: IpAddr) {
    if !address.is_loopback() {
        warn!(
            address:%;
            "{what}: the port is open to everybody who can reach it; docs/security.md says how to \
             close it"
        );
    }
}
