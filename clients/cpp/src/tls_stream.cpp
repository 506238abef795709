// TLS by OpenSSL, over a BIO of our own: that of OpenSSL writes in a way that raises SIGPIPE.
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "merklekv/error.hpp"
#include "stream.hpp"

namespace merklekv::detail {

namespace {

template <class T, void (*free)(T*)>
struct Freed {
    void operator()(T* object) const noexcept { free(object); }
};
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL, SSL_free>>;
using BioMethod = std::unique_ptr<BIO_METHOD, Freed<BIO_METHOD, BIO_meth_free>>;

// The oldest error in OpenSSL's queue of this thread, which is emptied.
std::string openssl_message() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "no reason given" : reason;
}

int chunk(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

int bio_result(BIO* bio, Progress progress, int retry) {
    BIO_clear_retry_flags(bio);
    if (progress.state == Progress::State::moved) return static_cast<int>(progress.size);
    if (progress.state == Progress::State::would_block) {
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    return progress.state == Progress::State::ended ? 0 : -1;
}

int bio_read(BIO* bio, char* to, int size) {
    const auto* socket = static_cast<const Socket*>(BIO_get_data(bio));
    return bio_result(bio, socket->receive(to, static_cast<std::size_t>(size)), BIO_FLAGS_READ);
}

int bio_write(BIO* bio, const char* from, int size) {
    const auto* socket = static_cast<const Socket*>(BIO_get_data(bio));
    return bio_result(bio, socket->send(from, static_cast<std::size_t>(size)), BIO_FLAGS_WRITE);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* socket_bio() {
    static const BioMethod method = [] {
        BioMethod made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "merklekv"));
        if (made) {
            BIO_meth_set_read(made.get(), bio_read);
            BIO_meth_set_write(made.get(), bio_write);
            BIO_meth_set_ctrl(made.get(), bio_control);
        }
        return made;
    }();
    return method.get();
}

class TlsStream final : public Stream {
public:
    TlsStream(SSL_CTX* context, Socket socket, const std::string& server_name)
        : socket_(std::move(socket)), ssl_(SSL_new(context)) {
        BIO* bio = BIO_new(socket_bio());
        if (!ssl_ || bio == nullptr) {
            BIO_free(bio);
            throw failure(openssl_message());
        }
        BIO_set_data(bio, &socket_);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
        expect(server_name);
    }
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    void handshake(Time deadline) {
        for (;;) {
            ERR_clear_error();
            const int result = SSL_connect(ssl_.get());
            if (result == 1) return;
            await(result, deadline);
        }
    }

    std::size_t read(char* to, std::size_t size, Time deadline) override {
        for (;;) {
            ERR_clear_error();
            const int result = SSL_read(ssl_.get(), to, chunk(size));
            if (result > 0) return static_cast<std::size_t>(result);
            await(result, deadline);
        }
    }

    void write(std::string_view bytes, Time deadline) override {
        while (!bytes.empty()) {
            ERR_clear_error();
            const int result = SSL_write(ssl_.get(), bytes.data(), chunk(bytes.size()));
            if (result > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(result));
            } else {
                await(result, deadline);
            }
        }
    }

    bool quiet() override {
        char byte;
        ERR_clear_error();
        const int result = SSL_peek(ssl_.get(), &byte, 1);
        return result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    }

private:
    // Which name or address the node's certificate has to hold.
    void expect(const std::string& name) {
        in6_addr address;
        const bool numeric = ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
                             ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
        const bool set =
            numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str()) == 1
                    : SSL_set1_host(ssl_.get(), name.c_str()) == 1 &&
                          SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
        if (!set) throw failure("the server name \"" + name + "\" cannot be used");
    }

    // Waits for what an operation needs that could not be done at once.
    void await(int result, Time deadline) const {
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ: socket_.wait(POLLIN, deadline); return;
            case SSL_ERROR_WANT_WRITE: socket_.wait(POLLOUT, deadline); return;
            case SSL_ERROR_ZERO_RETURN: socket_.throw_ended();
            case SSL_ERROR_SYSCALL: throw failure("the connection broke");
            default: throw failure(openssl_message() + untrusted());
        }
    }

    // Why the node's certificate was refused, if it was.
    std::string untrusted() const {
        const long result = SSL_get_verify_result(ssl_.get());
        if (result == X509_V_OK) return "";
        return std::string(" (") + X509_verify_cert_error_string(result) + ")";
    }

    ConnectionError failure(const std::string& cause) const {
        return {socket_.peer().name, "TLS failed: " + cause};
    }

    Socket socket_;
    Session ssl_;
};

class OpenSslContext final : public TlsContext {
public:
    OpenSslContext(Context context, std::string server_name)
        : context_(std::move(context)), server_name_(std::move(server_name)) {}

    std::unique_ptr<Stream> secure(Socket socket, Time deadline) const override {
        const std::string name = server_name_.empty() ? socket.peer().host : server_name_;
        auto stream = std::make_unique<TlsStream>(context_.get(), std::move(socket), name);
        stream->handshake(deadline);
        return stream;
    }

private:
    Context context_;
    std::string server_name_;
};

void check(bool loaded, const std::string& what, const std::string& file) {
    if (!loaded) {
        throw ArgumentError("TLS: cannot load " + what + " from \"" + file +
                            "\": " + openssl_message());
    }
}

}  // namespace

std::unique_ptr<TlsContext> load_tls(const Tls& tls) {
    ERR_clear_error();
    Context made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = made.get();
    if (context == nullptr) throw ArgumentError("TLS: " + openssl_message());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_AUTO_RETRY);
    if (tls.ca_file.empty()) {
        check(SSL_CTX_set_default_verify_paths(context) == 1, "the authorities", "the system");
    } else {
        check(SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) == 1,
              "the authority's certificates", tls.ca_file);
    }
    if (!tls.certificate_file.empty() || !tls.key_file.empty()) {
        check(SSL_CTX_use_certificate_chain_file(context, tls.certificate_file.c_str()) == 1,
              "the client's certificate", tls.certificate_file);
        check(SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
                  SSL_CTX_check_private_key(context) == 1,
              "the client's key", tls.key_file);
    }
    return std::make_unique<OpenSslContext>(std::move(made), tls.server_name);
}

}  // namespace merklekv::detail
