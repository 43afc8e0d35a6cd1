package dataplane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// macOf asks for the MAC of a message under a key.
func macOf(t *testing.T, c *engine.Caller, key string) (*dataplane.GenerateMacOutput, error) {
	return c.GenerateMac(t.Context(), &dataplane.GenerateMacInput{KeyIdentifier: key, MessageData: "00112233",
		GenerationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}})
}

// TestVerificationFailuresHaveTheServicesReason: of a MAC. Those of the other operations are in the vectors.
func TestVerificationFailuresHaveTheServicesReason(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.VerifyMac(
		t.Context(),
		&dataplane.VerifyMacInput{KeyIdentifier: w.key(t, &macKey), MessageData: "00112233", Mac: "00000000",
			VerificationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}},
	)
	e := refusalOf(t, err)
	if !errors.Is(err, apc.ErrVerificationFailed) || e.Failed != apc.InvalidMAC || e.Message != "MAC verification failed." ||
		len(e.Reasons) != 1 {
		t.Errorf("got %v", e)
	}
}

// madeKey is a key of a test's own bytes.
func madeKey(u apc.KeyUsage, a apc.KeyAlgorithm, digits string) vectorKey {
	return vectorKey{Hex: digits, Usage: u, Algorithm: a}
}

const tdesDigits = "0123456789ABCDEFFEDCBA9876543210"

// Keys of the forms of MACs.
var (
	macKey1   = madeKey(apc.KeyUsageTR31M1ISO97971MACKey, apc.KeyAlgorithmTDES2Key, tdesDigits)
	cmacTDES  = madeKey(apc.KeyUsageTR31M6ISO97975CMACKey, apc.KeyAlgorithmTDES2Key, tdesDigits)
	cmacAES   = madeKey(apc.KeyUsageTR31M6ISO97975CMACKey, apc.KeyAlgorithmAES128, tdesDigits)
	hmacKey   = madeKey(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256, strings.Repeat("01", 32))
	baseAES   = madeKey(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, "FEDCBA9876543210F1F1F1F1F1F1F1F1")
	scriptKey = madeKey(apc.KeyUsageTR31E2EMVMKeyIntegrity, apc.KeyAlgorithmTDES2Key, tdesDigits)
)

// Attributes of MACs.
const (
	dukptTDES = `{"KeySerialNumber":"FFFF9876543210E00001","DukptKeyVariant":"REQUEST"}`
	dukptAES  = `{"KeySerialNumber":"123456789012345600000001","DukptKeyVariant":"REQUEST"}`
	emvVisa   = `{"EmvMac":{"MajorKeyDerivationMode":"EMV_OPTION_A","PrimaryAccountNumber":"4111111111111111","PanSequenceNumber":"00",` +
		`"SessionKeyDerivationMode":"VISA","SessionKeyDerivationValue":{"ApplicationTransactionCounter":"0001"}}}`
)

