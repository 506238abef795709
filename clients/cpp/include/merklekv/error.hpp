// What the operations of a client fail with.
#pragma once

#include <stdexcept>
#include <string>

namespace merklekv {

/// Tells who has to act on an error.
enum class Kind {
    argument,    ///< refused before anything was sent, such as a key with a space
    connection,  ///< it could not be opened or broke, TLS failed, or the client was closed
    timeout,     ///< a reply was not there in time
    protocol,    ///< the answer is none of this protocol, or not one to this command
    server,      ///< the node refused the command
};

/// The base of every exception of this library. `what()` says what was wrong, with which node, and
/// what to do where that is known.
class Error : public std::runtime_error {
public:
    Kind kind() const noexcept { return kind_; }

    /// `host:port` of the node, empty if none was asked.
    const std::string& node() const noexcept { return node_; }

protected:
    Error(Kind kind, const std::string& node, const std::string& message);

private:
    Kind kind_;
    std::string node_;
};

/// Refused before anything was sent: a bad key, option or file, or what the node's dialect cannot
/// carry. The connection lives.
class ArgumentError : public Error {
public:
    explicit ArgumentError(const std::string& message);
};

/// The connection could not be opened or broke, TLS failed, or the client was closed. If it broke
/// behind a write, nobody knows whether the node did it. The next call opens another connection.
class ConnectionError : public Error {
public:
    ConnectionError(const std::string& node, const std::string& message);
};

/// A reply was not there in time. The connection is closed.
class TimeoutError : public Error {
public:
    TimeoutError(const std::string& node, const std::string& message);
};

/// The answer is none of this protocol, or not one to this command. The connection is closed.
class ProtocolError : public Error {
public:
    ProtocolError(const std::string& node, const std::string& message);
};

/// The node refused the command. The connection lives.
class ServerError : public Error {
public:
    ServerError(const std::string& node, std::string sentence);

    /// The words before the first colon, such as "Wrong type", or the sentence if it has none.
    const std::string& code() const noexcept { return code_; }

    /// What the node said.
    const std::string& sentence() const noexcept { return sentence_; }

private:
    std::string sentence_;
    std::string code_;
};

}  // namespace merklekv
