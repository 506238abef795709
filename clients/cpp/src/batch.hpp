// The operations of a pipeline, with the texts that they refer to.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "merklekv/result.hpp"
#include "operations.hpp"

namespace merklekv::detail {

/// How many bytes of commands may be on their way before their replies are read. A node stops
/// reading from a client that leaves its replies unread, so writing without end would wait for ever.
constexpr std::size_t window = 32 << 10;

/// Copies of texts, packed into few blocks of memory that never move.
class TextStore {
public:
    std::string_view keep(std::string_view text);

private:
    std::vector<std::unique_ptr<char[]>> blocks_;
    char* free_ = nullptr;
    std::size_t free_size_ = 0;
};

class Batch {
public:
    void add(Operation operation);

    std::size_t size() const noexcept { return operations_.size(); }

    /// Whether there is something to ask the node.
    bool asks() const noexcept;

    /// Sends all commands, a window at a time, and gives the results of all operations.
    std::vector<Result> exchange(Connection& connection) const;

    /// The results of a batch that asks nothing.
    std::vector<Result> known() const;

private:
    void check_carried(Connection& connection) const;
    std::size_t write_window(Connection& connection, std::size_t first) const;

    TextStore texts_;
    std::vector<Operation> operations_;
};

}  // namespace merklekv::detail
