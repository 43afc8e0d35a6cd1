//go:build cgo

package pkcs11

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	p11 "github.com/miekg/pkcs11"
)

// errNoToken: no slot has the token.
var errNoToken = errors.New("pkcs11: no slot has the token")

// errLogin: the token neither took the PIN nor refused it.
var errLogin = errors.New("pkcs11: logging in")

// renewing reports whether initialising the module anew may help. It disturbs other
// backends on the module: for a token that was never there it must be likely to
// help; one that was there may have come back, whatever the module reports.
func (b *Backend) renewing(err error) bool {
	_, reported := errors.AsType[*Error](err)
	back := b.serial != "" && (reported || errors.Is(err, ErrMasterKeys)) && !errors.Is(err, ErrPIN)
	return back || errors.Is(err, errNoToken) || lost(err)
}

// login opens the sessions of a connection and finds the master keys.
func (b *Backend) login(pin []byte) (c *connection, err error) {
	slot, info, err := b.findSlot()
	if err != nil {
		return nil, err
	}
	c = &connection{
		module:     b.module,
		api:        b.module.api,
		slot:       slot,
		generation: b.module.generation,
		losses:     b.module.losses,
		caps:       b.caps,
	}
	if c.login, err = c.openSession(); err != nil {
		return nil, err
	}
	most := poolSize(b.options.PoolSize, info)
	c.homes = newPool(most, c.openSession, c.closeSession)
	c.workers = newPool(most, c.openSession, c.closeSession)
	defer func() {
		if err != nil {
			c.close()
			c = nil
		}
	}()
	if err := b.authenticate(c, info, pin); err != nil {
		return c, err
	}
	if err := errors.Join(c.homes.reserve(), c.workers.reserve()); err != nil {
		return c, fmt.Errorf("pkcs11: a token needs three sessions at least: %w", err)
	}
	if err := c.makeTransport(); err != nil {
		return c, err
	}
	b.serial, b.label = info.SerialNumber, info.Label
	m, err := c.findMasters(b.options.MasterLabel)
	if err != nil {
		return c, err
	}
	return c, b.adopt(c, m)
}

// adopt uses the masters that were found, if they are the same as before.
func (b *Backend) adopt(c *connection, m *masters) error {
	if b.masterID != "" && (m == nil || m.id.String() != b.masterID) {
		return fmt.Errorf("%w: they were %s when the token was opened and are not any more", ErrMasterKeys, b.masterID)
	}
	if m == nil {
		return nil
	}
	c.masters = m
	if c.caps == nil {
		if err := c.probe(b.options.Quirks); err != nil {
			return err
		}
		b.caps = c.caps
	}
	b.masterID = m.id.String()
	return nil
}

// poolSize is how many sessions each of the two pools may have.
func poolSize(wanted int, info p11.TokenInfo) int {
	for _, most := range []uint{info.MaxSessionCount, info.MaxRwSessionCount} {
		if most != 0 && most < 1<<31-1 { // else it has no limit, or does not report one
			wanted = min(wanted, (int(most)-1)/2)
		}
	}
	return max(wanted, 1)
}

// findSlot looks for the one token that the options name.
func (b *Backend) findSlot() (uint, p11.TokenInfo, error) {
	tokens, silent, err := b.tokens()
	if err != nil {
		return 0, p11.TokenInfo{}, err
	}
	var found []slotToken
	var shown []string
	for _, t := range tokens {
		shown = append(shown, t.String())
		if b.wanted(t.slot, t.info) {
			found = append(found, t)
		}
	}
	shows := cmp.Or(strings.Join(shown, ", "), "none")
	switch {
	case len(found) == 1:
		return found[0].slot, found[0].info, nil
	case len(found) > 1:
		err = fmt.Errorf("pkcs11: %d tokens are %s: name the serial as well; the module shows %s", len(found), b.options.token(), shows)
	case silent != nil:
		err = fmt.Errorf("pkcs11: looking for the token %s: %w", b.options.token(), silent)
	default:
		err = fmt.Errorf("%w %s; the module shows %s", errNoToken, b.options.token(), shows)
	}
	return 0, p11.TokenInfo{}, err
}

