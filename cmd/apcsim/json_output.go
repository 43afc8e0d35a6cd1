package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// optionalBlock is a tr31.OptionalBlock for programs.
type optionalBlock struct {
	ID   string `json:"id"`
	Data string `json:"data"`
}

// forPrograms is never nil, so that programs always find an array.
func forPrograms(blocks []tr31.OptionalBlock) []optionalBlock {
	out := make([]optionalBlock, 0, len(blocks))
	for _, b := range blocks {
		out = append(out, optionalBlock{b.ID, b.Data})
	}
	return out
}

// refusal is the answer for programs where something was refused. Error is
// the class of a tr31.Error or tr34.Error, or one of the classes below.
type refusal struct {
	OK      bool   `json:"ok"` // false
	Error   string `json:"error"`
	Field   string `json:"field"`
	Offset  int    `json:"offset"` // -1: none
	Message string `json:"message"`
}

const (
	classInput    = "input"    // the request itself cannot be read
	classInternal = "internal" // neither the request's fault nor the block's
)

// refuse words an error for programs.
func refuse(err error) refusal {
	var block *tr31.Error
	var token *tr34.Error
	var input *inputError
	var size kcv.KeySizeError
	var pinRefusal *pin.Error
	var cardRefusal *cvv.Error
	var emvRefusal *emv.Error
	var dukptRefusal *dukpt.Error
	var macRefusal *mac.Error
	switch {
	case errors.As(err, &block):
		return reasoned(string(block.Class), block.Field, block.Offset, block.Problem, block.Found, block.Wanted)
	case errors.As(err, &token):
		return reasoned(string(token.Class), token.Field, -1, token.Problem, token.Found, token.Wanted)
	case errors.As(err, &input):
		return refusal{Error: classInput, Field: input.field, Offset: input.offset, Message: input.message()}
	case errors.As(err, &pinRefusal):
		return reasoned(string(pinRefusal.Rule), "", -1, pinRefusal.Problem, pinRefusal.Found, pinRefusal.Wanted)
	case errors.As(err, &cardRefusal):
		return reasoned(classInput, cardRefusal.Field, -1, cardRefusal.Problem, cardRefusal.Found, cardRefusal.Wanted)
	case errors.As(err, &emvRefusal):
		return reasoned(classInput, emvRefusal.Field, -1, emvRefusal.Problem, emvRefusal.Found, emvRefusal.Wanted)
	case errors.As(err, &dukptRefusal):
		return reasoned(classInput, dukptRefusal.Field, -1, dukptRefusal.Problem, dukptRefusal.Found, dukptRefusal.Wanted)
	case errors.As(err, &macRefusal):
		return reasoned(classInput, "", -1, macRefusal.Problem, macRefusal.Found, macRefusal.Wanted)
	case errors.As(err, &size):
		return refusal{Error: string(tr31.ErrKeyLength), Field: "key", Offset: -1, Message: size.Error()}
	}
	return refusal{Error: classInternal, Offset: -1, Message: err.Error()}
}

// reasoned is a refusal with the fields of an error of a format or algorithm.
func reasoned(class, field string, offset int, problem, found, wanted string) refusal {
	return refusal{Error: class, Field: field, Offset: offset, Message: wording.Text(problem, found, wanted)}
}

// give prints an answer, or returns the refusal; as JSON, both are printed.
func give(w io.Writer, asJSON bool, answer interface{ print(io.Writer) error }, err error) error {
	switch {
	case asJSON:
		return printJSON(w, answer, err)
	case err != nil:
		return err
	}
	return answer.print(w)
}

// printJSON writes one answer, or the refusal in its place, as one line. A
// refusal comes back as errReported.
func printJSON(w io.Writer, answer any, err error) error {
	if err != nil {
		answer = refuse(err)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if werr := e.Encode(answer); werr != nil {
		return werr
	}
	if err != nil {
		return errReported
	}
	return nil
}

// batch answers requests, one JSON object a line, in their order and each
// before the next is read. A line that is refused is answered like any other
// and makes the whole an errReported.
func batch[Request, Answer any](ctx context.Context, s streams, answer func(context.Context, Request) (Answer, error)) error {
	var refused error
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := readLine(s.in)
		var tooLong *inputError
		switch {
		case errors.Is(err, io.EOF):
			return refused
		case err != nil && !errors.As(err, &tooLong):
			return err
		}
		var out Answer
		if err == nil {
			out, err = answerLine(ctx, line, answer)
		}
		if err := printJSON(s.out, out, err); errors.Is(err, errReported) {
			refused = err
		} else if err != nil {
			return err
		}
	}
}

func answerLine[Request, Answer any](
	ctx context.Context,
	line []byte,
	answer func(context.Context, Request) (Answer, error),
) (Answer, error) {
	defer clear(line) // there are keys in it
	var request Request
	if err := json.Unmarshal(line, &request); err != nil {
		var none Answer
		return none, jsonError(err)
	}
	return answer(ctx, request)
}

// jsonError reports where a line stops being what was wanted. It does not repeat the
// line, as encoding/json would.
func jsonError(err error) *inputError {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return &inputError{offset: int(syntax.Offset), problem: problemNotObject}
	case errors.As(err, &kind):
		return &inputError{field: kind.Field, offset: int(kind.Offset), problem: problemJSONKind}
	}
	return &inputError{offset: -1, problem: problemNotObject}
}
