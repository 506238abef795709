// Measures hiredis with the same load:  bench_redis HOST PORT
#include <hiredis/hiredis.h>

#include <memory>

#include "load.hpp"

namespace {

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string text(const Reply& reply) {
    if (!reply) throw std::runtime_error("no reply");
    return {reply->str, static_cast<std::size_t>(reply->len)};
}

class Theirs {
public:
    Theirs(const std::string& host, int port) : redis_(redisConnect(host.c_str(), port)) {
        if (!redis_ || redis_->err) throw std::runtime_error("cannot connect");
    }
    ~Theirs() { redisFree(redis_); }
    Theirs(const Theirs&) = delete;
    Theirs& operator=(const Theirs&) = delete;

    void set(const std::string& key, const std::string& value) {
        append_set(key, value);
        check(text(reply()), "OK");
    }

    std::string get(const std::string& key) {
        append_get(key);
        return text(reply());
    }

    void set_all(const std::vector<std::string>& keys, const std::string& value) {
        for (const std::string& key : keys) append_set(key, value);
        for (std::size_t i = 0; i < keys.size(); ++i) check(text(reply()), "OK");
    }

    void get_all(const std::vector<std::string>& keys, const std::string& expected) {
        for (const std::string& key : keys) append_get(key);
        for (std::size_t i = 0; i < keys.size(); ++i) check(text(reply()), expected);
    }

private:
    void append_set(const std::string& key, const std::string& value) {
        redisAppendCommand(redis_, "SET %b %b", key.data(), key.size(), value.data(), value.size());
    }

    void append_get(const std::string& key) {
        redisAppendCommand(redis_, "GET %b", key.data(), key.size());
    }

    Reply reply() {
        void* reply = nullptr;
        if (redisGetReply(redis_, &reply) != REDIS_OK) throw std::runtime_error(redis_->errstr);
        return Reply(static_cast<redisReply*>(reply));
    }

    redisContext* redis_;
};

}  // namespace

int main(int, char** words) {
    Theirs client(words[1], std::stoi(words[2]));
    run_load(client);
}
