// Package hsm is where keys are in the clear, and the only place: payment
// commands on a pluggable device, and a device in software.
//
// # Keys
//
// A device ([Backend]) keeps a master key and nothing else. An application key
// is made or brought in by it, and handed out sealed under the master key,
// bound to its [Attributes]; whoever stores the [Sealed] bytes stores the key,
// and erasing them shreds it. Opened again it is a [Key]: a handle on
// primitives. [NewSoftware] is the device that needs no hardware.
//
// # Commands
//
// [HSM] builds the payment commands once, on any Backend: a key and its check
// value, loading components, and keys in and out as TR-31 key blocks (under a
// key that is kept or one agreed on), TR-34 key tokens, RSA and AS 2805
// cryptograms, initial DUKPT keys among them.
// What a device lacks ([Unsupported]) is built from what it has, or refused
// with that error. A bounded number of prepared keys (open handles, derived
// key block keys, parsed private keys) outlive a call; [HSM.Forget] and
// [HSM.Close] let go of them.
//
// Refusals of a key block are a *tr31.Error with the exact class, for a caller
// who holds the key. Whoever answers strangers folds the classes behind the
// MAC into one.
//
// # Clear keys
//
// A clear key enters as a [Secret], which no verb, log or encoding sees
// through, and never leaves. [Key.Reveal] is the one way to a key's bytes; it
// is called for the length of one command, by these alone:
//
//   - every export, of the key that is wrapped or, for the initial key of a TDES
//     base derivation key, of that: its variant makes the right half (the AES
//     derivation stays in the device);
//   - ImportTR31 and ExportTR31, of a TDES protection key under versions A and
//     C, whose working keys are its variants, on a device that does not derive
//     them itself (Key.DeriveKBPK);
//   - ImportAS2805 and ExportAS2805, of the key-encryption key, which wraps
//     under a variant of itself.
//
// Erasing is best effort: the Go runtime may have made copies that nobody can
// reach. Bare RSA in the software device is blinded, not constant in time,
// since the standard library has no such function; OAEP there is the standard
// library's own.
package hsm
