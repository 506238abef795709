package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	merklekv "github.com/AI-Decenter/MerkleKV/clients/go"
)

// The suite's line format: fields with tabs between them, and %HH for what would break a line.

func decodeFields(line string) []string {
	fields := strings.Split(line, "\t")
	for i, field := range fields {
		if strings.Contains(field, "%") {
			fields[i] = decodeField(field)
		}
	}
	return fields
}

func decodeField(field string) string {
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '%' && i+2 < len(field) {
			if n, err := strconv.ParseUint(field[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(field[i])
	}
	return b.String()
}

var escapes = strings.NewReplacer("%", "%25", "\t", "%09", "\n", "%0A", "\r", "%0D")

// encodeFields escapes what would break a line, and every byte that is not UTF-8.
func encodeFields(fields ...string) string {
	var b strings.Builder
	for i, field := range fields {
		if i > 0 {
			b.WriteByte('\t')
		}
		for j, r := range field {
			if r == '\uFFFD' && !strings.HasPrefix(field[j:], "\uFFFD") {
				b.WriteString("%" + strings.ToUpper(strconv.FormatUint(0x100+uint64(field[j]), 16)[1:]))
				continue
			}
			b.WriteString(escapes.Replace(string(r)))
		}
	}
	return b.String()
}

// result writes what a call gave as a line of the suite.
func result(value any, err error) string {
	if err != nil {
		return errorLine(err)
	}
	switch v := value.(type) {
	case struct{}:
		return "ok"
	case string:
		return encodeFields("text", v)
	case int64:
		return encodeFields("int", strconv.FormatInt(v, 10))
	case bool:
		return encodeFields("bool", strconv.FormatBool(v))
	case merklekv.Value:
		if !v.Found {
			return "nil"
		}
		return encodeFields("text", v.Text)
	case []merklekv.Value:
		return listLine(v)
	case []string:
		fields := []string{"list"}
		for _, item := range v {
			fields = append(fields, "="+item)
		}
		return encodeFields(fields...)
	case map[string]string:
		fields := []string{"map"}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, name, v[name])
		}
		return encodeFields(fields...)
	}
	return encodeFields("error", "adapter", "", "a result of an unknown type")
}

func listLine(values []merklekv.Value) string {
	fields := []string{"list"}
	for _, value := range values {
		if value.Found {
			fields = append(fields, "="+value.Text)
		} else {
			fields = append(fields, "!")
		}
	}
	return encodeFields(fields...)
}

func errorLine(err error) string {
	var failure *merklekv.Error
	if !errors.As(err, &failure) {
		return encodeFields("error", "adapter", "", err.Error())
	}
	code := ""
	var refusal *merklekv.ServerError
	if errors.As(err, &refusal) {
		code = refusal.Code
	}
	return encodeFields("error", string(failure.Kind), code, err.Error())
}
