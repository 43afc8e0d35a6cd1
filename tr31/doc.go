// Package tr31 reads and writes TR-31 key blocks: a secret key with its
// attributes in the clear, bound together under a key block protection key
// (KBPK). It covers versions A, B, C and D (ASC X9 TR-31:2018, ANSI X9.143)
// and E (ISO 20038), with every optional block.
//
// # Reading
//
// [Parse] needs no key. It checks the form of a block and returns its [Header],
// which is not authenticated yet. [KBPK.Unwrap] then checks the MAC, in constant
// time, and interprets the encrypted part only after that:
//
//	kbpk, err := tr31.NewKBPK(key)           // prepared once, shared freely
//	block, err := tr31.Parse(text, tr31.Strict)
//	secret, err := kbpk.Unwrap(ctx, block)   // the caller clears it
//
// [Strict] accepts what the standard allows. [Lenient] also accepts deviations that devices and
// services write: see [Strictness]. Either way [Block.String] returns the text that was parsed,
// byte for byte, and Unwrap authenticates the header in the Block: a field changed after Parse
// makes the MAC fail.
//
// # Writing
//
// [KBPK.Wrap] takes a [Header] and a key, works out length, count and padding,
// draws the filler and gives the block.
//
// # Optional blocks
//
// An [OptionalBlock] is an id of two characters and a text. [OptionalBlock.Typed] gives its content
// as a Go type ([KSN], [CheckValue], [Time], ...), and [Content.Encode] turns that back. An
// optional block whose format is not known is kept unchanged.
//
// # Keys in a device
//
// [NewKBPK] takes the bytes of a protection key. A caller whose keys stay in a device derives the
// two working keys there, from the messages of [Derivation], and gives them as [Ciphers] to
// [NewExternalKBPK]. Both make the same blocks.
//
// # Errors and secrets
//
// A refusal is an [*Error] with its [Class], the field and the offset, so that
// errors.Is(err, tr31.ErrMAC) works. A program that reports refusals to an
// untrusted party should report [ErrMAC] and [ErrKeyLength] as one. No error, and no way of
// printing a KBPK, shows a byte of a key. Clear keys are erased as soon as they
// are used, as far as the Go runtime allows: it may have made copies.
package tr31
