package engine

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Every ARN of the service begins with this; the partition is fixed.
const arnPrefix = "arn:aws:payment-cryptography:"

const arnPattern = arnPrefix + `[a-z]{2}-[a-z]{1,16}-[0-9]+:[0-9]{12}:`

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

// parseARN reads the ARN of a key or an alias; ok is false for anything else.
func parseARN(s string) (a arn, ok bool) {
	rest, ok := strings.CutPrefix(s, arnPrefix)
	if !ok {
		return arn{}, false
	}
	a.text = s
	a.Region, rest = cut(rest, ':')
	a.Account, rest = cut(rest, ':')
	if !isRegion(a.Region) || !isAccount(a.Account) {
		return arn{}, false
	}
	if id, isKey := strings.CutPrefix(rest, "key/"); isKey {
		a.key = id
		return a, alphanumeric.between(id, 16, 64)
	}
	a.alias = rest
	return a, isAliasName(rest)
}

// parseIdentifier reads what names a key: its ARN, or an alias by ARN or by
// name, which is looked for in the caller's account and Region.
func parseIdentifier(s string, home keystore.Partition) (arn, bool) {
	if isAliasName(s) {
		return arn{Partition: home, alias: s}, true
	}
	return parseARN(s)
}

func isRegion(s string) bool {
	area, rest := cut(s, '-')
	place, number := cut(rest, '-')
	return lowerLetters.between(area, 2, 2) && lowerLetters.between(place, 1, 16) && decimal.some(number)
}

// cut is strings.Cut at a byte.
func cut(s string, at byte) (before, after string) {
	if i := strings.IndexByte(s, at); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func isAccount(s string) bool { return decimal.between(s, 12, 12) }

func isAliasName(s string) bool {
	name, ok := strings.CutPrefix(s, aliasPrefix)
	return ok && aliasChars.some(name)
}

func isKeyARN(s string) bool {
	a, ok := parseARN(s)
	return ok && a.key != ""
}

func isKeyIdentifier(s string) bool {
	_, ok := parseIdentifier(s, keystore.Partition{})
	return ok
}

// keyRef names what an identifier points to in the store. An alias is followed to its key in
// the same read.
func (a arn) keyRef() keystore.Ref {
	if a.alias != "" {
		return a.aliasRef()
	}
	return keystore.Ref{Partition: a.Partition, Kind: kindKey, ID: a.key}
}
