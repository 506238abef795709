# frozen_string_literal: true

module MerkleKV
  # The version of this library.
  VERSION = "0.2.0"
end
