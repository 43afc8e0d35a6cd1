// Package apcsim is the root of a simulator of AWS Payment Cryptography. The
// simulator itself is package engine; the README says where to begin.
package apcsim
