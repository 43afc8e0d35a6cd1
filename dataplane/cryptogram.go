package dataplane

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// GenerateAuthRequestCryptogram computes an authorization request cryptogram (ARQC) as a card does.
func (c *Caller) GenerateAuthRequestCryptogram(
	ctx context.Context,
	in *GenerateAuthRequestCryptogramInput,
) (*GenerateAuthRequestCryptogramOutput, error) {
	return core.Run(ctx, c.caller, "GenerateAuthRequestCryptogram", in, generateAuthRequestCryptogram)
}

func generateAuthRequestCryptogram(
	ctx context.Context,
	c *core.Call,
	in *GenerateAuthRequestCryptogramInput,
) (*GenerateAuthRequestCryptogramOutput, error) {
	// Load and check: the key, the card, the data.
	var r cryptogramRequest
	err := r.load(ctx, c, in.KeyIdentifier, &in.SessionKeyDerivationAttributes, in.MajorKeyDerivationMode, in.TransactionData)
	if err != nil {
		return nil, err
	}
	// HSM.
	arqc, err := c.Cloud.HSM.ARQC(ctx, r.key.Key, r.card, r.data)
	if err != nil {
		return nil, commandError(c, "TransactionData", err)
	}
	return &GenerateAuthRequestCryptogramOutput{
		KeyArn:                r.key.arn(),
		KeyCheckValue:         r.key.checkValue,
		AuthRequestCryptogram: hexOf(arqc),
	}, nil
}

// VerifyAuthRequestCryptogram verifies an authorization request cryptogram (ARQC) and computes the
// issuer's answer (ARPC) if it is asked for.
func (c *Caller) VerifyAuthRequestCryptogram(
	ctx context.Context,
	in *VerifyAuthRequestCryptogramInput,
) (*VerifyAuthRequestCryptogramOutput, error) {
	return core.Run(ctx, c.caller, "VerifyAuthRequestCryptogram", in, verifyAuthRequestCryptogram)
}

func verifyAuthRequestCryptogram(
	ctx context.Context,
	c *core.Call,
	in *VerifyAuthRequestCryptogramInput,
) (*VerifyAuthRequestCryptogramOutput, error) {
	// Load and check: the key, the card, the data, what the answer is computed from.
	var r cryptogramRequest
	err := r.load(ctx, c, in.KeyIdentifier, &in.SessionKeyDerivationAttributes, in.MajorKeyDerivationMode, in.TransactionData)
	if err != nil {
		return nil, err
	}
	response, err := in.AuthResponseAttributes.arpc()
	if err != nil {
		return nil, err
	}
	// HSM.
	verdict, arpc, err := c.Cloud.HSM.VerifyARQC(ctx, r.key.Key, r.card, r.data, [8]byte(bytesOf(in.AuthRequestCryptogram)), response)
	if err != nil {
		return nil, commandError(c, "TransactionData", err)
	}
	if verdict != hsm.Verified {
		return nil, notVerified(
			apc.InvalidAuthRequestCryptogram,
			"Auth request cryptogram verification failed.",
			"AuthRequestCryptogram",
			problemCryptogram,
		)
	}
	out := &VerifyAuthRequestCryptogramOutput{KeyArn: r.key.arn(), KeyCheckValue: r.key.checkValue}
	if response != nil {
		out.AuthResponseValue = new(hexOf(arpc))
	}
	return out, nil
}

// cryptogramRequest is what an ARQC is computed from.
type cryptogramRequest struct {
	key  workingKey
	card hsm.EMV
	data []byte
}

func (r *cryptogramRequest) load(
	ctx context.Context,
	c *core.Call,
	key string,
	card *SessionKeyDerivation,
	mode MajorKeyDerivationMode,
	data string,
) (err error) {
	if err := r.key.load(ctx, c, keyRequest{member: fieldKey, identifier: key}); err != nil {
		return err
	}
	if r.card, err = card.card(mode); err != nil {
		return err
	}
	r.data, err = transactionData(data)
	return err
}

// card is the card and the session of a cryptogram.
func (in *SessionKeyDerivation) card(mode MajorKeyDerivationMode) (card hsm.EMV, err error) {
	switch {
	case in.Visa != nil:
		return cardKey(mode, in.Visa.PrimaryAccountNumber, in.Visa.PanSequenceNumber, "")
	case in.Amex != nil:
		return cardKey(mode, in.Amex.PrimaryAccountNumber, in.Amex.PanSequenceNumber, "")
	case in.EmvCommon != nil:
		card, err = cardKey(mode, in.EmvCommon.PrimaryAccountNumber, in.EmvCommon.PanSequenceNumber, "")
		card.Session, card.R = hsm.SessionCommon, emv.CounterR(counter(in.EmvCommon.ApplicationTransactionCounter))
	case in.Mastercard != nil:
		card, err = cardKey(mode, in.Mastercard.PrimaryAccountNumber, in.Mastercard.PanSequenceNumber, "")
		card.Session, card.ATC = hsm.SessionMChip, counter(in.Mastercard.ApplicationTransactionCounter)
		card.UN = [4]byte(bytesOf(in.Mastercard.UnpredictableNumber))
	case in.Emv2000 != nil:
		card, err = cardKey(mode, in.Emv2000.PrimaryAccountNumber, in.Emv2000.PanSequenceNumber, "")
		card.Session, card.ATC = hsm.SessionEMV2000, counter(in.Emv2000.ApplicationTransactionCounter)
	default:
		card, err = cardKey(mode, in.UnionPay.PrimaryAccountNumber, in.UnionPay.PanSequenceNumber, "")
		card.Session, card.ATC = hsm.SessionUnionPay, counter(in.UnionPay.ApplicationTransactionCounter)
	}
	return card, err
}

// counter is an application transaction counter, 4 hexadecimal digits.
func counter(digits string) [2]byte { return [2]byte(bytesOf(digits)) }

// transactionData are whole blocks: the caller pads them (a length that is none is a GUESS G-transaction-data-blocks to be
// refused).
func transactionData(digits string) ([]byte, error) {
	data, err := evenBytes(digits, "TransactionData")
	if err == nil && len(data)%8 != 0 {
		err = core.Invalid(
			invalidMessage,
			core.Because(apc.RuleLength, "TransactionData", problemBlocks, wording.Bytes(len(data)), "a multiple of "+wording.Bytes(8)),
		)
	}
	return data, err
}

// arpc is how the answer is computed; nil where none is asked for.
func (in *CryptogramAuthResponse) arpc() (*hsm.ARPC, error) {
	switch {
	case in == nil:
		return nil, nil
	case in.ArpcMethod1 != nil:
		return &hsm.ARPC{Method: 1, ResponseCode: [2]byte(bytesOf(in.ArpcMethod1.AuthResponseCode))}, nil
	}
	out := &hsm.ARPC{Method: 2, StatusUpdate: [4]byte(bytesOf(in.ArpcMethod2.CardStatusUpdate))}
	if proprietary := in.ArpcMethod2.ProprietaryAuthenticationData; proprietary != nil {
		var err error
		if out.Proprietary, err = evenBytes(*proprietary,
			"AuthResponseAttributes.ArpcMethod2.ProprietaryAuthenticationData"); err != nil { // GUESS G-proprietary-odd
			return nil, err
		}
	}
	return out, nil
}
