// Classes of bytes, UTF-8 and white space. Knows nothing of the protocol.
#pragma once

#include <cstddef>
#include <string_view>

namespace merklekv::detail {

/// What kinds of bytes a text has, as bits.
enum ByteClass : unsigned char {
    plain = 0,
    blank = 1,      ///< a space or a tab
    control = 2,    ///< another ASCII control character
    non_ascii = 4,
};

/// The classes of all bytes of a text together.
unsigned classes_of(std::string_view text);

/// The length of the character that the text begins with; 0 if that is not UTF-8.
std::size_t character_length(std::string_view text);

bool is_utf8(std::string_view text);

/// Whether white space of Unicode is at one of the ends.
bool has_space_at_ends(std::string_view text);

inline bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

/// Takes the prefix off, if it is there, and tells whether it was.
inline bool cut_prefix(std::string_view& text, std::string_view prefix) {
    if (!starts_with(text, prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

}  // namespace merklekv::detail
