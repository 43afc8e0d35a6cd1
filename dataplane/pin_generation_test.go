package dataplane_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestSeedMakesThePINs: the same seed, the same PIN, on a device that follows seeds.
func TestSeedMakesThePINs(t *testing.T) {
	if !simtest.FollowsSeeds(t) {
		t.Log("the device draws its own")
		return
	}
	draw := func(seed uint64) string {
		eng := engine.New(&engine.Options{Seed: seed})
		defer eng.Close()
		w := &world{Engine: eng, keys: map[vectorKeyID]string{}}
		out, err := w.GeneratePinData(
			t.Context(),
			&dataplane.GeneratePinDataInput{GenerationKeyIdentifier: w.key(t, &pvk), EncryptionKeyIdentifier: w.key(t, &pinKey),
				GenerationAttributes: dataplane.PinGenerationAttributes{
					VisaPin: &dataplane.VisaPin{PinVerificationKeyIndex: new(1)},
				}, PinDataLength: new(12),
				PrimaryAccountNumber: new(pan), PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0},
		)
		if err != nil {
			t.Fatal(err)
		}
		return out.EncryptedPinBlock
	}
	if a, b, c := draw(7), draw(7), draw(8); a != b || a == c {
		t.Errorf("seed 7: %s and %s, seed 8: %s", a, b, c)
	}
}

// TestPINsGeneratedAreVerified, for every form, and a wrong value is not.
func TestPINsGeneratedAreVerified(t *testing.T) {
	w := newWorld(t, nil)
	ask := typedDoor(w.Caller)
	seen := 0
	for _, v := range append(committedVectors(t), publishedVectors(t)...) {
		if v.Op != "GeneratePinData" {
			continue
		}
		v.withAllModes()
		body := v.request(t, w)
		answer, refused := ask(t, v.Op, body)
		if refused != nil {
			t.Errorf("%s: %v", v.ID, refused)
			continue
		}
		next := map[string]any{
			"VerificationKeyIdentifier": body["GenerationKeyIdentifier"],
			"EncryptionKeyIdentifier":   body["EncryptionKeyIdentifier"],
			"EncryptedPinBlock":         answer["EncryptedPinBlock"],
			"PinBlockFormat":            body["PinBlockFormat"],
		}
		for _, name := range []string{"PrimaryAccountNumber", "EncryptionWrappedKey"} {
			if body[name] != nil {
				next[name] = body[name]
			}
		}
		attributes := map[string]any{}
		data := answer["PinData"].(map[string]any)
		for _, arm := range body["GenerationAttributes"].(map[string]any) {
			for k, value := range arm.(map[string]any) {
				if k != "EncryptedPinBlock" {
					attributes[k] = value
				}
			}
		}
		arm, member := "Ibm3624Pin", "PinOffset"
		if data["VerificationValue"] != nil {
			arm, member = "VisaPin", "VerificationValue"
		}
		attributes[member] = data[member]
		next["VerificationAttributes"] = map[string]any{arm: attributes}
		if _, refused := ask(t, "VerifyPinData", next); refused != nil {
			t.Errorf("%s: the PIN is not verified: %v\n%s", v.ID, refused, asJSON(t, next))
		}
		attributes[member] = changed(data[member].(string))
		if _, refused := ask(t, "VerifyPinData", next); refused == nil || refused.failed != string(apc.InvalidPIN) {
			t.Errorf("%s: a changed %s: %v", v.ID, member, refused)
		}
		seen++
	}
	if seen < 15 {
		t.Errorf("%d vectors only", seen)
	}
}
