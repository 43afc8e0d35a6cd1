package awstest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/awstest"
)

func TestClientLeadsToTheSimulator(t *testing.T) {
	sim := enginetest.New(t, nil)
	client := awstest.Client(sim)
	out, err := client.CreateKey(
		t.Context(),
		&paymentcryptography.CreateKeyInput{
			KeyAttributes: awstest.Attributes(enginetest.P0TDES2.Attributes()),
			Exportable:    aws.Bool(true),
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateAlias(t.Context(), &paymentcryptography.CreateAliasInput{AliasName: aws.String("alias/pin"),
		KeyArn: out.Key.KeyArn}); err != nil {
		t.Fatal(err)
	}
	if k, ok := sim.State().Named("alias/pin"); !ok || k.ARN != *out.Key.KeyArn || k.Attributes != enginetest.P0TDES2.Attributes() {
		t.Errorf("the simulator has %v", k)
	}
}

func TestReasonIsTheSimulators(t *testing.T) {
	client := awstest.Client(enginetest.New(t, nil))
	_, err := client.GetKey(t.Context(), &paymentcryptography.GetKeyInput{KeyIdentifier: aws.String("alias/none")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || !strings.Contains(awstest.Reason(err), "alias") {
		t.Errorf("got %v, reason %q", err, awstest.Reason(err))
	}
	if got := awstest.Reason(errors.New("another")); got != "" {
		t.Errorf("the reason of another error is %q", got)
	}
}

func TestLostAnswerIsAnErrorOfTheConnection(t *testing.T) {
	sim := enginetest.New(t, nil)
	sim.Arm(enginetest.Fault{Effect: enginetest.AnswerLost})
	_, err := awstest.Client(sim).ListKeys(t.Context(), nil)
	if err == nil || awstest.Reason(err) != "" {
		t.Errorf("got %v, reason %q", err, awstest.Reason(err))
	}
}
