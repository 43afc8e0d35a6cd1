//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// masters are the keys that are kept on the token. They are made together, once,
// and never changed.
type masters struct {
	id         masterID
	revealable p11.ObjectHandle // wraps keys that may be revealed
	kept       p11.ObjectHandle // wraps keys that may not: those that it unwraps stay in the token
	binding    p11.ObjectHandle // authenticates sealed keys with their attributes
}

// masterID is computed from the keys of a family; see identify.
type masterID [idSize]byte

func (id masterID) String() string { return hex.EncodeToString(id[:]) }

// role is what one key of a family is for. A family is three keys and a fourth,
// which is made last: it marks the family as complete, and its CKA_ID has the id
// that is computed from the others.
type role string

const (
	roleRevealable role = "revealable"
	roleKept       role = "kept"
	roleBinding    role = "binding"
	roleReady      role = "ready"
)

// A master's CKA_ID is its family, its role and, of the last one, the id. No two
// are the same: NSS softoken would replace one key by the other.
const (
	familySize = 16
	idSize     = 8
)

func (r role) keyID(family []byte) []byte {
	return append(append(make([]byte, 0, familySize+len(roleRevealable)+idSize), family...), r...)
}

// label is the CKA_LABEL of a role, in every family.
func (r role) label(prefix string) string { return prefix + " " + string(r) }

// checksum is a SHA-256 hash.
type checksum = [sha256.Size]byte

// findMasters looks for the family on the token: nil where there is none. The
// caller holds module.calls for writing.
func (c *connection) findMasters(label string) (*masters, error) {
	ready, err := c.find(label, roleReady)
	if err != nil || len(ready) == 0 {
		return nil, err
	}
	if len(ready) > 1 {
		return nil, fmt.Errorf("%w: there are %d keys labelled %q", ErrMasterKeys, len(ready), roleReady.label(label))
	}
	ctx := context.Background()
	mark, err := c.attribute(ctx, ready[0], p11.CKA_ID)
	if err != nil {
		return nil, err
	}
	if len(mark) != familySize+len(roleReady)+idSize {
		return nil, fmt.Errorf("%w: the CKA_ID of %q is of another form", ErrMasterKeys, roleReady.label(label))
	}
	family, made := mark[:familySize], mark[familySize+len(roleReady):]
	m, err := c.familyOf(label, family)
	if err != nil {
		return nil, err
	}
	id, err := c.identify(ctx, m)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(id, made) {
		return nil, fmt.Errorf("%w: their id is %x, and was %x when they were made: one of them has changed", ErrMasterKeys, id, made)
	}
	m.id = masterID(id)
	return m, nil
}

// guarded refuses a master that can be, or could have been, taken out of the token.
func (c *connection) guarded(ctx context.Context, h p11.ObjectHandle, label string) error {
	for kind, want := range map[uint]byte{p11.CKA_SENSITIVE: 1, p11.CKA_EXTRACTABLE: 0, p11.CKA_NEVER_EXTRACTABLE: 1} {
		value, err := c.attribute(ctx, h, kind)
		if err != nil {
			return err
		}
		if len(value) != 1 || value[0] != want {
			return fmt.Errorf("%w: %q may be taken out of the token, or might have been", ErrMasterKeys, label)
		}
	}
	return nil
}

// find lists the token's keys of a role. No other call is in the module: a find
// while an object is made disturbs some modules.
func (c *connection) find(label string, role role, more ...*p11.Attribute) (found []p11.ObjectHandle, err error) {
	template := append([]*p11.Attribute{
		p11.NewAttribute(p11.CKA_CLASS, p11.CKO_SECRET_KEY),
		p11.NewAttribute(p11.CKA_TOKEN, true),
		p11.NewAttribute(p11.CKA_LABEL, role.label(label)),
	}, more...)
	err = c.operation(context.Background(), "C_FindObjects",
		func(s p11.SessionHandle) error { return c.api.FindObjectsInit(s, template) },
		func(s p11.SessionHandle) error {
			for {
				some, _, err := c.api.FindObjects(s, 16)
				if err != nil {
					return err
				}
				if len(some) == 0 {
					return c.api.FindObjectsFinal(s)
				}
				found = append(found, some...)
			}
		})
	return found, err
}

