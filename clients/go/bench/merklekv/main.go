// Measures this library.
package main

import (
	"context"
	"fmt"
	"log"
	"strconv"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
	"github.com/AI-Decenter/MerkleKV/clients/go/bench/load"
)

var ctx = context.Background()

type client struct{ *merklekv.Client }

func (c client) Set(key, value string) error { return c.Client.Set(ctx, key, value) }

func (c client) Get(key string) (string, error) {
	value, _, err := c.Client.Get(ctx, key)
	return value, err
}

func (c client) SetAll(keys []string, value string) error {
	p := c.Pipeline()
	for _, key := range keys {
		p.Set(key, value)
	}
	return p.Exec(ctx)
}

func (c client) GetAll(keys []string, value string) error {
	p := c.Pipeline()
	gets := make([]*merklekv.Future[merklekv.Value], len(keys))
	for i, key := range keys {
		gets[i] = p.Get(key)
	}
	if err := p.Exec(ctx); err != nil {
		return err
	}
	for _, get := range gets {
		got, err := get.Result()
		if err != nil {
			return err
		}
		if got.Text != value {
			return fmt.Errorf("%q came back", got.Text)
		}
	}
	return nil
}

func main() {
	host, port := load.Address()
	number, err := strconv.Atoi(port)
	if err != nil {
		log.Fatal(err)
	}
	c := client{merklekv.New(host, number)}
	defer c.Close()
	load.Run(c)
}
