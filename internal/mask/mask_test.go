package mask

import (
	"fmt"
	"strings"
	"testing"

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
}

func TestSensitiveMembersAreMasked(t *testing.T) {
	block, wrong := "0123456789ABCDEF", "00112233445566778899aabbccddeeff"
	in := &request{
		KeyIdentifier: "alias/pek", PrimaryAccountNumber: "4111111111111111", EncryptedPinBlock: &block, PlainText: []byte("secret text"),
		MessageData: "secret text", WrappedKeyBlock: wrong, KeySerialNumber: "FFFF9876543210E00001" + "F2",
		Pins: []pinData{{"1234", "ISO_FORMAT_0"}}, Any: &pinData{"1234", "ISO_FORMAT_3"},
		Components: []hsm.Secret{hsm.NewSecret([]byte("secret text"))},
	}
	out := Of(in).(*request)
	got := fmt.Sprintf("%+v %s %+v", *out, *out.EncryptedPinBlock, out.Any)
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
	if in.MessageData != "secret text" || *in.EncryptedPinBlock != block || in.Components[0].Len() != 11 {
		t.Errorf("the request was changed: %+v", in)
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
