#include "line_reader.hpp"

#include <cstring>

namespace merklekv::detail {

namespace {

constexpr std::size_t first_size = 64 << 10;

}  // namespace

LineReader::LineReader(std::size_t limit) : limit_(limit), buffer_(first_size) {}

LineReader::Outcome LineReader::next(std::string_view& line) {
    const char* unread = buffer_.data() + start_;
    const char* from = buffer_.data() + searched_;
    const auto* feed = static_cast<const char*>(std::memchr(from, '\n', end_ - searched_));
    if (feed == nullptr) {
        searched_ = end_;
        const bool hopeless = end_ - start_ > limit_ + 1;  // the last byte may be a carriage return
        return hopeless ? Outcome::too_long : Outcome::incomplete;
    }
    line = std::string_view(unread, static_cast<std::size_t>(feed - unread));
    start_ = searched_ = static_cast<std::size_t>(feed - buffer_.data()) + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line.size() > limit_ ? Outcome::too_long : Outcome::line;
}

char* LineReader::space() {
    if (start_ == end_) {
        start_ = searched_ = end_ = 0;
    } else if (end_ == buffer_.size() && start_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
        end_ -= start_;
        searched_ -= start_;
        start_ = 0;
    } else if (end_ == buffer_.size()) {
        buffer_.resize(2 * buffer_.size());
    }
    return buffer_.data() + end_;
}

}  // namespace merklekv::detail
