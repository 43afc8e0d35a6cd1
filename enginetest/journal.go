package enginetest

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/mask"
)

// Call is one recorded call: of the service under test, not of [Sim.Inspect]. What is sensitive in
// the request and the answer is masked: account numbers to their first six and last four digits;
// PIN data, plain text, messages, track data and key components whole.
type Call struct {
	Number    int // from 1
	Operation string
	Identity  apc.Identity
	Time      time.Time // on the simulator's clock, when the call began
	Request   any       // a pointer to a masked copy: *engine.CreateKeyInput
	Answer    any       // a pointer to a masked copy; nil where the caller got none
	Fault     Effect    // that was applied to the call; "" is none
	Err       error     // that the caller got; an *apc.Error with the reasons
	Done      bool      // false while the call is under way
}

// String is the call on one line.
func (c Call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %s", c.Number, c.Operation, Text(c.Request))
	if c.Fault != "" {
		fmt.Fprintf(&b, " (fault: %v)", c.Fault)
	}
	switch {
	case c.Err != nil:
		fmt.Fprintf(&b, ": %v", c.Err)
	case !c.Done:
		b.WriteString(": under way")
	default:
		fmt.Fprintf(&b, ": %s", Text(c.Answer))
	}
	return b.String()
}

// Journal is every recorded call so far, in the order in which they began.
func (s *Sim) Journal() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.journal...)
}

// intercept is the engine's interceptor: faults and the journal, around the test's own.
func (s *Sim) intercept(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
	s.running.Add(1)
	defer s.running.Add(-1)
	n, fault := s.began(call)
	out, err := s.faults.Do(ctx, fault, call, func(ctx context.Context) (any, error) {
		out, err := s.own(ctx, call, next)
		if err == nil {
			s.noteMade(out)
		}
		return out, err
	})
	s.ended(n, out, err)
	return out, err
}

// own runs the interceptor of the options, or the operation.
func (s *Sim) own(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
	if f := s.options.Engine.Intercept; f != nil {
		return f(ctx, call, next)
	}
	return next(ctx)
}

func (s *Sim) began(call apc.Call) (n int, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault = s.faults.Next(call.Operation)
	n = len(s.journal)
	s.journal = append(s.journal, Call{Number: n + 1, Operation: call.Operation, Identity: call.Identity, Time: call.Time,
		Request: mask.Of(call.Input), Fault: fault.Effect})
	return n, fault
}

func (s *Sim) ended(n int, out any, err error) {
	if err != nil {
		out = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.journal[n]
	c.Answer, c.Err, c.Done = mask.Of(out), err, true
}

// noteMade records the key that an operation made.
func (s *Sim) noteMade(out any) {
	var k engine.Key
	switch out := out.(type) {
	case *engine.CreateKeyOutput:
		k = out.Key
	case *engine.ImportKeyOutput:
		k = out.Key
	case *engine.LoadKeyOutput:
		k = out.Key
	default:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[keyID(k.KeyArn)] = true
}

// keyID is the last part of a key's ARN.
func keyID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// Text is a request or an answer on one line: the names of its members that are set and their
// values, with pointers followed.
func Text(v any) string {
	var p printer
	p.value(reflect.ValueOf(v))
	return p.String()
}

// rawText is Text with texts as they are, not quoted.
func rawText(v any) string {
	p := printer{raw: true}
	p.value(reflect.ValueOf(v))
	return p.String()
}

type printer struct {
	strings.Builder
	raw bool
}

func (p *printer) value(v reflect.Value) {
	if !v.IsValid() {
		p.WriteString("nothing")
		return
	}
	if k := v.Kind(); k == reflect.Pointer || k == reflect.Interface {
		p.value(v.Elem())
		return
	}
	switch x := v.Interface().(type) {
	case time.Time:
		p.WriteString(x.UTC().Format(time.RFC3339))
		return
	case fmt.Stringer:
		p.WriteString(x.String())
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		p.fields(v)
	case reflect.Slice:
		p.WriteByte('[')
		for i := range v.Len() {
			p.comma(i > 0)
			p.value(v.Index(i))
		}
		p.WriteByte(']')
	case reflect.String:
		if p.raw {
			p.WriteString(v.String())
		} else {
			p.WriteString(short(v.String()))
		}
	default:
		fmt.Fprintf(p, "%v", v)
	}
}

// longest is how many characters of a text are printed in full: a key block is, a certificate is not.
const longest = 256

func short(s string) string {
	if len(s) <= longest {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q... (%d characters)", s[:longest/4], len(s))
}

func (p *printer) comma(needed bool) {
	if needed {
		p.WriteString(", ")
	}
}

func (p *printer) fields(v reflect.Value) {
	p.WriteByte('{')
	before := false
	for f, value := range v.Fields() {
		if !f.IsExported() || value.IsZero() {
			continue
		}
		p.comma(before)
		before = true
		p.WriteString(f.Name + ": ")
		p.value(value)
	}
	p.WriteByte('}')
}
