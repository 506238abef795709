#include "operations.hpp"

namespace merklekv::detail {

namespace {

// Of an operation that only reads, which may be repeated.
Operation reading(Request request, Reader read) { return {std::move(request), read, true}; }

Operation key_operation(std::string_view verb, std::string_view key, Reader read) {
    check_key(key);
    return {{verb, write_key, key}, read};
}

Operation value_operation(std::string_view verb, std::string_view key, std::string_view value,
                          Reader read) {
    check_key(key);
    return {{verb, write_key_and_value, key, value}, read};
}

// INCR or DECR, for which 1 need not be said.
Operation number_operation(std::string_view verb, std::string_view key, std::int64_t n) {
    check_key(key);
    return {{verb, n == 1 ? write_key : write_key_and_number, key, {}, n}, read_new_number};
}

Operation keys_operation(std::string_view verb, const std::vector<std::string>& keys, Reader read) {
    Operation operation = reading({verb, write_keys}, read);
    operation.request.words.reserve(keys.size());
    for (const std::string& key : keys) {
        check_key(key);
        operation.request.words.emplace_back(key);
    }
    return operation;
}

}  // namespace

Operation set_operation(std::string_view key, std::string_view value) {
    return value_operation("SET", key, value, read_ok);
}

Operation get_operation(std::string_view key) {
    check_key(key);
    return reading({"GET", write_key, key}, read_value);
}

Operation delete_operation(std::string_view key) { return key_operation("DEL", key, read_deleted); }

Operation incr_operation(std::string_view key, std::int64_t n) {
    return number_operation("INCR", key, n);
}

Operation decr_operation(std::string_view key, std::int64_t n) {
    return number_operation("DECR", key, n);
}

Operation append_operation(std::string_view key, std::string_view value) {
    return value_operation("APPEND", key, value, read_text);
}

Operation prepend_operation(std::string_view key, std::string_view value) {
    return value_operation("PREPEND", key, value, read_text);
}

Operation mget_operation(const std::vector<std::string>& keys) {
    Operation operation = keys_operation("MGET", keys, read_values);
    if (keys.empty()) operation.known = Values{};
    return operation;
}

Operation mset_operation(const Pairs& pairs) {
    Operation operation{{"MSET", write_pairs}, read_ok};
    operation.request.words.reserve(2 * pairs.size());
    for (const auto& [key, value] : pairs) {
        check_key(key);
        operation.request.words.emplace_back(key);
        operation.request.words.emplace_back(value);
    }
    if (pairs.empty()) operation.known = std::monostate{};
    return operation;
}

Operation exists_operation(const std::vector<std::string>& keys) {
    Operation operation = keys_operation("EXISTS", keys, read_count);
    if (keys.empty()) operation.known = std::int64_t{0};
    return operation;
}

Operation expire_operation(std::string_view key, std::int64_t seconds) {
    check_key(key);
    return {{"EXPIRE", write_key_and_number, key, {}, seconds}, read_changed};
}

Operation persist_operation(std::string_view key) {
    return key_operation("PERSIST", key, read_changed);
}

Operation ttl_operation(std::string_view key) {
    check_key(key);
    return reading({"TTL", write_key, key}, read_ttl);
}

Operation dbsize_operation() { return reading({"DBSIZE", write_nothing}, read_count); }

Operation memory_operation() { return reading({"MEMORY", write_nothing}, read_count); }

Operation ping_operation() { return reading({"PING", write_nothing}, read_pong); }

Operation ping_operation(std::string_view message) {
    return reading({"PING", write_value, {}, message}, read_message);
}

Operation echo_operation(std::string_view message) {
    return reading({"ECHO", write_value, {}, message}, read_message);
}

Operation info_operation() { return reading({"INFO", write_report}, read_report); }

Operation stats_operation() { return reading({"STATS", write_report}, read_report); }

Operation version_operation() { return reading({"VERSION", write_nothing}, read_version); }

Operation hash_operation(std::string_view prefix) {
    return reading({"HASH", write_prefix, {}, prefix}, read_hash);
}

Operation flush_operation() { return {{"FLUSH", write_nothing}, read_ok}; }

Operation auth_operation(std::string_view user, std::string_view password) {
    return {{"AUTH", write_login, user, password}, read_ok};
}

}  // namespace merklekv::detail
