package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
)

var serveCommand = command{
	name:    "serve",
	args:    "[--listen HOST:PORT] [--config FILE] [--store WHERE] [--hsm URI] [FLAG]...",
	summary: "Answer AWS clients over HTTP, as the service would",
	details: `
The one line on standard output is "listening on http://HOST:PORT"; standard error
has the log, a line for each call, without requests and secrets. Where the log is not read
fast enough, lines are dropped, and a later line says how many. --log-level warn logs only
refused calls and errors, --quiet only errors.
SIGTERM and SIGINT stop the server; it finishes the calls under way, for at most
10 seconds.
Without --store everything is in memory and ends with the process.

A client is pointed at it by its environment:

  AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY=http://127.0.0.1:8089
  AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY_DATA=http://127.0.0.1:8089

Every program that reaches the address can use every key, unless --verify checks signatures.
On an address other than loopback the log warns of that, --control needs a token, and
refusals of key blocks have their exact reasons only with --explain. The reason of an internal
failure, of a database or a disk, is sent only to clients on this machine; the log has it.

FILE is a JSON object; all members are optional, unknown ones are refused:

  {
    "callers": {"AKIDEXAMPLE": {"account": "111122223333",
      "arn": "arn:aws:iam::111122223333:user/ceremony", "secret": "..."}},
    "limits": {"Keys": 100, "TokenLife": "30d"},
    "teams": ["arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"],
    "regions": ["xx-test-1"], "lenientStrength": false,
    "quirks": {"VisaPINWithDUKPT": true}, "replicationFails": {"eu-west-1": "no room"},
    "keys": [{"alias": "alias/zone-key", "components":
      ["11111111111111111111111111111111", "22222222222222222222222222222222"],
      "KeyAttributes": {"KeyUsage": "TR31_K0_KEY_ENCRYPTION_KEY",
        "KeyClass": "SYMMETRIC_KEY", "KeyAlgorithm": "AES_128", "KeyModesOfUse":
          {"Encrypt": true, "Decrypt": true, "Wrap": true, "Unwrap": true}}}]
  }

callers are the callers by access key; secret is for --verify. limits are the
fields of apc.Limits (go doc ./apc Limits), times like "36h" or "7d". teams are the approval
teams that exist (without any, every ARN is one), regions those besides the service's own;
lenientStrength and quirks are as in engine.Options (go doc ./engine Options);
replicationFails makes each replication to a Region fail with that message. A key is the XOR
of its 1 to 3 components; it may have account, region, Exportable (true where absent), Enabled,
Tags and KeyCheckValueAlgorithm as well, and the check values of a ceremony's record, which are
compared: componentCheckValues and checkValue.
Its ARN is the same in every run. A longer example is examples/serve/config.json. A FILE
with secrets or keys must be readable only by you (chmod 600), or by a group of yours
(440), as Kubernetes mounts a secret with fsGroup; the same holds for the files of PINs
and master keys. FILE may be a pipe, such as <(command) or /dev/stdin.

--hsm names the HSM that keeps the keys. A token of any PKCS#11 module is named by a
URI (RFC 7512) with token, serial or slot-id, module-path and pin-source, which
is a file or env:NAME. SoftHSM, for one:

  softhsm2-util --init-token --free --label unit --pin 12345678 --so-pin 87654321
  PIN=12345678 apcsim serve --hsm \
    'pkcs11:token=unit?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=env:PIN'

The first start makes master keys on the token, which stay there; the simulator's
keys are sealed under them and are in the store. With --seed the ids are the
same in every run, and the keys are not: the token makes them. What else the URI
takes, and what a token does and does not protect: go doc ./hsm/pkcs11.

--store keeps everything: in a FILE, which one server at a time may have, or in a
PostgreSQL database that many servers share, postgres://USER@HOST/DATABASE; what
the URL leaves out, the password for one, comes from the environment as it does
for psql. What is kept is sealed under a master key. The software HSM's is in
FILE.lmk, made with FILE, or where --master-key says; for a database that is
needed, and apcsim master-key makes it. A token keeps its own.

  apcsim serve --store apcsim.db
  apcsim master-key shared.lmk
  apcsim serve --store postgres://apcsim@localhost/apcsim --master-key shared.lmk

The keys of --config are loaded once in the life of a store.

While it listens on loopback without --verify, web pages that are open on this
machine cannot call it: a request is refused whose Origin is not one of
--allow-origin, or whose Host is neither a loopback name nor one of the service's own
(controlplane.payment-cryptography.us-east-1.amazonaws.com and its like) nor one of
--allow-host. Pages of an --allow-origin may also read the answers (CORS).

GET /_apcsim/health answers as long as the server runs (a liveness probe); GET
/_apcsim/ready answers 200 while the store and the HSM answer too, else 503, within a
second (a readiness probe). Both need no --control. With --control, a browser at / or /_apcsim/
gets the console: calls as they happen, keys, time, which key wraps which, tools, faults,
approvals and limits. Programs on this machine have the simulator's own calls, which GET /_apcsim/
lists: moving the clock forward and resetting it, deleting everything, loading and inspecting
keys, the last calls and why they were refused. Bodies are application/json. The lists are JSON:
/_apcsim/journal (the last 1,000 calls, masked; with Accept: text/event-stream each call as it happens),
/_apcsim/keys, /_apcsim/due (what will be deleted or expire, and when) and /_apcsim/graph (which key
wrapped which since the start). A request through a proxy is refused
there where the proxy adds a header (Forwarded, Via, X-Forwarded-*); a proxy on this
machine that adds none cannot be distinguished from a program on it, and its clients could use
these calls: do not put one in front of --control.

With --control-token FILE, which includes --control, these calls are for every client, on any
machine, that shows the token of FILE, "Authorization: Bearer TOKEN"; the console asks for
it once. FILE has one line of 16 to 512 letters, digits and ._~+/- and is readable only by you:

  (umask 077; openssl rand -hex 32 > control.token)
  apcsim serve --listen 0.0.0.0:8089 --control-token control.token

With --control-listen HOST:PORT they are only at that address, such as one of loopback
beside a service that listens beyond it.

Each flag may also come from the environment: APCSIM_LISTEN is --listen, APCSIM_TEST_KEYS=true
is --test-keys, APCSIM_ALLOW_HOST=a.test,b.test is two --allow-host. The command line goes
first. An access key of 12 digits is that account, where signatures are not verified and FILE
does not name it.`,
	environment: true,
	setup:       setupServe,
}

