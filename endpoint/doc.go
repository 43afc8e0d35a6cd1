// Package endpoint answers clients of AWS Payment Cryptography with a
// simulator: it has the service's wire protocols, over a socket or without one.
//
//	http.ListenAndServe("127.0.0.1:8089", endpoint.Handler(eng, nil))
//
// or, in the process of an AWS SDK for Go client, without a socket:
//
//	cfg.HTTPClient = endpoint.HTTPClient(eng, nil)
//
// The protocol is AWS JSON 1.0: POST to /, the operation in X-Amz-Target, a JSON object each way.
// Unknown members are ignored. An unknown operation, malformed JSON, a wrong type, a missing
// signature and a body that is too long are refused with the exceptions of AWS. The reason, which
// the service does not give, is in the header [ReasonHeader].
//
// The same address answers GetCallerIdentity of STS (the query protocol), which Terraform and
// others ask for the account. The data plane has the same address. Its protocol is REST with JSON:
// the path names the operation and has the identifier of the key as one encoded segment. A body may
// be compressed (gzip).
//
// # Who calls
//
// The access key determines account and principal, by [Options.Callers]; the credential scope of
// the signature has the Region. Both are in the Authorization header or in the query of a presigned
// request. Signatures are verified only with [Options.Verify]. Without it only the access key and
// the scope of a signature are read. A request without a signature is refused, except with
// [Options.Anonymous].
//
// What the public documents do not say is a guess, named G-… next to the rule and explained in docs/guesses.md.
package endpoint
