package endpoint_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

// A client without a socket. An AWS SDK for Go takes it as aws.Config.HTTPClient; net/http as a
// transport.
func ExampleHTTPClient() {
	eng := engine.New(nil)
	defer eng.Close()
	client := http.Client{Transport: endpoint.HTTPClient(eng, &endpoint.Options{Anonymous: true})}

	r, _ := http.NewRequest(
		http.MethodPost,
		"https://controlplane.payment-cryptography.us-east-1.amazonaws.com/",
		strings.NewReader(`{"AliasName":"alias/nobody"}`),
	)
	r.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane.GetAlias")
	answer, err := client.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
	// Output: 400 {"__type":"ResourceNotFoundException","ResourceId":"alias/nobody"}
}

// A server for any client of the protocol.
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
