package probe

import (
	"fmt"
	"io"
)

// Plan is what asking probes of the service makes and costs. It counts what is made at most: a call
// that is refused makes nothing.
type Plan struct {
	Probes, Keys, Aliases, Tokens, Replicas, Calls int
	Cents                                          float64
}

// The published prices, in US cents: 2.00 dollars for 10,000 calls, 1.00 dollar a month for an active
// key, billed by the hour (https://aws.amazon.com/payment-cryptography/pricing/, its examples for US
// East and US West). A key is active until its deletion is asked for; a probe deletes its own.
const (
	centsACall     = 200.0 / 10_000
	centsAKeyMonth = 100.0
	hoursAMonth    = 730
)

// PlanFor is the plan for probes.
func PlanFor(probes []Probe) (p Plan) {
	token := false
	for i := range probes {
		if probes[i].Account {
			continue
		}
		p.Probes++
		for _, s := range probes[i].Steps {
			p.add(&s)
			token = token || s.Clear != ""
		}
	}
	if token {
		p.Tokens, p.Calls = p.Tokens+1, p.Calls+1
	}
	p.Cents = float64(p.Calls)*centsACall + float64(p.Keys+p.Replicas)*centsAKeyMonth/hoursAMonth
	return p
}

func (p *Plan) add(s *Step) {
	if s.Raw != "" || s.Do == "agree" {
		p.Calls++
	}
	switch s.Do {
	case "CreateKey", "ImportKey":
		p.Keys, p.Calls = p.Keys+1, p.Calls+1
	case "CreateAlias":
		p.Aliases, p.Calls = p.Aliases+1, p.Calls+1
	case "GetParametersForImport", "GetParametersForExport":
		p.Tokens++
	case "AddKeyReplicationRegions":
		p.Replicas++
	}
}

// Write writes the plan for people.
func (p Plan) Write(w io.Writer, side string) {
	fmt.Fprintf(w, `%s: %d probes
  makes at most %d keys, %d replicas and %d aliases, each key tagged %s, and asks for %d tokens
  sends about %d calls, fewer than five in a second: %d minutes
  costs about %.2f US dollars by the published prices (2.00 for 10,000 calls, 1.00 a month for an active key, by the hour;
    https://aws.amazon.com/payment-cryptography/pricing/, US East and US West; other Regions may differ)
  deletes what it made at the end of each probe; deleted keys wait %d days, and count towards the quota of keys as long;
    tokens end after 30 days
`, side, p.Probes, p.Keys, p.Replicas, p.Aliases, tagKey, p.Tokens, p.Calls, 1+int(float64(p.Calls)*awsPace.Minutes()), p.Cents/100,
		deletionDays)
}
