// One function for each operation, for a client and a pipeline to share. They throw an
// ArgumentError for a bad key. What they give refers to the texts of the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "merklekv/result.hpp"
#include "reply.hpp"
#include "request.hpp"

namespace merklekv::detail {

/// A request together with how its reply is read.
struct Operation {
    Request request;
    Reader read;
    bool repeatable = false;  ///< asked once more if the connection breaks before the reply
    std::optional<Result::Variant> known{};  ///< the result of what needs no asking
};

Operation set_operation(std::string_view key, std::string_view value);
Operation get_operation(std::string_view key);
Operation delete_operation(std::string_view key);
Operation incr_operation(std::string_view key, std::int64_t n);
Operation decr_operation(std::string_view key, std::int64_t n);
Operation append_operation(std::string_view key, std::string_view value);
Operation prepend_operation(std::string_view key, std::string_view value);
Operation mget_operation(const std::vector<std::string>& keys);
Operation mset_operation(const Pairs& pairs);
Operation exists_operation(const std::vector<std::string>& keys);
Operation expire_operation(std::string_view key, std::int64_t seconds);
Operation persist_operation(std::string_view key);
Operation ttl_operation(std::string_view key);
Operation dbsize_operation();
Operation memory_operation();
Operation ping_operation();
Operation ping_operation(std::string_view message);
Operation echo_operation(std::string_view message);
Operation info_operation();
Operation stats_operation();
Operation version_operation();
Operation hash_operation(std::string_view prefix);
Operation flush_operation();
Operation auth_operation(std::string_view user, std::string_view password);

}  // namespace merklekv::detail
