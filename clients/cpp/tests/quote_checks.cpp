// Which values are quoted, how, and what is read back.
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "quote.hpp"

using namespace std::string_literals;
using merklekv::detail::append_value;
using merklekv::detail::Place;
using merklekv::detail::unquote;

namespace {

std::string written(const std::string& value, Place place = Place::rest_of_line) {
    std::string line;
    append_value(line, value, place);
    return line;
}

const Check quoted_where_needed("values are quoted only where they have to be", [] {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"plain", "plain"},
        {"two words", "two words"},
        {"a\tb", "a\tb"},
        {"say \"hi\"", "say \"hi\""},
        {"gr\xc3\xbc\xc3\x9f" "e", "gr\xc3\xbc\xc3\x9f" "e"},
        {"\xe2\x80\xa8", "\xe2\x80\xa8"},
        {"", "\"\""},
        {" a", "\" a\""},
        {"a ", "\"a \""},
        {"\"a", "\"\\\"a\""},
        {"a\r\n", "\"a\\r\\n\""},
        {"\0\x01\x7f"s, "\"\\0\\x01\\x7f\""},
        {"\xff", "\"\\xff\""},
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
    };
    for (const auto& [value, expected] : values) same(expected, written(value));
});

const Check words("between words, spaces and tabs are quoted too", [] {
    same("a", written("a", Place::between_words));
    same("\"a b\"", written("a b", Place::between_words));
    same("\"a\\tb\"", written("a\tb", Place::between_words));
});

const Check reversed("unquoting is the reverse of quoting", [] {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    for (const std::string& value : {""s, "\""s, "\\"s, all, " " + all + " "}) {
        same(value, unquote(written(value)).value());
    }
});

const Check malformed("what does not end as a quoted string is none", [] {
    for (const char* text : {"\"", "\"a", "\"a\\\"", "\"a\" b\"", "\"\\q\"", "\"\\x4\"", "\"\\xzz\""}) {
        same(false, unquote(text).has_value());
    }
});

}  // namespace
