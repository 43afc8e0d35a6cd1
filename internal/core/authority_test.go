package core

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestACertificateIsReadOnceForEachRecord: then it is known to be of that authority, for that key as it was.
func TestACertificateIsReadOnceForEachRecord(t *testing.T) {
	ctx, c := t.Context(), tokenCall(t, "GetPublicKeyCertificate")
	alg := AlgorithmNamed(ECCP256)
	ours, err := c.Authority(ctx, alg)
	if err != nil {
		t.Fatal(err)
	}
	other, err := (&Call{Caller: testCaller(t), Now: c.Now}).Authority(ctx, alg)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Certify(ctx, ours, ours.Public, PairProfile(alg), c.Now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	k := Key{ARN: ARN{Partition: c.Home(), Key: "kwapwa6qaifllw2h"}, Rev: keystore.CommitID{1}, Certificate: text}
	if c.Issued(other, &k) || !c.Issued(ours, &k) || c.Issued(other, &k) {
		t.Error("the certificate is not of the authority that issued it, or of another")
	}
	if n := testing.AllocsPerRun(10, func() { c.Issued(ours, &k) }); n != 0 {
		t.Errorf("a certificate that is known is read again: %v allocations", n)
	}
	k.Certificate = ""
	for what, change := range map[string]func(*Key){
		"another record": func(k *Key) { k.Rev[0]++ },
		"another key":    func(k *Key) { k.ARN.Key = "alias" },
	} {
		changed := k
		change(&changed)
		if c.Issued(ours, &changed) {
			t.Errorf("%s has the certificate of the first", what)
		}
	}
}
