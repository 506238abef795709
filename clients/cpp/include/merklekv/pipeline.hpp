// Operations that are sent together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "merklekv/result.hpp"

namespace merklekv {

namespace detail {
class Batch;
class Session;
}  // namespace detail

/// Collects operations and sends them together, in few writes. Each method adds what the client's
/// method of that name does, and throws its ArgumentError at once; then nothing was added. Texts
/// are copied. A pipeline is for one thread.
class Pipeline {
public:
    Pipeline(Pipeline&&) noexcept;
    Pipeline& operator=(Pipeline&&) noexcept;
    ~Pipeline();

    Pipeline& set(std::string_view key, std::string_view value);
    Pipeline& get(std::string_view key);
    Pipeline& del(std::string_view key);
    Pipeline& incr(std::string_view key, std::int64_t n = 1);
    Pipeline& decr(std::string_view key, std::int64_t n = 1);
    Pipeline& append(std::string_view key, std::string_view value);
    Pipeline& prepend(std::string_view key, std::string_view value);
    Pipeline& mget(const std::vector<std::string>& keys);
    Pipeline& mset(const Pairs& pairs);
    Pipeline& exists(const std::vector<std::string>& keys);
    Pipeline& expire(std::string_view key, std::int64_t seconds);
    Pipeline& persist(std::string_view key);
    Pipeline& ttl(std::string_view key);
    Pipeline& dbsize();
    Pipeline& memory();
    Pipeline& ping();
    Pipeline& ping(std::string_view message);
    Pipeline& echo(std::string_view message);
    Pipeline& info();
    Pipeline& stats();
    Pipeline& version();
    Pipeline& hash(std::string_view prefix = {});
    /// Deletes every key of the whole cluster.
    Pipeline& flush();

    /// How many operations were added.
    std::size_t size() const noexcept;

    /// Sends the operations and gives the result of each, in order. Each reply may take the
    /// client's timeout. A command that the node refuses has its ServerError in its place. What is
    /// thrown means that the pipeline failed as a whole: unless it is an ArgumentError, which is
    /// thrown before anything is sent, how many commands were done is not known. Nothing is
    /// repeated. Afterwards the pipeline is empty and may be used again.
    std::vector<Result> execute();

private:
    friend class MerkleKvClient;
    explicit Pipeline(std::shared_ptr<detail::Session> session);

    std::shared_ptr<detail::Session> session_;
    std::unique_ptr<detail::Batch> batch_;
};

}  // namespace merklekv
