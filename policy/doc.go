// Package policy parses and evaluates policies in the IAM policy language, as AWS Payment
// Cryptography uses it: identity policies of callers and resource policies of keys. It knows no
// service and stores nothing, so that a program can use it alone.
//
// [Parse] reads a document strictly: an element that it does not know, a value of the wrong form
// or a repeated name is an [Error] with the path of the element and its position. What it
// accepts, [Policy.Evaluate] decides:
//
//   - A statement applies when its principal, action, resource and all its conditions match.
//   - A Deny statement that applies wins over every Allow statement.
//   - Without a statement that applies the policy decides nothing, which its user takes as a refusal.
//
// The rules are those of the IAM User Guide, "Policy evaluation logic" and "IAM JSON policy element
// reference". Policy variables, ${...}, are refused. Where the guide is silent the comment names a guess, G-…, of docs/guesses.md.
package policy