// slotToken is an initialized token and its slot.
type slotToken struct {
	slot uint
	info p11.TokenInfo
}

func (t slotToken) String() string {
	i := &t.info
	return fmt.Sprintf("%q (serial %q, slot %d, model %q, manufacturer %q)", i.Label, i.SerialNumber, t.slot, i.Model, i.ManufacturerID)
}

// tokens are all initialized tokens of the module. Silent is the first failure of a slot that may
// have one more.
func (b *Backend) tokens() (out []slotToken, silent, err error) {
	slots, err := b.module.api.GetSlotList(true)
	if err != nil {
		return nil, nil, failure("C_GetSlotList", err)
	}
	for _, slot := range slots {
		info, err := b.module.api.GetTokenInfo(slot)
		if err != nil {
			silent = cmp.Or(silent, failure("C_GetTokenInfo", err))
			continue
		}
		if info.Flags&p11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		for _, field := range []*string{&info.Label, &info.SerialNumber, &info.Model, &info.ManufacturerID} {
			*field = unpadded(*field)
		}
		out = append(out, slotToken{slot, info})
	}
	return out, silent, nil
}

// wanted reports whether a token is the right one: at first by the options, after
// that the one that was found, since slots change their numbers.
func (b *Backend) wanted(slot uint, info p11.TokenInfo) bool {
	if b.serial != "" || b.label != "" {
		return info.SerialNumber == b.serial && info.Label == b.label
	}
	o := &b.options
	fits := func(wanted, found string) bool { return wanted == "" || wanted == found }
	return fits(o.Label, info.Label) && fits(o.Serial, info.SerialNumber) && fits(o.Model, info.Model) &&
		fits(o.Manufacturer, info.ManufacturerID) &&
		(o.Slot == nil || *o.Slot == slot)
}

// token is how the options name it.
func (o *Options) token() string {
	var parts []string
	if o.Label != "" {
		parts = append(parts, fmt.Sprintf("with the label %q", o.Label))
	}
	if o.Serial != "" {
		parts = append(parts, fmt.Sprintf("with the serial %q", o.Serial))
	}
	if o.Model != "" {
		parts = append(parts, fmt.Sprintf("of the model %q", o.Model))
	}
	if o.Manufacturer != "" {
		parts = append(parts, fmt.Sprintf("of the manufacturer %q", o.Manufacturer))
	}
	if o.Slot != nil {
		parts = append(parts, fmt.Sprintf("in slot %d", *o.Slot))
	}
	return strings.Join(parts, ", ")
}

// unpadded is a text of a fixed-length field.
func unpadded(text string) string { return strings.TrimRight(text, " \x00") }

// authenticate logs in, with one attempt.
func (b *Backend) authenticate(c *connection, info p11.TokenInfo, pin []byte) error {
	sum := sha256.Sum256(pin)
	err := failure("C_Login", b.module.api.Login(c.login, p11.CKU_USER, string(pin)))
	switch {
	case err == nil:
		b.module.pins[info.SerialNumber] = sum
	case failedWith(err, ckrUserAlreadyLoggedIn): // by another backend, or by other code of the process: the token did not check the PIN
		known, ok := b.module.pins[info.SerialNumber]
		if !ok {
			b.options.Log.Warn("other code of the process has logged in: the PIN was not checked", "token", info.Label)
		} else if subtle.ConstantTimeCompare(known[:], sum[:]) != 1 {
			return fmt.Errorf("%w: the token is in use with another one in this process", ErrPIN)
		}
	case failedWith(err, pinCodes...):
		return fmt.Errorf("%w: %w", ErrPIN, err)
	default:
		return fmt.Errorf("%w: %w", errLogin, err)
	}
	return nil
}

// pinCodes are the return codes for a PIN that is refused.
var pinCodes = []uint{p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE, p11.CKR_PIN_EXPIRED, p11.CKR_PIN_LOCKED,
	p11.CKR_ARGUMENTS_BAD, p11.CKR_USER_TYPE_INVALID}
