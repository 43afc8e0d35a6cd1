// Sdk-go is code that already uses the AWS SDK for Go, tested without AWS: the
// client is the SDK's, its requests are signed and encoded as usual, and
// nothing is sent over a network.
//
//	go -C examples/sdk-go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	clock := engine.NewClock(time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC))
	eng := engine.New(&engine.Options{Now: clock.Now})
	defer eng.Close()

	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion("eu-central-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "any secret", "")))
	if err != nil {
		return err
	}
	// The one line that makes it a simulation. (config.WithHTTPClient would not
	// do where AWS_CA_BUNDLE is set: the SDK then wants a client of its own.)
	cfg.HTTPClient = endpoint.HTTPClient(eng, nil)
	client := paymentcryptography.NewFromConfig(cfg)

	arn, err := rotate(ctx, client, "alias/data-key")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "The first key:    ", arn)
	next, err := rotate(ctx, client, "alias/data-key")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Rotated to:       ", next)

	// Three days go by.
	clock.Advance(72 * time.Hour)
	old, err := client.GetKey(ctx, &paymentcryptography.GetKeyInput{KeyIdentifier: &arn})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Three days later: ", old.Key.KeyState)

	// A refusal is the SDK's own type; why is in a header.
	_, err = client.DeleteKey(ctx, &paymentcryptography.DeleteKeyInput{KeyIdentifier: &arn})
	invalid, ok := errors.AsType[*types.ValidationException](err)
	answer, read := errors.AsType[*awshttp.ResponseError](err)
	if !ok || !read {
		return fmt.Errorf("wanted a ValidationException: %w", err)
	}
	fmt.Fprintln(out, "Deleted again:    ", invalid.ErrorMessage())
	fmt.Fprintln(out, "Why:              ", answer.Response.Header.Get(endpoint.ReasonHeader))
	return nil
}

// rotate is code under test: it makes a new key, gives it the alias, and has
// the key that the alias named before deleted in three days.
func rotate(ctx context.Context, client *paymentcryptography.Client, alias string) (string, error) {
	made, err := client.CreateKey(ctx, &paymentcryptography.CreateKeyInput{
		Exportable: aws.Bool(true),
		KeyAttributes: &types.KeyAttributes{
			KeyUsage: types.KeyUsageTr31D0SymmetricDataEncryptionKey, KeyClass: types.KeyClassSymmetricKey, KeyAlgorithm: types.KeyAlgorithmAes256,
			KeyModesOfUse: &types.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
	})
	if err != nil {
		return "", err
	}
	before, err := client.GetAlias(ctx, &paymentcryptography.GetAliasInput{AliasName: &alias})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		_, err = client.CreateAlias(ctx, &paymentcryptography.CreateAliasInput{AliasName: &alias, KeyArn: made.Key.KeyArn})
		return *made.Key.KeyArn, err
	}
	if err != nil {
		return "", err
	}
	if _, err := client.UpdateAlias(ctx, &paymentcryptography.UpdateAliasInput{AliasName: &alias, KeyArn: made.Key.KeyArn}); err != nil {
		return "", err
	}
	_, err = client.DeleteKey(ctx, &paymentcryptography.DeleteKeyInput{KeyIdentifier: before.Alias.KeyArn, DeleteKeyInDays: aws.Int32(3)})
	return *made.Key.KeyArn, err
}
