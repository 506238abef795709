#include "connection.hpp"

#include <utility>

#include "merklekv/error.hpp"
#include "quote.hpp"
#include "reply.hpp"
#include "text.hpp"

namespace merklekv::detail {

namespace {

// How long a connection may be unused before it is looked at.
constexpr std::chrono::seconds idle_check{1};

// How much memory for commands is kept when they are sent.
constexpr std::size_t kept_output = 64 << 10;

std::string excerpt(std::string_view line) {
    constexpr std::size_t most = 80;
    std::string quoted;
    append_quoted(quoted, line.substr(0, most));
    return line.size() > most ? quoted + "…" : quoted;
}

// Takes what stands behind the word ERROR: a colon and a sentence, or in the legacy dialect the
// sentence alone.
std::string sentence_of(std::string_view refusal) {
    cut_prefix(refusal, ":");
    cut_prefix(refusal, " ");
    return std::string(refusal);
}

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, const Peer& peer, std::size_t reply_limit)
    : stream_(std::move(stream)), peer_(&peer), lines_(reply_limit) {}

void Connection::greet(const std::optional<Login>& login, Time deadline) {
    begin(deadline);
    send(Request{"VERSION", write_nothing});
    const std::string_view line = first_line();
    const std::optional<Version> version = parse_version(line);
    if (!version) throw_unexpected(line, "the version of a MerkleKV node");
    dialect_ = version->dialect;
    if (login) {
        const Request request{"AUTH", write_login, login->user, login->password};
        send(request);
        read_ok(*this, request);
    }
    used();
}

void Connection::begin(Time deadline) noexcept {
    deadline_ = deadline;
    renew_ = false;
}

void Connection::renew_deadline() {
    if (!renew_) return;
    renew_ = false;
    deadline_ = Clock::now() + peer_->timeout;
}

void Connection::send(const Request& request) {
    out_.clear();
    append(out_, request, dialect_);
    flush();
}

void Connection::flush() {
    renew_deadline();
    stream_->write(out_, deadline_);
    if (out_.capacity() > kept_output) out_ = std::string();
}

std::string_view Connection::first_line() {
    std::string_view line = next_line();
    if (cut_prefix(line, "ERROR")) throw ServerError(peer_->name, sentence_of(line));
    return line;
}

std::string_view Connection::next_line() {
    std::string_view line;
    for (;;) {
        switch (lines_.next(line)) {
            case LineReader::Outcome::line: return line;
            case LineReader::Outcome::incomplete: break;
            case LineReader::Outcome::too_long:
                throw_protocol("the node sent a line that is longer than the reply limit of " +
                               std::to_string(lines_.limit()) + " bytes");
        }
        renew_deadline();
        char* space = lines_.space();
        lines_.filled(stream_->read(space, lines_.space_size(), deadline_));
    }
}

bool Connection::stale() {
    if (!lines_.empty()) return true;
    return Clock::now() - last_used_ >= idle_check && !stream_->quiet();
}

void Connection::throw_protocol(const std::string& message) const {
    throw ProtocolError(peer_->name, message);
}

void Connection::throw_unexpected(std::string_view line, const std::string& expected) const {
    throw_protocol("the node sent " + excerpt(line) + " where " + expected +
                   " was expected; is it a MerkleKV node?");
}

std::optional<Version> parse_version(std::string_view line) {
    Dialect dialect = Dialect::standard;
    if (!cut_prefix(line, "MerkleKV ")) {
        if (!cut_prefix(line, "VERSION ")) return std::nullopt;
        dialect = Dialect::legacy;
    }
    if (line.empty()) return std::nullopt;
    return Version{std::string(line), dialect};
}

}  // namespace merklekv::detail
