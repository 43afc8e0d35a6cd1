// Package awstest connects the AWS SDK for Go v2 to a simulator of package enginetest, in one line. It is
// a module of its own, so that the SDK is only in the module graph of programs that use it.
package awstest

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// Config is a configuration of the SDK for the simulator: no socket, static credentials, no
// profile. Its clients do not retry, so that a test gets the first answer; set Retryer for one
// that does.
func Config(s *enginetest.Sim) aws.Config {
	return aws.Config{
		Region: s.Identity().Region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "any", ""),
		HTTPClient: s.HTTPClient(), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// Client is a client of the control plane.
func Client(s *enginetest.Sim, change ...func(*paymentcryptography.Options)) *paymentcryptography.Client {
	return paymentcryptography.NewFromConfig(Config(s), change...)
}

// Reason is why the simulator refused a call, which the service does not say; "" where err is no
// refusal of it.
func Reason(err error) string {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok && response.Response != nil {
		return response.Response.Header.Get(endpoint.ReasonHeader)
	}
	return ""
}

// Attributes are key attributes as the SDK has them.
func Attributes(a apc.KeyAttributes) *types.KeyAttributes {
	return &types.KeyAttributes{KeyUsage: types.KeyUsage(a.KeyUsage), KeyClass: types.KeyClass(a.KeyClass),
		KeyAlgorithm: types.KeyAlgorithm(a.KeyAlgorithm), KeyModesOfUse: Modes(a.KeyModesOfUse)}
}

// Modes are modes of use as the SDK has them.
func Modes(m apc.KeyModesOfUse) *types.KeyModesOfUse {
	return &types.KeyModesOfUse{Encrypt: m.Encrypt, Decrypt: m.Decrypt, Wrap: m.Wrap, Unwrap: m.Unwrap, Generate: m.Generate,
		Sign: m.Sign, Verify: m.Verify, DeriveKey: m.DeriveKey, NoRestrictions: m.NoRestrictions}
}
