// Package endpoint lets a client of AWS Payment Cryptography talk to a
// simulator: the same wire protocol, over a socket or without one.
//
//	http.ListenAndServe("127.0.0.1:8089", endpoint.Handler(eng, nil))
//
// or, in the process of an AWS SDK for Go client, with nothing in between:
//
//	cfg.HTTPClient = endpoint.HTTPClient(eng, nil)
//
// The protocol is AWS JSON 1.0: POST to /, the operation in X-Amz-Target, a JSON
// object each way. Unknown members are ignored; an unknown operation,
// unreadable JSON, a wrong type, a missing signature and a body that is too long
// get the answer of AWS. The reason, which the service does not give, is in the
// header [ReasonHeader].
//
// The same address answers GetCallerIdentity of STS (the query protocol), which
// Terraform and others ask for the account. The data plane has the same address: REST with
// JSON, an operation by its path, the identifier of a key in it as one encoded segment. A
// body may be compressed (gzip).
//
// # Who calls
//
// Account and principal are those of the access key in [Options.Callers], the
// Region is that of the credential scope of the signature, which is in the Authorization
// header or in the query of a presigned request. Signatures are only verified if
// [Options.Verify] says so, as local simulators have it, and the credential is all
// that is needed of one otherwise; a request without any is refused unless
// [Options.Anonymous] lets it in.
//
// What the public documents do not say is a guess, named G-… next to the rule and explained in docs/guesses.md.
package endpoint