// identify computes the family's id, which is another one if any bit of a key
// changes: the MAC, under the binding master, of a known key wrapped by each of the
// two others.
func (c *connection) identify(ctx context.Context, m *masters) ([]byte, error) {
	known := make([]byte, 32)
	for i := range known {
		known[i] = byte(i)
	}
	h, err := c.createSecret(ctx, known)
	if err != nil {
		return nil, err
	}
	defer c.destroy(h)
	message := []byte("apcsim master key id")
	for _, master := range []p11.ObjectHandle{m.revealable, m.kept} {
		wrapped, err := c.wrap(ctx, mechanism(p11.CKM_AES_KEY_WRAP, nil), master, h)
		if err != nil {
			return nil, fmt.Errorf("pkcs11: wrapping under a master key by CKM_AES_KEY_WRAP, which this backend needs: %w", err)
		}
		message = append(message, wrapped...)
	}
	mac, err := c.sign(ctx, mechanism(p11.CKM_SHA256_HMAC, nil), m.binding, message)
	if err != nil {
		return nil, fmt.Errorf("pkcs11: authenticating by CKM_SHA256_HMAC, which this backend needs: %w", err)
	}
	if len(mac) != sha256.Size {
		return nil, fmt.Errorf("%w: CKM_SHA256_HMAC gives %d bytes", ErrMasterKeys, len(mac))
	}
	return mac[:idSize], nil
}

// createSecret makes an object of bytes that can be wrapped and nothing else.
func (c *connection) createSecret(ctx context.Context, value []byte) (p11.ObjectHandle, error) {
	return c.create(ctx, sessionKey(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, carrying, true, p11.NewAttribute(p11.CKA_VALUE, value)))
}

// makeMasters makes a family, or marks one of three keys as complete. Keys of other
// families are not touched: an attempt that was interrupted may have left them. The
// caller holds module.calls for writing and the lock of the token.
func (c *connection) makeMasters(label string, q Quirks) (*masters, error) {
	m, family, err := c.unmarked(label)
	if err == nil && m == nil {
		family = make([]byte, familySize)
		rand.Read(family)
		m, err = c.makeFamily(label, family, q)
	}
	if err != nil {
		return nil, err
	}
	id, err := c.identify(context.Background(), m)
	if err != nil {
		return nil, err
	}
	if _, err = c.makeMaster(label, roleReady, append(roleReady.keyID(family), id...), nil); err != nil {
		return nil, err
	}
	return c.findMasters(label)
}

func (c *connection) makeFamily(label string, family []byte, q Quirks) (*masters, error) {
	var m masters
	var err error
	if m.revealable, err = c.makeMaster(label, roleRevealable, roleRevealable.keyID(family), wrapsUnwraps); err != nil {
		return nil, err
	}
	if m.kept, err = c.makeKept(label, family, q); err != nil {
		return nil, err
	}
	m.binding, err = c.makeMaster(label, roleBinding, roleBinding.keyID(family), authenticates)
	return &m, err
}

// unmarked is the family of three keys whose mark was not made or has been deleted,
// if there is one.
func (c *connection) unmarked(label string) (*masters, []byte, error) {
	last, err := c.find(label, roleBinding)
	if err != nil {
		return nil, nil, err
	}
	var whole *masters
	var of []byte
	for _, h := range last {
		id, err := c.attribute(context.Background(), h, p11.CKA_ID)
		if err != nil {
			return nil, nil, err
		}
		if len(id) < familySize {
			continue
		}
		m, err := c.familyOf(label, id[:familySize])
		switch {
		case errors.Is(err, ErrMasterKeys): // not complete
		case err != nil:
			return nil, nil, err
		case whole != nil:
			return nil, nil, fmt.Errorf("%w: there are two families labelled %q and none is marked as complete", ErrMasterKeys, label)
		default:
			whole, of = m, id[:familySize]
		}
	}
	return whole, of, nil
}

