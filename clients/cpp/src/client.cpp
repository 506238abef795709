#include "merklekv/client.hpp"

#include <utility>

#include "operations.hpp"
#include "session.hpp"

namespace merklekv {

namespace {

template <class T>
T run(detail::Session& session, const detail::Operation& operation) {
    return std::get<T>(session.run(operation));
}

}  // namespace

MerkleKvClient::MerkleKvClient(std::string host, std::uint16_t port, const Options& options)
    : session_(std::make_shared<detail::Session>(std::move(host), port, options)) {}

MerkleKvClient::~MerkleKvClient() { close(); }

MerkleKvClient::MerkleKvClient(MerkleKvClient&&) noexcept = default;

MerkleKvClient& MerkleKvClient::operator=(MerkleKvClient&& other) noexcept {
    if (this != &other) {
        close();
        session_ = std::move(other.session_);
    }
    return *this;
}

void MerkleKvClient::set(std::string_view key, std::string_view value) {
    session_->run(detail::set_operation(key, value));
}

std::optional<std::string> MerkleKvClient::get(std::string_view key) {
    return run<Value>(*session_, detail::get_operation(key));
}

bool MerkleKvClient::del(std::string_view key) {
    return run<bool>(*session_, detail::delete_operation(key));
}

std::int64_t MerkleKvClient::incr(std::string_view key, std::int64_t n) {
    return run<std::int64_t>(*session_, detail::incr_operation(key, n));
}

std::int64_t MerkleKvClient::decr(std::string_view key, std::int64_t n) {
    return run<std::int64_t>(*session_, detail::decr_operation(key, n));
}

std::string MerkleKvClient::append(std::string_view key, std::string_view value) {
    return run<std::string>(*session_, detail::append_operation(key, value));
}

std::string MerkleKvClient::prepend(std::string_view key, std::string_view value) {
    return run<std::string>(*session_, detail::prepend_operation(key, value));
}

Values MerkleKvClient::mget(const std::vector<std::string>& keys) {
    return run<Values>(*session_, detail::mget_operation(keys));
}

void MerkleKvClient::mset(const Pairs& pairs) { session_->run(detail::mset_operation(pairs)); }

std::int64_t MerkleKvClient::exists(const std::vector<std::string>& keys) {
    return run<std::int64_t>(*session_, detail::exists_operation(keys));
}

Scan MerkleKvClient::scan(std::string prefix) { return {session_, std::move(prefix)}; }

bool MerkleKvClient::expire(std::string_view key, std::int64_t seconds) {
    return run<bool>(*session_, detail::expire_operation(key, seconds));
}

bool MerkleKvClient::persist(std::string_view key) {
    return run<bool>(*session_, detail::persist_operation(key));
}

std::int64_t MerkleKvClient::ttl(std::string_view key) {
    return run<std::int64_t>(*session_, detail::ttl_operation(key));
}

std::int64_t MerkleKvClient::dbsize() {
    return run<std::int64_t>(*session_, detail::dbsize_operation());
}

std::int64_t MerkleKvClient::memory() {
    return run<std::int64_t>(*session_, detail::memory_operation());
}

std::string MerkleKvClient::ping() {
    return run<std::string>(*session_, detail::ping_operation());
}

std::string MerkleKvClient::ping(std::string_view message) {
    return run<std::string>(*session_, detail::ping_operation(message));
}

std::string MerkleKvClient::echo(std::string_view message) {
    return run<std::string>(*session_, detail::echo_operation(message));
}

Report MerkleKvClient::info() { return run<Report>(*session_, detail::info_operation()); }

Report MerkleKvClient::stats() { return run<Report>(*session_, detail::stats_operation()); }

std::string MerkleKvClient::version() {
    return run<std::string>(*session_, detail::version_operation());
}

std::string MerkleKvClient::hash(std::string_view prefix) {
    return run<std::string>(*session_, detail::hash_operation(prefix));
}

void MerkleKvClient::flush() { session_->run(detail::flush_operation()); }

void MerkleKvClient::auth(std::string_view user, std::string_view password) {
    session_->log_in({std::string(user), std::string(password)});
}

Pipeline MerkleKvClient::pipeline() { return Pipeline(session_); }

void MerkleKvClient::close() noexcept {
    if (session_) session_->close();  // nothing is left of a client that was moved from
}

}  // namespace merklekv
