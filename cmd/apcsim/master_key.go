package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm/masterkey"
)

var masterKeyCommand = command{
	name:    "master-key",
	args:    "FILE",
	summary: "Make a master key for the software HSM of servers that share a database",
	details: `
FILE is made with the mode 600 and holds one line. Every server on the database
gets a copy and names it by --master-key. A file that is there already is refused:
every key sealed under a lost master key is lost too.`,
	setup: func(*flag.FlagSet) action {
		return func(_ context.Context, s streams, args []string) error {
			if len(args) != 1 {
				return usageError("wants one file")
			}
			key, made, err := masterkey.Make(args[0])
			if err != nil {
				return err
			}
			clear(key[:])
			if !made {
				return fmt.Errorf("%s exists and is a master key: it was not changed", args[0])
			}
			_, err = fmt.Fprintln(s.out, "made", shown(args[0]))
			return err
		}
	},
}
