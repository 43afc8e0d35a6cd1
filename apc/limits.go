package apc

import "time"

// Limits are the numbers of the service that may differ by account or by
// edition of its documentation. In Options a zero field means its default.
type Limits struct {
	Keys    int // keys in an account and Region, deleted ones not counted (2,000; user guide, quotas)
	Aliases int // aliases in an account and Region (2,000; user guide, quotas)
	Tags    int // tags on a key (200; GUESS: the most one request may name)

	// OpenTokens is how many import and export tokens of an account and Region
	// may be open at once, expired ones not counted (100; GUESS: the service
	// tells no figure).
	OpenTokens int

	// TokenLife is how long import and export tokens and their certificates
	// serve (7 days; [Limits2026] has 30), TokenReuse how much of it must be
	// left for ReuseLastGeneratedToken (7 days).
	TokenLife, TokenReuse time.Duration

	// CertificateLife is how long the certificate of a pair serves (90 days),
	// CertificateReuse how much of that must be left for GetPublicKeyCertificate
	// to give the same again (30 days).
	CertificateLife, CertificateReuse time.Duration

	DefaultPage       int // items of a page when MaxResults is absent (50)
	DefaultDeleteDays int // waiting time when DeleteKeyInDays is absent (7)

	// DeletedVisible is how long a key in DELETE_COMPLETE can still be read
	// and is listed. Zero is for ever (GUESS: nothing is documented).
	DeletedVisible time.Duration
}

// Limits2026 are the limits of the 2026 edition of the service's documents,
// where they differ: import and export tokens serve 30 days.
func Limits2026() Limits { return Limits{TokenLife: 30 * 24 * time.Hour} }
