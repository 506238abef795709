// The calls of the suite, made with the library.
#pragma once

#include <string>
#include <vector>

#include "merklekv/client.hpp"
#include "wire.hpp"

/// Makes one call and gives the line that answers it.
std::string call(merklekv::MerkleKvClient& client, const Fields& fields);

/// Makes the calls together. Answers with several lines, or with one error.
std::string call_pipeline(merklekv::MerkleKvClient& client, const std::vector<Fields>& calls);
