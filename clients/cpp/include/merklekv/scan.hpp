// The keys that a scan gives.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>

namespace merklekv {

namespace detail {
class Session;
class ScanState;
}  // namespace detail

/// The keys that begin with a prefix, in byte order: a range for one pass, as in
/// `for (const std::string& key : client.scan("room:"))`. begin() starts from the first key. It
/// asks for 1000 keys at a time, when the loop gets there, and each page has a timeout of its own.
/// begin() and ++ throw what client calls throw. Other calls may be made within the loop.
class Scan {
public:
    /// An input iterator. Copies share their place.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string*;
        using reference = const std::string&;

        /// The end.
        Iterator() = default;

        reference operator*() const;
        pointer operator->() const { return &**this; }
        Iterator& operator++();
        void operator++(int) { ++*this; }

        /// Only whether both are at the end, or both are not, is compared.
        friend bool operator==(const Iterator& a, const Iterator& b) {
            return a.at_end() == b.at_end();
        }
        friend bool operator!=(const Iterator& a, const Iterator& b) { return !(a == b); }

    private:
        friend class Scan;
        explicit Iterator(std::shared_ptr<detail::ScanState> state);
        bool at_end() const noexcept;

        std::shared_ptr<detail::ScanState> state_;
    };

    Iterator begin() const;
    Iterator end() const { return {}; }

private:
    friend class MerkleKvClient;
    Scan(std::shared_ptr<detail::Session> session, std::string prefix);

    std::shared_ptr<detail::Session> session_;
    std::string prefix_;
};

}  // namespace merklekv
