package main

import (
	"context"
	"errors"
	"flag"
	"strings"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/probe"
)

var compareCommand = command{
	name:    "compare",
	args:    "[--only ID] [--operation NAME] [--record FILE] [--yes] [--json] [A] B | --clean SIDE",
	summary: "Ask two sides the same questions and compare their answers",
	details: `
A side is sim, a simulator in this process, which is A where one side is given; a URL,
http://127.0.0.1:8089; aws:REGION, the service; or a file that --record has written. Each
guess of docs/guesses.md that calls can decide has a probe, a short sequence of calls.
The table says of each: the same; different, with both answers, the guess that is refuted
and where it is decided; or not run, and why. The exit status is 1 where something differs.

  apcsim compare sim http://127.0.0.1:8089
  apcsim compare --only G-alias-without-key aws:us-east-1
  apcsim compare --yes --record service.json aws:us-east-1
  apcsim compare service.json

Nothing is sent to the service without --yes: the plan is printed, with the number of keys
and calls and what they cost. What is made there has the tag apcsim-probe, is in a journal
before it is made, and is deleted after each probe, and after an interruption;
--clean aws:REGION deletes what a killed comparison has left. Deleted keys wait three days.
Credentials come from the environment; the program cmd/apcsim-aws, a module of its own,
takes them from every place of the AWS SDK.

A recording has no account, access key, session, key or account number of a card: it can be
attached to a report.`,
	setup: func(fs *flag.FlagSet) action {
		c := &probe.Command{Simulator: readySimulator, Credentials: probe.Environment}
		c.Flags(fs)
		return func(ctx context.Context, s streams, args []string) error {
			ctx, stop := endOnSignal(ctx)
			defer stop()
			differ, err := c.Run(ctx, s.out, s.err, args)
			if errors.Is(err, probe.ErrUsage) {
				return usageError(strings.TrimPrefix(err.Error(), probe.ErrUsage.Error()+": "))
			}
			if err == nil && differ {
				return errReported
			}
			return err
		}
	},
}

// readySimulator is a simulator that takes ready RSA key pairs: a comparison waits for none to be made.
func readySimulator() (*engine.Engine, error) {
	return engine.New(&engine.Options{HSM: hsm.Options{Ready: testkeys.Ready()}}), nil
}
