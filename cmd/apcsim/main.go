// Apcsim is the simulator as a server, and its tool box: it answers AWS clients
// over HTTP, opens and makes key blocks, opens key tokens and computes check
// values, for people and, with --json, for programs.
//
//	apcsim serve [--listen HOST:PORT] [--config FILE] [--store WHERE] [--hsm URI] [FLAG]...
//	apcsim watch [--refused] [--token FILE] [URL]
//	apcsim compare [--only ID] [--record FILE] [--yes] [A] B
//	apcsim hsm check --hsm URI
//	apcsim master-key FILE
//	apcsim tr31 inspect BLOCK
//	apcsim tr31 unwrap --kbpk HEX BLOCK
//	apcsim tr31 wrap --kbpk HEX --header HEADER [--block ID=DATA]... KEYHEX
//	apcsim tr34 inspect TOKEN
//	apcsim tr34 unwrap --krd-key FILE --krd-cert FILE --kdh-cert FILE TOKEN
//	apcsim tr34 wrap --partner DIR --krd-cert FILE --header HEADER KEYHEX
//	apcsim partner new DIR
//	apcsim components new|join --algorithm NAME …
//	apcsim certificate [--ca FILE]... FILE
//	apcsim kcv --algorithm NAME KEY
//	apcsim pin block|open|pvv|offset …
//	apcsim cvv --cvk HEX --pan PAN --expiry DATE --service-code N
//	apcsim dukpt derive --bdk HEX --ksn HEX [--use USE]
//	apcsim emv session|arqc|arpc --imk HEX --pan PAN --method NAME --atc HEX …
//	apcsim mac --algorithm NAME --key HEX MESSAGE
//	apcsim health URL
//	apcsim version
//
// The exit status is 0 where all was done and where a signal stops a server, 1 where something was refused or could not
// be done, 2 for a wrong command line. Results go to standard output, errors and the server's log to standard error.
// Keys are printed by `tr31 unwrap`, `tr34 unwrap`, `components`, `dukpt derive` and `emv session`, PINs by `pin open`
// and `pin offset`, and by nothing else. `apcsim serve --help` describes the server's configuration file.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	exitOK      = 0
	exitRefused = 1
	exitUsage   = 2
)

// command is one thing the tool does. Its name may be of two words.
type command struct {
	name    string
	args    string // as the usage line shows them
	summary string // a line, without a full stop
	details string // further paragraphs for --help
	// environment has its flags read from variables as well.
	environment bool
	// setup defines the flags and returns what to do once they are parsed.
	setup func(*flag.FlagSet) action
}

// action does a command's work with what is left of the command line.
type action func(ctx context.Context, s streams, args []string) error

// streams are the standard three.
type streams struct {
	in       *bufio.Reader
	out, err io.Writer
}

// commands is everything the tool can do, in the order of the help.
var commands = slices.Concat(
	[]command{
		serveCommand,
		watchCommand,
		compareCommand,
		hsmCheckCommand,
		masterKeyCommand,
		inspectCommand,
		unwrapCommand,
		wrapCommand,
		tokenInspectCommand,
		tokenUnwrapCommand,
		tokenWrapCommand,
		partnerNewCommand,
		componentsNewCommand,
		componentsJoinCommand,
		certificateCommand,
		kcvCommand,
		healthCommand,
		versionCommand,
	},
	paymentCommands(pinCommands),
	paymentCommands(keyCommands),
)

// usageError is a command line that is refused: exit status 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// errReported is a refusal whose answer has been written already.
var errReported = errors.New("refused")

// run is the program but for the process around it. It returns the exit status. It does
// not wait for a standard error that is not read.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	queue := newLineQueue(stderr, queueLimit)
	defer queue.Close(queuePatience)
	s := streams{bufio.NewReaderSize(stdin, 64<<10), harmless{stdout}, harmless{queue}}
	if len(args) == 1 && (args[0] == "--version" || args[0] == "-version") {
		args = []string{versionCommand.name}
	}
	c, rest, ok := find(args)
	if !ok {
		return help(s, args)
	}
	err := c.start(ctx, s, rest)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		c.help(s.out)
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(s.err, "apcsim %s: %s\n\nusage: %s\nMore: apcsim %s --help\n", c.name, shown(string(usage)), c.usage(), c.name)
		return exitUsage
	case !errors.Is(err, errReported):
		fmt.Fprintf(s.err, "apcsim %s: %s\n", c.name, shownError(err))
	}
	return exitRefused
}

// find looks up the command at the beginning of the arguments.
func find(args []string) (c command, rest []string, ok bool) {
	for _, c := range commands {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c, args[len(words):], true
		}
	}
	return command{}, nil, false
}

// start parses the flags and does the work.
func (c command) start(ctx context.Context, s streams, args []string) error {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors and help are ours to print
	work := c.setup(fs)
	args, err := parse(fs, args)
	if err == nil && c.environment {
		err = fromEnvironment(fs)
	}
	if err != nil {
		return err
	}
	return work(ctx, s, args)
}

// parse takes flags wherever they are, before, between or after the other
// arguments, which it returns. After "--" everything is an argument.
func parse(fs *flag.FlagSet, args []string) (positional []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			text := wording.WithoutKeys(err.Error())
			if name, ok := strings.CutPrefix(text, noFlag); ok {
				text = unknownFlag(fs, name)
			}
			return nil, usageError(text)
		}
		rest := fs.Args()
		if used := len(args) - len(rest); used > 0 && args[used-1] == "--" {
			return append(positional, rest...), nil
		}
		if len(rest) == 0 {
			return positional, nil
		}
		positional, args = append(positional, rest[0]), rest[1:]
	}
}
