#include "socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "merklekv/error.hpp"

namespace merklekv::detail {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // the socket has SO_NOSIGPIPE instead
#endif

// poll counts in milliseconds; rounded up, for it not to spin in the last one.
int milliseconds_until(Time deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, INT_MAX));
}

Progress progress(ssize_t moved) {
    if (moved > 0) return {Progress::State::moved, static_cast<std::size_t>(moved)};
    if (moved == 0) return {Progress::State::ended, 0};
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {later ? Progress::State::would_block : Progress::State::failed, 0};
}

std::string with_brackets(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

Peer::Peer(std::string host_, std::uint16_t port_, std::chrono::milliseconds timeout_)
    : host(std::move(host_)),
      port(std::to_string(port_)),
      name(with_brackets(host) + ":" + port),
      timeout(timeout_) {}

Socket::Socket(Socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), peer_(other.peer_), stop_(other.stop_) {}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void Socket::wait(short events, Time deadline) const {
    for (;;) {
        const int left = milliseconds_until(deadline);
        pollfd watched[] = {{descriptor_, events, 0}, {stop_->descriptor(), POLLIN, 0}};
        const int ready = left > 0 ? ::poll(watched, 2, left) : 0;
        if (ready == 0 && Clock::now() >= deadline) {
            throw TimeoutError(peer_->name,
                               "no reply within " + std::to_string(peer_->timeout.count()) +
                                   " ms; is the node overloaded, or the timeout too short?");
        }
        if (ready < 0 && errno != EINTR) throw_broken();
        if (ready > 0 && watched[1].revents != 0) {
            throw ConnectionError(peer_->name, "the client was closed; make another");
        }
        if (ready > 0) return;
    }
}

Progress Socket::receive(char* to, std::size_t size) const noexcept {
    return progress(::recv(descriptor_, to, size, 0));
}

Progress Socket::send(const char* from, std::size_t size) const noexcept {
    return progress(::send(descriptor_, from, size, send_flags));
}

bool Socket::quiet() const noexcept {
    char byte;
    return progress(::recv(descriptor_, &byte, 1, MSG_PEEK)).state == Progress::State::would_block;
}

void Socket::throw_ended() const {
    throw ConnectionError(peer_->name, "the node closed the connection");
}

void Socket::throw_broken() const {
    throw ConnectionError(peer_->name, "the connection broke: " + system_message(errno));
}

std::string system_message(int code) { return std::generic_category().message(code); }

}  // namespace merklekv::detail
