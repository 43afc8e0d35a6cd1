package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestReusedCallsStoreTheirOwnKeys makes keys with and without replicas from several goroutines, on an engine without
// an interceptor: only there calls are reused, with the commit of the key that was made before.
func TestReusedCallsStoreTheirOwnKeys(t *testing.T) {
	ctx, eng := context.Background(), engine.New(nil)
	defer eng.Close()
	attributes := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31D0SymmetricDataEncryptionKey, KeyClass: apc.KeyClassSymmetricKey,
		KeyAlgorithm: apc.KeyAlgorithmAES128, KeyModesOfUse: apc.KeyModesOfUse{NoRestrictions: true}}
	choices := [][]string{nil, {"us-west-2", "eu-west-1"}, {"us-west-2"}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 30 {
				regions := choices[(g+i)%len(choices)]
				made, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: attributes, Exportable: new(true), ReplicationRegions: regions})
				if err != nil {
					t.Errorf("CreateKey: %v", err)
					return
				}
				home := eng.Identity().Region
				for _, region := range append([]string{home}, regions...) {
					arn := strings.Replace(made.Key.KeyArn, home, region, 1)
					got, err := eng.As(apc.Identity{Region: region}).GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
					if err != nil || got.Key.KeyCheckValue != made.Key.KeyCheckValue || len(made.Key.ReplicationStatus) != len(regions) {
						t.Errorf("%s: got %+v, %v, want check value %s and replicas in %v", arn, got, err, made.Key.KeyCheckValue, regions)
					}
				}
			}
		})
	}
	wg.Wait()
}
