// The adapter of the conformance suite: it makes the calls that it reads, one a line, with the
// client library, and answers each with one line. See ../../conformance/README.md.
package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
)

func main() {
	calls := bufio.NewReader(os.Stdin)
	answers := bufio.NewWriter(os.Stdout)
	client := merklekv.New("localhost", 7379)
	var refused error // options that no client could be made with; they answer the next calls
	for {
		line, err := readLine(calls)
		if err != nil {
			client.Close()
			return
		}
		fields := decodeFields(line)
		var answer string
		switch fields[0] {
		case "connect":
			client.Close()
			client, refused = connect(fields[1:])
			answer = "ok"
		case "pipeline":
			count, _ := strconv.Atoi(fields[1])
			lines := make([]string, count)
			for i := range lines {
				lines[i], _ = readLine(calls)
			}
			answer = pipeline(client, lines)
		default:
			if refused != nil {
				answer = errorLine(refused)
				break
			}
			answer = call(client, fields[0], fields[1:])
		}
		answers.WriteString(answer + "\n")
		answers.Flush()
	}
}

func readLine(calls *bufio.Reader) (string, error) {
	line, err := calls.ReadString('\n')
	if err == io.EOF && line != "" {
		err = nil
	}
	return strings.TrimSuffix(line, "\n"), err
}

// connect makes a client of the arguments: host, port, and options of the form name=value.
func connect(args []string) (*merklekv.Client, error) {
	port, _ := strconv.Atoi(args[1])
	values := map[string]string{}
	for _, option := range args[2:] {
		name, value, _ := strings.Cut(option, "=")
		values[name] = value
	}
	options, err := clientOptions(values)
	return merklekv.New(args[0], port, options...), err
}

func clientOptions(values map[string]string) ([]merklekv.Option, error) {
	var options []merklekv.Option
	if ms, ok := values["timeout_ms"]; ok {
		n, _ := strconv.Atoi(ms)
		options = append(options, merklekv.WithTimeout(time.Duration(n)*time.Millisecond))
	}
	if user, ok := values["user"]; ok {
		options = append(options, merklekv.WithUser(user, values["password"]))
	}
	if attempts, ok := values["connect_attempts"]; ok {
		n, _ := strconv.Atoi(attempts)
		options = append(options, merklekv.WithConnectAttempts(n))
	}
	if limit, ok := values["reply_limit"]; ok {
		n, _ := strconv.Atoi(limit)
		options = append(options, merklekv.WithReplyLimit(n))
	}
	if values["tls"] == "1" {
		config, err := tlsConfig(values)
		if err != nil {
			return nil, err
		}
		options = append(options, merklekv.WithTLS(config))
	}
	return options, nil
}

func tlsConfig(values map[string]string) (*tls.Config, error) {
	config, err := merklekv.LoadTLS(values["ca"], values["cert"], values["key"])
	if err != nil {
		return nil, err
	}
	config.ServerName = values["server_name"]
	return config, nil
}
