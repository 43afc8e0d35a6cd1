package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// asked is what policies are asked of a request: on an action, a resource and, if there is one, a key, which the request
// may name by an alias.
type asked struct {
	*request
	action, resource string
	key              *Key
	alias            string
}

// values are those of a condition key in a request; none where it has none. Calls that come from no network have no address
// and no transport.
func (a *asked) values(key string) []string {
	name, tag, _ := strings.Cut(key, "/")
	switch name {
	case "aws:PrincipalArn":
		c := callerOf(a.who)
		if c.role != "" {
			return []string{c.role}
		}
		return []string{c.arn}
	case "aws:PrincipalAccount":
		return []string{a.who.Account}
	case "aws:PrincipalTag":
		return some(a.who.Tags, tag)
	case "aws:RequestedRegion":
		return []string{a.who.Region}
	case "aws:CurrentTime":
		return []string{a.now.Format(time.RFC3339Nano)}
	case "aws:EpochTime":
		return []string{strconv.FormatInt(a.now.Unix(), 10)}
	case "aws:ResourceTag":
		if a.key != nil {
			return some(a.key.tags, tag)
		}
	case "aws:RequestTag":
		return some(a.newTags(), tag)
	case "aws:TagKeys":
		return a.tagKeys()
	case "payment-cryptography:RequestAlias":
		if a.alias != "" {
			return []string{a.alias}
		}
	case "payment-cryptography:ResourceAliases":
		return a.aliases()
	case "aws:SecureTransport", "aws:SourceIp":
	default:
		panic("model: a condition key out of the family: " + key)
	}
	return nil
}

func some(from map[string]string, name string) []string {
	if v, ok := from[name]; ok {
		return []string{v}
	}
	return nil
}

// newTags are the tags in a request.
func (a *asked) newTags() map[string]string {
	var tags []apc.Tag
	switch in := a.in.(type) {
	case *engine.CreateKeyInput:
		tags = in.Tags
	case *engine.ImportKeyInput:
		tags = in.Tags
	case *engine.TagResourceInput:
		tags = in.Tags
	}
	out := map[string]string{}
	for _, t := range tags {
		out[t.Key] = t.Value
	}
	return out
}

// tagKeys are the keys of the tags in a request.
func (a *asked) tagKeys() (keys []string) {
	if in, ok := a.in.(*engine.UntagResourceInput); ok {
		return in.TagKeys
	}
	for key := range a.newTags() {
		keys = append(keys, key)
	}
	return keys
}

// aliases are those of the key, in its Region.
func (a *asked) aliases() (names []string) {
	if a.key == nil {
		return nil
	}
	parts := strings.Split(a.key.ARN, ":")
	for name, arn := range a.w.places[Place{parts[4], parts[3]}].aliases {
		if arn == a.key.ARN {
			names = append(names, name)
		}
	}
	return names
}

// hold reports whether all conditions of a statement hold.
func (a *asked) hold(s *statement) bool {
	for operator, keys := range s.Condition {
		for key, wanted := range keys {
			if !compare(operator, wanted, a.values(key)) {
				return false
			}
		}
	}
	return true
}

// compare is one condition (IAM user guide, condition operators): the values of a policy and of a request.
func compare(operator string, wanted texts, has []string) bool {
	set, plain, isSet := strings.Cut(operator, ":")
	if !isSet {
		plain = operator
	}
	plain, ifExists := strings.CutSuffix(plain, "IfExists")
	positive, negated := strings.Replace(plain, "Not", "", 1), strings.Contains(plain, "Not")
	fits := func(value string) bool {
		return negated != slices.ContainsFunc(wanted, func(w string) bool { return matches(positive, w, value) })
	}
	switch {
	case plain == "Null":
		return (len(has) == 0) == (wanted[0] == "true")
	case len(has) == 0:
		return ifExists || set == "ForAllValues" && isSet || negated && !isSet
	case isSet && set == "ForAnyValue":
		return slices.ContainsFunc(has, fits)
	}
	return !slices.ContainsFunc(has, func(value string) bool { return !fits(value) })
}

// matches compares a value of a policy with one of a request by an operator that is not negated.
func matches(operator, wanted, has string) bool {
	switch operator {
	case "StringEquals", "Bool":
		return wanted == has
	case "StringLike":
		return like(wanted, has)
	case "ArnLike", "ArnEquals":
		patterns, parts := strings.SplitN(wanted, ":", 6), strings.SplitN(has, ":", 6)
		for i := range patterns {
			if !like(patterns[i], parts[i]) {
				return false
			}
		}
		return true
	case "DateLessThan":
		return instant(has).Before(instant(wanted))
	case "DateGreaterThanEquals":
		return !instant(has).Before(instant(wanted))
	case "NumericLessThan", "NumericGreaterThanEquals":
		return (number(has) < number(wanted)) == (operator == "NumericLessThan")
	}
	panic("model: a condition operator out of the family: " + operator)
}

func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(fmt.Sprintf("model: a time out of the family: %v", err))
	}
	return at
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("model: a number out of the family: %v", err))
	}
	return n
}

// closed reports whether a condition excludes all but the callers of some accounts: it is on the
// caller's account or ARN, and refuses a request without it.
func (s *statement) closed() bool {
	for operator, keys := range s.Condition {
		if operator != "StringEquals" && operator != "ArnLike" {
			continue
		}
		for key, wanted := range keys {
			if key == "aws:PrincipalAccount" || key == "aws:PrincipalArn" && !slices.ContainsFunc(wanted, ofAnyAccount) {
				return true
			}
		}
	}
	return false
}

func ofAnyAccount(pattern string) bool {
	return strings.Contains(strings.SplitN(pattern, ":", 6)[4], "*")
}
