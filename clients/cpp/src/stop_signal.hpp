// How close() reaches a call of another thread that waits.
#pragma once

#include <atomic>

namespace merklekv::detail {

/// Raised once, and never taken back. Its descriptor is readable from then on, for poll.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    void raise() noexcept;
    bool raised() const noexcept { return raised_.load(); }
    int descriptor() const noexcept { return ends_[0]; }

private:
    std::atomic<bool> raised_{false};
    int ends_[2];
};

}  // namespace merklekv::detail
