// Payments-network shows two accounts and two Regions in one simulator: an issuer replicates a key and
// shares it with an acquirer by a policy, the acquirer exports it and is refused once the policy has changed,
// a root certificate waits for an approval team, and the clock moves over the deletion of the key.
//
//	go run ./examples/payments-network
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

const (
	issuerAccount   = "111122223333"
	acquirerAccount = "444455556666"
	acquirerRole    = "arn:aws:iam::444455556666:role/key-exchange"
	home, replica   = "us-east-1", "eu-west-1"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// network is the simulator and its callers.
type network struct {
	clock    *engine.Clock
	cloud    *engine.Engine
	issuer   *engine.Caller // in the primary Region
	abroad   *engine.Caller // the issuer in the Region of the replica
	acquirer *engine.Caller // a session of a role in another account
	out      io.Writer
	step     int

	key      string   // the issuer's PIN encryption key
	refusals []string // of the issuer's key, as the issuer's events have them
}

func run(ctx context.Context, out io.Writer) error {
	n := &network{clock: engine.NewClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)), out: out}
	n.cloud = engine.New(
		&engine.Options{Now: n.clock.Now, Seed: 13, Observe: n.observe, Limits: apc.Limits{ReplicationTime: 30 * time.Second}},
	)
	defer n.cloud.Close()
	n.issuer = n.cloud.As(apc.Identity{Account: issuerAccount, Region: home, ARN: "arn:aws:iam::111122223333:user/custodian"})
	n.abroad = n.cloud.As(apc.Identity{Account: issuerAccount, Region: replica, ARN: "arn:aws:iam::111122223333:user/custodian"})
	n.acquirer = n.cloud.As(
		apc.Identity{Account: acquirerAccount, Region: home, ARN: "arn:aws:sts::444455556666:assumed-role/key-exchange/monday"},
	)
	for _, part := range []func(context.Context) error{n.replicate, n.share, n.stop, n.revoke, n.approve, n.remove} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// observe keeps the reasons that the issuer is given and the acquirer is not.
func (n *network) observe(e apc.Event) {
	if e.RecipientAccountID == issuerAccount && e.AccountID != issuerAccount && e.ErrorCode != "" {
		n.refusals = append(n.refusals, fmt.Sprintf("%s by %s: %s", e.EventName, e.UserIdentity, e.Reasons[0]))
	}
}

func (n *network) title(format string, args ...any) {
	n.step++
	fmt.Fprintf(n.out, "\n%d. %s\n", n.step, fmt.Sprintf(format, args...))
}

func (n *network) say(format string, args ...any) { fmt.Fprintf(n.out, "   "+format+"\n", args...) }

// there is the ARN of the key in the replica's Region.
func (n *network) there() string { return strings.Replace(n.key, home, replica, 1) }

// replicate makes a key in two Regions.
func (n *network) replicate(ctx context.Context) error {
	n.title("The issuer makes a key in %s and asks for a replica in %s", home, replica)
	made, err := n.issuer.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage:      apc.KeyUsageTR31P0PINEncryptionKey,
			KeyClass:      apc.KeyClassSymmetricKey,
			KeyAlgorithm:  apc.KeyAlgorithmAES128,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(true), ReplicationRegions: []string{replica},
	})
	if err != nil {
		return err
	}
	n.key = made.Key.KeyArn
	n.say("%s, check value %s, %s in %s", n.key, made.Key.KeyCheckValue, made.Key.ReplicationStatus[replica].Status, replica)
	n.clock.Advance(30 * time.Second)
	now, err := n.issuer.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: n.key})
	if err != nil {
		return err
	}
	copied, err := n.abroad.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: n.there()})
	if err != nil {
		return err
	}
	n.say(
		"30 seconds later %s: %s, check value %s",
		now.Key.ReplicationStatus[replica].Status,
		*copied.Key.MultiRegionKeyType,
		copied.Key.KeyCheckValue,
	)
	return nil
}

// export is the acquirer's export of the issuer's key under a key of its own.
func (n *network) export(ctx context.Context, kek string) (*engine.ExportKeyOutput, error) {
	return n.acquirer.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: n.key,
		KeyMaterial: engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}}})
}

// share lets the acquirer export the key.
func (n *network) share(ctx context.Context) error {
	n.title("The issuer's policy lets the acquirer's role export the key")
	if err := n.allow(ctx, "payment-cryptography:ExportKey"); err != nil {
		return err
	}
	if err := zoneKey(ctx, n.acquirer); err != nil {
		return err
	}
	got, err := n.export(ctx, "alias/zone")
	if err != nil {
		return err
	}
	n.say("the acquirer exports %s..., check value %s", got.WrappedKey.KeyMaterial[:16], *got.WrappedKey.KeyCheckValue)
	return nil
}

