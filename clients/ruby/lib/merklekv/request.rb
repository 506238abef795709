# frozen_string_literal: true

module MerkleKV
  # A command that is not written yet: how depends on the dialect, which is known only when there
  # is a connection.
  class Request
    # The command word, what follows it (a method of the dialect), its arguments, and what the reply
    # is (a method of the dialect too).
    attr_reader :verb, :form, :arguments, :reply

    def initialize(verb, form, arguments, reply, read: false)
      @verb = verb
      @form = form
      @arguments = arguments
      @reply = reply
      @read = read
    end

    # Whether asking twice does no harm.
    def read?
      @read
    end

    # The command line for this dialect. Raises InvalidArgument if it cannot carry the request.
    def line(dialect)
      dialect.public_send(@form, @verb, *@arguments)
    end
  end
end
