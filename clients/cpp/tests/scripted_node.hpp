// A node that answers the lines it knows.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// Listens on a port of its own and serves one connection after the other in a thread. A line that
/// it does not know closes the connection.
class ScriptedNode {
public:
    explicit ScriptedNode(std::map<std::string, std::string> answers);
    ~ScriptedNode();

    std::uint16_t port() const noexcept { return port_; }

    /// The lines that have come so far, but for VERSION.
    std::vector<std::string> asked();

private:
    void serve();
    void converse(int connection);

    std::map<std::string, std::string> answers_;
    int listener_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::vector<std::string> asked_;
    std::thread thread_;
};
