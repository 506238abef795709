// Quoted strings of the protocol, written and read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace merklekv::detail {

/// Where a value stands: between words, as in MSET, a space or a tab would split it.
enum class Place { rest_of_line, between_words };

/// Appends a value, quoted only if it would not come through raw.
void append_value(std::string& line, std::string_view value, Place place);

/// Appends text in double quotes, with the escapes of the protocol.
void append_quoted(std::string& line, std::string_view text);

/// The text of what a node wrote: what begins with a quote is taken out of its quotes, all else
/// stands for itself. Nothing if it does not end as a quoted string, or has a wrong escape.
std::optional<std::string> unquote(std::string_view written);

}  // namespace merklekv::detail
