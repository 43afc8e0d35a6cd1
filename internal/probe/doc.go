// Package probe asks two sides the same questions and compares their answers: a simulator in this
// process, a server behind a URL, the service itself, or a recording of any of them.
//
// A [Probe] is a short sequence of calls as data, in the text files of the folder probes. Each
// decides statements of the register in internal/guesses:
//
//	probe alias-without-key: G-alias-without-key
//	  a = CreateAlias {AliasName: "${alias.a}"}
//	  g = GetKey {KeyIdentifier: "${a.Alias.AliasName}"}
//	  compare outcome g
//
// # Steps
//
// A step is a name and an operation with its request, in JSON whose names need no quotes.
// ${name.Member.Member} is a member of an earlier answer, ${alias.x} for the name of an alias
// of this probe, ${region} and ${region.other} for Regions. Some steps are not calls of their own:
//
//	k = key P0 TDES_2KEY EDWU         CreateKey; "more {…}" adds members to the request
//	k = import P0 TDES_2KEY EDWU HEX  a key that is known: GetParametersForImport and ImportKey
//	c = authority P256                a self-signed certificate, made here: ${c.Certificate}
//	c = authority P256 leaf           a self-signed certificate that is not a CA's
//	l = issue c RSA_2048              one under it
//	b = wrap HEX HEADER HEX           a TR-31 key block, made here: ${b.Block}
//	b = agree k l HEADER HEX          one under the key that the pair k and l's private key agree on
//
// # What is compared
//
// A comparison gives a text on each side, and the texts are equal or the sides differ. See [Check].
//
// # What is normalised
//
// Before it is compared or recorded, an answer loses all that differs without meaning: accounts, ids
// of keys and names of aliases become the names of the steps that made them; Regions become REGION
// and OTHER; time stamps are seconds since the probe began; certificates and signing requests become
// what they say, without names, numbers and keys; the encrypted part of a key block, a token and a
// cryptogram become as many zeros; access keys, callers and account numbers are masked.
package probe
