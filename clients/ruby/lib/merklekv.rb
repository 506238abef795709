# frozen_string_literal: true

require_relative "merklekv/version"
require_relative "merklekv/errors"
require_relative "merklekv/client"

# A client for MerkleKV nodes, which are replicated key-value stores.
#
#   kv = MerkleKV::Client.new(host: "localhost", port: 7379)
#   kv.set("room:1", "21.5")
#   kv.get("room:1") # => "21.5"
#   kv.close
module MerkleKV
end
