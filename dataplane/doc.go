// Package dataplane is the data plane of the simulated service: the operations that use
// keys. They are methods of a [Caller], which engine.Caller embeds:
//
//	eng := engine.New(nil)
//	out, err := eng.GenerateMac(ctx, &dataplane.GenerateMacInput{...})
//
// The types are those of the service's description. Members that may be absent are pointers.
// Requests and answers with account numbers, PINs or data print without them, by any verb of fmt
// and in a log; encoding/json writes them whole.
//
// The table [KeyRules] has the keys that each operation takes. A key is named by ARN or alias,
// is in the request as a TR-31 key block, or is agreed on by ECDH. Package hsm computes
// everything that needs a key.
//
// What the public documents do not say is a guess, named G-… next to the rule. Behaviour that was
// seen in the live service and is nowhere documented is named L-…; docs/guesses.md explains both.
package dataplane
