#include "text.hpp"

#include <array>

namespace merklekv::detail {

namespace {

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> classes{};
    for (std::size_t c = 0; c < ' '; ++c) classes[c] = control;
    for (std::size_t c = 0x80; c < 256; ++c) classes[c] = non_ascii;
    classes[0x7f] = control;
    classes['\t'] = classes[' '] = blank;
    return classes;
}

constexpr auto classes = make_classes();

// The characters with the property White_Space.
constexpr std::string_view spaces[] = {
    "\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
};

bool ends_with(std::string_view text, std::string_view suffix) {
    return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

}  // namespace

unsigned classes_of(std::string_view text) {
    unsigned found = plain;
    for (const char c : text) found |= classes[static_cast<unsigned char>(c)];
    return found;
}

std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const unsigned char second = byte(1);
    const bool too_long = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool surrogate = lead == 0xed && second > 0x9f;
    const bool beyond_unicode = lead == 0xf4 && second > 0x8f;
    return too_long || surrogate || beyond_unicode ? 0 : length;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

bool has_space_at_ends(std::string_view text) {
    for (const std::string_view space : spaces) {
        if (starts_with(text, space) || ends_with(text, space)) return true;
    }
    return false;
}

}  // namespace merklekv::detail
