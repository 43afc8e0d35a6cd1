package main

import (
	"context"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestTheReadmesLinesRun: the row of the README's table for Go, with the environment that
// is above the table, and with the endpoint in code.
func TestTheReadmesLinesRun(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const row = "| Go | `paymentcryptography.NewFromConfig(cfg)` | `o.BaseEndpoint = aws.String(\"http://127.0.0.1:8089\")` |"
	if !strings.Contains(string(text), row) {
		t.Errorf("the README does not have the row that is run here: %s", row)
	}
	eng := engine.New(nil)
	defer eng.Close()
	server := httptest.NewServer(endpoint.Handler(eng, nil))
	defer server.Close()
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	for _, line := range regexp.MustCompile(`(?m)^export (AWS_[^#\n]*)`).FindAllStringSubmatch(string(text), -1) {
		for _, setting := range strings.Fields(line[1]) {
			name, value, _ := strings.Cut(setting, "=")
			t.Setenv(name, strings.ReplaceAll(value, "http://127.0.0.1:8089", server.URL))
		}
	}
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client := paymentcryptography.NewFromConfig(cfg)
	if out, err := client.ListKeys(ctx, &paymentcryptography.ListKeysInput{}); err != nil || len(out.Keys) != 0 {
		t.Errorf("by the environment: %+v, %v", out, err)
	}
	t.Setenv("AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY", "")
	if cfg, err = config.LoadDefaultConfig(ctx); err != nil {
		t.Fatal(err)
	}
	client = paymentcryptography.NewFromConfig(cfg, func(o *paymentcryptography.Options) { o.BaseEndpoint = aws.String(server.URL) })
	if out, err := client.ListKeys(ctx, &paymentcryptography.ListKeysInput{}); err != nil || len(out.Keys) != 0 {
		t.Errorf("in code: %+v, %v", out, err)
	}
}
