package dataplane_test

import (
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

var cryptogramKey = vectorKey{
	Hex:       "0123456789ABCDEFFEDCBA9876543210",
	Usage:     apc.KeyUsageTR31E0EMVMKeyAppCryptograms,
	Algorithm: apc.KeyAlgorithmTDES2Key,
}

// sessionForms are the forms of SessionKeyDerivationAttributes with the members that each has besides the card's.
var sessionForms = map[string]string{
	"Visa": "", "Amex": "", "EmvCommon": `,"ApplicationTransactionCounter":"0001"`, "Emv2000": `,"ApplicationTransactionCounter":"0001"`,
	"UnionPay":   `,"ApplicationTransactionCounter":"0001"`,
	"Mastercard": `,"ApplicationTransactionCounter":"0001","UnpredictableNumber":"11223344"`,
}

// cryptogramRequest is a request for a cryptogram, without its closing brace.
func cryptogramRequest(key, form, mode, pan, data string) string {
	return fmt.Sprintf(`{"KeyIdentifier":%q,"MajorKeyDerivationMode":%q,"TransactionData":%q,"SessionKeyDerivationAttributes":{%q:`+
		`{"PrimaryAccountNumber":%q,"PanSequenceNumber":"00"%s}}`, key, mode, data, form, pan, sessionForms[form])
}

// TestTransactionDataAreWholeBlocks: the caller pads them (data-plane, section 3.8).
func TestTransactionDataAreWholeBlocks(t *testing.T) {
	w := newWorld(t, nil)
	key := w.key(t, &cryptogramKey)
	for data, want := range map[string]string{
		"0011223344556677":                 "taken",
		"00112233445566778899AABBCCDDEEFF": "taken",
		"00112233445566778": "TransactionData: the hexadecimal text has an odd number of digits: found 17 digits, wanted an " +
			"even number",
		"001122334455667788": "TransactionData: the data are not whole blocks: found 9 bytes, wanted a multiple of 8 bytes",
		"00112233445566":     "TransactionData: the data are not whole blocks: found 7 bytes, wanted a multiple of 8 bytes",
	} {
		if got := w.said(t, "GenerateAuthRequestCryptogram", cryptogramRequest(key, "Visa", "EMV_OPTION_A", pan, data)+"}"); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
}

// TestOptionBIsForLongAccountNumbers: of every form, as it is live with 16 digits.
func TestOptionBIsForLongAccountNumbers(t *testing.T) {
	w := newWorld(t, nil)
	key := w.key(t, &cryptogramKey)
	for form := range sessionForms {
		for account, want := range map[string]string{
			pan: "MajorKeyDerivationMode: option B is for account numbers of more than 16 digits: found an account number of 16 digits, wanted " +
				"EMV_OPTION_A",
			pan + "1": "taken",
		} {
			request := cryptogramRequest(key, form, "EMV_OPTION_B", account, "0011223344556677") + "}"
			if got := w.said(t, "GenerateAuthRequestCryptogram", request); got != want {
				t.Errorf("%s, %d digits: got %s, want %s", form, len(account), got, want)
			}
		}
	}
}

// TestAnswerToACryptogramHasTheLengthOfItsMethod, and there is none where none is asked for or the cryptogram is wrong.
func TestAnswerToACryptogramHasTheLengthOfItsMethod(t *testing.T) {
	w := newWorld(t, nil)
	request := cryptogramRequest(w.key(t, &cryptogramKey), "EmvCommon", "EMV_OPTION_A", pan, "0011223344556677")
	ask := typedDoor(w.Caller)
	made, refused := ask(t, "GenerateAuthRequestCryptogram", fromJSON(t, []byte(request+"}")))
	if refused != nil {
		t.Fatal(refused)
	}
	for response, want := range map[string]int{
		"": 0,
		`,"AuthResponseAttributes":{"ArpcMethod1":{"AuthResponseCode":"0000"}}`:                                              16,
		`,"AuthResponseAttributes":{"ArpcMethod2":{"CardStatusUpdate":"00000000"}}`:                                          8,
		`,"AuthResponseAttributes":{"ArpcMethod2":{"CardStatusUpdate":"00000000","ProprietaryAuthenticationData":"ABCDEF"}}`: 8,
	} {
		right := request + `,"AuthRequestCryptogram":"` + text(made["AuthRequestCryptogram"]) + `"` + response + "}"
		answer, refused := ask(t, "VerifyAuthRequestCryptogram", fromJSON(t, []byte(right)))
		if got := len(text(answer["AuthResponseValue"])); refused != nil || got != want {
			t.Errorf("%s: got %v, %v; want an answer of %d digits", response, answer, refused, want)
		}
		wrong := request + `,"AuthRequestCryptogram":"` + changed(text(made["AuthRequestCryptogram"])) + `"` + response + "}"
		answer, refused = ask(t, "VerifyAuthRequestCryptogram", fromJSON(t, []byte(wrong)))
		if refused == nil || refused.failed != string(apc.InvalidAuthRequestCryptogram) {
			t.Errorf("%s, a wrong cryptogram: got %v, %v", response, answer, refused)
		}
	}
	odd := request + `,"AuthRequestCryptogram":"0011223344556677","AuthResponseAttributes":{"ArpcMethod2":{"CardStatusUpdate":"00000000",` +
		`"ProprietaryAuthenticationData":"ABC"}}}`
	want := "AuthResponseAttributes.ArpcMethod2.ProprietaryAuthenticationData: the hexadecimal text has an odd number of digits: found 3 " +
		"digits, wanted an even number"
	if got := w.said(t, "VerifyAuthRequestCryptogram", odd); got != want {
		t.Errorf("an odd number of digits: got %s, want %s", got, want)
	}
}
