package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/hsm"
)

var watchCommand = command{
	name:    "watch",
	args:    "[--refused] [--operation NAME] [--account DIGITS] [--token FILE] [URL]",
	summary: "Show the calls of a server with --control as they happen",
	details: `
URL is the address of the server, http://127.0.0.1:8089 if none is given. A line has the
simulated time, the operation, the account and Region, the keys by alias, the duration
and the answer; of a refusal each reason follows on a line of its own. The calls in
the server's journal come first. Colours are for terminals, unless NO_COLOR is set.
When the connection to the server breaks, watch waits until it can connect again.`,
	setup: setupWatch,
}

func setupWatch(fs *flag.FlagSet) action {
	query := url.Values{}
	refused := fs.Bool("refused", false, "only refused calls")
	operation := fs.String("operation", "", "only calls of the operation `NAME`")
	account := fs.String("account", "", "only calls of an account, 12 `DIGITS`")
	tokenFile := fs.String("token", "", "`FILE` with the token of the server's --control-token")
	return func(ctx context.Context, s streams, args []string) error {
		ctx, stop := endOnSignal(ctx)
		defer stop()
		at, err := watchURL(args)
		if err != nil {
			return err
		}
		for name, value := range map[string]string{"operation": *operation, "account": *account,
			"refused": map[bool]string{true: "true"}[*refused]} {
			if value != "" {
				query.Set(name, value)
			}
		}
		at.RawQuery = query.Encode()
		w := &watcher{url: at.String(), out: s.out, paint: paintFor(s.out)}
		if *tokenFile != "" {
			if w.token, err = server.ReadControlToken(*tokenFile); err != nil {
				return fmt.Errorf("--token: %w", err)
			}
		}
		return w.watch(ctx)
	}
}

func watchURL(args []string) (*url.URL, error) {
	if len(args) > 1 {
		return nil, usageError("wants one URL")
	}
	text := "http://127.0.0.1:8089"
	if len(args) == 1 {
		text = args[0]
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usageError("the URL does not have the form http://127.0.0.1:8089")
	}
	return u.JoinPath("/_apcsim/journal"), nil
}

// watcher follows the journal of a server.
type watcher struct {
	url   string
	token hsm.Secret
	out   io.Writer
	paint painter
	last  int64 // number of the last call shown
	seen  bool  // the server has answered once
}

// watchPause is how long it waits before it connects again.
const watchPause = time.Second

// errAnswer is an answer that is no journal.
type errAnswer struct{ text string }

func (e *errAnswer) Error() string { return e.text }

// watch shows calls until the context ends. A server that does not answer at first, or refuses,
// is an error.
func (w *watcher) watch(ctx context.Context) error {
	for {
		err := w.follow(ctx)
		_, refused := errors.AsType[*errAnswer](err)
		switch {
		case ctx.Err() != nil:
			return nil
		case refused || !w.seen || errors.Is(err, errOutput):
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchPause):
		}
	}
}

// errOutput is a standard output that takes no more.
var errOutput = errors.New("standard output takes no more")

// follow shows calls until the connection ends.
func (w *watcher) follow(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	if w.last > 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(w.last, 10))
	}
	if w.token.Len() > 0 {
		w.token.Expose(func(clear []byte) error { req.Header.Set("Authorization", "Bearer "+string(clear)); return nil })
	}
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	} // the token is for one server
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return &errAnswer{answered(res)}
	}
	w.seen = true
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	event := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			event = value
		case name == "data" && event == "gap":
			w.last = 0
			if _, err := fmt.Fprintln(w.out, "calls are missing here, or were dropped by a reset"); err != nil {
				return errOutput
			}
		case name == "data" && event == "call":
			if err := w.show(value); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// answered is what a server says that does not let the program watch.
func answered(res *http.Response) string {
	var out struct{ Error string }
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(raw, &out); out.Error == "" {
		return "the server answers " + res.Status + ": is it apcsim serve --control?"
	}
	if res.StatusCode == http.StatusUnauthorized {
		return "the server answers: " + out.Error + "; give its file as --token FILE"
	}
	return "the server answers: " + out.Error
}

// watched is a call of the journal.
type watched struct {
	Number                                         int64
	Time                                           time.Time
	Operation, Account, Region, Names, Took, Error string
	Why                                            []string
}

func (w *watcher) show(data string) error {
	var c watched
	if err := json.Unmarshal([]byte(data), &c); err != nil {
		return &errAnswer{"the server's journal is not one that this version reads"}
	}
	w.last = c.Number
	answer, colour := "ok", green
	if c.Error != "" {
		answer, colour = c.Error, red
	}
	line := fmt.Sprintf("%s  %s  %s %s  %s  %s  %s\n", w.paint.in(dim, c.Time.UTC().Format("2006-01-02 15:04:05")),
		w.paint.in(bold, shown(c.Operation)), shown(c.Account), shown(c.Region), shown(c.Names), shown(c.Took),
		w.paint.in(colour, shown(answer)))
	for _, reason := range c.Why {
		line += "    " + w.paint.in(red, shown(reason)) + "\n"
	}
	if _, err := w.paint.Write([]byte(line)); err != nil {
		return errOutput
	}
	return nil
}

// Colours of a terminal (ECMA-48, section 8.3.117).
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

// painter writes lines in colours, or without. What is foreign in a line has been through shown.
type painter struct {
	io.Writer
	on bool
}

// paintFor writes colours to a terminal that wants them, past the filter for control characters in
// messages.
func paintFor(out io.Writer) painter {
	net, ok := out.(harmless)
	if !ok {
		return painter{out, false}
	}
	f, ok := net.Writer.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return painter{out, false}
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return painter{out, false}
	}
	return painter{f, true}
}

func (p painter) in(colour, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
