#include "request.hpp"

#include "merklekv/error.hpp"
#include "quote.hpp"
#include "text.hpp"

namespace merklekv::detail {

namespace {

std::string shown(std::string_view text) {
    constexpr std::size_t most = 80;
    std::string quoted;
    append_quoted(quoted, text.substr(0, most));
    return text.size() > most ? quoted + "…" : quoted;
}

// A node of the legacy dialect would trim such keys.
void carry_key(std::string_view key, Dialect dialect) {
    if (dialect == Dialect::legacy && has_space_at_ends(key)) {
        throw ArgumentError("the key " + shown(key) +
                            " begins or ends with a space character, "
                            "which the legacy dialect of this node takes off");
    }
}

// The legacy dialect has no quotes.
void carry_value(std::string_view value) {
    const char* fault = nullptr;
    if (value.empty()) {
        fault = "is empty";
    } else if (value.find_first_of("\r\n") != std::string_view::npos) {
        fault = "has a line break";
    } else if (has_space_at_ends(value)) {
        fault = "begins or ends with a space";
    }
    if (fault != nullptr) {
        throw ArgumentError(std::string("the value ") + fault +
                            ", which the legacy dialect of this node cannot carry");
    }
}

// The legacy dialect splits where there is a space.
void carry_word(const char* name, std::string_view text) {
    if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos ||
        has_space_at_ends(text)) {
        throw ArgumentError(std::string("the ") + name +
                            " is empty or has spaces, tabs or line breaks, "
                            "which the legacy dialect of this node cannot carry");
    }
}

void append_word(std::string& line, std::string_view word) {
    line += ' ';
    line += word;
}

}  // namespace

void append(std::string& line, const Request& request, Dialect dialect) {
    line += request.verb;
    request.write(line, request, dialect);
    line += "\r\n";
}

void write_nothing(std::string&, const Request&, Dialect) {}

void write_key(std::string& line, const Request& request, Dialect dialect) {
    carry_key(request.key, dialect);
    append_word(line, request.key);
}

void write_key_and_number(std::string& line, const Request& request, Dialect dialect) {
    write_key(line, request, dialect);
    append_word(line, std::to_string(request.number));
}

void write_key_and_value(std::string& line, const Request& request, Dialect dialect) {
    write_key(line, request, dialect);
    write_value(line, request, dialect);
}

void write_value(std::string& line, const Request& request, Dialect dialect) {
    line += ' ';
    if (dialect == Dialect::legacy) {
        carry_value(request.text);
        line += request.text;
    } else {
        append_value(line, request.text, Place::rest_of_line);
    }
}

void write_keys(std::string& line, const Request& request, Dialect dialect) {
    for (const std::string_view key : request.words) {
        carry_key(key, dialect);
        append_word(line, key);
    }
}

void write_pairs(std::string& line, const Request& request, Dialect dialect) {
    for (std::size_t i = 0; i + 1 < request.words.size(); i += 2) {
        const std::string_view value = request.words[i + 1];
        append_word(line, request.words[i]);
        line += ' ';
        if (dialect == Dialect::legacy) {
            carry_word("value", value);
            line += value;
        } else {
            append_value(line, value, Place::between_words);
        }
    }
}

void write_prefix(std::string& line, const Request& request, Dialect dialect) {
    if (request.text.empty()) return;
    line += ' ';
    if (dialect == Dialect::legacy) {
        carry_word("prefix", request.text);
        line += request.text;
    } else {
        append_quoted(line, request.text);
    }
}

void write_scan(std::string& line, const Request& request, Dialect dialect) {
    if (dialect == Dialect::legacy) {  // it has no pages
        write_prefix(line, request, dialect);
        return;
    }
    line += ' ';
    append_quoted(line, request.text);
    if (!request.key.empty()) {
        line += " AFTER ";
        append_quoted(line, request.key);
    }
    line += " LIMIT ";
    line += std::to_string(scan_page);
}

void write_login(std::string& line, const Request& request, Dialect dialect) {
    if (dialect == Dialect::legacy) {
        carry_word("user", request.key);
        carry_word("password", request.text);
        append_word(line, request.key);
        append_word(line, request.text);
        return;
    }
    line += ' ';
    append_quoted(line, request.key);
    line += ' ';
    append_quoted(line, request.text);
}

void write_report(std::string& line, const Request&, Dialect dialect) {
    if (dialect == Dialect::standard) return;
    line += "\r\nPING ";
    line += end_of_report;
}

void check_key(std::string_view key) {
    if (key.empty()) throw ArgumentError("the key is empty; a key has at least one byte");
    const unsigned classes = classes_of(key);
    if (classes & (blank | control)) {
        throw ArgumentError("the key " + shown(key) +
                            " has a space or a control character; keys have neither");
    }
    if ((classes & non_ascii) && !is_utf8(key)) {
        throw ArgumentError("the key " + shown(key) + " is not UTF-8");
    }
}

}  // namespace merklekv::detail
