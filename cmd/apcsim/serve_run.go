package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
)

// startup is what the command line asks for.
type startup struct {
	listen  string
	config  string          // file; "": none
	token   *pkcs11.Options // nil: the software HSM
	store   *storeSpec
	options *server.Options
}

// endOnSignal returns a context that the first SIGTERM or SIGINT ends. Once it has ended the
// next one ends the process.
func endOnSignal(parent context.Context) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE) // lines of a log whose reader has ended are dropped
	first, release := signal.NotifyContext(parent, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(parent)
	context.AfterFunc(first, func() { release(); cancel() })
	return ctx, release
}

// How long a server that is stopped waits for what it opens, and for what it closes
// once the calls under way are done.
const (
	openPatience  = 2 * time.Second
	closePatience = 5 * time.Second
)

// serve runs the server until the context ends it. A server that is stopped before it
// listens has exit status 0 too.
func serve(ctx context.Context, stdout io.Writer, u *startup) error {
	log := u.options.Log
	s, err := await(ctx, openPatience, func() (*serving, error) { return u.open(ctx) })
	if err != nil && ctx.Err() != nil {
		log.Info("stopped before it listened")
		return nil
	}
	if err != nil {
		return err
	}
	log.Info("listening", "url", s.URL())
	err = s.announceAndServe(ctx, stdout)
	_, failed := await(ctx, closePatience, func() (struct{}, error) { return struct{}{}, s.close() })
	return errors.Join(err, failed)
}

// await returns what f returns. A function that hangs in something that takes no context (a
// pipe, a module of a token, a file system) is not waited for when the context and then the
// patience have ended: the process is about to end.
func await[T any](ctx context.Context, patience time.Duration, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	var late <-chan time.Time
	ended := ctx.Done()
	for {
		select {
		case r := <-done:
			return r.value, r.err
		case <-ended:
			ended, late = nil, time.After(patience)
		case <-late:
			var none T
			return none, errNoAnswer
		}
	}
}

// errNoAnswer is what await makes of a function that hangs.
var errNoAnswer = errors.New("stopped, but the store, the HSM or a file does not answer and was not closed")

// serving is a server with the HSM and the store that were opened for it.
type serving struct {
	*server.Server
	closers []func() error // in the order of opening
}

func (s *serving) close() (err error) {
	for _, f := range slices.Backward(s.closers) {
		err = errors.Join(err, f())
	}
	return err
}

// open opens the HSM and the store, and listens. Where it fails, what is open is closed
// again.
func (u *startup) open(ctx context.Context) (s *serving, err error) {
	s = &serving{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	o := u.options
	if u.config != "" {
		o.Log.Debug("reading the configuration", "file", u.config)
		o.Config, err = await(ctx, 0, func() (*server.Config, error) { return server.ReadConfig(u.config) })
		if err != nil {
			return s, err
		}
	}
	if u.token != nil {
		if o.Backend, err = openDevice(ctx, u.token, o.Seed != 0, o.Log); err != nil {
			return s, err
		}
		s.closers = append(s.closers, o.Backend.Close)
	}
	closeStore, err := u.store.open(ctx, o, o.Log)
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, closeStore)
	s.Server, err = server.Listen(ctx, u.listen, o)
	if wrong, ok := errors.AsType[*server.OptionError](err); ok {
		err = usageError("--" + wrong.Error())
	}
	return s, err
}

// announceAndServe answers requests, and prints where. Standard output may be a pipe that is
// full: no request waits for it. One that fails ends the server, since the program that
// started it waits for the line.
func (s *serving) announceAndServe(ctx context.Context, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	printing := make(chan error, 1)
	go func() {
		_, err := fmt.Fprintln(stdout, "listening on", s.URL())
		printing <- err
		if err != nil {
			cancel()
		}
	}()
	err := s.Serve(ctx)
	select {
	case failed := <-printing:
		return errors.Join(failed, err)
	default: // it is not read
		return err
	}
}
