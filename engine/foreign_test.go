package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestAKeyInAWrongMemberIsNotRepeated: in groups or in base64, in any member that
// a reason repeats.
func TestAKeyInAWrongMemberIsNotRepeated(t *testing.T) {
	var events []apc.Event
	eng := simtest.New(t, &engine.Options{Observe: func(ev apc.Event) { events = append(events, ev) }})
	for how, key := range map[string]string{
		"digits": "0123456789ABCDEFFEDCBA9876543210", "groups": "0123-4567-89AB-CDEF-FEDC-BA98-7654-3210",
		"colons": "01:23:45:67:89:ab:cd:ef:fe:dc:ba:98:76:54:32:10",
		"spaces": "01234567 89ABCDEF FEDCBA98 76543210", "base64": "ASNFZ4mrze/+3LqYdlQyEA==",
	} {
		a := kekAttributes(apc.KeyAlgorithmAES128)
		calls := map[string]func() error{
			"KeyUsage": func() error {
				a := a
				a.KeyUsage = apc.KeyUsage(key)
				_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)})
				return err
			},
			"KeyState": func() error {
				_, err := eng.ListKeys(ctx, &engine.ListKeysInput{KeyState: new(apc.KeyState(key))})
				return err
			},
			"a reserved tag": func() error {
				_, err := eng.CreateKey(
					ctx,
					&engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true), Tags: []apc.Tag{{Key: "aws:" + key, Value: "x"}}},
				)
				return err
			},
			"a tag twice": func() error {
				_, err := eng.CreateKey(
					ctx,
					&engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true), Tags: []apc.Tag{{Key: key}, {Key: key}}},
				)
				return err
			},
			"the Region": func() error {
				_, err := eng.As(apc.Identity{Region: key}).ListKeys(ctx, nil)
				return err
			},
			"the type of a PEM block": func() error {
				_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
					KeyAttributes: publicAttributes(
						apc.KeyAlgorithmRSA2048,
					), PublicKeyCertificate: "-----BEGIN " + key + "-----\nAAAA\n-----END CERTIFICATE-----\n"}})
				return err
			},
		}
		for member, call := range calls {
			events = nil
			err := call()
			if err == nil || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), key[:10]) {
				t.Errorf("%s in %s: %v", how, member, err)
			}
			for _, ev := range events {
				for _, r := range ev.Reasons {
					if strings.Contains(r.String(), key[:10]) {
						t.Errorf("%s in %s: the event has %v", how, member, r)
					}
				}
			}
		}
	}
}
