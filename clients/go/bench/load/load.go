// Package load is what both benchmark programs run: the same calls, as often, with the same data.
package load

import (
	"fmt"
	"log"
	"os"
	"strings"
	"time"
)

const (
	warmUp      = 2000
	singleCalls = 20000
	batch       = 100
	pipelined   = 200000
)

// Client is the library that is measured.
type Client interface {
	Set(key, value string) error
	Get(key string) (string, error)
	SetAll(keys []string, value string) error
	GetAll(keys []string, value string) error
}

// Address takes the host and the port from the command line.
func Address() (host, port string) {
	if len(os.Args) != 3 {
		log.Fatalf("usage: %s HOST PORT", os.Args[0])
	}
	return os.Args[1], os.Args[2]
}

// Run prints operations per second for single and for pipelined calls.
func Run(client Client) {
	value := strings.Repeat("x", 64)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprintf("bench:%d", i)
	}
	set := func(i int) error { return client.Set(keys[i%len(keys)], value) }
	get := func(i int) error {
		got, err := client.Get(keys[i%len(keys)])
		if err == nil && got != value {
			err = fmt.Errorf("%q came back", got)
		}
		return err
	}
	batchOf := func(i int) []string {
		start := i * batch % len(keys)
		return keys[start : start+batch]
	}
	measure("", warmUp, 1, set)
	measure("single set", singleCalls, 1, set)
	measure("single get", singleCalls, 1, get)
	measure("pipelined set", pipelined/batch, batch, func(i int) error {
		return client.SetAll(batchOf(i), value)
	})
	measure("pipelined get", pipelined/batch, batch, func(i int) error {
		return client.GetAll(batchOf(i), value)
	})
}

// measure makes so many calls of so many operations each. Without a name it prints nothing.
func measure(name string, calls, operations int, call func(int) error) {
	start := time.Now()
	for i := range calls {
		if err := call(i); err != nil {
			log.Fatal(err)
		}
	}
	if name != "" {
		perSecond := float64(calls*operations) / time.Since(start).Seconds()
		fmt.Printf("%s %.0f\n", name, perSecond)
	}
}
