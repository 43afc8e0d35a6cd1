package sdktest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"github.com/aws/smithy-go"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

// losing loses the answers to the first CreateKey calls, after the key has been created.
func losing(n int) *engine.Options {
	return &engine.Options{Intercept: func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
		out, err := next(ctx)
		if call.Operation == "CreateKey" && err == nil && n > 0 {
			n--
			return nil, apc.ErrNoAnswer
		}
		return out, err
	}}
}

func TestALostAnswerClosesTheConnection(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		observed := make(chan endpoint.Call, 8)
		c := open(engine.New(losing(1)), &endpoint.Options{Observe: func(c endpoint.Call) { observed <- c }})

		_, err := c.CreateKey(ctx, kek(types.KeyAlgorithmAes128))
		if exception, ok := errors.AsType[smithy.APIError](err); ok || err == nil {
			t.Fatalf("an answer that is lost: got %v (exception %v), want an error of the connection", err, exception)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("an answer that is lost: got %v, want the end of the connection", err)
		}
		keys := must(c.ListKeys(ctx, &pc.ListKeysInput{}))(t).Keys
		if len(keys) != 1 {
			t.Errorf("after an answer that was lost: %d keys, want the one that was created", len(keys))
		}
		lost, listed := <-observed, <-observed
		if lost.Operation != "CreateKey" || !lost.NoAnswer || lost.Code != "" || listed.NoAnswer {
			t.Errorf("observed %+v and %+v, want CreateKey without an answer and ListKeys with one", lost, listed)
		}
	})
}

func TestTheSDKRetriesAfterALostAnswer(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		c := open(engine.New(losing(1)), nil)
		patient := func(o *pc.Options) {
			o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.Backoff = 2, retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		}
		out, err := c.CreateKey(ctx, kek(types.KeyAlgorithmAes128), patient)
		if err != nil {
			t.Fatalf("a second attempt after a lost answer: %v", err)
		}
		keys := must(c.ListKeys(ctx, &pc.ListKeysInput{}))(t).Keys
		if len(keys) != 2 || aws.ToString(out.Key.KeyArn) == "" {
			t.Errorf("%d keys after two attempts, want both", len(keys))
		}
	})
}
