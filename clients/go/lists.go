package merklekv

import (
	"bytes"
	"strconv"
)

// The functions of this file read replies of several lines. A header says how many, and that is
// how many are read, as a key may be called END. No list is made longer than what has come.

func readValues(c *conn, r *request) ([]Value, error) {
	if c.dialect == legacy {
		return c.readLegacyValues(r.keys)
	}
	count, err := c.header("VALUES ")
	if err != nil {
		return nil, err
	}
	if count != len(r.keys) {
		return nil, c.protocolError(nil, "the node sent %d values for %d keys", count, len(r.keys))
	}
	values := make([]Value, count)
	for i := range values {
		line, err := c.nextLine()
		if err != nil {
			return nil, err
		}
		if values[i], err = c.parseValue(line); err != nil {
			return nil, err
		}
	}
	return values, c.end()
}

// readLegacyValues reads a line "key value" or "key NOT_FOUND" for each key. A value may be
// NOT_FOUND itself, and only the number of found keys in the header tells.
func (c *conn) readLegacyValues(keys []string) ([]Value, error) {
	line, err := c.firstLine()
	if err != nil {
		return nil, err
	}
	values := make([]Value, len(keys))
	if string(line) == "NOT_FOUND" {
		return values, nil
	}
	found, err := c.parseHeader(line, "VALUES ")
	if err != nil {
		return nil, err
	}
	count := 0
	for i, key := range keys {
		line, err := c.nextLine()
		if err != nil {
			return nil, err
		}
		text, ok := bytes.CutPrefix(line, []byte(key+" "))
		if !ok {
			return nil, c.unexpected(line, "the line of the key "+key)
		}
		if found == len(keys) || string(text) != "NOT_FOUND" {
			values[i] = Value{Text: string(text), Found: true}
			count++
		}
	}
	if count != found {
		return nil, c.protocolError(nil, "the node says that %d keys have a value and sent %d", found, count)
	}
	return values, nil
}

func readKeys(c *conn, _ *request) ([]string, error) {
	count, err := c.header("KEYS ")
	if err != nil {
		return nil, err
	}
	if c.dialect == standard && count > scanPage {
		return nil, c.protocolError(nil, "the node sent %d keys where at most %d were asked for", count, scanPage)
	}
	var keys []string
	for range count {
		line, err := c.nextLine()
		if err != nil {
			return nil, err
		}
		key, err := c.unquoted(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if c.dialect == legacy {
		return keys, nil
	}
	return keys, c.end()
}

// readReport reads INFO and STATS. How many lines they have is not said, so together they may have
// as many bytes as a line.
func readReport(c *conn, r *request) (map[string]string, error) {
	title, last := r.verb, "END"
	switch {
	case c.dialect == legacy:
		last = "PONG " + endOfReport
	case r.verb == "INFO":
		title = "# Server Information"
	}
	line, err := c.firstLine()
	if err != nil {
		return nil, c.afterRefusedReport(err, last)
	}
	if string(line) != title {
		return nil, c.unexpected(line, title)
	}
	report := make(map[string]string)
	for size := 0; ; {
		if line, err = c.nextLine(); err != nil {
			return nil, err
		}
		if string(line) == last {
			return report, nil
		}
		name, text, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, c.unexpected(line, "a name and a text with a colon between them")
		}
		if size += len(line); size > c.lines.limit {
			return nil, c.protocolError(errReportTooLong, "reading %s", r.verb)
		}
		report[string(name)] = string(text)
	}
}

// afterRefusedReport reads the answer to the PING that was sent behind the report, for the next
// reply to be that of the next command.
func (c *conn) afterRefusedReport(refusal error, last string) error {
	if c.dialect == standard || !livesAfter(refusal) {
		return refusal
	}
	line, err := c.nextLine()
	if err == nil && string(line) != last {
		err = c.unexpected(line, last)
	}
	if err != nil {
		return err
	}
	return refusal
}

func (c *conn) header(name string) (int, error) {
	line, err := c.firstLine()
	if err != nil {
		return 0, err
	}
	return c.parseHeader(line, name)
}

func (c *conn) parseHeader(line []byte, name string) (int, error) {
	number, ok := bytes.CutPrefix(line, []byte(name))
	if !ok {
		return 0, c.unexpected(line, name+"and a number")
	}
	count, err := strconv.ParseUint(string(number), 10, 31)
	if err != nil {
		return 0, c.unexpected(line, name+"and a number")
	}
	return int(count), nil
}

func (c *conn) end() error {
	line, err := c.nextLine()
	if err == nil && string(line) != "END" {
		err = c.unexpected(line, "END")
	}
	return err
}
