#include "wire.hpp"

#include <cctype>

namespace {

std::string decode(const std::string& field) {
    std::string text;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '%' && i + 2 < field.size()) {
            text += static_cast<char>(std::stoi(field.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            text += field[i];
        }
    }
    return text;
}

// The length of the UTF-8 character at a place, by its first byte and the bytes that follow; 0 if
// they do not fit together.
std::size_t character_length(const std::string& text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= text.size() || (static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
    }
    return length;
}

std::string encode(const std::string& text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string field;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::size_t length = character_length(text, i);
        if (length == 0 || text[i] == '%' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
            field += {'%', digits[byte >> 4], digits[byte & 15]};
            ++i;
        } else {
            field.append(text, i, length);
            i += length;
        }
    }
    return field;
}

struct ToFields {
    Fields operator()(std::monostate) const { return {"ok"}; }
    Fields operator()(bool yes) const { return {"bool", yes ? "true" : "false"}; }
    Fields operator()(std::int64_t number) const { return {"int", std::to_string(number)}; }
    Fields operator()(const std::string& text) const { return {"text", text}; }
    Fields operator()(const merklekv::Value& value) const {
        return value ? Fields{"text", *value} : Fields{"nil"};
    }
    Fields operator()(const merklekv::Values& values) const {
        Fields fields{"list"};
        for (const auto& value : values) fields.push_back(value ? "=" + *value : "!");
        return fields;
    }
    Fields operator()(const merklekv::Report& report) const {
        Fields fields{"map"};
        for (const auto& [name, text] : report) {
            fields.push_back(name);
            fields.push_back(text);
        }
        return fields;
    }
    Fields operator()(const merklekv::ServerError& error) const {
        return {"error", "server", error.code(), error.what()};
    }
};

const char* kind_name(merklekv::Kind kind) {
    switch (kind) {
        case merklekv::Kind::argument: return "argument";
        case merklekv::Kind::connection: return "connection";
        case merklekv::Kind::timeout: return "timeout";
        case merklekv::Kind::protocol: return "protocol";
        case merklekv::Kind::server: return "server";
    }
    return "unknown";
}

}  // namespace

Fields decode_fields(const std::string& line) {
    Fields fields;
    std::size_t start = 0;
    for (std::size_t tab; (tab = line.find('\t', start)) != std::string::npos; start = tab + 1) {
        fields.push_back(decode(line.substr(start, tab - start)));
    }
    fields.push_back(decode(line.substr(start)));
    return fields;
}

std::string encode_fields(const Fields& fields) {
    std::string line;
    for (const std::string& field : fields) line += (line.empty() ? "" : "\t") + encode(field);
    return line;
}

std::string result_line(const merklekv::Result& result) {
    return encode_fields(std::visit(ToFields{}, result.variant()));
}

std::string error_line(const merklekv::Error& error) {
    const auto* refusal = dynamic_cast<const merklekv::ServerError*>(&error);
    return encode_fields(
        {"error", kind_name(error.kind()), refusal ? refusal->code() : "", error.what()});
}
