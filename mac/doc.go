// Package mac computes the message authentication codes of payment systems: ISO/IEC
// 9797-1 algorithms 1 and 3 with padding methods 1, 2 and 3, and CMAC (NIST SP
// 800-38B) for TDES and AES. AS 2805.4.1 is [Retail] with [Zeros], cut to 4 bytes.
//
// Each function returns the whole MAC, as long as a block of the cipher: 8 bytes for DES and
// TDES, 16 for AES. The caller cuts it to the leftmost bytes that it needs and compares it
// with [Equal]. Ciphers are arguments: one of [crypto/des] or [crypto/aes], or a device behind
// a [cipher.Block]. No function keeps or changes a message.
package mac
