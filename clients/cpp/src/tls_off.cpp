// Stands in for tls_stream.cpp where the library is built without TLS.
#include "merklekv/error.hpp"
#include "stream.hpp"

namespace merklekv::detail {

std::unique_ptr<TlsContext> load_tls(const Tls&) {
    throw ArgumentError("this library was built without TLS; build it with MERKLEKV_TLS=ON");
}

}  // namespace merklekv::detail
