# frozen_string_literal: true

require_relative "lib/merklekv/version"

Gem::Specification.new do |spec|
  spec.name = "merklekv"
  spec.version = MerkleKV::VERSION
  spec.summary = "A client for MerkleKV nodes"
  spec.description = "Speaks the text protocol of MerkleKV, a replicated key-value store. " \
                     "Threads share a client; pipelines, TLS and logins are included."
  spec.authors = ["MerkleKV contributors"]
  spec.homepage = "https://github.com/AI-Decenter/MerkleKV"
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.0"
  spec.metadata = {
    "source_code_uri" => "https://github.com/AI-Decenter/MerkleKV/tree/main/clients/ruby",
    "rubygems_mfa_required" => "true"
  }
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb", "examples/*.rb", "README.md", "LICENSE"] }
end
