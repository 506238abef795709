# frozen_string_literal: true

# The suite's line format: fields with tabs between them, and %HH for what would break a line.
module Wire
  ESCAPES = { "%" => "%25", "\t" => "%09", "\n" => "%0A", "\r" => "%0D" }.freeze

  module_function

  def decode(line)
    line.split("\t", -1).map do |field|
      field.gsub(/%(\h\h)/n) { $1.hex.chr }.force_encoding(Encoding::UTF_8)
    end
  end

  # A line of fields. Every byte that is not UTF-8 is escaped.
  def line(*fields)
    fields.map { |field| encode(field) }.join("\t")
  end

  def encode(field)
    escaped = field.b.gsub(/[%\t\n\r]/n, ESCAPES).force_encoding(Encoding::UTF_8)
    escaped.scrub { |bytes| bytes.bytes.map { |byte| format("%%%02X", byte) }.join }
  end

  # What a call gave. A call that gives nothing says :ok.
  def result(value)
    case value
    when :ok then "ok"
    when nil then "nil"
    when String then line("text", value)
    when Integer then line("int", value.to_s)
    when true, false then line("bool", value.to_s)
    when Array then line("list", *value.map { |item| item ? "=#{item}" : "!" })
    when Hash then line("map", *value.to_a.flatten)
    end
  end
end
