// What operations give.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "merklekv/error.hpp"

namespace merklekv {

/// A value, or nothing for a missing key.
using Value = std::optional<std::string>;

/// For each key that was asked what a get would give.
using Values = std::vector<Value>;

/// Names and texts, as info and stats give them.
using Report = std::map<std::string, std::string>;

/// Keys and the values that mset gives them.
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The result of one operation of a pipeline: what the client's method of that name gives, or the
/// error with which the node refused the command.
class Result {
public:
    /// std::monostate is the result of operations that give nothing.
    using Variant = std::variant<std::monostate, bool, std::int64_t, std::string, Value, Values,
                                 Report, ServerError>;

    /// Takes what an operation gave.
    Result(Variant content) : content_(std::move(content)) {}

    /// Whether the node did what it was asked.
    bool ok() const noexcept { return !std::holds_alternative<ServerError>(content_); }

    /// The refusal, or nullptr if there was none.
    const ServerError* error() const noexcept { return std::get_if<ServerError>(&content_); }

    /// The result, as the type that the client's method gives. Throws the ServerError if the node
    /// refused the command, and an ArgumentError if the operation gives another type.
    template <class T>
    const T& as() const {
        if (const ServerError* refusal = error()) throw *refusal;
        if (const T* content = std::get_if<T>(&content_)) return *content;
        throw ArgumentError("the result of this operation is of another type; "
                            "as<T>() takes the type that the client's method gives");
    }

    /// The result, for std::visit.
    const Variant& variant() const noexcept { return content_; }

private:
    Variant content_;
};

}  // namespace merklekv
