#include "quote.hpp"

#include "text.hpp"

namespace merklekv::detail {

namespace {

bool needs_quotes(std::string_view value, Place place) {
    if (value.empty() || value.front() == '"' || value.front() == ' ' || value.back() == ' ') {
        return true;
    }
    const unsigned classes = classes_of(value);
    if (classes & control) return true;
    if ((classes & blank) && place == Place::between_words) return true;
    return (classes & non_ascii) && !is_utf8(value);
}

void append_hex(std::string& line, char c) {
    constexpr char digits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    line += "\\x";
    line += digits[byte >> 4];
    line += digits[byte & 15];
}

void append_ascii(std::string& line, char c) {
    switch (c) {
        case '"': line += "\\\""; return;
        case '\\': line += "\\\\"; return;
        case '\n': line += "\\n"; return;
        case '\r': line += "\\r"; return;
        case '\t': line += "\\t"; return;
        case '\0': line += "\\0"; return;
    }
    if (c < ' ' || c == 0x7f) {
        append_hex(line, c);
    } else {
        line += c;
    }
}

// The number of a hex digit, or -1.
int hex_digit(char c) {
    if ('0' <= c && c <= '9') return c - '0';
    if ('a' <= c && c <= 'f') return c - 'a' + 10;
    if ('A' <= c && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Takes an escape, without its backslash, off the text and gives the byte that it stands for.
std::optional<char> take_escape(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    const char letter = text.front();
    text.remove_prefix(1);
    switch (letter) {
        case '"':
        case '\\': return letter;
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case '0': return '\0';
        case 'x': break;
        default: return std::nullopt;
    }
    if (text.size() < 2) return std::nullopt;
    const int high = hex_digit(text[0]);
    const int low = hex_digit(text[1]);
    if (high < 0 || low < 0) return std::nullopt;
    text.remove_prefix(2);
    return static_cast<char>(high * 16 + low);
}

}  // namespace

void append_value(std::string& line, std::string_view value, Place place) {
    if (needs_quotes(value, place)) {
        append_quoted(line, value);
    } else {
        line += value;
    }
}

void append_quoted(std::string& line, std::string_view text) {
    line += '"';
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 1) {
            append_ascii(line, text.front());
        } else if (length == 0) {
            append_hex(line, text.front());
        } else {
            line += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    line += '"';
}

std::optional<std::string> unquote(std::string_view written) {
    if (written.empty() || written.front() != '"') return std::string(written);
    std::string text;
    text.reserve(written.size());
    written.remove_prefix(1);
    for (;;) {
        const std::size_t special = written.find_first_of("\"\\");
        if (special == std::string_view::npos) return std::nullopt;
        text += written.substr(0, special);
        const bool closing = written[special] == '"';
        written.remove_prefix(special + 1);
        if (closing) break;
        const std::optional<char> byte = take_escape(written);
        if (!byte) return std::nullopt;
        text += *byte;
    }
    if (!written.empty()) return std::nullopt;
    return text;
}

}  // namespace merklekv::detail
