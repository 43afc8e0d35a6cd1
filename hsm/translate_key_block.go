package hsm

import (
	"context"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// KeyBlockTranslation is a key block that is to be wrapped under another protection key.
type KeyBlockTranslation struct {
	From  Agreement   // which protection key the block is under
	Block *tr31.Block // the block as it was parsed
	To    KeyRef      // the protection key that the new block is under, AES or TDES
	Now   time.Time   // of a time stamp in the new block, where the block has one

	// CheckValue decides on the key once it is authenticated, by its length in bits: it
	// returns which check value is computed, or the error with which the translation fails.
	CheckValue func(bits int) (kcv.Method, error)
}

// TranslateKeyBlock unwraps a key block under a protection key that was agreed on, wraps the
// key under a stored one, and computes the key's check value. The key is not stored.
//
// The new block is of version D under an AES key and B under a TDES key, and keeps the usage,
// algorithm, mode of use, key version, exportability and context of the old one. Of the
// optional blocks it replaces KC, KP and TS, leaves out PB, and keeps all others (GUESS G-translated-blocks).
//
// Refusals of the block are a [*tr31.Error] with their exact class. A key that may not be exported
// is ErrRefused. An error of CheckValue is returned as it is.
func (h *HSM) TranslateKeyBlock(ctx context.Context, t *KeyBlockTranslation) (string, kcv.Value, error) {
	if t.Block == nil || t.CheckValue == nil {
		return "", kcv.Value{}, fmt.Errorf("%w: no key block or no check value", ErrInput)
	}
	from, err := h.agree(ctx, &t.From, t.Block.Header.Version)
	if err != nil {
		return "", kcv.Value{}, err
	}
	key, err := from.Unwrap(ctx, t.Block)
	if err != nil {
		return "", kcv.Value{}, err
	}
	defer clear(key)
	if t.Block.Header.Exportability == 'N' {
		return "", kcv.Value{}, fmt.Errorf("%w: the key in the block may not be exported", ErrRefused)
	}
	method, err := t.CheckValue(len(key) * 8)
	if err != nil {
		return "", kcv.Value{}, err
	}
	value, err := method.Compute(key)
	if err != nil {
		return "", kcv.Value{}, err
	}
	p, err := h.use(ctx, t.To)
	if err != nil {
		return "", kcv.Value{}, err
	}
	defer h.cache.release(p)
	header, err := translatedHeader(ctx, t, key, p.key)
	if err != nil {
		return "", kcv.Value{}, err
	}
	protect, err := p.protection(ctx, header.Version)
	if err != nil {
		return "", kcv.Value{}, err
	}
	block, err := protect.Wrap(ctx, header, key, &wrapOptions)
	if err != nil {
		return "", kcv.Value{}, err
	}
	return block, value, nil
}

// translatedHeader is the header of the new block.
func translatedHeader(ctx context.Context, t *KeyBlockTranslation, key []byte, to Key) (tr31.Header, error) {
	h := t.Block.Header
	if h.Version = tr31.VersionB; t.To.Attributes.Algorithm == AES {
		h.Version = tr31.VersionD
	}
	h.Blocks = nil
	for _, b := range t.Block.Header.Blocks {
		if b.ID == "PB" { // Wrap pads anew
			continue
		}
		b, err := translatedOptional(ctx, t, b, key, to)
		if err != nil {
			return tr31.Header{}, err
		}
		h.Blocks = append(h.Blocks, b)
	}
	return h, nil
}

// translatedOptional is an optional block of the new block. One whose data does not have its form
// is kept as it is.
func translatedOptional(
	ctx context.Context,
	t *KeyBlockTranslation,
	b tr31.OptionalBlock,
	key []byte,
	to Key,
) (tr31.OptionalBlock, error) {
	content, err := b.Typed()
	if err != nil {
		return b, nil
	}
	switch c := content.(type) {
	case tr31.CheckValue:
		return translatedCheckValue(ctx, t, c, key, to)
	case tr31.Time:
		if c.ID == "TS" {
			c.At = t.Now
		}
		return c.Encode(), nil
	}
	return b, nil
}

// translatedCheckValue is KC, of the key, and KP, of the new protection key, computed anew in the
// same form and length. Others, and those of a key that has no such check value, are kept.
func translatedCheckValue(
	ctx context.Context,
	t *KeyBlockTranslation,
	c tr31.CheckValue,
	key []byte,
	to Key,
) (tr31.OptionalBlock, error) {
	algorithm := Algorithm(t.Block.Header.Algorithm)
	if c.ID == "KP" {
		algorithm = t.To.Attributes.Algorithm
	}
	method, ok := blockCheckValues[blockCheckValue{c.Method, algorithm}]
	if !ok || c.ID != "KC" && c.ID != "KP" {
		return c.Encode(), nil
	}
	var value kcv.Value
	var err error
	if c.ID == "KP" {
		value, err = checkValue(ctx, to, method)
	} else {
		value, err = method.Compute(key)
	}
	if err != nil {
		return tr31.OptionalBlock{}, err
	}
	return tr31.OptionalBlock{ID: c.ID, Data: c.Encode().Data[:2] + value.Short(len(c.Value))}, nil
}

type blockCheckValue struct {
	method    tr31.CheckMethod
	algorithm Algorithm
}

// blockCheckValues are the check values that optional blocks have.
var blockCheckValues = map[blockCheckValue]kcv.Method{
	{tr31.CheckZeroBlock, TDES}: kcv.TDESZero, {tr31.CheckCMAC, TDES}: kcv.TDESCMAC,
	{tr31.CheckZeroBlock, AES}: kcv.AESZero, {tr31.CheckCMAC, AES}: kcv.AESCMAC,
}
