#include "merklekv/error.hpp"

#include <utility>

namespace merklekv {

namespace {

std::string whole_message(const std::string& node, const std::string& message) {
    return node.empty() ? "merklekv: " + message : "merklekv: " + node + ": " + message;
}

}  // namespace

Error::Error(Kind kind, const std::string& node, const std::string& message)
    : std::runtime_error(whole_message(node, message)), kind_(kind), node_(node) {}

ArgumentError::ArgumentError(const std::string& message) : Error(Kind::argument, "", message) {}

ConnectionError::ConnectionError(const std::string& node, const std::string& message)
    : Error(Kind::connection, node, message) {}

TimeoutError::TimeoutError(const std::string& node, const std::string& message)
    : Error(Kind::timeout, node, message) {}

ProtocolError::ProtocolError(const std::string& node, const std::string& message)
    : Error(Kind::protocol, node, message) {}

ServerError::ServerError(const std::string& node, std::string sentence)
    : Error(Kind::server, node, "the node refused the command: " + sentence),
      sentence_(std::move(sentence)),
      code_(sentence_.substr(0, sentence_.find(':'))) {}

}  // namespace merklekv
