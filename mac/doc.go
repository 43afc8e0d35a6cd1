// Package mac computes the message authentication codes of payment systems: ISO/IEC
// 9797-1 algorithms 1 and 3 with padding methods 1, 2 and 3, and CMAC (NIST SP
// 800-38B) for TDES and AES. AS 2805.4.1 is [Retail] with [Zeros], cut to 4 bytes.
//
// Functions return the whole MAC; callers cut it to the length they need, and
// compare with [Equal]. Ciphers are arguments: [crypto/des], [crypto/aes], or a
// device behind a [cipher.Block].
package mac
