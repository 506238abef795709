// The suite's line format: fields with tabs between them, and %HH for what would break a line.
#pragma once

#include <string>
#include <vector>

#include "merklekv/client.hpp"

using Fields = std::vector<std::string>;

Fields decode_fields(const std::string& line);
std::string encode_fields(const Fields& fields);

/// What a call gave, as a line of the suite.
std::string result_line(const merklekv::Result& result);
std::string error_line(const merklekv::Error& error);
