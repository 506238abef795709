// Splits what is read into lines.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace merklekv::detail {

/// A buffer that is filled by its owner and hands out lines, split at line feeds. It grows with the
/// longest line that came, up to the limit.
class LineReader {
public:
    /// The limit is in bytes of a line, without its end.
    explicit LineReader(std::size_t limit);

    enum class Outcome { line, incomplete, too_long };

    /// Gives the next line without its end, valid until more is filled in.
    Outcome next(std::string_view& line);

    /// Where more bytes may be put, behind those that are there. There is always room for one.
    char* space();
    std::size_t space_size() const noexcept { return buffer_.size() - end_; }
    void filled(std::size_t size) noexcept { end_ += size; }

    std::size_t limit() const noexcept { return limit_; }

    /// Whether everything that was filled in has been handed out.
    bool empty() const noexcept { return start_ == end_; }

private:
    std::size_t limit_;
    std::vector<char> buffer_;
    std::size_t start_ = 0;  // of what is not handed out yet
    std::size_t searched_ = 0;
    std::size_t end_ = 0;
};

}  // namespace merklekv::detail
