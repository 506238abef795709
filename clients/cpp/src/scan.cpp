#include "merklekv/scan.hpp"

#include <utility>
#include <vector>

#include "session.hpp"

namespace merklekv {

namespace detail {

/// Where a scan is: a page of keys, and the place in it.
class ScanState {
public:
    ScanState(std::shared_ptr<Session> session, std::string prefix)
        : session_(std::move(session)), prefix_(std::move(prefix)) {
        ask("");
    }

    bool at_end() const noexcept { return place_ == keys_.size(); }
    const std::string& key() const { return keys_[place_]; }

    void advance() {
        if (++place_ == keys_.size() && more_) ask(std::string(keys_.back()));
    }

private:
    // Asks for the keys behind the last one of the page before.
    void ask(const std::string& last) {
        more_ = false;  // there is nothing behind an error
        session_->converse(true, [&](Connection& connection) {
            connection.send({"SCAN", write_scan, last, prefix_});
            std::vector<std::string> keys = read_keys(connection);
            // The legacy dialect gives all keys at once.
            more_ = connection.dialect() == Dialect::standard && keys.size() == scan_page;
            keys_ = std::move(keys);
        });
        place_ = 0;
    }

    std::shared_ptr<Session> session_;
    std::string prefix_;
    std::vector<std::string> keys_;
    std::size_t place_ = 0;
    bool more_ = false;
};

}  // namespace detail

Scan::Scan(std::shared_ptr<detail::Session> session, std::string prefix)
    : session_(std::move(session)), prefix_(std::move(prefix)) {}

Scan::Iterator Scan::begin() const {
    return Iterator(std::make_shared<detail::ScanState>(session_, prefix_));
}

Scan::Iterator::Iterator(std::shared_ptr<detail::ScanState> state) : state_(std::move(state)) {}

const std::string& Scan::Iterator::operator*() const { return state_->key(); }

Scan::Iterator& Scan::Iterator::operator++() {
    state_->advance();
    return *this;
}

bool Scan::Iterator::at_end() const noexcept { return !state_ || state_->at_end(); }

}  // namespace merklekv
