// Package pkcs11 is an [hsm.Backend] on any PKCS#11 v2.40 module: keys are kept in a token, and
// a program is otherwise unchanged.
//
//	b, err := pkcs11.Open(ctx, &pkcs11.Options{
//		Module: "/usr/lib/softhsm/libsofthsm2.so",
//		Label:  "unit",
//		PIN:    pkcs11.PINFile("/run/secrets/pin"),
//	})
//	...
//	eng, err := engine.Open(ctx, b, store, nil)
//
// NSS softoken takes the directory of its token when it is initialised, and the label of
// the token is always the same. `certutil -N -d sql:nss -f pin` makes one in the
// directory nss, with the PIN in the file pin:
//
//	b, err := pkcs11.Open(ctx, &pkcs11.Options{
//		Module:   "/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
//		Reserved: "configdir='sql:nss'",
//		Label:    "NSS Certificate DB",
//		PIN:      pkcs11.PINFile("pin"),
//	})
//
// The same as a URI, for [ParseURI], written on one line:
//
//	pkcs11:token=NSS%20Certificate%20DB
//	  ?module-path=/usr/lib/x86_64-linux-gnu/libsoftokn3.so
//	  &pin-source=file:pin&x-reserved=configdir='sql:nss'
//
// A module is C code: the package needs cgo. Without cgo it compiles, and Open
// returns an error.
//
// # Master keys
//
// The token holds four keys and nothing else. They are made once, by [Backend.Initialize], and
// never changed, so that any number of processes may use one token. engine.Open calls Initialize if
// both the token and the store are new. Two AES-256 keys wrap application keys: the first wraps
// those that may be revealed (hsm.Attributes.Revealable), the second those that may not. The second
// has a CKA_UNWRAP_TEMPLATE, so that the token itself refuses to unwrap a key as one that can be
// taken out. The third key authenticates every sealed key with its attributes. The fourth is made
// last, which shows that the others are complete. Its id is computed from them, so that a change of
// their bits is found when the token is opened. Initialize holds an exclusive lock on a file named
// by the token's serial (Options.LockDir), so that one process makes them. Every connection holds
// another lock, on a file named by the module's path, while it logs in and looks for them: with
// some modules a process can see an object that another process has written only in part.
//
// Their labels are Options.MasterLabel and "revealable", "kept", "binding" or
// "ready". Without one of the first three no key sealed under them can be opened.
//
// # Keys
//
// A symmetric key is sealed with CKM_AES_KEY_WRAP. For private keys the mechanism is chosen when the
// token is opened: a key pair is wrapped and unwrapped with CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP
// and CKM_AES_CBC_PAD in turn, and the first with which both work is used.
//
// A sealed key is not stored on the token. It becomes a session object when it is used, with the
// flags of that use only, and hsm.HSM keeps a bounded number of them open. AES Key Wrap is
// deterministic: two seals show whether their keys are the same.
//
// A sealed key names the master key that wrapped it. Seals of version 1 name none:
// TDES keys of usage C0, M0 and M3 that may not be exported were then wrapped as keys
// that may not be revealed, and a command that needs their bytes is refused
// (hsm.ErrKept).
//
// # What is in the host's memory
//
// The token works with keys by their handles. Clear key material is in the
// host, for one call, where PKCS#11 has no mechanism that does the work inside:
//
//   - Import, of any key, since it is given in the clear;
//   - every export and every import of a key block, key token or cryptogram: the
//     key in it is wrapped or unwrapped by host code under working keys that
//     stay in the token. PKCS#11 v2.40 has no mechanism for TR-31, TR-34 or
//     AS 2805;
//   - the other commands that reveal a key, which the documentation of hsm lists:
//     they work with variants or parts of it;
//   - the shared secret of ECDH and the KBPK derived from it: no module that was
//     tried has the concatenation KDF;
//   - KBEK and KBAK of versions B, D and E where the module has no
//     CKM_x_ECB_ENCRYPT_DATA. Where it has, the host sees the encryption of one
//     block of zeros under the KBPK, from which CMAC's subkeys are computed;
//   - a key that the module cannot generate (Capabilities): it is drawn from the
//     token's random bytes;
//   - the message of RSA-OAEP, and also its padding where the module has no OAEP
//     with that hash, or has the same code for bad padding and for its own failures.
//
// A generated key that may not be revealed is extractable, for its wrapping, until
// the handle that GenerateOpen returned is closed.
//
// Revealed keys are wrapped under a transport key, which the host draws for the
// connection. The Go binding frees the C memory of keys and of the PIN without
// overwriting it, and a module may do the same.
//
// # Modules
//
// What a module can do is found by trying it when a token is opened, not read
// from its flags: see [Backend.Capabilities]. What is missing is an
// [hsm.UnsupportedError] that names the mechanism, unless hsm.HSM can do without.
// Needed are CKM_AES_KEY_GEN, CKM_GENERIC_SECRET_KEY_GEN, CKM_AES_KEY_WRAP and
// CKM_SHA256_HMAC. The tests run on SoftHSM 2.6.1, and on NSS softoken 3.87, which
// does not enforce CKA_UNWRAP_TEMPLATE.
//
// # Losing the token
//
// A call may find that a session is lost, the user logged out, the token removed or
// the module finalised. It then closes the connection and opens the sessions anew;
// if that fails, it initialises the module anew and looks for the token by its
// serial. After that it runs once more. While the token is not there calls fail at
// once with the reason; the next attempt to connect is made after 50 ms, the one
// after that after twice as long, up to 5 s. A refused PIN is never tried again. If
// other code of the process has initialised the module, this package neither
// initialises nor finalises it. A context is checked between two calls of the module
// and while waiting for a session; a call that the module does not return from
// cannot be interrupted.
package pkcs11
