// Replies of several lines. A header says how many, and that is how many are read, as a key may be
// called END. No list is made longer than what has come.
#include <charconv>
#include <cstdint>

#include "merklekv/error.hpp"
#include "reply.hpp"
#include "text.hpp"

namespace merklekv::detail {

namespace {

std::uint32_t parse_header(const Connection& connection, std::string_view line,
                           const std::string& name) {
    std::string_view digits = line;
    std::uint32_t count = 0;
    if (cut_prefix(digits, name)) {
        const char* end = digits.data() + digits.size();
        const auto [stop, failure] = std::from_chars(digits.data(), end, count);
        if (failure == std::errc() && stop == end) return count;
    }
    connection.throw_unexpected(line, name + "and a number");
}

void read_end(Connection& connection) {
    const std::string_view line = connection.next_line();
    if (line != "END") connection.throw_unexpected(line, "END");
}

// A line "key value" or "key NOT_FOUND" for each key. A value may be NOT_FOUND itself, and only the
// number of found keys in the header tells.
Values read_legacy_values(Connection& connection, const std::vector<std::string_view>& keys) {
    Values values(keys.size());
    std::string_view line = connection.first_line();
    if (line == "NOT_FOUND") return values;
    const std::uint32_t found = parse_header(connection, line, "VALUES ");
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        line = connection.next_line();
        std::string_view text = line;
        if (!cut_prefix(text, keys[i]) || !cut_prefix(text, " ")) {
            connection.throw_unexpected(line, "the line of the key " + std::string(keys[i]));
        }
        if (found == keys.size() || text != "NOT_FOUND") {
            values[i].emplace(text);
            ++count;
        }
    }
    if (count != found) {
        connection.throw_protocol("the node says that " + std::to_string(found) +
                                  " keys have a value and sent " + std::to_string(count));
    }
    return values;
}

// Reads the answer to the PING that was sent behind a report, for the next reply to be that of the
// next command.
void read_after_refusal(Connection& connection, const std::string& last) {
    const std::string_view line = connection.next_line();
    if (line != last) connection.throw_unexpected(line, last);
}

void read_title(Connection& connection, const std::string& title, const std::string& last) {
    std::string_view line;
    try {
        line = connection.first_line();
    } catch (const ServerError&) {
        if (connection.dialect() == Dialect::legacy) read_after_refusal(connection, last);
        throw;
    }
    if (line != title) connection.throw_unexpected(line, title);
}

}  // namespace

Result::Variant read_values(Connection& connection, const Request& request) {
    if (connection.dialect() == Dialect::legacy) {
        return read_legacy_values(connection, request.words);
    }
    const std::uint32_t count = parse_header(connection, connection.first_line(), "VALUES ");
    if (count != request.words.size()) {
        connection.throw_protocol("the node sent " + std::to_string(count) + " values for " +
                                  std::to_string(request.words.size()) + " keys");
    }
    Values values;
    values.reserve(request.words.size());
    while (values.size() < request.words.size()) {
        values.push_back(parse_value(connection, connection.next_line()));
    }
    read_end(connection);
    return values;
}

std::vector<std::string> read_keys(Connection& connection) {
    const bool standard = connection.dialect() == Dialect::standard;
    const std::uint32_t count = parse_header(connection, connection.first_line(), "KEYS ");
    if (standard && count > scan_page) {
        connection.throw_protocol("the node sent " + std::to_string(count) +
                                  " keys where at most " + std::to_string(scan_page) +
                                  " were asked for");
    }
    std::vector<std::string> keys;
    while (keys.size() < count) {
        keys.push_back(unquoted(connection, connection.next_line()));
    }
    if (standard) read_end(connection);
    return keys;
}

// How many lines a report has is not said, so together they may have as many bytes as a line.
Result::Variant read_report(Connection& connection, const Request& request) {
    const bool legacy = connection.dialect() == Dialect::legacy;
    const std::string last = legacy ? "PONG " + std::string(end_of_report) : "END";
    const bool info = !legacy && request.verb == "INFO";
    read_title(connection, info ? "# Server Information" : std::string(request.verb), last);
    Report report;
    std::size_t size = 0;
    for (;;) {
        const std::string_view line = connection.next_line();
        if (line == last) return report;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            connection.throw_unexpected(line, "a name and a text with a colon between them");
        }
        size += line.size();
        if (size > connection.reply_limit()) {
            connection.throw_protocol("the report is longer than the reply limit of " +
                                      std::to_string(connection.reply_limit()) + " bytes");
        }
        report[std::string(line.substr(0, colon))] = line.substr(colon + 1);
    }
}

}  // namespace merklekv::detail
