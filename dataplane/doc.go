// Package dataplane is the data plane of the simulated service: what keys are used for. Its
// operations are methods of a [Caller], which an engine.Caller has in it:
//
//	eng := engine.New(nil)
//	out, err := eng.GenerateMac(ctx, &dataplane.GenerateMacInput{...})
//
// The types are those of the service's description. Members that may be absent are pointers.
// Requests and answers with account numbers, PINs or data print without them, by any verb of fmt
// and in a log; encoding/json writes them whole.
//
// Which key may do what is a table, [KeyRules]. Keys come by ARN or alias, as a TR-31 key block
// in the request, or by ECDH; everything that is computed with them is computed in package hsm.
//
// What the public documents do not say is a guess, named G-… next to the rule. Behaviour that was
// seen in the live service and is nowhere documented is named L-…; docs/guesses.md explains both.
package dataplane
