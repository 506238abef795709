// Keeps what sensors measure, for a minute, and shows it:  example [HOST [PORT]]
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "merklekv/client.hpp"

namespace {

constexpr std::int64_t kept_seconds = 60;

void store(merklekv::MerkleKvClient& client, const std::map<std::string, std::string>& degrees) {
    merklekv::Pipeline pipeline = client.pipeline();
    for (const auto& [sensor, value] : degrees) {
        pipeline.set("temperature:" + sensor, value);
        pipeline.expire("temperature:" + sensor, kept_seconds);
        pipeline.incr("readings:" + sensor);
    }
    for (const merklekv::Result& result : pipeline.execute()) {
        if (!result.ok()) throw *result.error();
    }
}

void show(merklekv::MerkleKvClient& client) {
    for (const std::string& key : client.scan("temperature:")) {
        const std::string sensor = key.substr(key.find(':') + 1);
        std::cout << sensor << ": " << client.get(key).value_or("gone") << " degrees, "
                  << client.get("readings:" + sensor).value_or("0") << " readings\n";
    }
}

}  // namespace

int main(int count, char** words) {
    const std::string host = count > 1 ? words[1] : "localhost";
    const int port = count > 2 ? std::stoi(words[2]) : 7379;
    try {
        merklekv::MerkleKvClient client(host, static_cast<std::uint16_t>(port));
        store(client, {{"cellar", "12.0"}, {"hall", "19.5"}});
        store(client, {{"hall", "19.75"}});
        show(client);
    } catch (const merklekv::Error& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
