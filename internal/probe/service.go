package probe

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Side answers probes.
type Side interface {
	// Name is how the side is shown.
	Name() string
	// Run asks a probe. What could not be asked is in the transcript; the error is that of the context,
	// or says why the side cannot be reached at all.
	Run(ctx context.Context, p *Probe) (*Transcript, error)
	// Close deletes what the side has made.
	Close() error
}

// Service is a side that is asked over HTTP: a simulator or AWS.
type Service struct {
	name          string
	doer          Doer
	control, data string // where the planes are
	region        string
	real          bool // AWS itself
	credentials   CredentialsFunc
	pace          time.Duration // from one request to the next
	journal       *Journal      // nil for a simulator in this process
	run           string        // the tag's value
	now           func() time.Time
	sleep         func(context.Context, time.Duration) error

	last     time.Time
	calls    int
	unsure   bool  // something may have been made that is not known
	answered bool  // at least once
	unsent   error // why the last request was not sent
	token    string
	tokenKey *rsa.PublicKey
	parties  map[string]crypto.Signer // key pairs that are made here
}

// tagKey tags all that a comparison makes; its value is the run.
const tagKey = "apcsim-probe"

// aliasPrefix begins the names of all aliases that a comparison makes; the run follows.
const aliasPrefix = "alias/apcsim-probe-"

// Sim is the side of a simulator in this process. Now is its clock; nil is the time of day.
func Sim(eng *engine.Engine, now func() time.Time) *Service {
	s := newService("sim", endpoint.HTTPClient(eng, nil), "http://sim", "us-east-1")
	if now != nil {
		s.now = now
	}
	return s
}

// Server is the side of a server of simulators.
func Server(address, region string, c CredentialsFunc, j *Journal) (*Service, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New(problemURL)
	}
	s := newService(address, client(), strings.TrimSuffix(address, "/"), region)
	s.journal = j
	if c != nil {
		s.credentials = c
	}
	return s, nil
}

// AWS is the side of the service in a Region.
func AWS(region string, c CredentialsFunc, j *Journal) *Service {
	s := newService("aws:"+region, client(), "", region)
	s.control = "https://controlplane.payment-cryptography." + region + ".amazonaws.com"
	s.data = "https://dataplane.payment-cryptography." + region + ".amazonaws.com"
	s.credentials, s.journal, s.real, s.pace = c, j, true, awsPace
	return s
}

// client follows no redirections: a signature is for one host.
func client() *http.Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Timeout: answerTime, CheckRedirect: stay}
}

const (
	answerTime = 30 * time.Second
	// awsPace keeps below five requests in a second, the service's quota for the control plane.
	awsPace = 250 * time.Millisecond
)

func newService(name string, d Doer, at, region string) *Service {
	return &Service{name: name, doer: d, control: at, data: at, region: region, credentials: anyCredentials, run: newRun(),
		parties: map[string]crypto.Signer{}, now: time.Now, sleep: sleep}
}

// newRun is a name for a run that no other has.
func newRun() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Format prints the name, whatever the verb: a side has credentials and private keys.
func (s *Service) Format(w fmt.State, _ rune) { fmt.Fprint(w, s.name) }

// Name is how the side is shown.
func (s *Service) Name() string { return s.name }

// otherRegion is where replicas are made.
func (s *Service) otherRegion() string {
	if s.region == "us-west-2" {
		return "us-east-1"
	}
	return "us-west-2"
}

// attempts is how often a call is tried that got no answer, or one that says nothing.
const attempts = 5

// call sends an operation until it has an answer that says something, or the attempts are used up.
// The error says why there is none.
func (s *Service) call(ctx context.Context, operation string, input map[string]any) (*raw, error) {
	got, _, err := s.try(ctx, operation, input)
	return got, err
}

// try is call. It also reports whether an attempt before the last may have been done without an answer.
func (s *Service) try(ctx context.Context, operation string, input map[string]any) (got *raw, lost bool, err error) {
	var last error
	for i := range attempts {
		if err := s.wait(ctx, i); err != nil {
			return nil, lost, err
		}
		got, err := s.send(ctx, operation, input)
		s.answered, s.unsent = s.answered || err == nil, unsent(err)
		switch {
		case ctx.Err() != nil:
			return nil, true, ctx.Err()
		case err != nil:
			lost, last = lost || s.unsent == nil, fmt.Errorf("no answer in %d attempts: %w", i+1, err)
		case faults[got.exception] || got.status == http.StatusTooManyRequests || got.status >= 500:
			lost, last = lost || got.status >= 500, fmt.Errorf("%s in %d attempts", got.exception, i+1)
		default:
			return got, lost, nil
		}
	}
	return nil, lost, last
}

// notSent is the error of a request that was not sent: there are no credentials, or no connection.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// unsent is the cause of a [notSent] error; of any other error it is nil.
func unsent(err error) error {
	if e, ok := errors.AsType[notSent](err); ok {
		return e.error
	}
	return nil
}

// wait keeps the pace, and longer before each further attempt.
func (s *Service) wait(ctx context.Context, attempt int) error {
	pause := time.Duration(0)
	if attempt > 0 {
		pause = retryPause << (attempt - 1)
	}
	if next := s.last.Add(s.pace).Sub(s.now()); s.pace > 0 && next > pause {
		pause = next
	}
	if pause > 0 {
		if err := s.sleep(ctx, pause); err != nil {
			return err
		}
	}
	s.last, s.calls = s.now(), s.calls+1
	return ctx.Err()
}

// retryPause is how long the second attempt waits; each further one twice as long.
const retryPause = 100 * time.Millisecond