// TestMacsHaveTheLengthOfTheirForm (data-plane, section 3.3): with and without MacLength, and verified at that length; where
// a part is given without MacLength the whole is taken too.
func TestMacsHaveTheLengthOfTheirForm(t *testing.T) {
	w := newWorld(t, nil)
	ask := typedDoor(w.Caller)
	for _, c := range []struct {
		what, attributes string
		key              *vectorKey
		absent, whole    int // bytes
	}{
		{"algorithm 1", `{"Algorithm":"ISO9797_ALGORITHM1"}`, &macKey1, 4, 8},
		{"algorithm 3", `{"Algorithm":"ISO9797_ALGORITHM3"}`, &macKey, 4, 8},
		{"CMAC of TDES", `{"Algorithm":"CMAC"}`, &cmacTDES, 8, 8},
		{"CMAC of AES", `{"Algorithm":"CMAC"}`, &cmacAES, 16, 16},
		{"HMAC", `{"Algorithm":"HMAC"}`, &hmacKey, 32, 32},
		{"DUKPT, algorithm 1", `{"DukptIso9797Algorithm1":` + dukptTDES + `}`, &bdk, 4, 8},
		{"DUKPT, algorithm 3", `{"DukptIso9797Algorithm3":` + dukptTDES + `}`, &bdk, 4, 8},
		{"DUKPT, CMAC of TDES", `{"DukptCmac":` + dukptTDES + `}`, &bdk, 8, 8},
		{"DUKPT, CMAC of AES", `{"DukptCmac":` + dukptAES + `}`, &baseAES, 16, 16},
		{"EMV", emvVisa, &scriptKey, 8, 8},
	} {
		key := w.key(t, c.key)
		request := func(attributes, more string) map[string]any {
			return fromJSON(t, fmt.Appendf(nil, `{"KeyIdentifier":%q,"MessageData":"00112233445566778899AABBCCDDEEFF",%q:%s%s}`,
				key, attributes, c.attributes, more))
		}
		macs := map[int]string{} // by MacLength; 0: absent
		for asked, want := range map[int]int{0: c.absent, 4: 4, 5: 5, c.whole: c.whole, 32: c.whole} {
			more := ""
			if asked > 0 {
				more = fmt.Sprintf(`,"MacLength":%d`, asked)
			}
			answer, refused := ask(t, "GenerateMac", request("GenerationAttributes", more))
			macs[asked] = text(answer["Mac"])
			if got := len(macs[asked]) / 2; refused != nil || got != want {
				t.Errorf("%s, MacLength %d: got %d bytes, %v; want %d", c.what, asked, got, refused, want)
			}
			verify := request("VerificationAttributes", more+`,"Mac":"`+macs[asked]+`"`)
			if got := w.saidOf(t, "VerifyMac", verify); got != "taken" {
				t.Errorf("%s, MacLength %d: not verified: %s", c.what, asked, got)
			}
		}
		if !strings.HasPrefix(macs[32], macs[5]) || !strings.HasPrefix(macs[5], macs[4]) || !strings.HasPrefix(macs[32], macs[0]) {
			t.Errorf("%s: not the leftmost bytes: %v", c.what, macs)
		}
		wanted := fmt.Sprintf("%d bytes", c.whole)
		if c.absent < c.whole {
			wanted = fmt.Sprintf("%d or %s", c.absent, wanted)
		}
		for more, want := range map[string]string{
			`,"Mac":"` + macs[32] + `"`:              "taken", // the whole without MacLength
			`,"Mac":"` + macs[5] + `"`:               "Mac: the MAC does not have the length that was asked for: found 5 bytes, wanted " + wanted,
			`,"MacLength":5,"Mac":"` + macs[4] + `"`: "Mac: the MAC does not have the length that was asked for: found 4 bytes, wanted 5 bytes",
			`,"MacLength":5,"Mac":"` + macs[32] + `"`: fmt.Sprintf("Mac: the MAC does not have the length that was asked for: found %d bytes, "+
				"wanted 5 bytes", c.whole),
			`,"Mac":"` + changed(macs[0]) + `"`: "Mac: the MAC is not that of the message under this key",
		} {
			if got := w.saidOf(t, "VerifyMac", request("VerificationAttributes", more)); got != want {
				t.Errorf("%s, %s: got %s, want %s", c.what, more, got, want)
			}
		}
	}
}

