// What the conformance suite does not see of the client.
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "merklekv/client.hpp"
#include "scripted_node.hpp"

using merklekv::MerkleKvClient;

namespace {

const Check lazy("a scan asks for a page when the loop gets there", [] {
    std::string page = "KEYS 1000\r\n";
    for (int i = 1000; i < 2000; ++i) page += "k" + std::to_string(i) + "\r\n";
    ScriptedNode node({{"SCAN \"k\" LIMIT 1000", page + "END\r\n"},
                       {"GET k1000", "VALUE v\r\n"},
                       {"SCAN \"k\" AFTER \"k1999\" LIMIT 1000", "KEYS 0\r\nEND\r\n"}});
    MerkleKvClient client("127.0.0.1", node.port());
    merklekv::Scan scan = client.scan("k");
    same(0U, node.asked().size());
    auto key = scan.begin();
    same("k1000", *key);
    same(1U, node.asked().size());
    same("v", client.get(*key).value());
    int keys = 0;
    for (; key != scan.end(); ++key) ++keys;
    same(1000, keys);
    same(3U, node.asked().size());
});

const Check pipelines("a pipeline gives a result of its type for each operation", [] {
    ScriptedNode node({{"SET a 1", "OK\r\n"},
                       {"INCR t", "ERROR: Wrong type: it is no number\r\n"},
                       {"GET a", "VALUE 1\r\n"}});
    MerkleKvClient client("127.0.0.1", node.port());
    merklekv::Pipeline pipeline = client.pipeline();
    pipeline.set("a", "1").mget({}).incr("t").get("a");
    thrown<merklekv::ArgumentError>([&] { pipeline.get("bad key"); });
    same(4U, pipeline.size());
    const std::vector<merklekv::Result> results = pipeline.execute();
    same(0U, pipeline.size());
    same(true, results.at(0).ok());
    same(0U, results.at(1).as<merklekv::Values>().size());
    same("Wrong type", results.at(2).error()->code());
    thrown<merklekv::ServerError>([&] { results.at(2).as<std::int64_t>(); });
    same("1", results.at(3).as<merklekv::Value>().value());
    thrown<merklekv::ArgumentError>([&] { results.at(3).as<bool>(); });
});

const Check threads("threads share a client, and each gets its own replies", [] {
    std::map<std::string, std::string> answers;
    for (int i = 0; i < 8; ++i) {
        answers["ECHO " + std::to_string(i)] = "ECHO " + std::to_string(i) + "\r\n";
    }
    ScriptedNode node(answers);
    MerkleKvClient client("127.0.0.1", node.port());
    std::vector<int> wrong(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&client, &wrong, i] {
            for (int turn = 0; turn < 200; ++turn) {
                if (client.echo(std::to_string(i)) != std::to_string(i)) ++wrong[i];
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int count : wrong) same(0, count);
});

const Check closed("a client that was closed or moved from says so", [] {
    const std::map<std::string, std::string> answers = {{"PING", "PONG\r\n"}};
    ScriptedNode node(answers);
    MerkleKvClient first("127.0.0.1", node.port());
    same("PONG", first.ping());
    MerkleKvClient client(std::move(first));
    same("PONG", client.ping());
    client.close();
    client.close();
    const auto error = thrown<merklekv::ConnectionError>([&] { client.ping(); });
    same("127.0.0.1:" + std::to_string(node.port()), error.node());
});

const Check kinds("errors are of one family, with a kind", [] {
    MerkleKvClient client("127.0.0.1", 1);
    const auto kind_of = [](const auto& function) {
        return static_cast<int>(thrown<merklekv::Error>(function).kind());
    };
    same(static_cast<int>(merklekv::Kind::argument), kind_of([&] { client.get("a b"); }));
    merklekv::Options once;
    once.connect_attempts = 1;
    MerkleKvClient nobody("127.0.0.1", 1, once);
    same(static_cast<int>(merklekv::Kind::connection), kind_of([&] { nobody.get("k"); }));
    once.timeout = std::chrono::milliseconds(0);
    same(static_cast<int>(merklekv::Kind::argument),
         kind_of([&] { MerkleKvClient("127.0.0.1", 1, once); }));
});

}  // namespace
