// Measures this library:  bench_merklekv HOST PORT
#include "merklekv/client.hpp"

#include "load.hpp"

namespace {

class Ours {
public:
    Ours(const std::string& host, int port) : client_(host, static_cast<std::uint16_t>(port)) {}

    void set(const std::string& key, const std::string& value) { client_.set(key, value); }

    std::string get(const std::string& key) { return client_.get(key).value(); }

    void set_all(const std::vector<std::string>& keys, const std::string& value) {
        merklekv::Pipeline pipeline = client_.pipeline();
        for (const std::string& key : keys) pipeline.set(key, value);
        pipeline.execute();
    }

    void get_all(const std::vector<std::string>& keys, const std::string& expected) {
        merklekv::Pipeline pipeline = client_.pipeline();
        for (const std::string& key : keys) pipeline.get(key);
        for (const merklekv::Result& result : pipeline.execute()) {
            check(result.as<merklekv::Value>().value(), expected);
        }
    }

private:
    merklekv::MerkleKvClient client_;
};

}  // namespace

int main(int, char** words) {
    Ours client(words[1], std::stoi(words[2]));
    run_load(client);
}
