package sdktest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"github.com/aws/smithy-go"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestEveryExceptionIsATypeOfTheSDK lets the SDK read each exception that the service has, those too that
// no operation answers with yet.
func TestEveryExceptionIsATypeOfTheSDK(t *testing.T) {
	for code, like := range map[apc.Code]error{
		apc.ErrAccessDenied: &types.AccessDeniedException{}, apc.ErrConflict: &types.ConflictException{},
		apc.ErrInternalServer:   &types.InternalServerException{},
		apc.ErrResourceNotFound: &types.ResourceNotFoundException{}, apc.ErrServiceQuotaExceeded: &types.ServiceQuotaExceededException{},
		apc.ErrServiceUnavailable: &types.ServiceUnavailableException{}, apc.ErrThrottling: &types.ThrottlingException{},
		apc.ErrValidation: &types.ValidationException{},
	} {
		eng := simtest.New(
			t,
			&engine.Options{Intercept: func(context.Context, apc.Call, func(context.Context) (any, error)) (any, error) {
				return nil, &apc.Error{Code: code, Message: "because", Resource: "alias/a"}
			}},
		)
		for _, own := range []bool{false, true} {
			c := client(func(to *pc.Options) {
				to.HTTPClient = endpoint.HTTPClient(eng, &endpoint.Options{ExceptionStatus: own})
			})
			_, err := c.CreateAlias(t.Context(), &pc.CreateAliasInput{AliasName: aws.String("alias/a")}) // declares all of them
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok || reflect.TypeOf(api) != reflect.TypeOf(like) || api.ErrorCode() != string(code) {
				t.Errorf("%s: the SDK read %T: %v", code, api, err)
			}
			if missing, ok := api.(*types.ResourceNotFoundException); ok &&
				(missing.ResourceId == nil || *missing.ResourceId != "alias/a") ||
				!ok && api.ErrorMessage() != "because" {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
}