// zoneKey makes a key block protection key with the alias alias/zone.
func zoneKey(ctx context.Context, c *engine.Caller) error {
	kek, err := c.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage:      apc.KeyUsageTR31K1KeyBlockProtectionKey,
			KeyClass:      apc.KeyClassSymmetricKey,
			KeyAlgorithm:  apc.KeyAlgorithmAES256,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		}, Exportable: new(true)})
	if err != nil {
		return err
	}
	_, err = c.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/zone", KeyArn: &kek.Key.KeyArn})
	return err
}

func (n *network) allow(ctx context.Context, action string) error {
	_, err := n.issuer.PutResourcePolicy(
		ctx,
		&engine.PutResourcePolicyInput{ResourceArn: n.key, Policy: `{"Version": "2012-10-17", "Statement": [
		{"Sid": "acquirer", "Effect": "Allow", "Principal": {"AWS": "` + acquirerRole + `"}, "Action": "` + action + `", "Resource": "*"}]}`},
	)
	return err
}

// stop shows that a replica follows its primary.
func (n *network) stop(ctx context.Context) error {
	n.title("The primary is stopped, and the replica with it")
	if _, err := n.issuer.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: n.key}); err != nil {
		return err
	}
	if err := zoneKey(ctx, n.abroad); err != nil {
		return err
	}
	_, err := n.abroad.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: n.there(),
		KeyMaterial: engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: "alias/zone"}}})
	if err := n.refused("the replica's export", err); err != nil {
		return err
	}
	_, err = n.issuer.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: n.key})
	return err
}

// refused prints a refusal with its reason; no refusal is a failure of the example.
func (n *network) refused(what string, err error) error {
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		return fmt.Errorf("%s is not refused: %v", what, err)
	}
	n.say("%s is refused: %s", what, refusal.Code)
	n.say("  because %s", refusal.Reasons[0])
	return nil
}

// revoke changes the policy.
func (n *network) revoke(ctx context.Context) error {
	n.title("The policy changes")
	if err := n.allow(ctx, "payment-cryptography:GetKey"); err != nil {
		return err
	}
	_, err := n.export(ctx, "alias/zone")
	if err := n.refused("the acquirer's export", err); err != nil {
		return err
	}
	n.say("the issuer's event says: %s", n.refusals[len(n.refusals)-1])
	return nil
}

// approve imports a root certificate that a team guards.
func (n *network) approve(ctx context.Context) error {
	n.title("A root certificate waits for the issuer's team")
	const guarded = apc.MpaOperationImportRootPublicKeyCertificate
	if _, err := n.issuer.AssociateMpaTeam(ctx, &engine.AssociateMpaTeamInput{Action: guarded,
		MpaTeamArn: "arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"}); err != nil {
		return err
	}
	root, err := newRoot(n.clock.Now())
	if err != nil {
		return err
	}
	waiting, err := n.issuer.ImportKey(ctx, &engine.ImportKeyInput{RequesterComment: new("the acquirer's root, ticket 4711"),
		KeyMaterial: engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{PublicKeyCertificate: root,
			KeyAttributes: apc.KeyAttributes{
				KeyUsage:      apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
				KeyClass:      apc.KeyClassPublicKey,
				KeyAlgorithm:  apc.KeyAlgorithmECCNISTP256,
				KeyModesOfUse: apc.KeyModesOfUse{Verify: true},
			}}}})
	if err != nil {
		return err
	}
	n.say("imported: %s, session %s", waiting.Key.KeyState, waiting.Key.MpaStatus.Status)
	if err := n.cloud.DecideApproval(ctx, waiting.Key.MpaStatus.MpaSessionArn, apc.Approve); err != nil {
		return err
	}
	done, err := n.issuer.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: waiting.Key.KeyArn})
	if err != nil {
		return err
	}
	n.say("approved: %s, session %s", done.Key.KeyState, done.Key.MpaStatus.Status)
	return nil
}

// remove deletes the key and waits.
func (n *network) remove(ctx context.Context) error {
	n.title("The issuer deletes the key")
	going, err := n.issuer.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: n.key, DeleteKeyInDays: new(7)})
	if err != nil {
		return err
	}
	n.say("%s until %s", going.Key.KeyState, going.Key.DeletePendingTimestamp.Format(time.DateTime))
	_, err = n.abroad.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: n.there()})
	if err := n.refused("GetKey of the replica", err); err != nil {
		return err
	}
	n.clock.Advance(7 * 24 * time.Hour)
	gone, err := n.issuer.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: n.key})
	if err != nil {
		return err
	}
	n.say("a week later: %s", gone.Key.KeyState)
	return nil
}
