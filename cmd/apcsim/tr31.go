package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/seed748fb4d1/apcsim/tr31"
)

const secretsFromStdin = `
HEX and the last argument may each be -, and are then read from standard input, a
line each, in the order protection key, then the last argument.`

var unwrapCommand = command{
	name:    "tr31 unwrap",
	args:    "--kbpk HEX BLOCK",
	summary: "Open a key block under its protection key and print the key",
	details: secretsFromStdin + `

With --json and - as the one argument, and no --kbpk, every line of standard input
is a request, answered by a line in the same order:
  {"kbpk":"HEX","block":"...","lenient":false}
  {"ok":true,"version":"D","header":"first 16 characters","key":"HEX","kcv":"HEX",
   "optional_blocks":[{"id":"KS","data":"..."}]}
  {"ok":false,"error":"mac","field":"...","offset":-1,"message":"..."}
The check value is empty where the kind of key has none. An error is a class of the
key block, or "input" for a line that cannot be read.`,
	setup: setupUnwrap,
}

var wrapCommand = command{
	name:    "tr31 wrap",
	args:    "--kbpk HEX --header HEADER [--block ID=DATA]... KEYHEX",
	summary: "Make a key block",
	details: `
HEADER is the 16 fixed characters; block length and number of optional blocks are
computed, whatever HEADER has for them. A padding block is added where one is needed.
` + secretsFromStdin + `

With --json and - as the one argument, and no --kbpk, every line of standard input
is a request, answered by a line in the same order:
  {"kbpk":"HEX","header":"D0000P0AE00E0000","key":"HEX",
   "optional_blocks":[{"id":"KS","data":"..."}]}
  {"ok":true,"block":"..."}
  {"ok":false,"error":"key-length","field":"key","offset":-1,"message":"..."}`,
	setup: setupWrap,
}

// unwrapRequest is what tr31 unwrap is asked, by flags or by a line of JSON.
type unwrapRequest struct {
	KBPK    string `json:"kbpk"`
	Block   string `json:"block"`
	Lenient bool   `json:"lenient"`
}

// unwrapped is what it answers.
type unwrapped struct {
	OK             bool            `json:"ok"`
	Version        string          `json:"version"`
	Header         string          `json:"header"`
	Key            string          `json:"key"`
	KCV            string          `json:"kcv"`
	OptionalBlocks []optionalBlock `json:"optional_blocks"`
}

// wrapRequest is what tr31 wrap is asked.
type wrapRequest struct {
	KBPK           string          `json:"kbpk"`
	Header         string          `json:"header"`
	Key            string          `json:"key"`
	OptionalBlocks []optionalBlock `json:"optional_blocks"`
}

// wrapped is what it answers.
type wrapped struct {
	OK    bool   `json:"ok"`
	Block string `json:"block"`
}

func (b wrapped) print(w io.Writer) error {
	_, err := fmt.Fprintln(w, b.Block)
	return err
}

// kbpkFlags are what both commands share.
type kbpkFlags struct {
	kbpk    string
	lenient bool
	json    bool
}

func (f *kbpkFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.kbpk, "kbpk", "", "key block protection key in hexadecimal, `HEX`, or - for standard input")
	fs.BoolVar(&f.lenient, "lenient", false, "accept deviations that devices write, not only what the standard allows")
	fs.BoolVar(&f.json, "json", false, "answer with a JSON object")
}

// batch reports whether requests are on standard input.
func (f *kbpkFlags) batch(args []string) bool {
	return f.json && f.kbpk == "" && len(args) == 1 && args[0] == fromStdin
}

// check checks a command line that is not a batch.
func (f *kbpkFlags) check(args []string, what string) error {
	if len(args) != 1 {
		return usageError("wants one " + what)
	}
	if f.kbpk == "" {
		return usageError("wants --kbpk")
	}
	return nil
}

// resolve reads what is on standard input, in the order of the help.
func (f *kbpkFlags) resolve(s streams, what string, value *string) error {
	if err := resolve(s.in, "kbpk", &f.kbpk); err != nil {
		return err
	}
	return resolve(s.in, what, value)
}

func strictness(lenient bool) tr31.Strictness {
	if lenient {
		return tr31.Lenient
	}
	return tr31.Strict
}

