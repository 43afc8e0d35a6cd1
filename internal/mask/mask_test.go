package mask

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

type pinData struct{ VerificationValue, PinBlockFormat string }

type request struct {
	KeyIdentifier        string
	PrimaryAccountNumber string
	EncryptedPinBlock    *string
	PlainText            []byte
	MessageData          string
	WrappedKeyBlock      string
	KeySerialNumber      string
	Pins                 []pinData
	Any                  any
	Components           []hsm.Secret
	ValidationData       *struct{ Track, Format string }
}

func TestSensitiveMembersAreMasked(t *testing.T) {
	block, wrong := "0123456789ABCDEF", "00112233445566778899aabbccddeeff"
	in := &request{
		KeyIdentifier: "alias/pek", PrimaryAccountNumber: "4111111111111111", EncryptedPinBlock: &block, PlainText: []byte("secret text"),
		MessageData: "secret text", WrappedKeyBlock: wrong, KeySerialNumber: "FFFF9876543210E00001" + "F2",
		Pins: []pinData{{"1234", "ISO_FORMAT_0"}}, Any: &pinData{"1234", "ISO_FORMAT_3"},
		Components:     []hsm.Secret{hsm.NewSecret([]byte("secret text"))},
		ValidationData: &struct{ Track, Format string }{"1234", "1234"},
	}
	out := Of(in).(*request)
	got := fmt.Sprintf("%+v %s %+v %+v %s", *out, *out.EncryptedPinBlock, out.Any, *out.ValidationData, out.PlainText)
	for _, secret := range []string{"411111111111", block, wrong, "secret text", "1234"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is not masked in %s", secret, got)
		}
	}
	for _, kept := range []string{"alias/pek", "411111******1111", "ISO_FORMAT_0", "ISO_FORMAT_3", "FFFF9876543210E00001F2", Masked} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is missing in %s", kept, got)
		}
	}
	if out.Components[0].Len() != 0 {
		t.Error("a secret is in what is kept")
	}
	if in.MessageData != "secret text" || *in.EncryptedPinBlock != block || in.Components[0].Len() != 11 {
		t.Errorf("the request was changed: %+v", in)
	}
}

// TestOfAccountNumbersTenDigitsAreKept of 12 and more: fewer than 12 would be shown nearly whole.
func TestOfAccountNumbersTenDigitsAreKept(t *testing.T) {
	for pan, want := range map[string]string{
		"": "", "41111111111": "***********", "411111111111": "411111**1111", "4111111111111111111": "411111*********1111",
	} {
		if got := Of(&request{PrimaryAccountNumber: pan}).(*request).PrimaryAccountNumber; got != want {
			t.Errorf("%q: got %q, want %q", pan, got, want)
		}
	}
}

// TestAccountNumbersOfAnyFormAreMasked, and times are kept, whose members are not exported.
func TestAccountNumbersOfAnyFormAreMasked(t *testing.T) {
	const pan = "4111111111111111"
	type list struct{ PrimaryAccountNumber []string }
	type member struct{ NewPrimaryAccountNumber *string }
	type moment struct{ At time.Time }
	at := time.Unix(1, 0).UTC()
	for _, in := range []any{&list{[]string{pan}}, &member{new(pan)}, &moment{at}} {
		text, err := json.Marshal(Of(in))
		if _, isMoment := in.(*moment); err != nil || strings.Contains(string(text), pan) || isMoment && !Of(in).(*moment).At.Equal(at) {
			t.Errorf("%T: got %s, %v", in, text, err)
		}
	}
	if got := Of(&member{}).(*member); got.NewPrimaryAccountNumber != nil {
		t.Errorf("an absent account number: got %q", *got.NewPrimaryAccountNumber)
	}
}

func TestNothingIsMaskedInNothing(t *testing.T) {
	if got := Of(nil); got != nil {
		t.Errorf("got %v", got)
	}
	if got := Of((*request)(nil)).(*request); got != nil {
		t.Errorf("got %v", got)
	}
}

// TestAKeyInTheWrongPlaceIsMasked, whatever the form of the member that it is in.
func TestAKeyInTheWrongPlaceIsMasked(t *testing.T) {
	const key = "00112233445566778899aabbccddeeff"
	type tag struct{ Key, Value string }
	type form struct {
		Identifier, CipherText string
		WrappingKeyIdentifier  *string
		RandomNonce            *string
		TagKeys                []string
		Tags                   []tag
		ByName                 map[string]string
		OptionalBlocks         map[string]string
		Any                    any
		Cryptogram             []tag // may be long hexadecimal text itself; what is below it may not
	}
	for _, wrong := range []string{key, key[:16], key + key, strings.ToUpper(key + key[:16])} {
		in := &form{Identifier: wrong, WrappingKeyIdentifier: &wrong, TagKeys: []string{"a", wrong}, Tags: []tag{{wrong, "b"}, {"c", wrong}},
			ByName: map[string]string{"d": wrong, wrong: "e"}, OptionalBlocks: map[string]string{wrong: "f"}, Any: wrong,
			Cryptogram: []tag{{"g", wrong}}}
		text, err := json.Marshal(Of(in))
		if err != nil || strings.Contains(string(text), wrong) {
			t.Errorf("%s is in %s, %v", wrong, text, err)
		}
		for _, kept := range []string{`["a","(masked)"]`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`, `"g"`} {
			if !strings.Contains(string(text), kept) {
				t.Errorf("%s is missing in %s", kept, text)
			}
		}
		for _, copied := range []string{wrong + "\n", " " + wrong + "\r\n", "0x" + wrong, "0X" + wrong} {
			if got := Of(&form{Identifier: copied}).(*form); got.Identifier != Masked {
				t.Errorf("%q is %q", copied, got.Identifier)
			}
		}
		open := &form{CipherText: wrong, RandomNonce: &wrong, OptionalBlocks: map[string]string{"IK": wrong}, Identifier: wrong + "0",
			TagKeys: []string{wrong[1:]}}
		if text, err := json.Marshal(Of(open)); err != nil || strings.Contains(string(text), Masked) {
			t.Errorf("what may be there is masked in %s, %v", text, err)
		}
	}
}
