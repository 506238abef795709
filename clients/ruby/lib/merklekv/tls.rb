# frozen_string_literal: true

require "ipaddr"

module MerkleKV
  # What a client needs to speak TLS: whom it trusts, who it is itself, and which name the node's
  # certificate has to have.
  class Tls
    # What may go wrong on a connection with TLS. Nothing before the first one is made, as OpenSSL is
    # loaded only then.
    @errors = [].freeze

    class << self
      attr_reader :errors

      def load
        require "openssl"
        @errors = [OpenSSL::SSL::SSLError].freeze
      end
    end

    # @param settings [Hash, true] ca_file (the system's authorities without it), cert_file and
    #   key_file (no own certificate without them), server_name
    # @param host [String] the server name unless there is one in the settings
    def initialize(settings, host)
      Tls.load
      settings = {} if settings == true
      @server_name = settings.fetch(:server_name, host)
      @context = OpenSSL::SSL::SSLContext.new
      @context.min_version = OpenSSL::SSL::TLS1_2_VERSION
      @context.set_params(parameters(**settings))
      @context.setup
    rescue OpenSSL::SSL::SSLError => e
      raise InvalidArgument, "#{settings[:ca_file] || 'the settings of TLS'}: no good for TLS: #{e.message}"
    end

    # Wraps a socket. The block waits in a direction until the socket is ready, or gives up.
    def wrap(socket)
      secure = OpenSSL::SSL::SSLSocket.new(socket, @context)
      secure.hostname = @server_name unless address?
      while (direction = secure.connect_nonblock(exception: false)).is_a?(Symbol)
        yield direction
      end
      secure.post_connection_check(@server_name)
      secure
    end

    private

    def parameters(ca_file: nil, cert_file: nil, key_file: nil, server_name: nil)
      parameters = {}
      parameters[:ca_file] = existing(ca_file) if ca_file
      if cert_file || key_file
        parameters[:cert] = load_pem(cert_file) { |pem| OpenSSL::X509::Certificate.new(pem) }
        parameters[:key] = load_pem(key_file) { |pem| OpenSSL::PKey.read(pem) }
      end
      # An address is no server name to ask for, so the name is checked behind the handshake.
      parameters.merge(verify_mode: OpenSSL::SSL::VERIFY_PEER, verify_hostname: false)
    end

    def existing(file)
      File.readable?(file) ? file : raise(InvalidArgument, "cannot read the certificates in #{file}")
    end

    def load_pem(file)
      raise InvalidArgument, "TLS needs both cert_file and key_file, or neither" unless file

      yield File.read(file)
    rescue SystemCallError, OpenSSL::X509::CertificateError, OpenSSL::PKey::PKeyError => e
      raise InvalidArgument, "cannot load #{file}: #{e.message}"
    end

    def address?
      IPAddr.new(@server_name)
      true
    rescue IPAddr::Error
      false
    end
  end
end
