// Apcsim-aws is the command `apcsim compare` with the credentials of the AWS SDK for Go: from the
// environment, the shared files and their profiles, single sign-on, and the roles of containers and
// instances. It is a module of its own, so that the SDK is in no user's module graph.
//
//	go -C cmd/apcsim-aws run . aws:us-east-1                # prints the plan
//	go -C cmd/apcsim-aws run . --yes --record service.json aws:us-east-1
//	go -C cmd/apcsim-aws run . --clean aws:us-east-1
//
// `apcsim compare --help` describes it. The exit status is 1 where something differs or could not be
// done, 2 for a wrong command line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/probe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process; --clean deletes what is left
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	exitOK      = 0
	exitRefused = 1
	exitUsage   = 2
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := &probe.Command{Simulator: simulator, Credentials: credentials}
	fs := flag.NewFlagSet("apcsim-aws", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: apcsim-aws [FLAG]... [A] B, where a side is sim, a URL, aws:REGION or a recording")
		fs.PrintDefaults()
	}
	c.Flags(fs)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	}
	differ, err := c.Run(ctx, stdout, stderr, fs.Args())
	switch {
	case errors.Is(err, probe.ErrUsage):
		fmt.Fprintln(stderr, "apcsim-aws:", err)
		return exitUsage
	case err != nil:
		fmt.Fprintln(stderr, "apcsim-aws:", err)
		return exitRefused
	case differ:
		return exitRefused
	}
	return exitOK
}

func simulator() (*engine.Engine, error) {
	return engine.New(&engine.Options{HSM: hsm.Options{Ready: testkeys.Ready()}}), nil
}

// credentials are those of the SDK's usual places. They are looked up once and renewed when they expire.
func credentials(region string) probe.CredentialsFunc {
	var found aws.CredentialsProvider
	return func(ctx context.Context) (probe.Credentials, error) {
		if found == nil {
			cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
			if err != nil {
				return probe.Credentials{}, err
			}
			found = cfg.Credentials
		}
		c, err := found.Retrieve(ctx)
		return probe.Credentials{AccessKey: c.AccessKeyID, Secret: c.SecretAccessKey, Session: c.SessionToken}, err
	}
}
