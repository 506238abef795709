// As much of a test framework as these checks need.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

/// Runs a function as a check with a name. For static objects of the files with checks.
struct Check {
    Check(const char* name, void (*run)());
};

/// Throws if both differ; these have to be printable.
template <class Expected, class Got>
void same(const Expected& expected, const Got& got) {
    if (expected == got) return;
    std::ostringstream message;
    message << "\"" << got << "\" instead of \"" << expected << "\"";
    throw std::runtime_error(message.str());
}

/// The exception of this type that a function throws.
template <class Thrown, class Function>
Thrown thrown(const Function& function) {
    try {
        function();
    } catch (const Thrown& error) {
        return error;
    }
    throw std::runtime_error("it did not throw");
}
