# frozen_string_literal: true

# Keeps sessions that end by themselves when nobody uses them.
#
#   ruby -I lib examples/sessions.rb [HOST [PORT]]

require "merklekv"
require "securerandom"

# The sessions of a web site.
class Sessions
  # A session that nobody used for so many seconds is gone.
  IDLE_SECONDS = 1800

  def initialize(store)
    @store = store
  end

  # Makes a session and gives its token.
  def begin_for(user)
    token = SecureRandom.hex(16)
    @store.pipeline do |pipeline|
      pipeline.set("session:#{token}", user)
      pipeline.expire("session:#{token}", IDLE_SECONDS)
      pipeline.incr("logins:#{user}")
    end
    token
  end

  # Whose session it is, or nil if it has ended. Using it makes it last.
  def user_of(token)
    user, = @store.pipeline do |pipeline|
      pipeline.get("session:#{token}")
      pipeline.expire("session:#{token}", IDLE_SECONDS)
    end
    user
  end

  def finish(token)
    @store.delete("session:#{token}")
  end

  def count
    @store.scan("session:").count
  end
end

MerkleKV::Client.open(host: ARGV[0] || "localhost", port: Integer(ARGV[1] || "7379")) do |store|
  sessions = Sessions.new(store)
  token = sessions.begin_for("alice")
  puts "#{sessions.user_of(token)} is logged in, #{sessions.count} in all"
  sessions.finish(token)
  puts "behind the logout the session is #{sessions.user_of(token).inspect}"
end
