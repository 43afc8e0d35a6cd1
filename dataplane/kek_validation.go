package dataplane

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GenerateAs2805KekValidation makes or answers a validation of a key-encryption key (AS 2805.6.2).
func (c *Caller) GenerateAs2805KekValidation(
	ctx context.Context,
	in *GenerateAs2805KekValidationInput,
) (*GenerateAs2805KekValidationOutput, error) {
	return core.Run(ctx, c.caller, "GenerateAs2805KekValidation", in, generateAs2805KekValidation)
}

var kekMasks = map[RandomKeySendVariantMask]hsm.KEKMask{
	RandomKeySendVariantMaskVariantMask82: hsm.KEKMask82, RandomKeySendVariantMaskVariantMask82C0: hsm.KEKMask82C0,
}

func generateAs2805KekValidation(
	ctx context.Context,
	c *core.Call,
	in *GenerateAs2805KekValidationInput,
) (*GenerateAs2805KekValidationOutput, error) {
	// Load and check: the key, the length of the random key.
	var key workingKey
	if err := key.load(ctx, c, keyRequest{member: fieldKey, identifier: in.KeyIdentifier}); err != nil {
		return nil, err
	}
	mask := kekMasks[in.RandomKeySendVariantMask]
	var v hsm.KEKValidation
	// HSM.
	if request := in.KekValidationType.KekValidationRequest; request != nil {
		length, err := request.length()
		if err != nil {
			return nil, err
		}
		v, err = c.Cloud.HSM.RequestKEKValidation(ctx, key.Key, mask, length)
		if err != nil {
			return nil, core.HSMError(err)
		}
	} else {
		var err error
		v, err = c.Cloud.HSM.AnswerKEKValidation(ctx, key.Key, mask, bytesOf(in.KekValidationType.KekValidationResponse.RandomKeySend))
		if err != nil {
			return nil, core.HSMError(err)
		}
	}
	return &GenerateAs2805KekValidationOutput{
		KeyArn:           key.arn(),
		KeyCheckValue:    key.checkValue,
		RandomKeySend:    hexOf(v.Send),
		RandomKeyReceive: hexOf(v.Receive),
	}, nil
}

var mostRandomKey = map[RandomKeyMaxLength]int{RandomKeyMaxLengthBytes8: 8, RandomKeyMaxLengthBytes16: 16, RandomKeyMaxLengthBytes24: 24}

// length is the length of the random key in bytes: that of the algorithm, at most RandomKeyMaxLength.
func (r *KekValidationRequest) length() (int, error) {
	alg := core.AlgorithmNamed(r.DeriveKeyAlgorithm)
	if !core.AnyTDES.Has(alg) { // GUESS G-kek-validation-algorithm
		return 0, core.Invalid(
			invalidMessage,
			core.Because(apc.RuleKeyAlgorithm, "KekValidationType.KekValidationRequest.DeriveKeyAlgorithm",
				problemRandomKey, string(alg.Name), "TDES_2KEY or TDES_3KEY"),
		)
	}
	n := alg.Bits / 8
	if r.RandomKeyMaxLength != nil {
		n = min(n, mostRandomKey[*r.RandomKeyMaxLength])
	}
	return n, nil
}
