// Package hsm is where keys are in the clear, and the only place: payment
// commands on a pluggable device, and a device in software.
//
// # Keys
//
// A device ([Backend]) keeps a master key and nothing else. It generates or imports
// an application key and returns it sealed: encrypted under the master key and
// bound to its [Attributes]. The caller stores the [Sealed] bytes; erasing them
// destroys the key. Opened again it is a [Key]: a handle on primitives.
// [NewSoftware] is the device that needs no hardware.
//
// # Commands
//
// [HSM] has the payment commands on any Backend. They generate a key and its check value, load
// components, and import and export keys: as TR-31 key blocks (under a stored key or one that was
// agreed on), TR-34 key tokens, RSA cryptograms and AS 2805 cryptograms. Initial DUKPT keys are
// exported in the same ways. What a device lacks ([Unsupported]) is built from what it has, or
// refused with that error. A bounded number of prepared keys (open handles, derived key block keys,
// variants of base derivation keys, parsed private keys) is kept between calls; [HSM.Forget] and
// [HSM.Close] close them.
//
// The commands of the data plane encipher and decipher data, make and verify MACs, card validation
// values, PINs and EMV cryptograms, and make scripts. They work with a [WorkingKey]: a stored key,
// or one derived from it for the length of the command. No command returns a PIN, a derived key or
// a deciphered block, except [HSM.Decrypt] and [HSM.DecryptRSA], which return the plaintext. A
// verification ends with a [Verdict] or with an error, never with both: [IsArgument] separates a
// refused argument from a device that could not do its work.
//
// Refusals of a key block are a *tr31.Error with the exact class, for a caller that has the key. A
// program that reports refusals to an untrusted party should report the classes of what follows the
// check of the MAC as one.
//
// # Clear keys
//
// A clear key is given to a device as a [Secret], which no verb of fmt, log or encoding prints, and
// is never returned. [Key.Reveal] is the only method that returns a key's bytes. [HSM] calls it for
// the length of one command, where no device has a mechanism for what the command does:
//
//   - every export, of any key with another exportability than N: the key is
//     wrapped by the host;
//   - ImportTR31 and ExportTR31, of TDES K0, K1: versions A and C work under
//     variants of the protection key (where the device does not derive them
//     itself, Key.DeriveKBPK);
//   - ImportAS2805, ExportAS2805 and KEK validation, of TDES K0, K1: a cryptogram is
//     made under a variant of the key-encryption key;
//   - an export of an initial DUKPT key and every key derived by DUKPT, of TDES B0:
//     half of the initial key is made under a variant of the base derivation key
//     (the AES derivation of the initial key stays in the device);
//   - card verification values, of TDES C0: the first block is enciphered under
//     the left half alone;
//   - MACs of ISO 9797-1 algorithm 3, of TDES M0, M3: all blocks but the last are
//     enciphered under the left half alone.
//
// Those keys and no others are [Attributes.Revealable]; a device keeps every
// other.
//
// # What is computed where
//
// The commands of the data plane with a stored key: what the device computes, and of which key it
// shows the bytes to the host. The host computes everything else.
//
//	command                                 | in the device                                               | revealed
//	MAC, VerifyMAC: algorithm 1             | CBC encryption                                              | no key
//	MAC, VerifyMAC: algorithm 3             | nothing                                                     | TDES M0, M3
//	MAC, VerifyMAC: CMAC                    | CMAC, or ECB and CBC encryption                             | no key
//	MAC, VerifyMAC: HMAC                    | HMAC                                                        | no key
//	Encrypt, Decrypt, ReEncrypt: CFB1, CFB8 | ECB encryption, one call for each bit or byte enciphered    | no key
//	Encrypt, Decrypt, ReEncrypt: others     | one call of ECB or CBC                                      | no key
//	CardValue, VerifyCardValue: CVV         | nothing                                                     | TDES C0
//	CardValue, VerifyCardValue: CSC         | ECB encryption of each block                                | no key
//	CardValue, VerifyCardValue: others      | ECB encryption: the card's master key                       | no key
//	ARQC, VerifyARQC                        | ECB encryption: the card's master key                       | no key
//	PINChange                               | ECB: the PINs, and the card's three master keys             | no key
//	GeneratePVV, PVV, VerifyPVV             | random bytes; ECB: the PIN blocks and the PVV               | no key
//	PINs and offsets of IBM 3624            | random bytes; ECB: the PIN blocks and the natural PIN       | no key
//	TranslatePIN                            | random bytes; ECB: both PIN blocks                          | no key
//	DecryptRSA                              | RSA decryption; OAEP where the device has it                | no key
//	KEK validation                          | random bytes                                                | TDES K0, K1
//	TranslateKeyBlock                       | ECDH; KBEK and KBAK, encryption and CMAC of the new block   | no key
//
// A derived key ([WorkingKey], [Derivation]) is in host memory, and the host computes the command with
// it. These are the derivations: what the device computes with the stored key, and of which key it shows
// the bytes to the host.
//
//	derivation                              | in the device                                               | revealed
//	DUKPT with a TDES key                   | ECB encryption: the left half of the initial key            | TDES B0
//	DUKPT with an AES key                   | ECB encryption: the initial key                             | no key
//	EMV                                     | ECB encryption: the card's master key                       | no key
//	ECDH                                    | ECDH: the shared secret                                     | no key
//	AS2805PIN                               | CBC encryption                                              | no key
//	WrappedKey of version B, D or E         | KBEK and KBAK; decryption and CMAC of the block             | no key
//	WrappedKey of version A or C            | the same, if it derives the KBEK and KBAK of these versions | TDES K0, K1, if not
//
// A WrappedKey with Under is unwrapped in the host, after the ECDH of the device.
//
// Erasing is best effort: the Go runtime may have made copies that cannot be
// reached. Raw RSA in the software device is blinded, not constant in time, since
// the standard library has no such function; OAEP there is the standard library's.
package hsm
