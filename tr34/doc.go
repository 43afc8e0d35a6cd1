// Package tr34 reads the messages of X9 TR 34 (ANSI X9.139), and writes its key tokens, by which a
// key distribution host (KDH) sends a symmetric key to a key receiving device (KRD) under RSA. It
// has the key token in the layouts in use, and the messages around it. It works on bytes and uses
// neither a network nor a store.
//
// # Reading
//
// [Parse] needs no key. It checks the form of a key token and returns its fields,
// which are not authenticated yet. [Token.Open] then checks certificate,
// signature, freshness, revocation and recipient, and only after that decrypts
// and checks that the key block inside belongs to the signer and to the signed
// header:
//
//	token, err := tr34.Parse(der)
//	opened, err := token.Open(krdKey, &tr34.Check{KDH: kdh, CA: kdhCA, KRD: krd, Nonce: nonce})
//	defer clear(opened.Key)
//
// [Token.Verify] is the part that needs no private key. Two checks need earlier tokens and are
// left to the caller: that a nonce is used once, and that a one-pass token has a later signing
// time than the last one from the same KDH. [Opened] has the nonce and the signing time.
//
// # Layouts
//
// Implementations differ in a few tags, see [Layout]. The reader takes every form that is
// known to be in use; the writer, [Seal], makes any of the four. Only
// [LayoutRFC] and [LayoutStrict] are CMS that other software can open.
//
// # Other messages
//
// The messages around a key token are only read: [ParseCredential] for
// the certificates of KDH and KRD, [ParseRandom] for the random number of a two-pass
// exchange, [ParseBinding] for the four tokens that unbind a KRD from its KDH or
// rebind it to another.
//
// # Keys in a device
//
// Private keys are a [crypto.Decrypter] and a [crypto.Signer], so that they may be
// in a device.
//
// # Errors and secrets
//
// A refusal is an [*Error] with its [Class], so that errors.Is(err,
// tr34.ErrNonce) works; the classes are in the order of the checks. A
// program that reports refusals to an untrusted party should report [ErrOAEP],
// [ErrContent], [ErrKeyBlock], [ErrIDKDH] and [ErrHeader] as one. No error shows a
// byte of a key. Content keys and clear key blocks are erased as soon as they
// are used, as far as the Go runtime allows: it may have made copies.
package tr34
