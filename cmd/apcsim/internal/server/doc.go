// Package server is what `apcsim serve` runs: a simulator behind a socket, with
// a file of callers, limits and keys to begin with, logs without secrets, and
// the simulator's own calls under /_apcsim/.
//
//	s, err := server.Listen(ctx, "127.0.0.1:8089", &server.Options{Log: log})
//	fmt.Println("listening on", s.URL())
//	err = s.Serve(ctx) // until ctx is cancelled and the calls under way are done
//
// Everything is in memory and ends with the process, except what is in a store
// ([Options.Store]) and the master key of a device ([Options.Backend]).
//
// # The configuration file
//
// [ReadConfig] reads a JSON object. All members are optional; an unknown one, and
// one that is there twice, is refused.
//
//	{
//	  "callers": {
//	    "AKIDEXAMPLE": {
//	      "account": "111122223333",
//	      "arn": "arn:aws:iam::111122223333:user/ceremony",
//	      "secret": "the secret access key, for --verify",
//	      "policies": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "payment-cryptography:*", "Resource": "*"}]}],
//	      "tags": {"team": "issuing"}
//	    }
//	  },
//	  "limits": {"Keys": 100, "TokenLife": "30d"},
//	  "teams": ["arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"],
//	  "regions": ["xx-test-1"],
//	  "lenientStrength": false,
//	  "quirks": {"VisaPINWithDUKPT": true},
//	  "replicationFails": {"eu-west-1": "the StatusMessage of a replication there"},
//	  "keys": [
//	    {
//	      "account": "111122223333",
//	      "region": "us-east-1",
//	      "alias": "alias/zone-key",
//	      "components": ["11111111111111111111111111111111", "22222222222222222222222222222222"],
//	      "componentCheckValues": ["EE23D8", "44A01D"],
//	      "checkValue": "90618D",
//	      "KeyAttributes": {
//	        "KeyUsage": "TR31_K0_KEY_ENCRYPTION_KEY",
//	        "KeyClass": "SYMMETRIC_KEY",
//	        "KeyAlgorithm": "AES_128",
//	        "KeyModesOfUse": {"Encrypt": true, "Decrypt": true, "Wrap": true, "Unwrap": true}
//	      },
//	      "Tags": [{"Key": "purpose", "Value": "tests"}]
//	    }
//	  ]
//	}
//
// Of a caller, account is needed, arn is the account's root where it is absent,
// and the Region is always that of the signature. The policies are identity policies (package policy); a
// caller without any may do everything, as an administrator. Its tags are aws:PrincipalTag in conditions. Limits have the names and
// meanings of apc.Limits; times are written "90m", "36h", "7d" or "7d12h". teams, regions,
// lenientStrength and quirks are the fields of engine.Options with these names: the approval teams that exist
// (without any, every ARN is one), Regions besides those that have the service, imports of keys under
// weaker keys, faults of the service that are repeated. replicationFails makes each replication to a Region fail. Of a
// key, the members that begin with a capital are those of CreateKey; Exportable
// is true where it is absent, account and region are the server's. The key is
// the XOR of its components, 1 to 3 of them in hexadecimal; one is the key itself.
// componentCheckValues and checkValue are those of a ceremony's record, for the
// components in their order and for the key: a key with another one is refused, and
// the refusal names the component. Its id is made from account, Region and alias or,
// without an alias, from its place among the keys without one: its ARN is the same in
// every run.
//
// No error repeats a value of the file. A file with secrets or keys must be one
// that others cannot read; see [ReadConfig].
//
// # The simulator's own calls
//
// POST advance moves the clock forward, and POST reset-clock sets it to the wall clock. A clock that is set back
// revives nothing: what is due at the time that is left is settled first, while the clock does not move, so that
// deleted keys stay deleted, expired tokens and sessions closed. What was made in the time that is taken back keeps its
// dates, which are to come: its certificates are not valid yet. Another server on the same store notices at its next
// advance. POST reset, without a store that lasts, deletes everything.
//
// GET /_apcsim/health and GET /_apcsim/ready are always there. The first answers as
// long as the server runs, the second has status 503 while the store or the HSM does
// not answer within Timeouts.Ready. The others need [Options.Control] and either the token
// of [Options.ControlToken], by an Authorization header or the console's cookie, or else a
// server that listens on a loopback address, and a client that comes from one
// without a proxy that shows itself. With [Options.ControlListen] they have a listener of
// their own. A browser gets the console, whose pages are below /_apcsim/console/: its forms
// are taken from its own pages alone. No web page reaches them: the Host must be a
// loopback name, one of the service's own or of Options.AllowHosts, an Origin one of
// Options.AllowOrigins, and a body application/json. GET /_apcsim/ lists them.
//
// GET journal answers with the last calls of both planes, oldest first: number, time (of the
// simulator), operation, account, region, caller, took, keys (identifiers of the request and ARNs of
// the answer), names (the same by alias), request, and of a refusal error, message, reasons and why
// (the reasons as sentences). Requests are masked: account numbers to their first six and last four
// digits; PIN data, plain text, messages, track data, key components and what may be a key in the
// wrong place whole. The last 1,000 calls are kept, of 8 MB at most. With Accept: text/event-stream
// the answer goes on: an event "call" with the same JSON for each call as it happens, whose id is
// its number; "gap" where calls were dropped before they were sent, or a reset has dropped them all.
// Parameters: operation, account, refused=true, after (a number), limit.
//
// GET keys is a page of keys with their aliases and dates; GET due lists keys that wait for their
// deletion and open tokens, of all accounts and Regions, and the certificates of key pairs in the
// server's own account and Region, soonest first: at, since (when its life began), what, resource,
// name. GET graph has keys, and wraps by places in keys: which key wrapped which, how, how many
// times, and a problem where the wrapping key is stopped, deleted or weaker. It is made of calls
// since the start, of the last 5,000 imports and exports.
package server
