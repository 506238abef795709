// Measures go-redis with the same load.
package main

import (
	"context"
	"fmt"
	"net"

	"github.com/AI-Decenter/MerkleKV/clients/go/bench/load"
	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

type client struct{ *redis.Client }

func (c client) Set(key, value string) error { return c.Client.Set(ctx, key, value, 0).Err() }

func (c client) Get(key string) (string, error) { return c.Client.Get(ctx, key).Result() }

func (c client) SetAll(keys []string, value string) error {
	p := c.Pipeline()
	for _, key := range keys {
		p.Set(ctx, key, value, 0)
	}
	_, err := p.Exec(ctx)
	return err
}

func (c client) GetAll(keys []string, value string) error {
	p := c.Pipeline()
	gets := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		gets[i] = p.Get(ctx, key)
	}
	if _, err := p.Exec(ctx); err != nil {
		return err
	}
	for _, get := range gets {
		if got := get.Val(); got != value {
			return fmt.Errorf("%q came back", got)
		}
	}
	return nil
}

func main() {
	host, port := load.Address()
	c := client{redis.NewClient(&redis.Options{Addr: net.JoinHostPort(host, port)})}
	defer c.Close()
	load.Run(c)
}
