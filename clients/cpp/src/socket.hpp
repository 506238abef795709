// A TCP connection that never blocks beyond a deadline. Knows nothing of TLS or the protocol.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "stop_signal.hpp"

namespace merklekv::detail {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// The node that a client talks to.
struct Peer {
    Peer(std::string host, std::uint16_t port, std::chrono::milliseconds timeout);

    std::string host;
    std::string port;
    std::string name;  ///< host:port, for messages
    std::chrono::milliseconds timeout;
};

/// What a read or a write that does not wait came to.
struct Progress {
    enum class State { moved, would_block, ended, failed };
    State state;
    std::size_t size;  ///< bytes, if some were moved
};

/// Owns a connected descriptor. The peer and the signal outlive it.
class Socket {
public:
    Socket(int descriptor, const Peer& peer, const StopSignal& stop) noexcept
        : descriptor_(descriptor), peer_(&peer), stop_(&stop) {}
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&&) = delete;
    ~Socket();

    const Peer& peer() const noexcept { return *peer_; }

    /// Waits until the events of poll are there. Throws a TimeoutError at the deadline, and a
    /// ConnectionError if the client is closed meanwhile.
    void wait(short events, Time deadline) const;

    /// Reads or writes what can be at once. Never raises SIGPIPE.
    Progress receive(char* to, std::size_t size) const noexcept;
    Progress send(const char* from, std::size_t size) const noexcept;

    /// Whether nothing waits to be read, not even the end of the connection.
    bool quiet() const noexcept;

    [[noreturn]] void throw_ended() const;
    /// Says what errno says.
    [[noreturn]] void throw_broken() const;

    int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
    const Peer* peer_;
    const StopSignal* stop_;
};

/// Opens a connection to one of the addresses of the peer's host. Throws a ConnectionError or a
/// TimeoutError.
Socket connect_socket(const Peer& peer, const StopSignal& stop, Time deadline);

/// The text of an errno.
std::string system_message(int code);

}  // namespace merklekv::detail
