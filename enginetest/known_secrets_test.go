package enginetest_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// TestSecretsAreFoundWhereverTheyAre: in the store, where no recorded call has them, and in the events.
func TestSecretsAreFoundWhereverTheyAre(t *testing.T) {
	const key = "\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10"
	failsWith(t, recorded(nil, func(r *recorder, s *enginetest.Sim) {
		s.Secret([]byte(key))
		k := s.Key(r, enginetest.P0TDES2)
		_, err := s.Inspect().TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn,
			Tags: []apc.Tag{{Key: "note", Value: "it is " + hex.EncodeToString([]byte(key))}}})
		if err != nil {
			t.Fatal(err)
		}
	}), "known secret 1 of 1 is in the key record key0000000000001, in hexadecimal")

	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		s.Secret([]byte(key))
		who := s.Identity()
		who.ARN = "arn:aws:iam::111122223333:user/" + hex.EncodeToString([]byte(key))
		s.As(who).ListKeys(ctx, nil)
	}), "known secret 1 of 1 is in event 1, in hexadecimal")
}

func TestKnownSecretsAreFound(t *testing.T) {
	key := []byte("\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10")
	for _, x := range []struct{ secret, text, form string }{
		{string(key), string(key[3:12]), "as bytes"},
		{string(key), strings.ToUpper(hex.EncodeToString(key[2:10])), "in hexadecimal"},
		{string(key), "x=ASNFZ4mrze/+3LqYdlQyEA==", "in base64"},
		{"4111111111111111", "card 4111111111111111", "as text"},
		{"1234", "PIN 1234", "as text"},
	} {
		r := recorded(nil, func(_ *recorder, s *enginetest.Sim) {
			s.Secret([]byte(x.secret))
			s.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a", KeyArn: new("arn:" + x.text)})
		})
		failsWith(t, r, "known secret 1 of 1 is in call 1 of the journal, "+x.form)
	}
	r := recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		s.Secret([]byte("1234"), key)
		s.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a", KeyArn: new("arn:12345 " + hex.EncodeToString(key[:7]))})
	})
	if r.errors != nil {
		t.Errorf("a longer number and seven bytes of a key: %q", r.errors)
	}
}