// lifetime is a flag for a time, with days.
type lifetime struct{ options *server.Options }

func (l lifetime) String() string { return "" }

func (l lifetime) Set(text string) (err error) {
	if l.options.TokenLife, err = server.ParseDuration(text); err == nil && l.options.TokenLife == 0 {
		err = errors.New("wanted a time greater than 0")
	}
	return err
}

// logLevel is a flag for the least important lines that the log has.
type logLevel struct {
	least slog.Level
	given bool
}

func (l *logLevel) String() string { return l.least.String() }

func (l *logLevel) Set(text string) error {
	for _, known := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(text, known.String()) {
			l.least, l.given = known, true
			return nil
		}
	}
	return errors.New("wanted debug, info, warn or error")
}

// appendTo is a flag that may be repeated.
func appendTo(list *[]string) func(string) error {
	return func(text string) error {
		*list = append(*list, text)
		return nil
	}
}

// reasonsIn is a flag for where reasons are.
func reasonsIn(message *bool) func(string) error {
	return func(text string) error {
		if text != "header" && text != "message" {
			return errors.New("wanted header or message")
		}
		*message = text == "message"
		return nil
	}
}

func setupServe(fs *flag.FlagSet) action {
	f := &serveFlags{options: &server.Options{}}
	f.define(fs)
	return f.run
}

// serveFlags are the flags of serve.
type serveFlags struct {
	options                  *server.Options
	listen, config           string
	store, masterKey, device string
	controlToken             string
	level                    logLevel
	quiet                    bool
}

