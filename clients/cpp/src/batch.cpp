#include "batch.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace merklekv::detail {

namespace {

constexpr std::size_t block_size = 16 << 10;

Result read_result(Connection& connection, const Operation& operation) {
    if (operation.known) return *operation.known;
    try {
        Result result(operation.read(connection, operation.request));
        connection.next_reply();
        return result;
    } catch (const ServerError& refusal) {
        connection.next_reply();
        return Result(refusal);
    }
}

}  // namespace

std::string_view TextStore::keep(std::string_view text) {
    if (text.empty()) return {};
    if (text.size() > free_size_) {
        const std::size_t size = std::max(block_size, text.size());
        blocks_.emplace_back(new char[size]);
        free_ = blocks_.back().get();
        free_size_ = size;
    }
    char* copy = free_;
    std::memcpy(copy, text.data(), text.size());
    free_ += text.size();
    free_size_ -= text.size();
    return {copy, text.size()};
}

void Batch::add(Operation operation) {
    Request& request = operation.request;
    request.key = texts_.keep(request.key);
    request.text = texts_.keep(request.text);
    for (std::string_view& word : request.words) word = texts_.keep(word);
    operations_.push_back(std::move(operation));
}

bool Batch::asks() const noexcept {
    return std::any_of(operations_.begin(), operations_.end(),
                       [](const Operation& operation) { return !operation.known; });
}

std::vector<Result> Batch::known() const {
    std::vector<Result> results;
    for (const Operation& operation : operations_) results.emplace_back(*operation.known);
    return results;
}

std::vector<Result> Batch::exchange(Connection& connection) const {
    check_carried(connection);
    std::vector<Result> results;
    results.reserve(operations_.size());
    while (results.size() < operations_.size()) {
        const std::size_t sent = write_window(connection, results.size());
        while (results.size() < sent) {
            results.push_back(read_result(connection, operations_[results.size()]));
        }
    }
    return results;
}

// Refuses what the legacy dialect cannot carry before anything is sent.
void Batch::check_carried(Connection& connection) const {
    if (connection.dialect() == Dialect::standard) return;
    for (const Operation& operation : operations_) {
        connection.out().clear();
        append(connection.out(), operation.request, connection.dialect());
    }
}

// Sends as many of the commands as fit, at least one, and gives the index behind the last of them.
std::size_t Batch::write_window(Connection& connection, std::size_t first) const {
    std::string& out = connection.out();
    out.clear();
    std::size_t next = first;
    for (; next < operations_.size(); ++next) {
        if (operations_[next].known) continue;
        const std::size_t before = out.size();
        append(out, operations_[next].request, connection.dialect());
        if (before > 0 && out.size() > window) {
            out.resize(before);
            break;
        }
    }
    connection.flush();
    return next;
}

}  // namespace merklekv::detail
