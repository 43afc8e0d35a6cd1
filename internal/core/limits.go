package core

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

const day = 24 * time.Hour

// LimitsWithDefaults fills in the documented limits.
func LimitsWithDefaults(l apc.Limits) apc.Limits {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.Keys, 2000}, {&l.Aliases, 2000}, {&l.Tags, 200},
		{&l.DefaultPage, 50}, {&l.DefaultDeleteDays, 7},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.TokenLife, 30 * day}, {&l.TokenReuse, 7 * day},
		{&l.ApprovalTime, day}, {&l.CertificateLife, 90 * day}, {&l.CertificateReuse, 30 * day},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}
