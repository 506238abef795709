// A connection that is in step: whoever has it may send a command and read its reply.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "line_reader.hpp"
#include "merklekv/options.hpp"
#include "request.hpp"
#include "stream.hpp"

namespace merklekv::detail {

/// Its methods throw errors of the library. After any but an argument or a server error it is out
/// of step and must be thrown away. The peer outlives it.
class Connection {
public:
    Connection(std::unique_ptr<Stream> stream, const Peer& peer, std::size_t reply_limit);

    /// The handshake of the protocol: which dialect the node speaks, and the login if there is one.
    void greet(const std::optional<Login>& login, Time deadline);

    Dialect dialect() const noexcept { return dialect_; }
    const std::string& node() const noexcept { return peer_->name; }
    std::size_t reply_limit() const noexcept { return lines_.limit(); }

    /// Sets the deadline of the next reply.
    void begin(Time deadline) noexcept;

    /// Gives the reply that is read next a timeout of its own. It counts from when there is need to
    /// wait, for replies that came together not to look at the clock.
    void next_reply() noexcept { renew_ = true; }

    /// The buffer of what is to be sent, kept between commands for its memory.
    std::string& out() noexcept { return out_; }
    void flush();
    void send(const Request& request);

    /// The first line of a reply, valid until the next line is read. A refusal is a ServerError.
    std::string_view first_line();
    std::string_view next_line();

    /// Whether the node closed the connection since it was used last, or sent what nobody asked
    /// for. It looks at the socket only after an idle second.
    bool stale();
    void used() noexcept { last_used_ = Clock::now(); }

    [[noreturn]] void throw_protocol(const std::string& message) const;
    [[noreturn]] void throw_unexpected(std::string_view line, const std::string& expected) const;

private:
    void renew_deadline();

    std::unique_ptr<Stream> stream_;
    const Peer* peer_;
    LineReader lines_;
    std::string out_;
    Dialect dialect_ = Dialect::standard;
    Time deadline_{};
    Time last_used_{};
    bool renew_ = false;
};

/// Splits the answer to VERSION into the version and the dialect; nothing if it is none.
struct Version {
    std::string number;
    Dialect dialect;
};
std::optional<Version> parse_version(std::string_view line);

}  // namespace merklekv::detail
