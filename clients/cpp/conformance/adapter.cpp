// The adapter of the conformance suite: it makes the calls that it reads, one a line, with the
// client library, and answers each with one line. See ../../conformance/README.md.
#include <iostream>
#include <map>
#include <memory>

#include "calls.hpp"

namespace {

std::unique_ptr<merklekv::MerkleKvClient> connect(const Fields& fields) {
    std::map<std::string, std::string> given;
    for (std::size_t i = 3; i < fields.size(); ++i) {
        const std::size_t equals = fields[i].find('=');
        given[fields[i].substr(0, equals)] = fields[i].substr(equals + 1);
    }
    merklekv::Options options;
    if (given.count("timeout_ms")) {
        options.timeout = std::chrono::milliseconds(std::stoll(given["timeout_ms"]));
    }
    if (given.count("user")) options.login = {given["user"], given["password"]};
    if (given.count("connect_attempts")) {
        options.connect_attempts = std::stoi(given["connect_attempts"]);
    }
    if (given.count("reply_limit")) options.reply_limit = std::stoull(given["reply_limit"]);
    if (given["tls"] == "1") {
        options.tls = {given["ca"], given["server_name"], given["cert"], given["key"]};
    }
    const auto port = static_cast<std::uint16_t>(std::stoul(fields[2]));
    return std::make_unique<merklekv::MerkleKvClient>(fields[1], port, options);
}

std::vector<Fields> read_calls(std::size_t count) {
    std::vector<Fields> calls;
    for (std::string line; calls.size() < count && std::getline(std::cin, line);) {
        calls.push_back(decode_fields(line));
    }
    return calls;
}

}  // namespace

int main() {
    auto client = std::make_unique<merklekv::MerkleKvClient>();
    std::string refused;  // options that no client could be made with answer the calls after them
    for (std::string line; std::getline(std::cin, line);) {
        const Fields fields = decode_fields(line);
        std::string answer;
        if (fields[0] == "connect") {
            refused.clear();
            answer = "ok";
            try {
                client = connect(fields);
            } catch (const merklekv::Error& error) {
                refused = error_line(error);
            }
        } else if (fields[0] == "pipeline") {
            answer = call_pipeline(*client, read_calls(std::stoul(fields[1])));
        } else {
            answer = refused.empty() ? call(*client, fields) : refused;
        }
        std::cout << answer << std::endl;
    }
}
