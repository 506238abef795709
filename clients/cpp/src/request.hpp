// Commands as they are before they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace merklekv::detail {

/// What a node speaks, as its answer to VERSION tells.
enum class Dialect { standard, legacy };

/// How many keys a scan asks for at a time.
constexpr std::size_t scan_page = 1000;

/// Sent behind INFO and STATS in the legacy dialect, which does not say where they end.
constexpr std::string_view end_of_report = "end-of-report";

struct Request;

/// Appends the arguments. Throws an ArgumentError if the dialect cannot carry them.
using Writer = void (*)(std::string& line, const Request& request, Dialect dialect);

/// A command that is not written yet: how depends on the dialect, which is known only when there is
/// a connection. Its texts belong to somebody else.
struct Request {
    std::string_view verb;
    Writer write;
    std::string_view key{};
    std::string_view text{};  ///< value, message, prefix or password
    std::int64_t number = 0;
    std::vector<std::string_view> words{};  ///< keys, or keys and values in turn
};

/// Appends the whole command line.
void append(std::string& line, const Request& request, Dialect dialect);

void write_nothing(std::string& line, const Request& request, Dialect dialect);
void write_key(std::string& line, const Request& request, Dialect dialect);
void write_key_and_number(std::string& line, const Request& request, Dialect dialect);
void write_key_and_value(std::string& line, const Request& request, Dialect dialect);
void write_value(std::string& line, const Request& request, Dialect dialect);
void write_keys(std::string& line, const Request& request, Dialect dialect);
void write_pairs(std::string& line, const Request& request, Dialect dialect);
/// The prefix of HASH, which may be empty.
void write_prefix(std::string& line, const Request& request, Dialect dialect);
/// A prefix, and in the field key the last key of the page before, if there was one.
void write_scan(std::string& line, const Request& request, Dialect dialect);
/// The user, in the field key, and the password.
void write_login(std::string& line, const Request& request, Dialect dialect);
void write_report(std::string& line, const Request& request, Dialect dialect);

/// Throws an ArgumentError if a key would not be one word of a line.
void check_key(std::string_view key);

}  // namespace merklekv::detail
