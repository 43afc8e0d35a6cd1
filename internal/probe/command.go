package probe

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
)

// Command is the command "compare" of the programs that have it. Its fields are set before Run.
type Command struct {
	// Simulator makes the simulator of the side "sim".
	Simulator func() (*engine.Engine, error)
	// Credentials are those for the service in a Region.
	Credentials func(region string) CredentialsFunc

	choice                         Choice
	asJSON, yes                    bool
	record, clean, journal, region string
}

// ErrUsage is a command line that is refused.
var ErrUsage = errors.New("usage")

// Flags defines the flags of the command.
func (c *Command) Flags(fs *flag.FlagSet) {
	fs.StringVar(&c.choice.Only, "only", "", "the probe or the statement `ID` alone, such as G-alias-without-key")
	fs.StringVar(&c.choice.Operation, "operation", "", "probes about the operation `NAME` alone")
	fs.BoolVar(&c.asJSON, "json", false, "print JSON")
	fs.StringVar(&c.record, "record", "", "write B's answers to `FILE`, which is a side then")
	fs.BoolVar(&c.yes, "yes", false, "send calls to the service; without it only the plan is printed")
	fs.StringVar(&c.clean, "clean", "", "delete what earlier comparisons left on `SIDE`, aws:REGION or a URL")
	fs.StringVar(&c.journal, "journal", "", "`FILE` that says what was made on a side; by default in the user's cache")
	fs.StringVar(&c.region, "region", defaultRegion, "`REGION` of a side that is a URL")
}

const (
	defaultRegion = "us-east-1"
	awsPrefix     = "aws:"
)

// Run does the command. It reports whether the sides differ.
func (c *Command) Run(ctx context.Context, out, progress io.Writer, args []string) (differ bool, err error) {
	if c.clean != "" {
		return false, c.runClean(ctx, out, args)
	}
	if len(args) == 1 {
		args = []string{"sim", args[0]}
	}
	if len(args) != 2 {
		return false, fmt.Errorf("%w: wants the two sides A and B, or B alone", ErrUsage)
	}
	probes := c.choice.Chosen()
	if len(probes) == 0 {
		return false, c.choice.none()
	}
	if args[0] == args[1] && overNetwork(args[0]) {
		return false, fmt.Errorf("%w: %s", ErrUsage, problemTwice)
	}
	if err := c.recordable(); err != nil {
		return false, err
	}
	if err := c.allowed(progress, args, probes); err != nil {
		return false, err
	}
	a, err := c.side(args[0])
	if err != nil {
		return false, err
	}
	b, err := c.side(args[1])
	if err != nil {
		return false, errors.Join(err, a.Close())
	}
	for _, side := range []Side{a, b} {
		if remote(side) && len(side.(*Service).journal.runs) > 0 {
			fmt.Fprintf(progress, "%s: %s\n", side.Name(), problemLeft)
		}
	}
	results, err := c.compare(ctx, progress, a, b, probes)
	if closed := errors.Join(a.Close(), b.Close()); closed != nil {
		err = errors.Join(err, closed)
	} else if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%s: %w", problemInterrupted, err)
	}
	return c.report(out, a, b, results, err)
}

// report prints the results that there are, and reports whether the sides differ. It returns the error of
// the comparison, or that no probe could be run.
func (c *Command) report(out io.Writer, a, b Side, results []Result, failed error) (differ bool, err error) {
	if failed != nil && len(results) == 0 {
		return false, failed
	}
	shown, found := c.show(out, a, b, results), Count(results)
	switch {
	case failed != nil:
		return found.Different > 0, failed
	case shown == nil && found.Same+found.Different == 0:
		return false, errors.New(problemNothing)
	}
	return found.Different > 0, shown
}

// overNetwork reports whether a side's name is that of the service or of a server.
func overNetwork(name string) bool {
	return strings.HasPrefix(name, awsPrefix) || strings.Contains(name, "://")
}

