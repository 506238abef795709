// Bytes to and from a node, over TCP alone or TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "merklekv/options.hpp"
#include "socket.hpp"

namespace merklekv::detail {

/// A connected stream. Its methods throw a ConnectionError if it broke, and a TimeoutError at the
/// deadline.
class Stream {
public:
    virtual ~Stream() = default;

    /// Reads at least one byte and gives how many.
    virtual std::size_t read(char* to, std::size_t size, Time deadline) = 0;

    /// Writes all.
    virtual void write(std::string_view bytes, Time deadline) = 0;

    /// Whether the node neither closed the connection nor sent what nobody asked for.
    virtual bool quiet() = 0;
};

std::unique_ptr<Stream> plain_stream(Socket socket);

/// The files and settings of TLS, loaded once for all connections of a client.
class TlsContext {
public:
    virtual ~TlsContext() = default;

    /// Makes the handshake and checks the node's certificate.
    virtual std::unique_ptr<Stream> secure(Socket socket, Time deadline) const = 0;
};

/// Throws an ArgumentError if a file is no good, or the library was built without TLS.
std::unique_ptr<TlsContext> load_tls(const Tls& tls);

}  // namespace merklekv::detail
