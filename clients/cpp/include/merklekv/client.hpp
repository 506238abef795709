// A client for MerkleKV nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "merklekv/error.hpp"
#include "merklekv/options.hpp"
#include "merklekv/pipeline.hpp"
#include "merklekv/result.hpp"
#include "merklekv/scan.hpp"

namespace merklekv {

/// Talks to one node over one connection, which the first call opens. It may be used by several
/// threads at once: their calls take turns. Strings are bytes; keys are UTF-8 without spaces and
/// control characters.
///
/// Every operation throws an error of error.hpp: an ArgumentError before anything is sent, a
/// ServerError if the node refused, and a ConnectionError, TimeoutError or ProtocolError, behind
/// which the next call opens another connection. Reads are asked once more if the connection
/// breaks, writes are not.
class MerkleKvClient {
public:
    /// Opens no connection. Throws an ArgumentError for options that make no sense or files of
    /// certificates that are no good.
    explicit MerkleKvClient(std::string host = "localhost", std::uint16_t port = 7379,
                            const Options& options = {});

    /// Closes the client.
    ~MerkleKvClient();
    MerkleKvClient(MerkleKvClient&&) noexcept;
    MerkleKvClient& operator=(MerkleKvClient&&) noexcept;

    /// Gives a key a value, without an expiry.
    void set(std::string_view key, std::string_view value);

    /// The value of a key, or nothing if there is none.
    std::optional<std::string> get(std::string_view key);

    /// Deletes a key. False if there was no such key.
    bool del(std::string_view key);

    /// Adds n to the number of a key and gives the new number. A missing key counts as 0; a result
    /// beyond 64 bits is a ServerError and changes nothing.
    std::int64_t incr(std::string_view key, std::int64_t n = 1);

    /// Subtracts n likewise.
    std::int64_t decr(std::string_view key, std::int64_t n = 1);

    /// Puts a value behind that of the key and gives the whole new value.
    std::string append(std::string_view key, std::string_view value);

    /// Puts a value before that of the key and gives the whole new value.
    std::string prepend(std::string_view key, std::string_view value);

    /// For each key, in order, what get would give.
    Values mget(const std::vector<std::string>& keys);

    /// Gives several keys their values: all of them, or none if it fails.
    void mset(const Pairs& pairs);

    /// How many of the keys there are. A key named twice counts twice.
    std::int64_t exists(const std::vector<std::string>& keys);

    /// The keys that begin with the prefix, in byte order; all keys for an empty one. Asks nothing
    /// before the loop begins.
    Scan scan(std::string prefix = {});

    /// Has a key deleted in so many seconds, on every node; at once if they are not above zero.
    /// False if there is no such key.
    bool expire(std::string_view key, std::int64_t seconds);

    /// Keeps a key that was to expire. False if there is no such key with an expiry.
    bool persist(std::string_view key);

    /// Whole seconds until a key expires: -1 if it has no expiry, -2 if there is no such key.
    std::int64_t ttl(std::string_view key);

    /// The number of keys.
    std::int64_t dbsize();

    /// The estimated memory of the node's data in bytes.
    std::int64_t memory();

    /// Asks whether the node answers, which is PONG.
    std::string ping();

    /// Asks the node for the message back.
    std::string ping(std::string_view message);

    /// Asks the node for the message back.
    std::string echo(std::string_view message);

    /// Facts about the node, its data and its place in the cluster.
    Report info();

    /// The node's counters since its start.
    Report stats();

    /// The version of the node, such as 0.2.0.
    std::string version();

    /// In 64 hex digits, the root of the node's Merkle tree, or that of the keys that begin with
    /// the prefix. Nodes that hold the same give the same.
    std::string hash(std::string_view prefix = {});

    /// Deletes every key of the whole cluster, not only of this node.
    void flush();

    /// Logs in: the connection, and those that are opened later, are this user's.
    void auth(std::string_view user, std::string_view password);

    /// An empty pipeline.
    Pipeline pipeline();

    /// Closes the connection. A call of another thread that is under way, and all later ones, end
    /// with a ConnectionError. May be called twice.
    void close() noexcept;

private:
    std::shared_ptr<detail::Session> session_;
};

}  // namespace merklekv
