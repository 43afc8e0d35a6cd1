package apc

import "time"

// Limits are the numbers of the service that may differ by account or by
// edition of its documentation. In Options a zero field means its default.
type Limits struct {
	Keys    int // keys in an account and Region, deleted ones not counted (2,000; user guide, quotas)
	Aliases int // aliases in an account and Region (2,000; user guide, quotas)
	Tags    int // tags on a key (200; GUESS G-tags-per-key: the most one request may name)

	// OpenTokens is how many import and export tokens of an account and Region
	// may be open at once, expired ones not counted. Zero is no limit (no source
	// names one: GUESS G-open-tokens).
	OpenTokens int

	// TokenLife is how long import and export tokens and their certificates are
	// valid (30 days; 7 before 2026), TokenReuse how much of it must be left for
	// ReuseLastGeneratedToken to return a token again (7 days).
	TokenLife, TokenReuse time.Duration

	// CertificateLife is how long the certificate of a key pair is valid (90
	// days), CertificateReuse how much of that must be left for
	// GetPublicKeyCertificate to return the same certificate again (30 days).
	CertificateLife, CertificateReuse time.Duration

	// ReplicationTime is how long a key's replication to another Region, and the end of one, takes. Zero is no time:
	// the answer to the request has IN_PROGRESS, later answers SYNCHRONIZED (GUESS G-replication-time: no figure is
	// published).
	ReplicationTime time.Duration

	// CreationTime is how long a new key is in CREATE_IN_PROGRESS. Zero is no time, as in every published
	// example.
	CreationTime time.Duration

	// ApprovalTime is how long an approval team has to decide (24 hours; GUESS G-approval-time: no figure is published).
	ApprovalTime time.Duration

	// Requests is how many requests of the control plane an account may make in a Region within a second
	// on the simulator's clock; the service's figure is 5. Zero is no limit.
	Requests int

	DefaultPage       int // items of a page when MaxResults is absent (50)
	DefaultDeleteDays int // waiting time when DeleteKeyInDays is absent (7)

	// SymmetricRate and AsymmetricRate are how many operations of the data plane an account may ask
	// for in a Region within a second of the simulator's clock. The first counts operations with
	// only symmetric keys, the second those with an RSA or ECC key. More are refused with
	// ThrottlingException. Zero is no limit; the quotas of the service are 500 and 20 (user guide,
	// quotas).
	SymmetricRate, AsymmetricRate int

	// DeletedVisible is how long a key in DELETE_COMPLETE can still be read
	// and is listed. Zero is forever (GUESS G-deleted-visible: nothing is documented).
	DeletedVisible time.Duration
}
