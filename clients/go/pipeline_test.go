package merklekv

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestFuturesHaveTheirTypes(t *testing.T) {
	client := startNode(t, func(line string) string {
		switch line {
		case "INCR n":
			return "VALUE 7\r\n"
		case "GET k":
			return "(null)\r\n"
		}
		return "ERROR: Wrong type: no number\r\n"
	}).client(t)
	p := client.Pipeline()
	number, value, refused, none := p.Incr("n"), p.Get("k"), p.Decr("s"), p.MGet()
	if _, err := number.Result(); !errors.Is(err, ErrArgument) {
		t.Errorf("before Exec the result is %v", err)
	}
	if err := p.Exec(background); err != nil {
		t.Fatal(err)
	}
	if n, err := number.Result(); n != 7 || err != nil {
		t.Errorf("the number is %d, %v", n, err)
	}
	if v, err := value.Result(); v.Found || err != nil {
		t.Errorf("the value is %+v, %v", v, err)
	}
	if _, err := refused.Result(); !errors.Is(err, ErrServer) {
		t.Errorf("the refused command gave %v", err)
	}
	if values, err := none.Result(); len(values) != 0 || err != nil {
		t.Errorf("no keys gave %v, %v", values, err)
	}
	if p.Len() != 0 {
		t.Errorf("the pipeline still has %d commands", p.Len())
	}
}

func TestABadArgumentInAPipelineSendsNothing(t *testing.T) {
	node := startNode(t, silentTo)
	p := node.client(t).Pipeline()
	good, bad := p.Set("good", "v"), p.Set("bad key", "v")
	if _, err := bad.Result(); !errors.Is(err, ErrArgument) || p.Err() == nil {
		t.Errorf("adding a bad key gave %v", err)
	}
	if err := p.Exec(background); !errors.Is(err, ErrArgument) {
		t.Errorf("Exec gave %v", err)
	}
	if _, err := good.Result(); !errors.Is(err, ErrArgument) {
		t.Errorf("the other operation gave %v", err)
	}
	if _, connections := node.seen(); connections != 0 {
		t.Errorf("%d connections were opened", connections)
	}
}

// A node that reads all of a window before it answers shows how much is on its way at once.
func TestAtMostAWindowIsOnItsWay(t *testing.T) {
	ours, theirs := net.Pipe()
	conn := newConn(ours, "pipe", &options{replyLimit: 100, timeout: defaultTimeout})
	conn.begin(background, timeLimit())
	value := strings.Repeat("x", 10000)
	p := (&Client{}).Pipeline()
	for range 10 {
		p.Set("k", value)
	}
	largest := make(chan int)
	go func() {
		chunk, most := make([]byte, 1<<20), 0
		for commands := 0; commands < 10; {
			size, err := theirs.Read(chunk)
			if err != nil {
				break
			}
			count := strings.Count(string(chunk[:size]), "\n")
			io.WriteString(theirs, strings.Repeat("OK\r\n", count))
			most, commands = max(most, size), commands+count
		}
		largest <- most
	}()
	if err := conn.exchange(p.calls); err != nil {
		t.Fatal(err)
	}
	if most := <-largest; most > window || most < window/2 {
		t.Errorf("%d bytes came at once", most)
	}
}

func TestRepliesToAPipelineHaveATimeoutEach(t *testing.T) {
	ours, theirs := net.Pipe()
	conn := newConn(ours, "pipe", &options{replyLimit: 100, timeout: defaultTimeout})
	conn.begin(background, timeLimit())
	p := (&Client{}).Pipeline()
	p.Set("a", "1")
	p.Set("b", "2")
	go func() {
		lines := bufio.NewScanner(theirs)
		lines.Scan()
		lines.Scan()
		io.WriteString(theirs, "OK\r\n")
		io.WriteString(theirs, "OK\r\n")
	}()
	before := conn.deadline
	if err := conn.exchange(p.calls); err != nil {
		t.Fatal(err)
	}
	if !conn.deadline.After(before) {
		t.Error("the second reply had the deadline of the first")
	}
}
