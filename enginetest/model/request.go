package model

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Refusal is how a request must be refused: by an exception, for a rule. The zero value is that it must be accepted.
type Refusal struct {
	Code apc.Code
	Rule apc.Rule
}

// String is the exception and the rule.
func (r Refusal) String() string {
	if r == (Refusal{}) {
		return "accepted"
	}
	return string(r.Code) + " by the rule " + string(r.Rule)
}

// refused reports whether there is a refusal.
func (r Refusal) refused() bool { return r.Code != "" }

// invalid is ValidationException for a rule; none for "".
func invalid(rule apc.Rule) Refusal {
	if rule == "" {
		return Refusal{}
	}
	return Refusal{apc.ErrValidation, rule}
}

func notFound(rule apc.Rule) Refusal { return Refusal{apc.ErrResourceNotFound, rule} }
func conflict(rule apc.Rule) Refusal { return Refusal{apc.ErrConflict, rule} }

var overQuota = Refusal{apc.ErrServiceQuotaExceeded, apc.RuleQuota}

// first is the first refusal of several checks.
func first(all ...Refusal) Refusal {
	for _, r := range all {
		if r.refused() {
			return r
		}
	}
	return Refusal{}
}

// firstRule is the first rule that is broken; "" is none.
func firstRule(all ...apc.Rule) apc.Rule {
	for _, r := range all {
		if r != "" {
			return r
		}
	}
	return ""
}

// unless is the rule where a condition does not hold.
func unless(ok bool, rule apc.Rule) apc.Rule {
	if ok {
		return ""
	}
	return rule
}

// request is one call.
type request struct {
	w   *World
	p   *place // of the caller
	now time.Time
	who apc.Identity
	op  string
	in  any // nil in comparisons

	implied Refusal // of what the operation implies, by the caller's policies; it belongs to that for the keys
}

func (w *World) request(now time.Time, who apc.Identity, op string) *request {
	if who.ARN == "" {
		who.ARN = "arn:aws:iam::" + who.Account + ":root"
	}
	now = now.UTC().Truncate(time.Millisecond)
	return &request{w: w, p: w.at(now, who), now: now, who: who, op: op}
}

// operationOf is the name of the operation that an input belongs to.
func operationOf(in any) string {
	return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
}

// subject is a key that a request names.
type subject struct {
	id    string
	works bool                // it must be CREATE_COMPLETE and enabled
	rules func(*Key) apc.Rule // the first rule that it breaks; nil: there are none
}

// working is a subject that is held to rules.
func working(id string, rules func(*Key) apc.Rule) subject { return subject{id, true, rules} }

// keys finds the keys of a request, step by step: all exist, all are permitted, all are usable, all fit.
func (q *request) keys(all ...subject) ([]*Key, Refusal) {
	found, foreign := make([]*Key, len(all)), make([]bool, len(all))
	for i, s := range all {
		var r Refusal
		if found[i], foreign[i], r = q.resolve(s.id); r.refused() {
			return nil, r
		}
	}
	for i, k := range found {
		if r := q.permitted(k, foreign[i], aliasIn(all[i].id)); r.refused() {
			return nil, r
		}
	}
	if q.implied.refused() {
		return nil, q.implied
	}
	for i, k := range found {
		if all[i].works {
			if rule := firstRule(unless(k.State == apc.KeyStateCreateComplete, apc.RuleKeyState),
				unless(k.Enabled, apc.RuleKeyEnabled)); rule != "" {
				return nil, invalid(rule)
			}
		}
	}
	for i, k := range found {
		if all[i].rules != nil {
			if rule := all[i].rules(k); rule != "" {
				return nil, invalid(rule)
			}
		}
	}
	return found, Refusal{}
}

// key finds one key in any state.
func (q *request) key(id string) (*Key, Refusal) {
	keys, r := q.keys(subject{id: id})
	if r.refused() {
		return nil, r
	}
	return keys[0], r
}

// resolve finds a key by its identifier. Of another account nothing is refused: the key is nil.
func (q *request) resolve(id string) (k *Key, foreign bool, r Refusal) {
	account, region, name := q.who.Account, q.who.Region, id
	if parts := strings.Split(id, ":"); len(parts) == 6 {
		region, account, name = parts[3], parts[4], parts[5]
	}
	foreign = account != q.who.Account
	k, rule := q.look(account, region, name)
	if rule != "" && !foreign {
		return nil, false, notFound(rule)
	}
	return k, foreign, Refusal{}
}

// aliasIn is the alias that an identifier is, or has at its end; "" is none.
func aliasIn(id string) string {
	if at := strings.Index(id, "alias/"); at >= 0 {
		return id[at:]
	}
	return ""
}

// look finds a key by account, Region and name, or the rule for which there is none.
func (q *request) look(account, region, name string) (*Key, apc.Rule) {
	p := q.w.places[Place{account, region}]
	if region != q.who.Region {
		return nil, apc.RuleRegion
	}
	if p == nil {
		return nil, apc.RuleKey
	}
	arn, isAlias := "arn:aws:payment-cryptography:"+region+":"+account+":"+name, strings.HasPrefix(name, "alias/")
	if isAlias {
		var ok bool
		if arn, ok = p.aliases[name]; !ok {
			return nil, apc.RuleAlias
		}
	}
	k := p.keys[arn]
	if k == nil || k.hidden(q.now) || isAlias && k.State == apc.KeyStateDeleteComplete {
		return nil, apc.RuleKey
	}
	return k, ""
}

// hidden reports of a replica that it is not there yet.
func (k *Key) hidden(now time.Time) bool { return k.primary != nil && k.created.After(now) }

// quota is the refusal of one key more in each of the Regions of an account.
func (w *World) quota(account string, regions ...string) Refusal {
	for _, region := range regions {
		live := 0
		for _, k := range w.places[Place{account, region}].keys {
			if k.State != apc.KeyStateDeleteComplete && k.State != apc.KeyStateCreateFailed {
				live++
			}
		}
		if live >= w.limits.Keys {
			return overQuota
		}
	}
	return Refusal{}
}

// newTags is the refusal of the tags of a new key by their number.
func (w *World) newTags(tags []apc.Tag) Refusal {
	if len(tags) > w.limits.Tags {
		return overQuota
	}
	return Refusal{}
}

// tagKeys is the refusal of tags by their keys.
func tagKeys(tags []apc.Tag) Refusal {
	var seen []string
	for _, t := range tags {
		if slices.Contains(seen, t.Key) {
			return invalid(apc.RuleTagKey)
		}
		seen = append(seen, t.Key)
	}
	return Refusal{}
}
