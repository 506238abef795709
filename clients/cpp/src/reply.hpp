// Reads whole replies. Every function throws a ServerError if the node refused the command, and a
// ProtocolError if the reply is not one to it.
#pragma once

#include <string>
#include <vector>

#include "connection.hpp"
#include "merklekv/result.hpp"

namespace merklekv::detail {

using Reader = Result::Variant (*)(Connection& connection, const Request& request);

Result::Variant read_ok(Connection& connection, const Request& request);
/// The reply to GET.
Result::Variant read_value(Connection& connection, const Request& request);
/// A value that must be there, as behind APPEND.
Result::Variant read_text(Connection& connection, const Request& request);
/// The reply to INCR and DECR.
Result::Variant read_new_number(Connection& connection, const Request& request);
/// A number that is not negative, named after its command.
Result::Variant read_count(Connection& connection, const Request& request);
Result::Variant read_ttl(Connection& connection, const Request& request);
Result::Variant read_deleted(Connection& connection, const Request& request);
/// The reply to EXPIRE and PERSIST.
Result::Variant read_changed(Connection& connection, const Request& request);
/// The reply to PING and ECHO with a message.
Result::Variant read_message(Connection& connection, const Request& request);
Result::Variant read_pong(Connection& connection, const Request& request);
Result::Variant read_version(Connection& connection, const Request& request);
Result::Variant read_hash(Connection& connection, const Request& request);

/// The reply to MGET.
Result::Variant read_values(Connection& connection, const Request& request);
/// The reply to INFO and STATS.
Result::Variant read_report(Connection& connection, const Request& request);
/// The reply to SCAN: a page of keys, or all of them in the legacy dialect.
std::vector<std::string> read_keys(Connection& connection);

/// A value or nothing, of a line as GET and MGET have it.
Value parse_value(const Connection& connection, std::string_view line);
/// The text of a value or a key as the dialect writes it.
std::string unquoted(const Connection& connection, std::string_view written);

}  // namespace merklekv::detail
