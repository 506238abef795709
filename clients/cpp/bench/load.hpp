// What both benchmark programs run: the same calls, as often, with the same data.
#pragma once

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

constexpr int warm_up = 2000;
constexpr int single_calls = 20000;
constexpr int batch = 100;
constexpr int pipelined = 200000;
constexpr int key_count = 1000;

inline void check(const std::string& got, const std::string& expected) {
    if (got != expected) throw std::runtime_error("\"" + got + "\" came back");
}

template <class Call>
void measure(const char* name, int calls, int operations, const Call& call) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call(i);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%s %.0f\n", name, calls * static_cast<double>(operations) / seconds.count());
}

/// Prints operations per second. The client has set, get, set_all and get_all; the last takes what
/// each value has to be.
template <class Client>
void run_load(Client& client) {
    std::vector<std::string> keys;
    std::vector<std::vector<std::string>> batches(key_count / batch);
    for (int i = 0; i < key_count; ++i) {
        keys.push_back("bench:" + std::to_string(i));
        batches[i / batch].push_back(keys.back());
    }
    const std::string value(64, 'x');
    for (int i = 0; i < warm_up; ++i) client.set(keys[i % key_count], value);
    measure("single set", single_calls, 1, [&](int i) { client.set(keys[i % key_count], value); });
    measure("single get", single_calls, 1,
            [&](int i) { check(client.get(keys[i % key_count]), value); });
    const auto of = [&](int i) -> const auto& { return batches[i % batches.size()]; };
    measure("pipelined set", pipelined / batch, batch,
            [&](int i) { client.set_all(of(i), value); });
    measure("pipelined get", pipelined / batch, batch,
            [&](int i) { client.get_all(of(i), value); });
}
