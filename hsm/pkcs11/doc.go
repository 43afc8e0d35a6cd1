// Package pkcs11 is an [hsm.Backend] on any PKCS#11 v2.40 module: a token does
// what the software device does, with no other line changed.
//
//	b, err := pkcs11.Open(ctx, &pkcs11.Options{
//		Module: "/usr/lib/softhsm/libsofthsm2.so",
//		Label:  "unit",
//		PIN:    pkcs11.PINFile("/run/secrets/pin"),
//	})
//	...
//	eng, err := engine.Open(ctx, b, store, nil)
//
// A module is C code: the package needs cgo. Without it everything compiles,
// and Open says what is missing.
//
// # Master keys
//
// The token holds four keys and nothing else, made once by
// [Backend.Initialize] and never changed, so that any number of processes may
// use one token. engine.New calls it where both the token and the store are
// new. Two AES-256 keys wrap application keys: one those that may be revealed
// (hsm.Attributes.Revealable), one those that may not. The latter has a
// CKA_UNWRAP_TEMPLATE, by which the token itself refuses to let a copy be taken
// out. A sealed key names the one that wrapped it. Seals of version 1 name none:
// their TDES keys of usage C0, M0 and M3 that may not be exported were wrapped by
// the latter, and a command that needs their bytes is refused (hsm.ErrKept). A third key authenticates every
// sealed key with its attributes; the fourth says that the family is whole and
// what its keys come to, so that one whose bits have changed is found out when
// the token is opened. An exclusive lock on a file named by the token's serial
// (Options.LockDir) lets one process make them. Every connection takes another
// one, by the module's path, for as long as it logs in and looks for them: some
// modules show other processes half of what they write.
//
// Their labels are Options.MasterLabel and "revealable", "kept", "binding" or
// "ready". Whoever deletes one has lost every key sealed under it.
//
// # Keys
//
// A sealed key is wrapped by CKM_AES_KEY_WRAP; a private key by the first of
// CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP and CKM_AES_CBC_PAD that brings it back.
// It costs no room on the token: it becomes a session object when it is used,
// with the flags of that use alone, and hsm.HSM keeps a bounded number of them.
// AES Key Wrap is deterministic: who sees two seals sees whether the keys are
// the same.
//
// # What is in the host's memory
//
// The token works with keys by their handles. Clear key material is in the
// host, for one call, where no mechanism of PKCS#11 does the work inside:
//
//   - Import, of any key, since it is given in the clear;
//   - every export and every import of a key block, key token or cryptogram: the
//     key in it is wrapped or unwrapped by host code under working keys that
//     stay in the token. PKCS#11 v2.40 has no mechanism for TR-31, TR-34 or
//     AS 2805;
//   - TR-31 versions A and C, AS 2805, the TDES initial DUKPT key: they work
//     with variants of a key, which needs its bytes;
//   - the shared secret of ECDH and the KBPK derived from it: no module that was
//     tried has the concatenation KDF;
//   - KBEK and KBAK of versions B, D and E where the module has no
//     CKM_x_ECB_ENCRYPT_DATA. Where it has, the host sees the encryption of one
//     block of zeros under the KBPK, from which CMAC's subkeys come;
//   - a key that the module cannot generate (Capabilities): it is drawn from the
//     token's random bytes;
//   - what RSA-OAEP opens, and before unpadding where the module has no OAEP with
//     that hash, or tells bad padding by the code of its own failures.
//
// A key that is generated to stay is extractable, for its wrapping, until the
// handle on it that GenerateOpen gives is closed.
//
// Revealed keys cross wrapped under a transport key drawn for the connection,
// which the host knows. The Go binding frees the C memory through which keys and
// the PIN pass without overwriting it, and a module may do the same.
//
// # Modules
//
// What a module can do is found by trying it when a token is opened, not read
// from its flags: [Backend.Capabilities] tells. What is missing is an
// [hsm.UnsupportedError] that names the mechanism, unless hsm.HSM does without.
// Needed are CKM_AES_KEY_GEN, CKM_GENERIC_SECRET_KEY_GEN, CKM_AES_KEY_WRAP and
// CKM_SHA256_HMAC. Tried are SoftHSM 2.6.1, and NSS softoken 3.87, which does not
// enforce CKA_UNWRAP_TEMPLATE.
//
// # Losing the token
//
// A call that meets a lost session, a logged-out user, a removed token or a
// module that was finalised closes what is left of the connection, opens the
// sessions anew, if that fails initialises the module anew and looks for the
// token by its serial; then it runs once more. While the token is not there
// calls fail at once with the reason; the next attempt is made after 50 ms, twice
// that, up to 5 s. A refused PIN is never tried again. A foreign copy of the
// module in the process that has initialised it keeps it: this package then
// neither initialises nor finalises. A context is heeded between two calls of
// the module and while waiting for a session; a call that the module does not
// return from cannot be left.
package pkcs11
