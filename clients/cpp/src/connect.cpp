// Opens TCP connections.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "merklekv/error.hpp"
#include "socket.hpp"

namespace merklekv::detail {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

ConnectionError cannot_connect(const Peer& peer, const std::string& cause) {
    return {peer.name, "cannot connect; is a node running there? " + cause};
}

Addresses look_up(const Peer& peer) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(peer.host.c_str(), peer.port.c_str(), &wanted, &found);
    if (failure != 0) throw cannot_connect(peer, ::gai_strerror(failure));
    return {found, &::freeaddrinfo};
}

void configure(int descriptor) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    ::setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

int pending_error(int descriptor) {
    int code = 0;
    socklen_t size = sizeof code;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

Socket connect_to(const addrinfo& address, const Peer& peer, const StopSignal& stop, Time deadline) {
    const int descriptor =
        ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
    if (descriptor < 0) throw cannot_connect(peer, system_message(errno));
    Socket socket(descriptor, peer, stop);
    configure(descriptor);
    if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return socket;
    if (errno != EINPROGRESS && errno != EINTR) throw cannot_connect(peer, system_message(errno));
    socket.wait(POLLOUT, deadline);
    if (const int code = pending_error(descriptor)) throw cannot_connect(peer, system_message(code));
    return socket;
}

}  // namespace

Socket connect_socket(const Peer& peer, const StopSignal& stop, Time deadline) {
    const Addresses addresses = look_up(peer);
    int left = 0;
    for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) ++left;
    for (const addrinfo* a = addresses.get();; a = a->ai_next, --left) {
        // An address that does not answer leaves the others their share of the time.
        const Time now = Clock::now();
        const Time share = left > 1 ? now + (deadline - now) / left : deadline;
        try {
            return connect_to(*a, peer, stop, share);
        } catch (const Error&) {
            if (left <= 1 || stop.raised()) throw;
        }
    }
}

}  // namespace merklekv::detail