// openKBPK prepares a protection key from its digits.
func openKBPK(digits string) (*tr31.KBPK, error) {
	key, err := unhex("kbpk", digits)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return tr31.NewKBPK(key)
}

func setupUnwrap(fs *flag.FlagSet) action {
	var f kbpkFlags
	f.define(fs)
	return func(ctx context.Context, s streams, args []string) error {
		if f.batch(args) {
			return batch(ctx, s, func(ctx context.Context, r unwrapRequest) (unwrapped, error) {
				r.Lenient = r.Lenient || f.lenient
				return unwrap(ctx, r)
			})
		}
		if err := f.check(args, "block"); err != nil {
			return err
		}
		var answer unwrapped
		err := f.resolve(s, "block", &args[0])
		if err == nil {
			answer, err = unwrap(ctx, unwrapRequest{f.kbpk, args[0], f.lenient})
		}
		return give(s.out, f.json, answer, err)
	}
}

func unwrap(ctx context.Context, r unwrapRequest) (unwrapped, error) {
	b, err := tr31.Parse(r.Block, strictness(r.Lenient))
	if err != nil {
		return unwrapped{}, err
	}
	kbpk, err := openKBPK(r.KBPK)
	if err != nil {
		return unwrapped{}, err
	}
	key, err := kbpk.Unwrap(ctx, b)
	if err != nil {
		return unwrapped{}, err
	}
	defer clear(key)
	return unwrapped{
		OK:             true,
		Version:        b.Version.String(),
		Header:         r.Block[:len(b.Header.String())],
		Key:            fmt.Sprintf("%X", key),
		KCV:            checkValueOf(b.Header, key),
		OptionalBlocks: forPrograms(b.Blocks),
	}, nil
}

// print shows an opened block to people.
func (u unwrapped) print(w io.Writer) error {
	lines := [][3]string{{"header", u.Header}, {"key", u.Key}, {"check value", u.KCV}}
	for _, b := range u.OptionalBlocks {
		lines = append(lines, [3]string{"optional " + b.ID, b.Data})
	}
	return printTable(w, lines)
}

func setupWrap(fs *flag.FlagSet) action {
	var f kbpkFlags
	f.define(fs)
	var r wrapRequest
	fs.StringVar(&r.Header, "header", "", "the 16 fixed characters, `HEADER`")
	fs.Func("block", "an optional block, `ID=DATA`; may be repeated", func(s string) error {
		id, data, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("wanted ID=DATA")
		}
		r.OptionalBlocks = append(r.OptionalBlocks, optionalBlock{id, data})
		return nil
	})
	var o tr31.WrapOptions
	fs.BoolVar(&o.HideLength, "hide-length", true, "fill up to the longest key of the algorithm; =false for the least filler")
	return func(ctx context.Context, s streams, args []string) error {
		o.Strictness = strictness(f.lenient)
		if f.batch(args) && r.Header == "" {
			return batch(ctx, s, func(ctx context.Context, r wrapRequest) (wrapped, error) { return wrap(ctx, r, &o) })
		}
		if err := f.check(args, "key"); err != nil {
			return err
		}
		if r.Header == "" {
			return usageError("wants --header")
		}
		var answer wrapped
		err := f.resolve(s, "key", &args[0])
		if err == nil {
			r.KBPK, r.Key = f.kbpk, args[0]
			answer, err = wrap(ctx, r, &o)
		}
		return give(s.out, f.json, answer, err)
	}
}

func wrap(ctx context.Context, r wrapRequest, o *tr31.WrapOptions) (wrapped, error) {
	h, err := tr31.ParseHeader(r.Header)
	if err != nil {
		return wrapped{}, err
	}
	for _, b := range r.OptionalBlocks {
		h.Blocks = append(h.Blocks, tr31.OptionalBlock{ID: b.ID, Data: b.Data})
	}
	kbpk, err := openKBPK(r.KBPK)
	if err != nil {
		return wrapped{}, err
	}
	key, err := unhex("key", r.Key)
	if err != nil {
		return wrapped{}, err
	}
	defer clear(key)
	block, err := kbpk.Wrap(ctx, h, key, o)
	return wrapped{true, block}, err
}