// familyOf finds the three keys of a family.
func (c *connection) familyOf(label string, family []byte) (*masters, error) {
	var m masters
	for role, handle := range map[role]*p11.ObjectHandle{roleRevealable: &m.revealable, roleKept: &m.kept, roleBinding: &m.binding} {
		found, err := c.find(label, role, p11.NewAttribute(p11.CKA_ID, role.keyID(family)))
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			return nil, fmt.Errorf(
				"%w: there are %d keys labelled %q of this family, want 1",
				ErrMasterKeys,
				len(found),
				role.label(label),
			)
		}
		*handle = found[0]
		if err := c.guarded(context.Background(), *handle, role.label(label)); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

// makeMaster makes one key of 32 bytes on the token: an AES key if it wraps, else a
// generic secret.
func (c *connection) makeMaster(label string, role role, id []byte, flags []uint, more ...*p11.Attribute) (p11.ObjectHandle, error) {
	m, keyType := uint(p11.CKM_GENERIC_SECRET_KEY_GEN), uint(p11.CKK_GENERIC_SECRET)
	if len(flags) > 1 {
		m, keyType = p11.CKM_AES_KEY_GEN, p11.CKK_AES
	}
	template := keyTemplate(p11.CKO_SECRET_KEY, keyType, flags, true, true, false, append([]*p11.Attribute{
		p11.NewAttribute(p11.CKA_VALUE_LEN, 32),
		p11.NewAttribute(p11.CKA_LABEL, role.label(label)),
		p11.NewAttribute(p11.CKA_ID, id),
		p11.NewAttribute(p11.CKA_MODIFIABLE, false),
	}, more...)...)
	h, err := c.api.GenerateKey(c.login, mechanism(m, nil), template)
	if err != nil {
		return 0, fmt.Errorf("pkcs11: making the master key %q: %w", role.label(label), failure("C_GenerateKey", err))
	}
	return h, nil
}

// makeKept makes the master whose keys stay in the token, with a
// CKA_UNWRAP_TEMPLATE if the module has that attribute.
func (c *connection) makeKept(label string, family []byte, q Quirks) (p11.ObjectHandle, error) {
	if nestable && !q.NoUnwrapTemplate {
		var pin runtime.Pinner
		defer pin.Unpin()
		h, err := c.makeMaster(label, roleKept, roleKept.keyID(family), wrapsUnwraps, nested(p11.CKA_UNWRAP_TEMPLATE, &pin,
			p11.NewAttribute(p11.CKA_SENSITIVE, true), p11.NewAttribute(p11.CKA_EXTRACTABLE, false)))
		if !failedWith(err, ckrAttributeTypeInvalid, ckrAttributeValueInvalid, ckrAttributeReadOnly,
			ckrTemplateInconsistent, ckrArgumentsBad) {
			return h, err
		}
	}
	return c.makeMaster(label, roleKept, roleKept.keyID(family), wrapsUnwraps)
}

// makeTransport makes the key under which the token wraps keys that are revealed. It
// is drawn for the connection and protects nothing that is stored.
func (c *connection) makeTransport() error {
	value := make([]byte, 32)
	defer clear(value)
	rand.Read(value)
	block, err := aes.NewCipher(value)
	if err != nil {
		return fmt.Errorf("pkcs11: the transport key: %w", err)
	}
	h, err := c.api.CreateObject(
		c.login,
		keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_AES, wraps, false, true, false, p11.NewAttribute(p11.CKA_VALUE, value)),
	)
	if err != nil {
		return fmt.Errorf("pkcs11: the transport key: %w", failure("C_CreateObject", err))
	}
	c.transport = transport{handle: h, block: block}
	return nil
}

// master is one of the two that wrap keys; the numbers are written in sealed keys.
type master byte

const (
	masterRevealable master = 1
	masterKept       master = 2
)

// masterFor is the master that wraps a key with the attributes.
func masterFor(a hsm.Attributes) master {
	if a.Revealable() {
		return masterRevealable
	}
	return masterKept
}

// masterOfVersion1 is the master that wrapped a key whose seal does not name it.
func masterOfVersion1(a hsm.Attributes) master {
	if a.Exportability != 'N' || a.Algorithm == hsm.TDES && (a.Usage == "K0" || a.Usage == "K1" || a.Usage == "B0") {
		return masterRevealable
	}
	return masterKept
}

// wrapper is the handle of a master.
func (m *masters) wrapper(by master) p11.ObjectHandle {
	if by == masterRevealable {
		return m.revealable
	}
	return m.kept
}
