package core

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// serviceRegions are the Regions that have the service (control-plane, section
// 15.2), in the order of the endpoints data.
var serviceRegions = []string{
	"us-east-1", "us-east-2", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
	"ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-3", "ap-south-1", "ap-south-2", "af-south-1",
}

// checkRegion refuses a caller in a Region without the service, before anything
// is made there (GUESS G-unknown-region: the code; such a Region has no endpoint).
func (cloud *Cloud) checkRegion(region string) error {
	if slices.Contains(cloud.regions, region) {
		return nil
	}
	return Invalid("The service is not available in this Region.",
		Because(apc.RuleRegion, "", problemNoService, wording.Foreign(region), wording.Or(cloud.regions)+", or a Region in Options.Regions"))
}
