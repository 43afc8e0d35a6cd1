package hsm_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

type kekValidationInputs struct {
	KekValidationType struct {
		KekValidationRequest *struct {
			DeriveKeyAlgorithm string
			RandomKeyMaxLength string
		}
		KekValidationResponse *struct{ RandomKeySend string }
	}
	RandomKeySendVariantMask string
}

type kekValidationExpected struct{ RandomKeySend, RandomKeyReceive string }

var kekMaskNames = map[string]hsm.KEKMask{"VARIANT_MASK_82": hsm.KEKMask82, "VARIANT_MASK_82C0": hsm.KEKMask82C0}

func TestKEKValidationAsAnotherImplementation(t *testing.T) {
	onOperations(t, "GenerateAs2805KekValidation", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in, want := read[kekValidationInputs](t, c.Inputs), read[kekValidationExpected](t, c.Expected)
		kek := loadOperationKey(t, b, c, "KeyIdentifier")
		mask := kekMaskNames[in.RandomKeySendVariantMask]
		var got hsm.KEKValidation
		var err error
		if request := in.KekValidationType.KekValidationRequest; request != nil {
			length := keyLengths[request.DeriveKeyAlgorithm] / 8
			if most, ok := map[string]int{"BYTES_8": 8, "BYTES_16": 16}[request.RandomKeyMaxLength]; ok {
				length = min(length, most)
			}
			got, err = h.RequestKEKValidation(ctx, kek, mask, length)
			if err == nil {
				want = answerByHand(t, testrig.Hex(c.Keys["KeyIdentifier"].Hex), mask, got.Send, length)
			}
		} else {
			got, err = h.AnswerKEKValidation(ctx, kek, mask, testrig.Hex(in.KekValidationType.KekValidationResponse.RandomKeySend))
		}
		if err != nil || upperHex(got.Send) != want.RandomKeySend || upperHex(got.Receive) != want.RandomKeyReceive {
			t.Errorf("got %X, %X, %v, want %v", got.Send, got.Receive, err, want)
		}
	})
}

// answerByHand is the answer by the standard library's ciphers.
func answerByHand(t *testing.T, kek []byte, mask hsm.KEKMask, sent []byte, length int) kekValidationExpected {
	t.Helper()
	if len(sent) != length {
		t.Fatalf("a random key of %d bytes, want %d", len(sent), length)
	}
	send, receive := []byte{0x82}, []byte{0x84}
	if mask == hsm.KEKMask82C0 {
		send, receive = []byte{0x82, 0xC0}, []byte{0x84, 0xC0}
	}
	block := func(mask []byte) cipher.Block {
		b, err := tdes.NewCipher(tdes.Variant(kek, mask...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	random := bytes.Clone(sent)
	cipher.NewCBCDecrypter(block(send), make([]byte, 8)).CryptBlocks(random, random)
	for i := range random {
		random[i] = ^random[i]
	}
	tdes.SetOddParity(random)
	cipher.NewCBCEncrypter(block(receive), make([]byte, 8)).CryptBlocks(random, random)
	return kekValidationExpected{upperHex(sent), upperHex(random)}
}

var kekAttributes = hsm.Attributes{KeyID: "kek", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 128}

func TestKEKValidationDrawsANewRandomKeyEachTime(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		kek := load(t, h, kekAttributes, testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
		first, err := h.RequestKEKValidation(ctx, kek, hsm.KEKMask82, 16)
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.RequestKEKValidation(ctx, kek, hsm.KEKMask82, 16)
		if err != nil || bytes.Equal(first.Send, second.Send) || bytes.Equal(first.Receive, second.Receive) {
			t.Errorf("got %X and then %X, %v", first.Send, second.Send, err)
		}
		answer, err := h.AnswerKEKValidation(ctx, kek, hsm.KEKMask82, first.Send)
		if err != nil || !bytes.Equal(answer.Receive, first.Receive) || !bytes.Equal(answer.Send, first.Send) {
			t.Errorf("the answer to %X is %X, %v, want %X", first.Send, answer.Receive, err, first.Receive)
		}
	})
}

func TestKEKValidationRefusesWhatDoesNotFit(t *testing.T) {
	h := hsm.New(hsm.NewSoftware(nil), nil)
	kek := load(t, h, kekAttributes, testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	pek := kekAttributes
	pek.Usage = "P0"
	other := load(t, h, pek, testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	aes := load(
		t,
		h,
		hsm.Attributes{KeyID: "kek", Usage: "K0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 128},
		make([]byte, 16),
	)
	for name, c := range map[string]struct{ err, want error }{
		"no mask":              {second(h.RequestKEKValidation(ctx, kek, -1, 16)), hsm.ErrInput},
		"mask 2":               {second(h.AnswerKEKValidation(ctx, kek, 2, make([]byte, 16))), hsm.ErrInput},
		"no length":            {second(h.RequestKEKValidation(ctx, kek, hsm.KEKMask82, 0)), hsm.ErrInput},
		"a negative length":    {second(h.RequestKEKValidation(ctx, kek, hsm.KEKMask82, -8)), hsm.ErrInput},
		"32 bytes":             {second(h.RequestKEKValidation(ctx, kek, hsm.KEKMask82, 32)), hsm.ErrInput},
		"nothing sent":         {second(h.AnswerKEKValidation(ctx, kek, hsm.KEKMask82, nil)), hsm.ErrInput},
		"7 bytes sent":         {second(h.AnswerKEKValidation(ctx, kek, hsm.KEKMask82, make([]byte, 7))), hsm.ErrInput},
		"a PIN encryption key": {second(h.RequestKEKValidation(ctx, other, hsm.KEKMask82, 16)), hsm.ErrRefused},
		"an AES key":           {second(h.AnswerKEKValidation(ctx, aes, hsm.KEKMask82, make([]byte, 16))), hsm.ErrRefused},
		"another master key's": {second(hsm.New(hsm.NewSoftware(nil), nil).RequestKEKValidation(ctx, kek, hsm.KEKMask82, 16)), hsm.ErrSealed},
		"another master key's 2": {second(hsm.New(hsm.NewSoftware(nil), nil).AnswerKEKValidation(ctx, kek, hsm.KEKMask82, make([]byte, 8))),
			hsm.ErrSealed},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.err, c.want)
		}
	}
}
