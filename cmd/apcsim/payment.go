package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
)

// paymentTool is a command that computes a few values from flags and one argument.
type paymentTool struct {
	name, args, summary, details string
	argument                     bool // one argument follows the flags
	// flags defines the flags and returns what computes the values.
	flags func(*flag.FlagSet) compute
}

// compute computes values. The argument is the last one of the command line, "" where there
// is none.
type compute func(in *secrets, argument string) (results, error)

// result values are printed in their order.
type (
	resultValue struct{ name, text string }
	results     []resultValue
)

// secrets reads values that are keys, PINs or data. One that is "-" is the next line of standard
// input.
type secrets struct{ s streams }

func (in *secrets) text(field, value string) (string, error) {
	if value == "" {
		return "", usageError("--" + field + " is missing")
	}
	err := resolve(in.s.in, field, &value)
	return value, err
}

// bytes reads hexadecimal digits.
func (in *secrets) bytes(field, value string) ([]byte, error) {
	text, err := in.text(field, value)
	if err != nil {
		return nil, err
	}
	return unhex(field, text)
}

// sized reads exactly n bytes of hexadecimal digits.
func (in *secrets) sized(field, value string, n int) ([]byte, error) {
	out, err := in.bytes(field, value)
	if err == nil && len(out) != n {
		return nil, &inputError{field, -1, problemLength, wording.Bytes(len(out)), wording.Bytes(n)}
	}
	return out, err
}

// tdes is the TDES cipher of a double- or triple-length key.
func (in *secrets) tdes(field, value string) (cipher.Block, error) {
	key, err := in.bytes(field, value)
	if err != nil {
		return nil, err
	}
	return newTDES(field, key)
}

func newTDES(field string, key []byte) (cipher.Block, error) {
	defer clear(key)
	if len(key) != 16 && len(key) != 24 {
		return nil, &inputError{field, -1, problemLength, wording.Bytes(len(key)), "16 or 24 bytes for TDES"}
	}
	return tdes.NewCipher(key)
}

func newAES(field string, key []byte) (cipher.Block, error) {
	defer clear(key)
	if len(key) != 16 && len(key) != 24 && len(key) != 32 {
		return nil, &inputError{field, -1, problemLength, wording.Bytes(len(key)), "16, 24 or 32 bytes for AES"}
	}
	return aes.NewCipher(key)
}

// retail is a key of ISO 9797-1 algorithm 3.
func (in *secrets) retail(field, value string) (*mac.RetailKey, error) {
	key, err := in.bytes(field, value)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return mac.NewRetailKey(key)
}

// command is the tool as a command of the program.
func (p paymentTool) command() command {
	takes := 0
	if p.argument {
		takes = 1
	}
	return command{name: p.name, args: p.args, summary: p.summary, details: p.details, setup: func(fs *flag.FlagSet) action {
		work := p.flags(fs)
		asJSON := fs.Bool("json", false, "answer with a JSON object")
		return func(_ context.Context, s streams, args []string) error {
			if len(args) != takes {
				return usageError(fmt.Sprintf("wants %d arguments beside flags, found %d", takes, len(args)))
			}
			if slices.Contains(args, "") {
				return usageError(p.args[strings.LastIndexByte(p.args, ' ')+1:] + " is empty")
			}
			out, err := work(&secrets{s}, strings.Join(args, ""))
			if _, wrong := err.(usageError); wrong {
				return err
			}
			return give(s.out, *asJSON, out, err)
		}
	}}
}

func paymentCommands(tools []paymentTool) (out []command) {
	for _, p := range tools {
		out = append(out, p.command())
	}
	return out
}

// print writes a value a line: alone where there is one, else with its name in front.
func (r results) print(w io.Writer) error {
	var b strings.Builder
	for _, v := range r {
		if len(r) > 1 {
			fmt.Fprintf(&b, "%-15s ", v.name)
		}
		b.WriteString(shown(v.text) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// MarshalJSON is an object with "ok" and the values as strings, in their order.
func (r results) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"ok":true`)
	for _, v := range r {
		text, err := json.Marshal(v.text)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", strings.ReplaceAll(v.name, " ", "_"), text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
