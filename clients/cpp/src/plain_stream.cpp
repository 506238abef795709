#include <poll.h>

#include <utility>

#include "stream.hpp"

namespace merklekv::detail {

namespace {

class PlainStream final : public Stream {
public:
    explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

    std::size_t read(char* to, std::size_t size, Time deadline) override {
        for (;;) {
            // A reply is rarely there already, so waiting first saves a read that finds nothing.
            socket_.wait(POLLIN, deadline);
            const Progress progress = socket_.receive(to, size);
            switch (progress.state) {
                case Progress::State::moved: return progress.size;
                case Progress::State::would_block: break;
                case Progress::State::ended: socket_.throw_ended();
                case Progress::State::failed: socket_.throw_broken();
            }
        }
    }

    void write(std::string_view bytes, Time deadline) override {
        while (!bytes.empty()) {
            const Progress progress = socket_.send(bytes.data(), bytes.size());
            if (progress.state == Progress::State::failed) socket_.throw_broken();
            if (progress.state == Progress::State::moved) {
                bytes.remove_prefix(progress.size);
            } else {
                socket_.wait(POLLOUT, deadline);
            }
        }
    }

    bool quiet() override { return socket_.quiet(); }

private:
    Socket socket_;
};

}  // namespace

std::unique_ptr<Stream> plain_stream(Socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace merklekv::detail
