#include "stop_signal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "merklekv/error.hpp"

namespace merklekv::detail {

StopSignal::StopSignal() {
    if (::pipe(ends_) != 0) {
        throw ConnectionError("", "cannot make a pipe for the client: " +
                                      std::generic_category().message(errno));
    }
    for (const int end : ends_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
}

StopSignal::~StopSignal() {
    raise();
    ::close(ends_[0]);
}

void StopSignal::raise() noexcept {
    // Closing the writing end makes the other one readable for good.
    if (!raised_.exchange(true)) ::close(ends_[1]);
}

}  // namespace merklekv::detail
