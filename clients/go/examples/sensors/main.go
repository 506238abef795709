// Keeps the last readings of some sensors, and counts them.
//
//	go run ./examples/sensors [HOST [PORT]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
)

// A reading that nobody renewed is gone after so many seconds.
const keepSeconds = 3600

type reading struct {
	sensor  string
	celsius float64
}

func main() {
	client := merklekv.New(address())
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	readings := []reading{{"cellar", 12.4}, {"kitchen", 21.7}, {"roof", -3.1}, {"kitchen", 22.0}}
	if err := store(ctx, client, readings); err != nil {
		log.Fatal(err)
	}
	if err := show(ctx, client); err != nil {
		log.Fatal(err)
	}
}

// store writes all readings in one go.
func store(ctx context.Context, client *merklekv.Client, readings []reading) error {
	p := client.Pipeline()
	for _, r := range readings {
		key := "reading:" + r.sensor
		p.Set(key, strconv.FormatFloat(r.celsius, 'f', 1, 64))
		p.Expire(key, keepSeconds)
	}
	count := p.IncrBy("readings:count", int64(len(readings)))
	if err := p.Exec(ctx); err != nil {
		return err
	}
	total, err := count.Result()
	if err != nil {
		return err
	}
	fmt.Printf("%d readings so far\n", total)
	return nil
}

// show prints what every sensor said last.
func show(ctx context.Context, client *merklekv.Client) error {
	for key, err := range client.Scan(ctx, "reading:") {
		if err != nil {
			return err
		}
		celsius, found, err := client.Get(ctx, key)
		if err != nil {
			return err
		}
		if found { // it may have expired behind the scan
			fmt.Printf("%-16s %5s °C\n", key, celsius)
		}
	}
	return nil
}

// address takes the host and the port from the command line.
func address() (string, int) {
	host, port := "localhost", 7379
	if len(os.Args) > 1 {
		host = os.Args[1]
	}
	if len(os.Args) > 2 {
		number, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatalf("the port %q is no number", os.Args[2])
		}
		port = number
	}
	return host, port
}
