package merklekv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

var background = context.Background()

// nodeOfEcho gives each key itself as its value.
func nodeOfEcho(line string) string { return "VALUE " + strings.TrimPrefix(line, "GET ") + "\r\n" }

func TestGoroutinesTakeTurnsOnOneConnection(t *testing.T) {
	node := startNode(t, nodeOfEcho)
	client := node.client(t)
	var all sync.WaitGroup
	for g := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 100 {
				key := fmt.Sprintf("%d:%d", g, i)
				if got, found, err := client.Get(background, key); got != key || !found || err != nil {
					t.Errorf("%s came back as %q, %v, %v", key, got, found, err)
					return
				}
			}
		}()
	}
	all.Wait()
	if lines, connections := node.seen(); connections != 1 || len(lines) != 800 {
		t.Errorf("%d commands over %d connections", len(lines), connections)
	}
}

// nodeOfPages has 2500 keys.
func nodeOfPages(line string) string {
	first := 0
	if _, after, ok := strings.Cut(line, `AFTER "`); ok {
		fmt.Sscanf(after, "key:%d", &first)
		first++
	}
	count := min(scanPage, 2500-first)
	var reply strings.Builder
	fmt.Fprintf(&reply, "KEYS %d\r\n", count)
	for i := range count {
		fmt.Fprintf(&reply, "key:%04d\r\n", first+i)
	}
	return reply.String() + "END\r\n"
}

func TestScanAsksForAPageWhenTheLoopGetsThere(t *testing.T) {
	node := startNode(t, nodeOfPages)
	client := node.client(t)
	keys := client.Scan(background, "key:")
	if lines, _ := node.seen(); len(lines) != 0 {
		t.Fatalf("%q was sent before the loop began", lines)
	}
	count := 0
	for range keys {
		if count++; count == 1001 {
			break
		}
	}
	if lines, _ := node.seen(); len(lines) != 2 || lines[1] != `SCAN "key:" AFTER "key:0999" LIMIT 1000` {
		t.Errorf("%q was sent for 1001 keys", lines)
	}
	count = 0
	for key, err := range keys { // the loop may run again, from the beginning
		if err != nil || key != fmt.Sprintf("key:%04d", count) {
			t.Fatalf("key %d is %q, %v", count, key, err)
		}
		count++
	}
	if count != 2500 {
		t.Errorf("there were %d keys", count)
	}
}

func TestAnErrorEndsTheScan(t *testing.T) {
	client := startNode(t, func(string) string { return "ERROR: Not permitted: no login\r\n" }).client(t)
	count := 0
	for _, err := range client.Scan(background, "") {
		count++
		if !errors.Is(err, ErrServer) {
			t.Errorf("the scan gave %v", err)
		}
	}
	if count != 1 {
		t.Errorf("the loop ran %d times", count)
	}
}

func TestErrorsHaveTheirKindCodeAndCause(t *testing.T) {
	node := startNode(t, func(string) string { return "ERROR: Wrong type: no number\r\n" })
	client := node.client(t)
	_, err := client.Incr(background, "k")
	var refusal *ServerError
	if !errors.As(err, &refusal) || refusal.Code != "Wrong type" || refusal.Message != "Wrong type: no number" {
		t.Errorf("the refusal is %+v", refusal)
	}
	if !errors.Is(err, ErrServer) || errors.Is(err, ErrProtocol) {
		t.Errorf("%v is of a wrong kind", err)
	}
	var failure *Error
	if !errors.As(err, &failure) || failure.Addr != node.listener.Addr().String() {
		t.Errorf("the node in %v is not %v", err, node.listener.Addr())
	}
	wrapped := fmt.Errorf("counting: %w", &Error{Kind: ErrConnection, Err: io.EOF})
	if !errors.Is(wrapped, ErrConnection) || !errors.Is(wrapped, io.EOF) {
		t.Errorf("%v lost its kind or its cause", wrapped)
	}
}

func TestAFileOfCertificatesThatIsNoGoodIsAnArgumentError(t *testing.T) {
	for _, files := range [][3]string{{"/nowhere/ca.pem"}, {"go.mod"}, {"", "go.mod", "go.mod"}} {
		if _, err := LoadTLS(files[0], files[1], files[2]); !errors.Is(err, ErrArgument) {
			t.Errorf("%q gave %v", files, err)
		}
	}
}

func TestALongLineIsReadUpToTheLimit(t *testing.T) {
	text := strings.Repeat("x", 300000)
	lines := newLineReader(strings.NewReader(text+"\r\nnext\n"+text+"y\r\n"), len(text))
	for _, want := range []string{text, "next"} {
		if line, err := lines.next(); err != nil || string(line) != want {
			t.Fatalf("%d bytes and %v instead of %d bytes", len(line), err, len(want))
		}
	}
	if _, err := lines.next(); !errors.Is(err, errLineTooLong) {
		t.Errorf("one byte more gave %v", err)
	}
	if len(lines.buffer) > 4*len(text) {
		t.Errorf("the buffer has %d bytes", len(lines.buffer))
	}
}
