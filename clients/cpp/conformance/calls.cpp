#include "calls.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <type_traits>

using merklekv::MerkleKvClient;
using merklekv::Pipeline;
using merklekv::Result;

namespace {

// The library's types do not let other numbers reach it.
std::int64_t number(const std::string& text) {
    std::int64_t parsed = 0;
    const char* end = text.data() + text.size();
    const char* begin = text.data() + (text.size() > 1 && text[0] == '+' && text[1] != '-');
    const auto [stop, failure] = std::from_chars(begin, end, parsed);
    if (failure != std::errc() || stop != end) {
        throw merklekv::ArgumentError("\"" + text + "\" is not a 64-bit number");
    }
    return parsed;
}

std::int64_t amount(const Fields& f) { return f.size() > 2 ? number(f[2]) : 1; }
std::string optional(const Fields& f) { return f.size() > 1 ? f[1] : ""; }
Fields keys(const Fields& f) { return {f.begin() + 1, f.end()}; }

merklekv::Pairs pairs(const Fields& f) {
    merklekv::Pairs pairs;
    for (std::size_t i = 1; i + 1 < f.size(); i += 2) pairs.emplace_back(f[i], f[i + 1]);
    return pairs;
}

// What clients and pipelines can do alike, in one table for both.
template <class To>
using Table = std::map<std::string, std::function<Result(To&, const Fields&)>>;

// Gives what a call gives; that of a pipeline gives nothing yet.
template <class Call>
Result result_of(const Call& call) {
    using Given = decltype(call());
    if constexpr (std::is_void_v<Given> || std::is_same_v<Given, Pipeline&>) {
        call();
        return Result(std::monostate{});
    } else {
        return Result(call());
    }
}

#define CALL(expression) \
    [](To& to, const Fields& f) { \
        static_cast<void>(f); \
        return result_of([&]() -> decltype(auto) { return expression; }); \
    }

template <class To>
const Table<To>& table() {
    static const Table<To> calls = {
        {"set", CALL(to.set(f[1], f[2]))},
        {"set_bytes", CALL(to.set(f[1], f[2]))},
        {"get", CALL(to.get(f[1]))},
        {"get_bytes", CALL(to.get(f[1]))},
        {"delete", CALL(to.del(f[1]))},
        {"incr", CALL(to.incr(f[1], amount(f)))},
        {"decr", CALL(to.decr(f[1], amount(f)))},
        {"append", CALL(to.append(f[1], f[2]))},
        {"prepend", CALL(to.prepend(f[1], f[2]))},
        {"mget", CALL(to.mget(keys(f)))},
        {"mset", CALL(to.mset(pairs(f)))},
        {"exists", CALL(to.exists(keys(f)))},
        {"expire", CALL(to.expire(f[1], number(f[2])))},
        {"persist", CALL(to.persist(f[1]))},
        {"ttl", CALL(to.ttl(f[1]))},
        {"dbsize", CALL(to.dbsize())},
        {"memory", CALL(to.memory())},
        {"ping", CALL(f.size() > 1 ? to.ping(f[1]) : to.ping())},
        {"echo", CALL(to.echo(f[1]))},
        {"info", CALL(to.info())},
        {"stats", CALL(to.stats())},
        {"version", CALL(to.version())},
        {"hash", CALL(to.hash(optional(f)))},
        {"flush", CALL(to.flush())},
    };
    return calls;
}

#undef CALL

template <class To>
Result look_up_and_call(To& to, const Fields& fields) {
    const auto found = table<To>().find(fields[0]);
    if (found == table<To>().end()) throw merklekv::ArgumentError("no such call: " + fields[0]);
    return found->second(to, fields);
}

std::string scan(MerkleKvClient& client, const std::string& prefix) {
    Fields fields{"list"};
    for (const std::string& key : client.scan(prefix)) fields.push_back("=" + key);
    return encode_fields(fields);
}

}  // namespace

std::string call(MerkleKvClient& client, const Fields& fields) {
    try {
        if (fields[0] == "scan") return scan(client, optional(fields));
        if (fields[0] == "auth") return client.auth(fields[1], fields[2]), "ok";
        if (fields[0] == "close") return client.close(), "ok";
        return result_line(look_up_and_call(client, fields));
    } catch (const merklekv::Error& error) {
        return error_line(error);
    }
}

std::string call_pipeline(MerkleKvClient& client, const std::vector<Fields>& calls) {
    try {
        Pipeline pipeline = client.pipeline();
        for (const Fields& fields : calls) look_up_and_call(pipeline, fields);
        const std::vector<Result> results = pipeline.execute();
        std::string answer = encode_fields({"results", std::to_string(results.size())});
        for (const Result& result : results) answer += "\n" + result_line(result);
        return answer;
    } catch (const merklekv::Error& error) {
        return error_line(error);
    }
}
