// Package keyservice is a small key-management service on AWS Payment Cryptography: it names keys,
// imports them, exports them to partners, rotates, deletes and restores them, and keeps an audit log. Its test
// shows how such a service is tested with package enginetest.
//
// The service has bugs: four that are planted by [Bugs], for the property test, and five that only show when a
// call fails, which [enginetest.Sweep] finds.
package keyservice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
)

// Spec is the attributes of a key and whether it may be exported.
type Spec struct {
	Usage      types.KeyUsage
	Algorithm  types.KeyAlgorithm
	Modes      types.KeyModesOfUse
	Exportable bool
}

// Status is the state of a key as operators see it.
type Status string

const (
	Active  Status = "ACTIVE"
	Stopped Status = "STOPPED"
	Pending Status = "PENDING" // scheduled for deletion; Restore brings it back
	Gone    Status = "GONE"
)

// Record describes a key.
type Record struct {
	Arn        string
	KCV        string
	Exportable bool
	Status     Status
	Spec       Spec
}

// Entry is a line of the audit log.
type Entry struct {
	At     time.Time
	Who    string
	Action string
	Alias  string
	Key    string
	Err    string
}

// Bugs says which of the planted bugs the service has.
type Bugs struct{ KeepAlias, PendingIsGone, DropBlock, WidenExport bool }

// Service manages keys.
type Service struct {
	PC    *pc.Client
	Now   func() time.Time
	Who   string
	Audit func(Entry)
	Grace int32 // days that a rotated key waits for its deletion
	Bugs  Bugs
}

// ErrGone is a key whose material no longer exists.
var ErrGone = errors.New("keyservice: key is gone")

func (s *Service) note(action, alias, key string, err error) {
	e := Entry{At: s.Now(), Who: s.Who, Action: action, Alias: alias, Key: key}
	if err != nil {
		e.Err = err.Error()
	}
	if s.Audit != nil {
		s.Audit(e)
	}
}

func (s *Service) record(k *types.Key) Record {
	r := Record{Arn: *k.KeyArn, KCV: aws.ToString(k.KeyCheckValue), Exportable: aws.ToBool(k.Exportable), Status: Active,
		Spec: Spec{
			Usage:      k.KeyAttributes.KeyUsage,
			Algorithm:  k.KeyAttributes.KeyAlgorithm,
			Modes:      *k.KeyAttributes.KeyModesOfUse,
			Exportable: aws.ToBool(k.Exportable),
		}}
	switch {
	case k.KeyState == types.KeyStateDeleteComplete, s.Bugs.PendingIsGone && k.KeyState == types.KeyStateDeletePending:
		r.Status = Gone
	case k.KeyState == types.KeyStateDeletePending:
		r.Status = Pending
	case !aws.ToBool(k.Enabled):
		r.Status = Stopped
	}
	return r
}

func (s *Service) attributes(spec Spec) *types.KeyAttributes {
	modes := spec.Modes
	return &types.KeyAttributes{
		KeyUsage:      spec.Usage,
		KeyClass:      types.KeyClassSymmetricKey,
		KeyAlgorithm:  spec.Algorithm,
		KeyModesOfUse: &modes,
	}
}

// Create makes a key under a new alias.
func (s *Service) Create(ctx context.Context, alias string, spec Spec) (r Record, err error) {
	defer func() { s.note("create", alias, r.Arn, err) }()
	out, err := s.PC.CreateKey(ctx, &pc.CreateKeyInput{KeyAttributes: s.attributes(spec), Exportable: &spec.Exportable})
	if err != nil {
		return r, err
	}
	r = s.record(out.Key)
	if _, err := s.PC.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &alias, KeyArn: &r.Arn}); err != nil {
		// A key without an alias would not be found again.
		_, undo := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &r.Arn, DeleteKeyInDays: aws.Int32(3)})
		return Record{}, errors.Join(err, undo)
	}
	return r, nil
}

// Import imports a TR-31 block under a key-encryption key and compares the check value
// with the expected one, if there is one.
func (s *Service) Import(ctx context.Context, alias, kek, block, kcv string) (r Record, err error) {
	defer func() { s.note("import", alias, r.Arn, err) }()
	out, err := s.PC.ImportKey(ctx, &pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{
		Value: types.ImportTr31KeyBlock{WrappingKeyIdentifier: &kek, WrappedKeyBlock: &block}}})
	if err != nil {
		return r, err
	}
	r = s.record(out.Key)
	if kcv != "" && r.KCV != kcv {
		_, undo := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &r.Arn, DeleteKeyInDays: aws.Int32(3)})
		return Record{}, errors.Join(fmt.Errorf("keyservice: check value is %s, expected %s", r.KCV, kcv), undo)
	}
	if _, err := s.PC.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &alias, KeyArn: &r.Arn}); err != nil {
		_, undo := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &r.Arn, DeleteKeyInDays: aws.Int32(3)})
		return Record{}, errors.Join(err, undo)
	}
	return r, nil
}

