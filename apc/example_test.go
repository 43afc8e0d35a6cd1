package apc_test

import (
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
)

func ExampleKeyAttributes() {
	fmt.Println(apc.KeyAttributes{
		KeyUsage:      apc.KeyUsageTR31P0PINEncryptionKey,
		KeyClass:      apc.KeyClassSymmetricKey,
		KeyAlgorithm:  apc.KeyAlgorithmAES128,
		KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
	})
	// Output: P0 AES_128 {Encrypt, Decrypt, Wrap, Unwrap}
}

func ExampleError() {
	err := error(&apc.Error{
		Op: "ImportKey", Code: apc.ErrValidation, Message: "The key block is not valid.",
		Reasons: []apc.Reason{{Rule: apc.RuleLength, Field: "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock",
			Problem: "the length field does not match the block", Found: "0080", Wanted: "0096", Offset: 1}},
	})
	if refusal, ok := errors.AsType[*apc.Error](err); ok && errors.Is(err, apc.ErrValidation) {
		fmt.Println(refusal.Reasons[0])
	}
	// Output: KeyMaterial.Tr31KeyBlock.WrappedKeyBlock: the length field does not match the block: found 0080, wanted 0096 (at character 1)
}
