package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
)

const componentAlgorithms = `
NAME is TDES_2KEY, TDES_3KEY, AES_128, AES_192 or AES_256. Check values are those of kcv: TDES
or AES.`

var componentsNewCommand = command{
	name:    "components new",
	args:    "--algorithm NAME [--parts 2|3]",
	summary: "Draw a key in components, as a key ceremony writes them down, and print them",
	details: componentAlgorithms + `

The key is the XOR of its components, and is not printed; a TDES key has odd parity. In a real
ceremony each component is given to another person: this command is for tests.`,
	setup: setupComponentsNew,
}

var componentsJoinCommand = command{
	name:    "components join",
	args:    "--algorithm NAME COMPONENT...",
	summary: "Join the components of a key: print the check value of each, the key and its check value",
	details: componentAlgorithms + `

A COMPONENT is hexadecimal, in groups with spaces or without, or - to read it from standard input,
on a line of its own.`,
	setup: setupComponentsJoin,
}

// componentKinds are the keys that have components, by name: bytes, and how their check values
// are made.
var componentKinds = []struct {
	name   string
	size   int
	method kcv.Method
}{
	{"TDES_2KEY", 16, kcv.TDESZero}, {"TDES_3KEY", 24, kcv.TDESZero},
	{"AES_128", 16, kcv.AESCMAC}, {"AES_192", 24, kcv.AESCMAC}, {"AES_256", 32, kcv.AESCMAC},
}

func componentKind(name string) (size int, method kcv.Method, err error) {
	var names []string
	for _, k := range componentKinds {
		if k.name == name {
			return k.size, k.method, nil
		}
		names = append(names, k.name)
	}
	return 0, 0, usageError("--algorithm is one of " + strings.Join(names, ", "))
}

// componentLine is a component or a key, and its check value.
type componentLine struct {
	Value string `json:"value,omitempty"`
	KCV   string `json:"kcv"`
}

// componentsAnswer is the answer for programs.
type componentsAnswer struct {
	OK         bool            `json:"ok"`
	Components []componentLine `json:"components"`
	Key        componentLine   `json:"key"`
}

func setupComponentsNew(fs *flag.FlagSet) action {
	algorithm := fs.String("algorithm", "", "what the key is, `NAME` as above")
	parts := fs.Int("parts", 2, "how many components, `N`: 2 or 3")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		size, method, err := componentKind(*algorithm)
		switch {
		case err != nil:
			return err
		case len(args) > 0:
			return usageError("wants no arguments")
		case *parts != 2 && *parts != 3:
			return usageError("--parts is 2 or 3")
		}
		key := make([]byte, size)
		defer clear(key)
		rand.Read(key)
		if method == kcv.TDESZero {
			for i, b := range key {
				key[i] = b&^1 | byte(1-bits.OnesCount8(b>>1)%2)
			}
		}
		all := make([][]byte, *parts)
		last := slices.Clone(key)
		all[*parts-1] = last
		for i := range *parts - 1 {
			all[i] = make([]byte, size)
			rand.Read(all[i])
			for j, b := range all[i] {
				last[j] ^= b
			}
		}
		return printComponents(s, *asJSON, method, all, key, false)
	}
}

func setupComponentsJoin(fs *flag.FlagSet) action {
	algorithm := fs.String("algorithm", "", "what the key is, `NAME` as above")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		size, method, err := componentKind(*algorithm)
		if err != nil {
			return err
		}
		if len(args) < 2 || len(args) > 3 {
			return usageError("wants two or three components")
		}
		key, all, err := joinComponents(s, args, size)
		defer clear(key)
		if err != nil {
			if *asJSON {
				return printJSON(s.out, nil, err)
			}
			return err
		}
		return printComponents(s, *asJSON, method, all, key, true)
	}
}

// joinComponents reads the components and returns their XOR.
func joinComponents(s streams, args []string, size int) (key []byte, all [][]byte, err error) {
	key = make([]byte, size)
	for i, text := range args {
		field := fmt.Sprintf("component %d", i+1)
		if err := resolve(s.in, field, &text); err != nil {
			return key, nil, err
		}
		part, err := unhex(field, strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return key, nil, err
		}
		if len(part) != size {
			return key, nil, &inputError{field, -1, problemLength, wording.Bytes(len(part)), wording.Bytes(size)}
		}
		all = append(all, part)
		for j, b := range part {
			key[j] ^= b
		}
	}
	return key, all, nil
}

// printComponents prints what is new: of components that were drawn them, of components that
// were joined the key.
func printComponents(s streams, asJSON bool, m kcv.Method, all [][]byte, key []byte, joined bool) error {
	answer := componentsAnswer{OK: true}
	line := func(value []byte, shown bool) (componentLine, error) {
		v, err := m.Compute(value)
		out := componentLine{KCV: v.Short(3)}
		if shown {
			out.Value = inFours(value)
		}
		return out, err
	}
	for _, part := range all {
		one, err := line(part, !joined)
		if err != nil {
			return err
		}
		answer.Components = append(answer.Components, one)
	}
	var err error
	if answer.Key, err = line(key, joined); err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.out, answer, nil)
	}
	var lines [][3]string
	for i, c := range answer.Components {
		lines = append(lines, [3]string{fmt.Sprintf("component %d", i+1), "check value " + c.KCV, c.Value})
	}
	return printTable(s.out, append(lines, [3]string{"key", "check value " + answer.Key.KCV, answer.Key.Value}))
}

// inFours is hexadecimal as on paper.
func inFours(b []byte) string {
	var groups []string
	for pair := range slices.Chunk(b, 2) {
		groups = append(groups, fmt.Sprintf("%X", pair))
	}
	return strings.Join(groups, " ")
}
