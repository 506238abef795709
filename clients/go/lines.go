package merklekv

import (
	"bytes"
	"errors"
	"io"
)

const firstBuffer = 64 << 10

var errLineTooLong = errors.New("a line is longer than the reply limit")

// lineReader splits what it reads at line feeds. Its buffer grows with the longest line that came,
// up to the limit.
type lineReader struct {
	source io.Reader
	limit  int // bytes of a line, without its end
	buffer []byte
	start  int // of what is not handed out yet
	end    int
}

func newLineReader(source io.Reader, limit int) lineReader {
	return lineReader{source: source, limit: limit, buffer: make([]byte, firstBuffer)}
}

// next gives the next line without its end. It is valid until the next call.
func (r *lineReader) next() ([]byte, error) {
	searched := 0
	for {
		unread := r.buffer[r.start:r.end]
		if i := bytes.IndexByte(unread[searched:], '\n'); i >= 0 {
			length := searched + i
			r.start += length + 1
			line := unread[:length]
			if length > 0 && line[length-1] == '\r' {
				line = line[:length-1]
			}
			if len(line) > r.limit {
				return nil, errLineTooLong
			}
			return line, nil
		}
		searched = len(unread)
		if searched > r.limit+1 { // a carriage return may be the last byte
			return nil, errLineTooLong
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more bytes behind those that are there, at least one.
func (r *lineReader) fill() error {
	r.makeRoom()
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (r *lineReader) makeRoom() {
	switch {
	case r.start == r.end:
		r.start, r.end = 0, 0
	case r.end == len(r.buffer) && r.start > 0:
		r.end = copy(r.buffer, r.buffer[r.start:])
		r.start = 0
	case r.end == len(r.buffer):
		r.buffer = append(r.buffer, make([]byte, len(r.buffer))...)
	}
}

// empty reports whether everything that was read has been handed out.
func (r *lineReader) empty() bool { return r.start == r.end }
