//go:build cgo && unix

package simtest

// tokens says whether this build can open PKCS#11 modules and make tokens.
const tokens = true
