package merklekv

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// silentTo answers OK, and nothing to a GET of the key "silence".
func silentTo(line string) string {
	switch line {
	case "GET silence":
		return ""
	case "PING":
		return "PONG\r\n"
	}
	return "OK\r\n"
}

func TestCancellingClosesTheConnectionOfAnOutstandingReply(t *testing.T) {
	node := startNode(t, silentTo)
	client := node.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, _, err := client.Get(ctx, "silence")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCanceled) {
		t.Fatalf("the call ended with %v", err)
	}
	if _, err := client.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, connections := node.seen(); connections != 2 {
		t.Errorf("there were %d connections, not 2", connections)
	}
}

func TestTheDeadlineOfTheContextIsATimeout(t *testing.T) {
	client := startNode(t, silentTo).client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, _, err := client.Get(ctx, "silence")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrTimeout) {
		t.Fatalf("the call ended with %v", err)
	}
}

func TestACancelledCallThatWaitsForItsTurnLeavesTheConnection(t *testing.T) {
	node := startNode(t, silentTo)
	client := node.client(t, WithTimeout(200*time.Millisecond))
	if _, err := client.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	client.turn <- struct{}{} // as a call of another goroutine would
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := client.Set(ctx, "k", "v"); !errors.Is(err, ErrTimeout) {
		t.Fatalf("the call ended with %v", err)
	}
	client.giveTurn()
	if _, err := client.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	if lines, connections := node.seen(); connections != 1 || len(lines) != 2 {
		t.Errorf("%d connections, and %q was sent", connections, lines)
	}
}

func TestACancelledContextSendsNothing(t *testing.T) {
	node := startNode(t, silentTo)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := node.client(t).Set(ctx, "k", "v"); !errors.Is(err, ErrCanceled) {
		t.Fatalf("the call ended with %v", err)
	}
	if _, connections := node.seen(); connections != 0 {
		t.Errorf("%d connections were opened", connections)
	}
}

func TestCloseEndsACallThatWaits(t *testing.T) {
	asked := make(chan struct{})
	client := startNode(t, func(string) string { close(asked); return "" }).client(t)
	ended := make(chan error)
	go func() {
		_, _, err := client.Get(context.Background(), "silence")
		ended <- err
	}()
	<-asked
	client.Close()
	if err := <-ended; !errors.Is(err, ErrConnection) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("the call ended with %v", err)
	}
	if err := client.Close(); err != nil {
		t.Errorf("closing twice gave %v", err)
	}
}

func TestPausesBetweenAttemptsGrowAndLeaveOffAtMostHalf(t *testing.T) {
	for attempt, longest := range map[int]time.Duration{
		1: 50 * time.Millisecond, 2: 100 * time.Millisecond, 3: 200 * time.Millisecond,
	} {
		for range 100 {
			if pause := pauseAfter(attempt); pause > longest || pause < longest/2 {
				t.Fatalf("the pause behind attempt %d is %v", attempt, pause)
			}
		}
	}
}
