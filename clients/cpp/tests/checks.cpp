// Runs all checks, and says which failed.
#include "checks.hpp"

#include <exception>
#include <iostream>
#include <utility>
#include <vector>

namespace {

std::vector<std::pair<const char*, void (*)()>>& all() {
    static std::vector<std::pair<const char*, void (*)()>> checks;
    return checks;
}

}  // namespace

Check::Check(const char* name, void (*run)()) { all().emplace_back(name, run); }

int main() {
    int failed = 0;
    for (const auto& [name, run] : all()) {
        try {
            run();
        } catch (const std::exception& problem) {
            ++failed;
            std::cout << name << ": " << problem.what() << "\n";
        }
    }
    std::cout << all().size() - failed << " passed, " << failed << " failed\n";
    return failed == 0 && !all().empty() ? 0 : 1;
}
