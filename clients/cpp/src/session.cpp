#include "session.hpp"

#include <poll.h>

#include <algorithm>
#include <random>
#include <utility>

namespace merklekv::detail {

namespace {

constexpr std::chrono::milliseconds first_pause{50};
constexpr int most_doublings = 10;

const Options& checked(const Options& options) {
    if (options.timeout.count() <= 0) throw ArgumentError("the timeout must be above zero");
    if (options.connect_attempts < 1) throw ArgumentError("connect_attempts must be at least 1");
    if (options.reply_limit < 1) throw ArgumentError("the reply limit must be at least 1 byte");
    return options;
}

// Whether the connection is in step after this error.
bool lives_after(const Error& error) {
    return error.kind() == Kind::server || error.kind() == Kind::argument;
}

}  // namespace

std::chrono::milliseconds pause_after(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto pause = first_pause * (1 << std::min(attempt - 1, most_doublings));
    std::uniform_int_distribution<std::chrono::milliseconds::rep> left_off(0, pause.count() / 2);
    return pause - std::chrono::milliseconds(left_off(random));
}

Session::Session(std::string host, std::uint16_t port, const Options& options)
    : peer_(std::move(host), port, checked(options).timeout),
      login_(options.login),
      tls_(options.tls ? load_tls(*options.tls) : nullptr),
      connect_attempts_(options.connect_attempts),
      reply_limit_(options.reply_limit) {}

Result::Variant Session::run(const Operation& operation) {
    if (operation.known) return *operation.known;
    Result::Variant result;
    converse(operation.repeatable, [&](Connection& connection) {
        connection.send(operation.request);
        result = operation.read(connection, operation.request);
    });
    return result;
}

void Session::log_in(Login login) {
    const Operation operation = auth_operation(login.user, login.password);
    converse(operation.repeatable, [&](Connection& connection) {
        connection.send(operation.request);
        operation.read(connection, operation.request);
        login_ = std::move(login);
    });
}

void Session::close() noexcept {
    stop_.raise();
    const std::lock_guard<std::mutex> turn(turn_);
    connection_.reset();
}

// Sees to it that there is a connection, and that the node did not close it meanwhile.
void Session::connect(Time deadline) {
    throw_if_closed();
    if (connection_ && connection_->stale()) connection_.reset();
    if (!connection_) connection_ = dial(deadline);
}

std::unique_ptr<Connection> Session::dial(Time deadline) {
    for (int attempt = 1;; ++attempt) {
        try {
            return open(deadline);
        } catch (const ConnectionError&) {
            throw_if_closed();
            const auto pause = pause_after(attempt);
            if (attempt == connect_attempts_ || deadline - Clock::now() < pause) throw;
            pollfd stop{stop_.descriptor(), POLLIN, 0};
            ::poll(&stop, 1, static_cast<int>(pause.count()));
        }
        throw_if_closed();
    }
}

// One attempt: TCP, TLS if wanted, and the handshake of the protocol.
std::unique_ptr<Connection> Session::open(Time deadline) {
    Socket socket = connect_socket(peer_, stop_, deadline);
    auto stream = tls_ ? tls_->secure(std::move(socket), deadline) : plain_stream(std::move(socket));
    auto connection = std::make_unique<Connection>(std::move(stream), peer_, reply_limit_);
    connection->greet(login_, deadline);
    return connection;
}

// Closes a connection that is out of step. The next call opens another.
void Session::after(const Error& error) {
    if (!lives_after(error)) connection_.reset();
    if (error.kind() == Kind::connection) throw_if_closed();
}

void Session::throw_if_closed() const {
    if (stop_.raised()) throw ConnectionError(peer_.name, "the client was closed; make another");
}

}  // namespace merklekv::detail
