package engine

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Every ARN of the service begins with this; the partition is fixed.
const arnPrefix = "arn:aws:payment-cryptography:"

const aliasPrefix = "alias/"

// arn is a parsed ARN of a key or an alias.
type arn struct {
	keystore.Partition
	key   string // id of a key, or
	alias string // name of an alias, with its "alias/"
	text  string // as it was written; "" if it has not been yet
}

// String is the ARN as it is written.
func (a arn) String() string {
	if a.text != "" {
		return a.text
	}
	resource := a.alias
	if resource == "" {
		return arnPrefix + a.Region + ":" + a.Account + ":key/" + a.key
	}
	return arnPrefix + a.Region + ":" + a.Account + ":" + resource
}

// parseIdentifier takes apart what names a key: its ARN, or an alias by ARN or by
// name, which is looked for in the caller's account and Region. The characters of its
// parts have been checked with the shape of the request.
func parseIdentifier(s string, home keystore.Partition) (a arn, ok bool) {
	if strings.HasPrefix(s, aliasPrefix) {
		return arn{Partition: home, alias: s}, true
	}
	rest, ok := strings.CutPrefix(s, arnPrefix)
	if !ok {
		return arn{}, false
	}
	a.text = s
	a.Region, rest, _ = strings.Cut(rest, ":")
	a.Account, rest, _ = strings.Cut(rest, ":")
	if id, isKey := strings.CutPrefix(rest, "key/"); isKey {
		a.key = id
		return a, true
	}
	a.alias = rest
	return a, strings.HasPrefix(rest, aliasPrefix)
}

// keyRef names what an identifier points to in the store. An alias is followed to its key in
// the same read.
func (a arn) keyRef() keystore.Ref {
	if a.alias != "" {
		return a.aliasRef()
	}
	return keystore.Ref{Partition: a.Partition, Kind: kindKey, ID: a.key}
}