// recordable makes sure that the recording can be written before anything is asked.
func (c *Command) recordable() error {
	if c.record == "" {
		return nil
	}
	f, err := os.OpenFile(c.record, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err == nil && info.Size() == 0 {
		err = os.Remove(c.record)
	}
	return err
}

// compare asks the probes and keeps the recording, which has what was answered when it was interrupted.
func (c *Command) compare(ctx context.Context, progress io.Writer, a, b Side, probes []Probe) ([]Result, error) {
	comparison := Comparison{A: a, B: b}
	if remote(a) || remote(b) {
		comparison.Progress = func(number, of int, p *Probe) { fmt.Fprintf(progress, "[%d/%d] %s\n", number, of, p.Name) }
	}
	if c.record != "" {
		comparison.Record = &Recording{Format: recordingFormat, Side: recordedName(b), Made: time.Now().UTC().Format(time.DateOnly),
			Probes: map[string]*Recorded{}}
	}
	results, err := comparison.Run(ctx, probes)
	if c.record != "" && len(results) > 0 {
		err = errors.Join(err, comparison.Record.Write(c.record))
	}
	return results, err
}

// recordedName is how a recording names its side: the address of a server is not for others.
func recordedName(s Side) string {
	if service, ok := s.(*Service); ok && !service.real && service.journal != nil {
		return "a server"
	}
	if r, ok := s.(*Recording); ok {
		return r.Side
	}
	return s.Name()
}

func remote(s Side) bool {
	service, ok := s.(*Service)
	return ok && service.journal != nil
}

// allowed prints the plan of a side that is the service. The error says why calls may not be sent.
func (c *Command) allowed(w io.Writer, sides []string, probes []Probe) (err error) {
	for _, side := range sides {
		region, isAWS := strings.CutPrefix(side, awsPrefix)
		if !isAWS {
			continue
		}
		if !validRegion(region) {
			return errors.New(problemSide)
		}
		PlanFor(probes).Write(w, side)
		if !c.yes {
			err = errors.New(problemNoYes)
		}
	}
	return err
}

// show prints the results.
func (c *Command) show(out io.Writer, a, b Side, results []Result) error {
	if !c.asJSON {
		Table(out, a.Name(), b.Name(), results)
		return nil
	}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(struct {
		A       string   `json:"a"`
		B       string   `json:"b"`
		Counts  Counts   `json:"counts"`
		Results []Result `json:"results"`
	}{a.Name(), b.Name(), Count(results), results})
}

// side opens a side by its name on the command line.
func (c *Command) side(name string) (Side, error) {
	switch {
	case name == "sim":
		eng, err := c.Simulator()
		if err != nil {
			return nil, err
		}
		return Sim(eng, nil), nil
	case overNetwork(name):
		return c.service(name)
	}
	if _, err := os.Stat(name); err != nil {
		return nil, fmt.Errorf("%s: %s", name, problemSide)
	}
	r, err := ReadRecording(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// service opens a side that is asked over the network, with its journal.
func (c *Command) service(name string) (*Service, error) {
	region, isAWS := strings.CutPrefix(name, awsPrefix)
	if isAWS && os.Getenv("CI") != "" {
		return nil, errors.New(problemCI)
	}
	if isAWS && !validRegion(region) {
		return nil, errors.New(problemSide)
	}
	file := c.journal
	if file == "" {
		var err error
		if file, err = JournalFile(name); err != nil {
			return nil, err
		}
	}
	j, err := OpenJournal(file)
	if err != nil {
		return nil, err
	}
	if isAWS {
		return AWS(region, c.Credentials(region), j), nil
	}
	s, err := Server(name, c.region, environment(false), j)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return s, nil
}

// validRegion reports whether a text may be a part of the service's host name.
func validRegion(region string) bool {
	u, err := url.Parse("https://" + region)
	return err == nil && u.Host == region && region != "" && strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Environment gives the credentials in the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN.
func Environment(string) CredentialsFunc { return environment(true) }

// environment is Environment; for a simulator, which need not verify, it leaves the session token out
// and takes any credentials where there are none.
func environment(forService bool) CredentialsFunc {
	return func(ctx context.Context) (Credentials, error) {
		found := Credentials{AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY")}
		switch {
		case found.AccessKey != "" && found.Secret != "":
			if forService {
				found.Session = os.Getenv("AWS_SESSION_TOKEN")
			}
			return found, nil
		case forService:
			return found, errors.New(problemNoCredentials)
		}
		return anyCredentials(ctx)
	}
}

// runClean deletes what is left on a side.
func (c *Command) runClean(ctx context.Context, out io.Writer, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: --clean wants no further sides", ErrUsage)
	}
	if !overNetwork(c.clean) {
		return fmt.Errorf("%w: --clean wants aws:REGION or a URL", ErrUsage)
	}
	s, err := c.service(c.clean)
	if err != nil {
		return err
	}
	if len(s.journal.runs) == 0 {
		fmt.Fprintln(out, problemNoJournal)
		return s.journal.Close()
	}
	deleted, err := s.Clean(ctx)
	for _, name := range deleted {
		fmt.Fprintln(out, "deleted", name)
	}
	if err == nil {
		fmt.Fprintln(out, "nothing is left there")
	}
	return errors.Join(err, s.journal.Close())
}
