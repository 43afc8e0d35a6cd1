// Package policy parses and evaluates policies in the IAM policy language, as AWS Payment
// Cryptography uses it: identity policies of callers and resource policies of keys. It has
// nothing of a service and stores nothing, so that a program can use it without the rest of
// apcsim.
//
// [Parse] reads a document strictly: an unknown element, a value of the wrong form or a repeated
// name is an [Error] with the path of the element and its position. [Policy.Evaluate] decides on a
// request by these rules:
//
//   - A statement applies when its principal, action, resource and all its conditions match.
//   - A Deny statement that applies wins over every Allow statement.
//   - Where no statement applies, the decision has no effect; the caller must treat it as a refusal.
//
// The rules are those of the IAM User Guide, "Policy evaluation logic" and "IAM JSON policy element
// reference". Policy variables, ${...}, are refused. Where the guide is silent, a comment in the
// code names the guess, G-…; docs/guesses.md explains it.
package policy
