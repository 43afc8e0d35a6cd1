// Package engine does what AWS Payment Cryptography would do: its control
// plane's operations, key states, attribute rules, limits and exceptions, on
// real key material in the caller's own process.
//
// An [Engine] is a whole simulated cloud of many accounts and Regions. It has
// the operations of the default caller; [Engine.As] returns others:
//
//	eng := engine.New(nil) // software HSM, memory, defaults
//	out, err := eng.CreateKey(ctx, &engine.CreateKeyInput{...})
//	out, err = eng.As(apc.Identity{Account: "444455556666"}).GetKey(ctx, ...)
//
// Inputs and outputs have the members and names of the service's shapes.
// Optional scalars are pointers, an absent list is nil, a union is a struct
// of pointers of which exactly one is set. What is not simulated is refused
// by name with [apc.ErrNotSimulated], never ignored; [Operations] says how
// faithfully each operation is simulated.
//
// A refusal is an [*apc.Error]: the exception that the service would answer with and the
// [apc.Reason], which the service does not give. Checks run in one order everywhere: shape,
// identifiers, permission, state, attributes, strength, tokens and certificates, cryptography,
// quota. All violations of the shape are reported together; of the other checks, the first one
// that fails.
//
// The only clock is Options.Now. From the date of its deletion on, a key is deleted for every
// operation that reads it. Its sealed form is erased by the next operation that changes, counts
// or lists records, or by [Engine.Settle]. The engine starts no goroutine of its own. For a
// context that can end, the generation of an RSA key pair runs in a goroutine, which ends with
// the generation, perhaps after the call has returned (see [hsm.HSM.GenerateKey]). What the
// public documents do not say is a guess, named G-… next to the rule and explained in
// docs/guesses.md.
//
// Erasing a key erases its sealed form from the live store; pages that a
// database has freed, logs and backups hold sealed bytes until overwritten.
package engine
