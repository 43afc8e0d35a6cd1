package enginetest_test

import (
	"bufio"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestOpenKeyOfTheDeviceIsFound(t *testing.T) {
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		if err := s.LeaveAKeyOpen(ctx); err != nil {
			t.Fatal(err)
		}
	}), "1 keys of the device are still open")
}

func TestOpenConnectionIsFound(t *testing.T) {
	defer enginetest.SetPatience(10 * time.Millisecond)()
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		const half = "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n" +
			"X-Amz-Target: PaymentCryptographyControlPlane.ListKeys\r\n\r\n"
		if _, err := c.Write([]byte(half)); err != nil {
			t.Fatal(err)
		}
		// It says so when it begins to read the body, which does not come.
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("got %q, %v", line, err)
		}
	}), "a connection is still open")
}

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
