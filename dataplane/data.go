package dataplane

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// EncryptData encrypts data with a symmetric key or an RSA public key.
func (c *Caller) EncryptData(ctx context.Context, in *EncryptDataInput) (*EncryptDataOutput, error) {
	return core.Run(ctx, c.caller, "EncryptData", in, encryptData)
}

func encryptData(ctx context.Context, c *core.Call, in *EncryptDataInput) (*EncryptDataOutput, error) {
	// Load and check: the key, how it encrypts, and that the data fit.
	side := dataSide{
		keyRequest{member: fieldKey, identifier: in.KeyIdentifier, wrapped: in.WrappedKey, within: "WrappedKey"},
		in.EncryptionAttributes,
		"EncryptionAttributes",
	}
	var key workingKey
	if err := key.load(ctx, c, side.request()); err != nil {
		return nil, err
	}
	defer key.close()
	to, err := side.cipher(&key)
	if err != nil {
		return nil, err
	}
	if err := to.checkPlain(len(in.PlainText)/2, "PlainText"); err != nil {
		return nil, err
	}
	// HSM.
	out, err := c.Cloud.HSM.Encrypt(ctx, to.DataCipher, bytesOf(in.PlainText))
	if errors.Is(err, hsm.ErrInput) {
		return nil, core.Invalid(invalidMessage, core.Because(apc.RuleContent, "PlainText", problemModulus, "", ""))
	} else if err != nil {
		return nil, commandError(c, "PlainText", err)
	}
	answer := &EncryptDataOutput{KeyArn: key.arn(), KeyCheckValue: new(key.checkValue), CipherText: hexOf(out)}
	if key.letter == hsm.RSA { // GUESS G-public-key-check-value: a check value of a public key has too many digits
		answer.KeyCheckValue = nil
	}
	return answer, nil
}

// DecryptData decrypts data with a symmetric key or an RSA private key.
func (c *Caller) DecryptData(ctx context.Context, in *DecryptDataInput) (*DecryptDataOutput, error) {
	return core.Run(ctx, c.caller, "DecryptData", in, decryptData)
}

func decryptData(ctx context.Context, c *core.Call, in *DecryptDataInput) (*DecryptDataOutput, error) {
	// Load and check: the key, how it decrypts, and that the data fit.
	side := dataSide{
		keyRequest{member: fieldKey, identifier: in.KeyIdentifier, wrapped: in.WrappedKey, within: "WrappedKey"},
		in.DecryptionAttributes,
		"DecryptionAttributes",
	}
	var key workingKey
	if err := key.load(ctx, c, side.request()); err != nil {
		return nil, err
	}
	defer key.close()
	from, err := side.cipher(&key)
	if err != nil {
		return nil, err
	}
	if err := from.checkCipherText(len(in.CipherText)/2, "CipherText"); err != nil {
		return nil, err
	}
	// HSM.
	out, err := c.Cloud.HSM.Decrypt(ctx, from.DataCipher, bytesOf(in.CipherText))
	if err != nil {
		return nil, dataError(c, "CipherText", err)
	}
	return &DecryptDataOutput{KeyArn: key.arn(), KeyCheckValue: key.checkValue, PlainText: hexOf(out)}, nil
}

// ReEncryptData decrypts data with one key and encrypts them with another.
func (c *Caller) ReEncryptData(ctx context.Context, in *ReEncryptDataInput) (*ReEncryptDataOutput, error) {
	return core.Run(ctx, c.caller, "ReEncryptData", in, reEncryptData)
}

func reEncryptData(ctx context.Context, c *core.Call, in *ReEncryptDataInput) (*ReEncryptDataOutput, error) {
	// Load and check: both keys in one snapshot, how each works, and that the data fit.
	from, to := in.sides()
	var keys [2]workingKey
	if err := loadKeys(ctx, c, keys[:], from.request(), to.request()); err != nil {
		return nil, err
	}
	defer closeKeys(keys[:])
	if err := checkSides(&from, &to, &keys[0]); err != nil {
		return nil, err
	}
	incoming, err := from.cipher(&keys[0])
	if err != nil {
		return nil, err
	}
	outgoing, err := to.cipher(&keys[1])
	if err != nil {
		return nil, err
	}
	if err := incoming.checkCipherText(len(in.CipherText)/2, "CipherText"); err != nil {
		return nil, err
	}
	if incoming.rsa == nil { // else the length of what is inside is not known
		if err := outgoing.checkPlain(len(in.CipherText)/2, "CipherText"); err != nil {
			return nil, err
		}
	}
	// HSM.
	out, err := c.Cloud.HSM.ReEncrypt(ctx, incoming.DataCipher, outgoing.DataCipher, bytesOf(in.CipherText))
	if err != nil {
		return nil, dataError(c, "CipherText", err)
	}
	return &ReEncryptDataOutput{KeyArn: keys[1].arn(), KeyCheckValue: keys[1].checkValue, CipherText: hexOf(out)}, nil
}

// sides are the two keys of the request and how each works.
func (in *ReEncryptDataInput) sides() (from, to dataSide) {
	from = dataSide{
		keyRequest{
			member:     fieldIncoming,
			identifier: in.IncomingKeyIdentifier,
			wrapped:    in.IncomingWrappedKey,
			within:     "IncomingWrappedKey",
		},
		in.IncomingEncryptionAttributes.sameAs(),
		"IncomingEncryptionAttributes",
	}
	to = dataSide{
		keyRequest{
			member:     fieldOutgoing,
			identifier: in.OutgoingKeyIdentifier,
			wrapped:    in.OutgoingWrappedKey,
			within:     "OutgoingWrappedKey",
		},
		in.OutgoingEncryptionAttributes.sameAs(),
		"OutgoingEncryptionAttributes",
	}
	return from, to
}
