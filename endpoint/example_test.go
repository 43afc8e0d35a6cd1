package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

// The AWS SDK for Go without a socket: the client is the real one.
func ExampleHTTPClient() {
	eng := engine.New(nil)
	defer eng.Close()
	cfg := aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "any secret", ""),
		HTTPClient:  endpoint.HTTPClient(eng, nil),
	}
	client := paymentcryptography.NewFromConfig(cfg)
	_, err := client.GetAlias(context.Background(), &paymentcryptography.GetAliasInput{AliasName: aws.String("alias/nobody")})
	missing, ok := errors.AsType[*types.ResourceNotFoundException](err)
	fmt.Println(ok, aws.ToString(missing.ResourceId))
	// Output: true alias/nobody
}

// A server for whatever speaks the protocol.
func ExampleHandler() {
	eng := engine.New(nil)
	defer eng.Close()
	server := httptest.NewServer(endpoint.Handler(eng, &endpoint.Options{Anonymous: true}))
	defer server.Close()

	r, _ := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(`{"KeyIdentifier":"no key"}`))
	r.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane.GetKey")
	answer, err := server.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, string(body))
	fmt.Println(answer.Header.Get(endpoint.ReasonHeader))
}
