#include "merklekv/pipeline.hpp"

#include <utility>

#include "batch.hpp"
#include "session.hpp"

namespace merklekv {

using detail::Batch;

Pipeline::Pipeline(std::shared_ptr<detail::Session> session)
    : session_(std::move(session)), batch_(std::make_unique<Batch>()) {}

Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

std::size_t Pipeline::size() const noexcept { return batch_->size(); }

std::vector<Result> Pipeline::execute() {
    const auto batch = std::exchange(batch_, std::make_unique<Batch>());
    if (!batch->asks()) return batch->known();
    std::vector<Result> results;
    session_->converse(false, [&](detail::Connection& connection) {
        results = batch->exchange(connection);
    });
    return results;
}

Pipeline& Pipeline::set(std::string_view key, std::string_view value) {
    batch_->add(detail::set_operation(key, value));
    return *this;
}

Pipeline& Pipeline::get(std::string_view key) {
    batch_->add(detail::get_operation(key));
    return *this;
}

Pipeline& Pipeline::del(std::string_view key) {
    batch_->add(detail::delete_operation(key));
    return *this;
}

Pipeline& Pipeline::incr(std::string_view key, std::int64_t n) {
    batch_->add(detail::incr_operation(key, n));
    return *this;
}

Pipeline& Pipeline::decr(std::string_view key, std::int64_t n) {
    batch_->add(detail::decr_operation(key, n));
    return *this;
}

Pipeline& Pipeline::append(std::string_view key, std::string_view value) {
    batch_->add(detail::append_operation(key, value));
    return *this;
}

Pipeline& Pipeline::prepend(std::string_view key, std::string_view value) {
    batch_->add(detail::prepend_operation(key, value));
    return *this;
}

Pipeline& Pipeline::mget(const std::vector<std::string>& keys) {
    batch_->add(detail::mget_operation(keys));
    return *this;
}

Pipeline& Pipeline::mset(const Pairs& pairs) {
    batch_->add(detail::mset_operation(pairs));
    return *this;
}

Pipeline& Pipeline::exists(const std::vector<std::string>& keys) {
    batch_->add(detail::exists_operation(keys));
    return *this;
}

Pipeline& Pipeline::expire(std::string_view key, std::int64_t seconds) {
    batch_->add(detail::expire_operation(key, seconds));
    return *this;
}

Pipeline& Pipeline::persist(std::string_view key) {
    batch_->add(detail::persist_operation(key));
    return *this;
}

Pipeline& Pipeline::ttl(std::string_view key) {
    batch_->add(detail::ttl_operation(key));
    return *this;
}

Pipeline& Pipeline::dbsize() {
    batch_->add(detail::dbsize_operation());
    return *this;
}

Pipeline& Pipeline::memory() {
    batch_->add(detail::memory_operation());
    return *this;
}

Pipeline& Pipeline::ping() {
    batch_->add(detail::ping_operation());
    return *this;
}

Pipeline& Pipeline::ping(std::string_view message) {
    batch_->add(detail::ping_operation(message));
    return *this;
}

Pipeline& Pipeline::echo(std::string_view message) {
    batch_->add(detail::echo_operation(message));
    return *this;
}

Pipeline& Pipeline::info() {
    batch_->add(detail::info_operation());
    return *this;
}

Pipeline& Pipeline::stats() {
    batch_->add(detail::stats_operation());
    return *this;
}

Pipeline& Pipeline::version() {
    batch_->add(detail::version_operation());
    return *this;
}

Pipeline& Pipeline::hash(std::string_view prefix) {
    batch_->add(detail::hash_operation(prefix));
    return *this;
}

Pipeline& Pipeline::flush() {
    batch_->add(detail::flush_operation());
    return *this;
}

}  // namespace merklekv
