package server

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

var teamPattern = regexp.MustCompile(`^arn:aws:mpa:[a-z0-9-]{1,20}:[0-9]{12}:approval-team/[a-zA-Z0-9._-]{1,1000}$`)

// checkService checks what is about the service itself.
func (c *Config) checkService() error {
	for i, arn := range c.Teams {
		if !teamPattern.MatchString(arn) {
			return &inputError{fmt.Sprintf("teams[%d]", i), "wanted the ARN of an approval team"}
		}
	}
	for i, region := range c.Regions {
		if !regionPattern.MatchString(region) {
			return &inputError{fmt.Sprintf("regions[%d]", i), `wanted a Region like "us-east-1"`}
		}
	}
	for _, region := range slices.Sorted(maps.Keys(c.ReplicationFails)) {
		member := below("replicationFails", region)
		if !regionPattern.MatchString(region) {
			return &inputError{member, `wanted a Region like "us-east-1"`}
		}
		if c.ReplicationFails[region] == "" {
			return &inputError{member, "wanted the message that says why it fails"}
		}
	}
	return nil
}

// engineOptions are the options of every engine that this server opens, as the configuration and the
// server's own options have them.
func (s *Server) engineOptions(c *clock) *engine.Options {
	of := s.options.Config
	o := &engine.Options{
		Now: c.now, Identity: s.home, Limits: s.limits(),
		Teams: of.Teams, Regions: of.Regions, LenientStrength: of.LenientStrength, Quirks: of.Quirks,
	}
	if len(of.ReplicationFails) > 0 {
		o.ReplicationFails = func(_, region string) string { return of.ReplicationFails[region] }
	}
	return o
}

// limits are those of the configuration and of the options.
func (s *Server) limits() apc.Limits {
	limits := s.options.Config.Limits
	limits.TokenLife = cmp.Or(s.options.TokenLife, limits.TokenLife)
	return limits
}