// Trust imports the root certificate of a partner's authority.
func (s *Service) Trust(ctx context.Context, cert string, algorithm types.KeyAlgorithm) (arn string, err error) {
	defer func() { s.note("trust", "", arn, err) }()
	out, err := s.PC.ImportKey(ctx, &pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberRootCertificatePublicKey{
		Value: types.RootCertificatePublicKey{PublicKeyCertificate: &cert, KeyAttributes: &types.KeyAttributes{
			KeyUsage: types.KeyUsageTr31S0AsymmetricKeyForDigitalSignature, KeyClass: types.KeyClassPublicKey,
			KeyAlgorithm: algorithm, KeyModesOfUse: &types.KeyModesOfUse{Verify: true}}}}})
	if err != nil {
		return "", err
	}
	return *out.Key.KeyArn, nil
}

// SendTR34 exports a key to the holder of a certificate under a trusted root.
// It returns the token and our signing certificate.
func (s *Service) SendTR34(ctx context.Context, alias, root, cert, nonce string) (token, signer string, err error) {
	defer func() { s.note("send-tr34", alias, "", err) }()
	p, err := s.PC.GetParametersForExport(ctx, &pc.GetParametersForExportInput{
		KeyMaterialType: types.KeyMaterialTypeTr34KeyBlock, SigningKeyAlgorithm: types.KeyAlgorithmRsa2048,
		ReuseLastGeneratedToken: aws.Bool(true)})
	if err != nil {
		return "", "", err
	}
	out, err := s.PC.ExportKey(
		ctx,
		&pc.ExportKeyInput{ExportKeyIdentifier: &alias, KeyMaterial: &types.ExportKeyMaterialMemberTr34KeyBlock{
			Value: types.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: &root, WrappingKeyCertificate: &cert,
				ExportToken: p.ExportToken, KeyBlockFormat: types.Tr34KeyBlockFormatX9Tr342012, RandomNonce: &nonce}}},
	)
	if err != nil {
		return "", "", err
	}
	return *out.WrappedKey.KeyMaterial, *p.SigningKeyCertificate, nil
}

// Rewrap exports a key as a TR-31 block under another key-encryption key, with the label and the
// exportability in its header.
func (s *Service) Rewrap(ctx context.Context, alias, kek, label string, e types.KeyExportability) (block string, err error) {
	defer func() { s.note("rewrap", alias, "", err) }()
	h := &types.KeyBlockHeaders{KeyExportability: e}
	if label != "" && !s.Bugs.DropBlock {
		h.OptionalBlocks = map[string]string{"LB": label}
	}
	if s.Bugs.WidenExport {
		h.KeyExportability = types.KeyExportabilityExportable
	}
	out, err := s.PC.ExportKey(
		ctx,
		&pc.ExportKeyInput{ExportKeyIdentifier: &alias, KeyMaterial: &types.ExportKeyMaterialMemberTr31KeyBlock{
			Value: types.ExportTr31KeyBlock{WrappingKeyIdentifier: &kek, KeyBlockHeaders: h}}},
	)
	if err != nil {
		return "", err
	}
	return *out.WrappedKey.KeyMaterial, nil
}

// Get describes the key of an alias or an ARN.
func (s *Service) Get(ctx context.Context, id string) (Record, error) {
	out, err := s.PC.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: &id})
	if err != nil {
		return Record{}, err
	}
	return s.record(out.Key), nil
}

// Rotate creates a successor of the key of an alias, points the alias to it and schedules the
// deletion of the old key.
func (s *Service) Rotate(ctx context.Context, alias string) (old, next Record, err error) {
	defer func() { s.note("rotate", alias, next.Arn, err) }()
	if old, err = s.Get(ctx, alias); err != nil {
		return old, next, err
	}
	if old.Status == Pending || old.Status == Gone {
		return old, next, fmt.Errorf("keyservice: cannot rotate %s: %s", alias, old.Status)
	}
	out, err := s.PC.CreateKey(ctx, &pc.CreateKeyInput{KeyAttributes: s.attributes(old.Spec), Exportable: &old.Spec.Exportable})
	if err != nil {
		return old, next, err
	}
	next = s.record(out.Key)
	if !s.Bugs.KeepAlias {
		if _, err = s.PC.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: &alias, KeyArn: &next.Arn}); err != nil {
			_, undo := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &next.Arn, DeleteKeyInDays: aws.Int32(3)})
			return old, Record{}, errors.Join(err, undo)
		}
	}
	d, err := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &old.Arn, DeleteKeyInDays: &s.Grace})
	if err != nil {
		return old, next, err
	}
	return s.record(d.Key), next, nil
}

// Delete schedules the deletion of a key.
func (s *Service) Delete(ctx context.Context, id string, days int32) (r Record, err error) {
	defer func() { s.note("delete", id, r.Arn, err) }()
	out, err := s.PC.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &id, DeleteKeyInDays: &days})
	if err != nil {
		return r, err
	}
	return s.record(out.Key), nil
}

// Restore cancels a deletion whose waiting period has not ended.
func (s *Service) Restore(ctx context.Context, id string) (r Record, err error) {
	defer func() { s.note("restore", id, r.Arn, err) }()
	if r, err = s.Get(ctx, id); err != nil {
		return r, err
	}
	if r.Status == Gone {
		return r, ErrGone
	}
	out, err := s.PC.RestoreKey(ctx, &pc.RestoreKeyInput{KeyIdentifier: &id})
	if err != nil {
		return r, err
	}
	return s.record(out.Key), nil
}