// TestMacsAreRefusedWhereTheyDoNotFit: the hash of an HMAC key in the service's words, the length of a message, the cipher,
// and the value of which a session key is derived.
func TestMacsAreRefusedWhereTheyDoNotFit(t *testing.T) {
	w := newWorld(t, nil)
	const message = "MessageData: the message has a length that this algorithm does not accept: "
	emv := func(mode, value string) string {
		return strings.NewReplacer(`"VISA"`, `"`+mode+`"`, `{"ApplicationTransactionCounter":"0001"}`, value).Replace(emvVisa)
	}
	const counter, cryptogram = `{"ApplicationTransactionCounter":"0001"}`, `{"ApplicationCryptogram":"0011223344556677"}`
	session := func(mode string) string {
		return "GenerationAttributes.EmvMac.SessionKeyDerivationValue: the session key is derived from the other member of this union: found " +
			mode + ", wanted ApplicationCryptogram with EMV_COMMON_SESSION_KEY and MASTERCARD_SESSION_KEY, else ApplicationTransactionCounter"
	}
	for _, c := range []struct {
		key                       *vectorKey
		attributes, message, want string
	}{
		{&hmacKey, `{"Algorithm":"HMAC_SHA256"}`, "00", "GenerationAttributes.Algorithm: an HMAC key has a hash of its own, so that the " +
			"algorithm must be HMAC: found HMAC_SHA256, wanted HMAC"},
		{&hmacKey, `{"Algorithm":"HMAC"}`, "00", "taken"},
		{&macKey, `{"Algorithm":"ISO9797_ALGORITHM3"}`, "00", "taken"},
		{&cmacTDES, `{"Algorithm":"CMAC"}`, "00112233445566", message + "found 7 bytes, wanted at least 8 bytes"},
		{&cmacTDES, `{"Algorithm":"CMAC"}`, "001122334455667788", "taken"},
		{&bdk, `{"DukptCmac":` + dukptTDES + `}`, "00112233445566", message + "found 7 bytes, wanted at least 8 bytes"},
		{&bdk, `{"DukptCmac":` + dukptTDES + `}`, "001122334455667788", "taken"},
		{&bdk, `{"DukptIso9797Algorithm1":` + dukptTDES + `}`, "001122334455667788", message + "found 9 bytes, wanted whole blocks of 8 " +
			"bytes, 4096 bytes at most"},
		{&bdk, `{"DukptIso9797Algorithm3":` + dukptTDES + `}`, "00112233", message + "found 4 bytes, wanted whole blocks of 8 bytes, 4096 " +
			"bytes at most"},
		{&bdk, `{"DukptIso9797Algorithm3":` + dukptTDES + `}`, "0011223344556677", "taken"},
		{&baseAES, `{"DukptIso9797Algorithm3":` + dukptAES + `}`, "0011223344556677", "GenerationAttributes.DukptIso9797Algorithm3." +
			"DukptDerivationType: a TDES working key is needed here: found AES, wanted TDES_2KEY"},
		{&baseAES, `{"DukptIso9797Algorithm3":` + dukptAES[:len(dukptAES)-1] + `,"DukptDerivationType":"TDES_2KEY"}}`,
			"0011223344556677", "taken"},
		{&scriptKey, emv("VISA", counter), "00", "taken"}, {&scriptKey, emv("AMEX", counter), "00", "taken"},
		{&scriptKey, emv("EMV2000", counter), "00", "taken"}, {&scriptKey, emv("UNION_PAY", counter), "00", "taken"},
		{&scriptKey, emv("EMV_COMMON_SESSION_KEY", cryptogram), "00", "taken"},
		{&scriptKey, emv("MASTERCARD_SESSION_KEY", cryptogram), "00", "taken"},
		{&scriptKey, emv("VISA", cryptogram), "00", session("VISA")}, {&scriptKey, emv("AMEX", cryptogram), "00", session("AMEX")},
		{&scriptKey, emv("EMV2000", cryptogram), "00", session("EMV2000")},
		{&scriptKey, emv("EMV_COMMON_SESSION_KEY", counter), "00", session("EMV_COMMON_SESSION_KEY")},
		{&scriptKey, emv("MASTERCARD_SESSION_KEY", counter), "00", session("MASTERCARD_SESSION_KEY")},
	} {
		got := w.said(t, "GenerateMac", fmt.Sprintf(`{"KeyIdentifier":%q,"MessageData":%q,"GenerationAttributes":%s}`,
			w.key(t, c.key), c.message, c.attributes))
		if got != c.want {
			t.Errorf("%s key, %s, message %s:\n got %s\nwant %s", c.key.Algorithm, c.attributes, c.message, got, c.want)
		}
	}
}
