package core

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Every ARN of the service begins with this; the partition is fixed.
const arnPrefix = "arn:aws:payment-cryptography:"

const aliasPrefix = "alias/"

// ARN is a parsed ARN of a key or an alias.
type ARN struct {
	keystore.Partition
	Key   string // id of a key, or
	Alias string // name of an alias, with its "alias/"
	text  string // as it was written; "" if it has not been yet
}

// String is the ARN as it is written.
func (a ARN) String() string {
	if a.text != "" {
		return a.text
	}
	resource := a.Alias
	if resource == "" {
		return arnPrefix + a.Region + ":" + a.Account + ":key/" + a.Key
	}
	return arnPrefix + a.Region + ":" + a.Account + ":" + resource
}

// ParseIdentifier takes apart what names a key: its ARN, or an alias by ARN or by
// name, which is looked for in the caller's account and Region. The characters of its
// parts have been checked with the shape of the request.
func ParseIdentifier(s string, home keystore.Partition) (a ARN, ok bool) {
	if strings.HasPrefix(s, aliasPrefix) {
		return ARN{Partition: home, Alias: s}, true
	}
	rest, ok := strings.CutPrefix(s, arnPrefix)
	if !ok {
		return ARN{}, false
	}
	a.text = s
	a.Region, rest, _ = strings.Cut(rest, ":")
	a.Account, rest, _ = strings.Cut(rest, ":")
	if id, isKey := strings.CutPrefix(rest, "key/"); isKey {
		a.Key = id
		return a, true
	}
	a.Alias = rest
	return a, strings.HasPrefix(rest, aliasPrefix)
}

// KeyRef names what an identifier points to in the store. An alias is followed to its key in
// the same read.
func (a ARN) KeyRef() keystore.Ref {
	if a.Alias != "" {
		return a.AliasRef()
	}
	return keystore.Ref{Partition: a.Partition, Kind: KindKey, ID: a.Key}
}
