package main

import (
	"context"
	"strconv"
	"strings"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
)

// pipeline runs the calls of the lines together. It answers with several lines, or with one error.
func pipeline(client *merklekv.Client, lines []string) string {
	p := client.Pipeline()
	var results []func() string
	for _, line := range lines {
		fields := decodeFields(line)
		one, err := addCall(p, fields[0], fields[1:])
		if err != nil {
			return errorLine(err)
		}
		results = append(results, one)
	}
	if err := p.Exec(context.Background()); err != nil {
		return errorLine(err)
	}
	answers := []string{encodeFields("results", strconv.Itoa(len(results)))}
	for _, one := range results {
		answers = append(answers, one())
	}
	return strings.Join(answers, "\n")
}

// addCall adds a call and gives how its result is written afterwards.
func addCall(p *merklekv.Pipeline, name string, args []string) (func() string, error) {
	switch name {
	case "set", "set_bytes":
		return later(p.Set(args[0], args[1])), p.Err()
	case "get", "get_bytes":
		return later(p.Get(args[0])), p.Err()
	case "delete":
		return later(p.Delete(args[0])), p.Err()
	case "incr", "decr":
		return addNumber(p, name, args)
	case "append":
		return later(p.Append(args[0], args[1])), p.Err()
	case "prepend":
		return later(p.Prepend(args[0], args[1])), p.Err()
	case "mget":
		return later(p.MGet(args...)), p.Err()
	case "mset":
		return later(p.MSet(pairs(args)...)), p.Err()
	case "exists":
		return later(p.Exists(args...)), p.Err()
	case "expire":
		seconds, err := number(args[1])
		if err != nil {
			return nil, err
		}
		return later(p.Expire(args[0], seconds)), p.Err()
	case "persist":
		return later(p.Persist(args[0])), p.Err()
	case "ttl":
		return later(p.TTL(args[0])), p.Err()
	case "ping":
		if len(args) > 0 {
			return later(p.PingMessage(args[0])), p.Err()
		}
		return later(p.Ping()), p.Err()
	case "echo":
		return later(p.Echo(args[0])), p.Err()
	case "hash":
		return later(p.Hash(optional(args))), p.Err()
	case "flush":
		return later(p.Flush()), p.Err()
	}
	return addFact(p, name), p.Err()
}

// addFact adds the calls without arguments.
func addFact(p *merklekv.Pipeline, name string) func() string {
	switch name {
	case "dbsize":
		return later(p.DBSize())
	case "memory":
		return later(p.Memory())
	case "info":
		return later(p.Info())
	case "stats":
		return later(p.Stats())
	case "version":
		return later(p.Version())
	}
	return func() string { return encodeFields("error", "adapter", "", "no such call: "+name) }
}

func addNumber(p *merklekv.Pipeline, name string, args []string) (func() string, error) {
	by, one := p.IncrBy, p.Incr
	if name == "decr" {
		by, one = p.DecrBy, p.Decr
	}
	if len(args) < 2 {
		return later(one(args[0])), p.Err()
	}
	n, err := number(args[1])
	if err != nil {
		return nil, err
	}
	return later(by(args[0], n)), p.Err()
}

func later[T any](future *merklekv.Future[T]) func() string {
	return func() string {
		value, err := future.Result()
		return result(value, err)
	}
}
