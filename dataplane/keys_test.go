package dataplane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestKeysAreNamedByAliasesToo, and the answer has the ARN.
func TestKeysAreNamedByAliasesToo(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/mac", KeyArn: &arn}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{arn, "alias/mac", strings.Split(arn, "key/")[0] + "alias/mac"} {
		if out, err := macOf(t, w.Caller, name); err != nil || out.KeyArn != arn || len(out.Mac) != 8 {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
	if _, err := macOf(t, w.Caller, "alias/none"); refusalOf(t, err).Code != apc.ErrResourceNotFound ||
		refusalOf(t, err).Resource != "alias/none" {
		t.Errorf("an alias that is not there: %v", err)
	}
}

// TestKeysThatCannotBeUsedAreRefused: stopped, about to be deleted, of another account.
func TestKeysThatCannotBeUsedAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.StopKeyUsage(t.Context(), &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyEnabled ||
		refusalOf(t, err).Code != apc.ErrValidation {
		t.Errorf("a stopped key: %v", err)
	}
	if _, err := w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyState {
		t.Errorf("a key that is about to be deleted: %v", err)
	}
	other := w.As(apc.Identity{Account: "444455556666"})
	_, there := macOf(t, other, arn)
	_, absent := macOf(t, other, strings.Replace(arn, arn[len(arn)-4:], "zzzz", 1))
	if refusalOf(t, there).Code != apc.ErrAccessDenied || refusalOf(t, absent).Code != apc.ErrAccessDenied ||
		refusalOf(t, there).Reasons[0] != refusalOf(t, absent).Reasons[0] {
		t.Errorf("a key of another account: %v; one that is not there: %v", there, absent)
	}
}

// TestRatesAreCountedBySecondsOfTheClock, for symmetric keys and for key pairs apart.
func TestRatesAreCountedBySecondsOfTheClock(t *testing.T) {
	clock := engine.NewClock(worldTime)
	w := newWorld(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}})
	key := w.key(t, &macKey)
	for second := range 2 {
		for i := range 5 {
			_, err := macOf(t, w.Caller, key)
			if throttled := errors.Is(err, apc.ErrThrottling); throttled != (i >= 3) || err != nil && !throttled {
				t.Errorf("second %d, request %d: %v", second, i, err)
			}
		}
		if _, err := macOf(t, w.As(apc.Identity{Region: "eu-west-1"}), key); errors.Is(err, apc.ErrThrottling) {
			t.Errorf("another Region: %v", err)
		}
		clock.Advance(time.Second)
	}
}

// TestBaseDerivationKeysDeriveNothingStronger (data-plane, sections 2, 7.4 and 7.5): a TDES_2KEY one derives keys of
// its own algorithm alone, and a TDES_3KEY one is none.
func TestBaseDerivationKeysDeriveNothingStronger(t *testing.T) {
	w := newWorld(t, nil)
	all := []apc.KeyAlgorithm{apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmTDES3Key, apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES192,
		apc.KeyAlgorithmAES256}
	for base, derives := range map[apc.KeyAlgorithm]string{
		apc.KeyAlgorithmTDES2Key: "TDES_2KEY", apc.KeyAlgorithmAES128: "TDES_2KEY TDES_3KEY AES_128",
		apc.KeyAlgorithmAES192: "TDES_2KEY TDES_3KEY AES_128 AES_192", apc.KeyAlgorithmAES256: "TDES_2KEY TDES_3KEY AES_128 AES_192 AES_256",
	} {
		key, serial := created(t, w, apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyClassSymmetricKey, base), "FFFF9876543210E00001"
		if strings.HasPrefix(string(base), "AES") {
			serial = "123456789012345600000001"
		}
		for _, derived := range all {
			want := "taken"
			if !strings.Contains(derives, string(derived)) {
				want = "EncryptionAttributes.Dukpt: the base derivation key does not derive keys of this algorithm: found " + string(derived) +
					" from " + string(base) + ", wanted an algorithm that the key can derive, not stronger than itself"
			}
			got := w.said(t, "EncryptData", fmt.Sprintf(`{"KeyIdentifier":%q,"PlainText":%q,"EncryptionAttributes":{"Dukpt":{"KeySerialNumber":%q,`+
				`"DukptKeyDerivationType":%q}}}`, key, strings.Repeat("00", 16), serial, derived))
			if got != want {
				t.Errorf("%s: got %s, want %s", base, got, want)
			}
		}
	}
}

// TestSerialNumberHasTheLengthOfItsKey: 24 digits with an AES key, 20 or 16 with a TDES key; a counter with more than 16 one
// bits never occurs (ANSI X9.24-3).
func TestSerialNumberHasTheLengthOfItsKey(t *testing.T) {
	w := newWorld(t, nil)
	length := func(digits int, wanted string) string {
		return fmt.Sprintf("EncryptionAttributes.Dukpt.KeySerialNumber: the length is wrong: found %d digits, wanted %s", digits, wanted)
	}
	ones := func(n int) string {
		return fmt.Sprintf("EncryptionAttributes.Dukpt.KeySerialNumber: a terminal never uses this transaction counter: found %d one bits, "+
			"wanted at most 16 one bits", n)
	}
	const aes, tdes = "24 hexadecimal digits for an AES key", "20 or 16 hexadecimal digits for a TDES key"
	for _, c := range []struct {
		key          *vectorKey
		serial, want string
	}{
		{&bdk, "FFFF9876543210E00001", "taken"}, {&bdk, "9876543210E00001", "taken"}, {&bdk, "123456789012345600000001", length(24, tdes)},
		{&baseAES, "FFFF9876543210E00001", length(20, aes)}, {&baseAES, "9876543210E00001", length(16, aes)},
		{&baseAES, "123456789012345600000001", "taken"}, {&baseAES, "12345678901234560000FFFF", "taken"},
		{&baseAES, "1234567890123456FFFF0000", "taken"}, {&baseAES, "12345678901234560001FFFF", ones(17)},
		{&baseAES, "1234567890123456FFFFFFFF", ones(32)},
	} {
		got := w.said(t, "EncryptData", fmt.Sprintf(`{"KeyIdentifier":%q,"PlainText":%q,"EncryptionAttributes":{"Dukpt":{"KeySerialNumber":%q}}}`,
			w.key(t, c.key), strings.Repeat("00", 16), c.serial))
		if got != c.want {
			t.Errorf("%s with a key of %s: got %s, want %s", c.serial, c.key.Algorithm, got, c.want)
		}
	}
}
