// Package apc is the vocabulary of AWS Payment Cryptography that the control plane (package
// engine), the data plane and other packages share: enumerations, key attributes, callers,
// exceptions with their reasons, and events. It has no operations.
//
// Enumerations have the service's own spelling as values. Their constants are named
// by type, then value: [KeyAlgorithmAES256], [KeyUsageTR31P0PINEncryptionKey]. They,
// and the structures, are generated from the service's description.
package apc
