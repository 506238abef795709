#include "scripted_node.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

ScriptedNode::ScriptedNode(std::map<std::string, std::string> answers)
    : answers_(std::move(answers)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    answers_["VERSION"] = "MerkleKV 0.2.0\r\n";
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, any, &size) != 0) {
        throw std::runtime_error("the scripted node cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

ScriptedNode::~ScriptedNode() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
}

std::vector<std::string> ScriptedNode::asked() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
}

void ScriptedNode::serve() {
    int connection = 0;
    while ((connection = accept(listener_, nullptr, nullptr)) >= 0) {
        converse(connection);
        close(connection);
    }
}

void ScriptedNode::converse(int connection) {
    std::string received;
    char piece[4096];
    ssize_t count = 0;
    while ((count = recv(connection, piece, sizeof piece, 0)) > 0) {
        received.append(piece, static_cast<std::size_t>(count));
        std::size_t end = 0;
        while ((end = received.find("\r\n")) != std::string::npos) {
            const std::string line = received.substr(0, end);
            received.erase(0, end + 2);
            if (line != "VERSION") {
                const std::lock_guard<std::mutex> lock(mutex_);
                asked_.push_back(line);
            }
            const auto answer = answers_.find(line);
            if (answer == answers_.end()) return;
            const std::string& text = answer->second;
            if (send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
        }
    }
}
