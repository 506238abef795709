package main

import (
	"context"
	"fmt"
	"strconv"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
)

// call makes one call with the client and gives the line that answers it.
func call(client *merklekv.Client, name string, args []string) string {
	ctx := context.Background()
	switch name {
	case "set", "set_bytes":
		return result(struct{}{}, client.Set(ctx, args[0], args[1]))
	case "get", "get_bytes":
		text, found, err := client.Get(ctx, args[0])
		return result(merklekv.Value{Text: text, Found: found}, err)
	case "delete":
		return answer(client.Delete(ctx, args[0]))
	case "incr", "decr":
		return callAdd(ctx, client, name, args)
	case "append":
		return answer(client.Append(ctx, args[0], args[1]))
	case "prepend":
		return answer(client.Prepend(ctx, args[0], args[1]))
	case "mget":
		return answer(client.MGet(ctx, args...))
	case "mset":
		return result(struct{}{}, client.MSet(ctx, pairs(args)...))
	case "exists":
		return answer(client.Exists(ctx, args...))
	case "scan":
		return scan(ctx, client, optional(args))
	case "expire":
		seconds, err := number(args[1])
		if err != nil {
			return errorLine(err)
		}
		return answer(client.Expire(ctx, args[0], seconds))
	case "persist":
		return answer(client.Persist(ctx, args[0]))
	case "ttl":
		return answer(client.TTL(ctx, args[0]))
	case "ping":
		if len(args) > 0 {
			return answer(client.PingMessage(ctx, args[0]))
		}
		return answer(client.Ping(ctx))
	case "echo":
		return answer(client.Echo(ctx, args[0]))
	case "hash":
		return answer(client.Hash(ctx, optional(args)))
	case "flush":
		return result(struct{}{}, client.Flush(ctx))
	case "auth":
		return result(struct{}{}, client.Auth(ctx, args[0], args[1]))
	case "close":
		return result(struct{}{}, client.Close())
	}
	return callFact(ctx, client, name)
}

// callFact makes the calls without arguments.
func callFact(ctx context.Context, client *merklekv.Client, name string) string {
	switch name {
	case "dbsize":
		return answer(client.DBSize(ctx))
	case "memory":
		return answer(client.Memory(ctx))
	case "info":
		return answer(client.Info(ctx))
	case "stats":
		return answer(client.Stats(ctx))
	case "version":
		return answer(client.Version(ctx))
	}
	return encodeFields("error", "adapter", "", "no such call: "+name)
}

func callAdd(ctx context.Context, client *merklekv.Client, name string, args []string) string {
	by, one := client.IncrBy, client.Incr
	if name == "decr" {
		by, one = client.DecrBy, client.Decr
	}
	if len(args) < 2 {
		return answer(one(ctx, args[0]))
	}
	n, err := number(args[1])
	if err != nil {
		return errorLine(err)
	}
	return answer(by(ctx, args[0], n))
}

func scan(ctx context.Context, client *merklekv.Client, prefix string) string {
	var keys []string
	for key, err := range client.Scan(ctx, prefix) {
		if err != nil {
			return errorLine(err)
		}
		keys = append(keys, key)
	}
	return result(keys, nil)
}

func answer[T any](value T, err error) string { return result(value, err) }

// number parses a 64-bit number. The library's types do not let others reach it.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &merklekv.Error{Kind: merklekv.ErrArgument, Message: fmt.Sprintf("%q is not a 64-bit number", text)}
	}
	return n, nil
}

func optional(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func pairs(args []string) []merklekv.Pair {
	var pairs []merklekv.Pair
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, merklekv.Pair{Key: args[i], Value: args[i+1]})
	}
	return pairs
}
