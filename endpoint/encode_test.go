package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

func encoded(v any) []byte {
	b := encode(v)
	defer release(b)
	return bytes.Clone(*b)
}

// TestEveryStringIsJSON reads back whatever a string may hold.
func TestEveryStringIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		var got string
		if out := encoded(new(want)); json.Unmarshal(out, &got) != nil || got != want {
			t.Errorf("%q is written %s", want, out)
		}
	})
	if got, want := string(encoded(new(`<&>'é"`))), `"<&>'é\""`; got != want {
		t.Errorf("%s, wanted %s", got, want)
	}
}

// TestTimesAreExactToTheMillisecond holds the numbers to exact arithmetic.
func TestTimesAreExactToTheMillisecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		milli := rapid.Int64Range(0, 253402300799999).Draw(t, "milliseconds") // the year 9999
		text := string(encoded(new(time.UnixMilli(milli))))
		got, ok := new(big.Rat).SetString(text)
		if !ok || got.Cmp(big.NewRat(milli, 1000)) != 0 {
			t.Errorf("%d ms are written %s", milli, text)
		}
	})
	for milli, want := range map[int64]string{1698245002065: "1698245002.065", 1697643478920: "1697643478.92", 1697643478000: "1697643478"} {
		if got := string(encoded(new(time.UnixMilli(milli)))); got != want {
			t.Errorf("%s, wanted %s", got, want)
		}
	}
}

// TestAShapeIsWrittenWithWhatItHas covers the members that no operation fills
// yet.
func TestAShapeIsWrittenWithWhatItHas(t *testing.T) {
	key := engine.Key{ReplicationStatus: map[string]engine.ReplicationStatusType{
		"us-west-2": {Status: apc.KeyReplicationStateInProgress, StatusMessage: new("soon")}, "eu-west-1": {Status: apc.KeyReplicationStateInProgress}}}
	var got struct {
		ReplicationStatus map[string]engine.ReplicationStatusType
		PrimaryRegion     any
	}
	if err := json.Unmarshal(encoded(&key), &got); err != nil || got.PrimaryRegion != nil || !reflect.DeepEqual(got.ReplicationStatus, key.ReplicationStatus) {
		t.Errorf("%v: %+v", err, got)
	}
}

// TestEveryExceptionIsATypeOfTheSDK writes each exception that the service has
// and lets the SDK read it, those too that no operation throws yet.
func TestEveryExceptionIsATypeOfTheSDK(t *testing.T) {
	want := map[apc.Code]struct {
		like   error
		status [2]int
	}{
		apc.ErrAccessDenied:         {&types.AccessDeniedException{}, [2]int{400, 403}},
		apc.ErrConflict:             {&types.ConflictException{}, [2]int{400, 409}},
		apc.ErrInternalServer:       {&types.InternalServerException{}, [2]int{500, 500}},
		apc.ErrResourceNotFound:     {&types.ResourceNotFoundException{}, [2]int{400, 404}},
		apc.ErrServiceQuotaExceeded: {&types.ServiceQuotaExceededException{}, [2]int{400, 402}},
		apc.ErrServiceUnavailable:   {&types.ServiceUnavailableException{}, [2]int{500, 503}},
		apc.ErrThrottling:           {&types.ThrottlingException{}, [2]int{400, 429}},
		apc.ErrValidation:           {&types.ValidationException{}, [2]int{400, 400}},
	}
	for code, c := range want {
		for i, own := range []bool{false, true} {
			h := &handler{options: Options{ExceptionStatus: own}}
			status := 0
			sdk := pc.New(pc.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
				HTTPClient: refuser(func(w http.ResponseWriter) {
					h.refuse(w, &apc.Error{Code: code, Message: "because", Resource: "alias/a"}, false)
					status = w.(*answer).status
				})})
			_, err := sdk.CreateAlias(t.Context(), &pc.CreateAliasInput{AliasName: aws.String("alias/a")}) // declares all of them
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok || reflect.TypeOf(api) != reflect.TypeOf(c.like) || status != c.status[i] || api.ErrorCode() != string(code) {
				t.Errorf("%s: status %d, the SDK read %T: %v", code, status, api, err)
			}
			if missing, ok := api.(*types.ResourceNotFoundException); ok && (missing.ResourceId == nil || *missing.ResourceId != "alias/a") || !ok && api.ErrorMessage() != "because" {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	if got, want := len(exceptions), len(want)+2; got != want { // and NotSimulatedException, and one of the data plane
		t.Errorf("%d exceptions have a status, wanted %d", got, want)
	}
}

type refuser func(http.ResponseWriter)

func (f refuser) Do(r *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}}
	f(w)
	return w.response(r), nil
}