func (f *serveFlags) define(fs *flag.FlagSet) {
	o := f.options
	fs.StringVar(&f.listen, "listen", "127.0.0.1:8089", "`HOST:PORT` to listen at; port 0 picks one")
	fs.StringVar(&f.config, "config", "", "`FILE` with callers, limits and keys, as above")
	fs.StringVar(&f.store, "store", memory, "`WHERE` everything is kept: memory, a file, or the URL of a PostgreSQL database, as above")
	fs.StringVar(&f.masterKey, "master-key", "", "`FILE` with the master key of the software HSM, for a store (the store's FILE.lmk)")
	fs.StringVar(&f.device, "hsm", softwareDevice, "where keys are kept: software, or the `URI` of a PKCS#11 token, as above")
	fs.StringVar(&o.Account, "account", "", "account, 12 `DIGITS`, of access keys that FILE does not name (111122223333)")
	fs.StringVar(&o.Region, "region", "", "`REGION` of requests and keys that name none (us-east-1)")
	fs.Uint64Var(&o.Seed, "seed", 0, "`NUMBER` that makes ids, and symmetric keys in software, the same in every run")
	fs.Var(lifetime{o}, "token-lifetime", "`TIME` that import and export tokens are valid, like 36h or 7d (30d)")
	fs.BoolVar(&o.TestKeys, "test-keys", false, "use ready RSA key pairs, whose private keys are published, instead of generating new ones")
	fs.BoolVar(&o.Control, "control", false, "open the simulator's own calls to this machine")
	fs.StringVar(&f.controlToken, "control-token", "", "`FILE` with the token that the simulator's own calls must show, on any address")
	fs.StringVar(&o.ControlListen, "control-listen", "", "`HOST:PORT` where the simulator's own calls are, and nothing else")
	fs.BoolVar(&o.Verify, "verify", false, "check signatures with the secrets of FILE")
	fs.BoolVar(&o.Anonymous, "anonymous", false, "accept requests without a signature")
	fs.BoolVar(&o.Explain, "explain", false, "give exact reasons on every address")
	fs.BoolVar(&o.ExceptionStatus, "exception-status", false, "answer each exception with an HTTP status of its own, not with 400")
	fs.Func(
		"reasons",
		"`WHERE` a refusal says why: header, or message for clients that show no headers (header)",
		reasonsIn(&o.ReasonsInMessage),
	)
	fs.Func(
		"allow-origin",
		"`ORIGIN` of web pages that may call, like https://app.example:8443; may be repeated",
		appendTo(&o.AllowOrigins),
	)
	fs.Func("allow-host", "`NAME` that a server on loopback also has, like apcsim.test; may be repeated", appendTo(&o.AllowHosts))
	fs.Var(&f.level, "log-level", "`LEVEL` of the least important lines of the log: debug, info, warn or error (info)")
	fs.BoolVar(&f.quiet, "quiet", false, "log only errors, as --log-level error does")
}

func (f *serveFlags) run(ctx context.Context, s streams, args []string) error {
	ctx, stop := endOnSignal(ctx)
	defer stop()
	if len(args) > 0 {
		return usageError("takes flags only")
	}
	if f.quiet && f.level.given {
		return usageError("--quiet: it is --log-level error; wanted one of the two")
	}
	if f.quiet {
		f.level.least = slog.LevelError
	}
	f.options.Log = slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: f.level.least}))
	if f.controlToken != "" {
		var err error
		if f.options.ControlToken, err = server.ReadControlToken(f.controlToken); err != nil {
			return fmt.Errorf("--control-token: %w", err)
		}
		f.options.Control = true
	}
	token, err := parseDevice(f.device)
	if err != nil {
		return err
	}
	store, err := parseStore(f.store, f.masterKey, token != nil)
	if err != nil {
		return err
	}
	return serve(ctx, s.out, &startup{f.listen, f.config, token, store, f.options})
}
