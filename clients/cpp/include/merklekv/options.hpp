// How a client is set up.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace merklekv {

/// Who logs in.
struct Login {
    std::string user;
    std::string password;
};

/// TLS. All files are PEM; an empty name leaves the part out.
struct Tls {
    std::string ca_file;           ///< the authority's certificates; empty: those of the system
    std::string server_name;       ///< the name in the node's certificate; empty: the host
    std::string certificate_file;  ///< the client's own certificate, for nodes that ask for one
    std::string key_file;          ///< its private key
};

/// The settings of a client. Those that make no sense, such as a timeout of zero, are an
/// ArgumentError where the client is made.
struct Options {
    /// The longest that one reply may take, connecting included. Looking up the name of the host
    /// is the system's affair and has its limits.
    std::chrono::milliseconds timeout{5000};

    /// Logs in on every connection.
    std::optional<Login> login;

    /// Speaks TLS. Needs a library that was built with MERKLEKV_TLS.
    std::optional<Tls> tls;

    /// How often connecting is tried before a call fails.
    int connect_attempts = 4;

    /// The longest line in bytes that is read; a longer one is a ProtocolError.
    std::size_t reply_limit = std::size_t{16} << 20;
};

}  // namespace merklekv
