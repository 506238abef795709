// The life of a client: its connection, and whose turn it is.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connection.hpp"
#include "merklekv/error.hpp"
#include "merklekv/options.hpp"
#include "operations.hpp"

namespace merklekv::detail {

/// Shared by a client, its pipelines and its scans.
class Session {
public:
    Session(std::string host, std::uint16_t port, const Options& options);

    /// Runs one operation.
    Result::Variant run(const Operation& operation);

    /// Logs in, and keeps the login for later connections.
    void log_in(Login login);

    /// Has talk(connection) done when it is the caller's turn, on a connection that lives, and
    /// once more on another one if that breaks and it is repeatable.
    template <class Talk>
    void converse(bool repeatable, const Talk& talk) {
        const std::lock_guard<std::mutex> turn(turn_);
        const Time deadline = Clock::now() + peer_.timeout;
        for (bool again = repeatable;; again = false) {
            connect(deadline);
            try {
                connection_->begin(deadline);
                talk(*connection_);
                connection_->used();
                return;
            } catch (const Error& error) {
                after(error);
                if (!again || error.kind() != Kind::connection) throw;
            } catch (...) {  // such as no memory, in the middle of a reply
                connection_.reset();
                throw;
            }
        }
    }

    void close() noexcept;

private:
    void connect(Time deadline);
    std::unique_ptr<Connection> dial(Time deadline);
    std::unique_ptr<Connection> open(Time deadline);
    void after(const Error& error);
    void throw_if_closed() const;

    Peer peer_;
    StopSignal stop_;
    std::optional<Login> login_;
    std::unique_ptr<TlsContext> tls_;
    int connect_attempts_;
    std::size_t reply_limit_;

    std::mutex turn_;
    std::unique_ptr<Connection> connection_;  // nothing if there is none; of whoever has the turn
};

/// How long to wait behind an attempt to connect, counted from 1: 50 ms and twice as long each
/// time, of which up to half is left off at random, for the clients of a node that restarts not to
/// come all at once.
std::chrono::milliseconds pause_after(int attempt);

}  // namespace merklekv::detail
