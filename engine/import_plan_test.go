package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestRefusedUsageNamesThoseThatAreTaken names no usage of a key pair, which a key block cannot bring.
func TestRefusedUsageNamesThoseThatAreTaken(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	_, err := importBlock(eng.Caller, kek.KeyArn, "D0112V0TC00E0000"+strings.Repeat("0", 96))
	got := refused(t, "usage V0", err, apc.ErrValidation, apc.RuleKeyUsage).Reasons[0].Wanted
	if want := "B0, C0, D0, E0, E1, E2, E4, E5, E6, K0, K1, M1, M3, M6, M7, M0, P0, V1 or V2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is wrong with a key block says where, and what would have been right.
func TestRefusedKeyBlocksSayWhatToChange(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	kek := load(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key), "0123456789ABCDEFFEDCBA9876543210")
	key := load(
		t,
		eng.Caller,
		attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
		"89E88CF7931444F334BD7547FC3F380C",
	)
	wrapped, err := exportBlock(eng.Caller, kek.KeyArn, key.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	block := wrapped.KeyMaterial // B0096P0TB00E0000...
	change := func(from, to string) string { return strings.Replace(block, from, to, 1) }
	const field = "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock: "
	for _, c := range []struct{ block, want string }{
		{change("B0096", "B0080"), "the length field does not match the block: found 0080, wanted 0096 (at character 1)"},
		{"R" + block,
			`the letter before the block is the key scheme of a payShield host command and not part of a key block: ` +
				`found "R", wanted the block without it, from "B" on (at character 0)`},
		{block[:16] + " " + block[16:], "the value does not match the pattern of this member: found a space at character 16, wanted " +
			"[0-9a-zA-Z]+"},
		{block[:len(block)-1] + "g", `the key data or the MAC has a character that is not a hexadecimal digit: found "g" (at character 95)`},
		{flipped(block), "the MAC does not verify under this key"},
		{change("B0096", "E0096"), "the version of the key block does not fit the wrapping key: found E, wanted A, B or C under a TDES " +
			"key (at character 0)"},
		{change("P0TB", "P0TT"), "the service has no modes of use with this code: found T, wanted B, C, D, E, G, N, S, V or X (at character 8)"},
		{change("P0TB", "P0RB"), "the service has no algorithm with this code: found R, wanted T, A, or H with an HM block of 20, 21, 22 " +
			"or 23 (at character 7)"},
	} {
		_, err := importBlock(eng.Caller, kek.KeyArn, c.block)
		if err == nil {
			t.Errorf("%s is taken, want %s", c.block, c.want)
			continue
		}
		if got := sentence(t, err); got != field+c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.block, got, field+c.want)
		}
	}
	// Which of the TDES algorithms the key is of is not known yet: both are named.
	_, err = importBlock(eng.Caller, kek.KeyArn, change("P0TB", "P0TG"))
	if got, want := sentence(t, err), field[:len(field)-2]+".KeyModesOfUse: the key usage and the algorithm do not allow these modes "+
		"of use: found {Generate}, wanted {Encrypt, Decrypt, Wrap, Unwrap}, {Encrypt, Wrap}, {Decrypt, Unwrap} or {NoRestrictions} for "+
		"TR31_P0_PIN_ENCRYPTION_KEY of TDES_2KEY or TDES_3KEY"; got != want {
		t.Errorf("a mode of another usage:\n got %s\nwant %s", got, want)
	}
}
