package merklekv

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeNode greets as a node does, and answers each further line with what the test says. An empty
// answer means silence.
type fakeNode struct {
	listener net.Listener
	answer   func(line string) string

	mutex       sync.Mutex
	lines       []string
	connections int
}

func startNode(t *testing.T, answer func(line string) string) *fakeNode {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &fakeNode{listener: listener, answer: answer}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			socket, err := listener.Accept()
			if err != nil {
				return
			}
			n.mutex.Lock()
			n.connections++
			n.mutex.Unlock()
			go n.serve(socket)
		}
	}()
	return n
}

func (n *fakeNode) serve(socket net.Conn) {
	defer socket.Close()
	lines := bufio.NewReader(socket)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "VERSION" {
			socket.Write([]byte("MerkleKV 0.2.0\r\n"))
			continue
		}
		n.mutex.Lock()
		n.lines = append(n.lines, line)
		n.mutex.Unlock()
		if answer := n.answer(line); answer != "" {
			socket.Write([]byte(answer))
		}
	}
}

// seen gives what was asked so far, and over how many connections.
func (n *fakeNode) seen() (lines []string, connections int) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return append([]string(nil), n.lines...), n.connections
}

func (n *fakeNode) client(t *testing.T, options ...Option) *Client {
	t.Helper()
	c := New("127.0.0.1", n.listener.Addr().(*net.TCPAddr).Port, options...)
	t.Cleanup(func() { c.Close() })
	return c
}

// timeLimit is when a test that hangs fails.
func timeLimit() time.Time { return time.Now().Add(time.Second) }
