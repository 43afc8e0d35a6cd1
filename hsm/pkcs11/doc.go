// Package pkcs11 is an [hsm.Backend] on any PKCS#11 v2.40 module.
package pkcs11
