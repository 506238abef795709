#include "reply.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

#include "quote.hpp"
#include "text.hpp"

namespace merklekv::detail {

namespace {

Result::Variant read_number(Connection& connection, const std::string& before, std::int64_t least) {
    const std::string_view line = connection.first_line();
    std::string_view digits = line;
    std::int64_t number = 0;
    if (cut_prefix(digits, before)) {
        const char* end = digits.data() + digits.size();
        const auto [stop, failure] = std::from_chars(digits.data(), end, number);
        if (failure == std::errc() && stop == end && number >= least) return number;
    }
    connection.throw_unexpected(line, before + "and a 64-bit number that makes sense here");
}

Result::Variant read_either(Connection& connection, const char* yes) {
    const std::string_view line = connection.first_line();
    if (line == yes) return true;
    if (line == "NOT_FOUND") return false;
    connection.throw_unexpected(line, std::string(yes) + " or NOT_FOUND");
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

}  // namespace

Result::Variant read_ok(Connection& connection, const Request&) {
    const std::string_view line = connection.first_line();
    if (line != "OK") connection.throw_unexpected(line, "OK");
    return std::monostate{};
}

Result::Variant read_value(Connection& connection, const Request&) {
    return parse_value(connection, connection.first_line());
}

Value parse_value(const Connection& connection, std::string_view line) {
    if (line == (connection.dialect() == Dialect::legacy ? "NOT_FOUND" : "(null)")) return {};
    std::string_view written = line;
    if (!cut_prefix(written, "VALUE ")) connection.throw_unexpected(line, "a value");
    return unquoted(connection, written);
}

std::string unquoted(const Connection& connection, std::string_view written) {
    if (connection.dialect() == Dialect::legacy) return std::string(written);
    std::optional<std::string> text = unquote(written);
    if (!text) connection.throw_unexpected(written, "a quoted string with its end");
    return *std::move(text);
}

Result::Variant read_text(Connection& connection, const Request&) {
    const std::string_view line = connection.first_line();
    std::string_view written = line;
    if (!cut_prefix(written, "VALUE ")) connection.throw_unexpected(line, "the new value");
    return unquoted(connection, written);
}

Result::Variant read_new_number(Connection& connection, const Request&) {
    return read_number(connection, "VALUE ", std::numeric_limits<std::int64_t>::min());
}

Result::Variant read_count(Connection& connection, const Request& request) {
    return read_number(connection, std::string(request.verb) + " ", 0);
}

Result::Variant read_ttl(Connection& connection, const Request&) {
    return read_number(connection, "TTL ", -2);
}

Result::Variant read_deleted(Connection& connection, const Request&) {
    return read_either(connection, "DELETED");
}

Result::Variant read_changed(Connection& connection, const Request&) {
    return read_either(connection, "OK");
}

Result::Variant read_message(Connection& connection, const Request& request) {
    const std::string_view line = connection.first_line();
    std::string_view written = line;
    const std::string name = request.verb == "PING" ? "PONG " : "ECHO ";
    if (cut_prefix(written, name)) {
        std::string message = unquoted(connection, written);
        if (message == request.text) return message;
    }
    connection.throw_unexpected(line, name + "and the message");
}

Result::Variant read_pong(Connection& connection, const Request&) {
    const std::string_view line = connection.first_line();
    const bool legacy = connection.dialect() == Dialect::legacy;
    if (line != "PONG" && !(legacy && line == "PONG ")) connection.throw_unexpected(line, "PONG");
    return std::string("PONG");
}

Result::Variant read_version(Connection& connection, const Request&) {
    const std::string_view line = connection.first_line();
    std::optional<Version> version = parse_version(line);
    if (!version) connection.throw_unexpected(line, "the version of a MerkleKV node");
    return std::move(version->number);
}

// HASH and a digest; a prefix, if one was asked for, stands between them.
Result::Variant read_hash(Connection& connection, const Request& request) {
    constexpr std::size_t digits = 64;
    const std::string_view line = connection.first_line();
    std::string_view shown = line;
    if (cut_prefix(shown, "HASH ") && shown.size() >= digits) {
        const std::string_view hash = shown.substr(shown.size() - digits);
        shown.remove_suffix(digits);
        const bool fits = shown.empty() || (!request.text.empty() && shown.back() == ' ');
        if (fits && is_hex(hash)) return std::string(hash);
    }
    connection.throw_unexpected(line, "a hash of 64 hex digits");
}

}  // namespace merklekv::detail
