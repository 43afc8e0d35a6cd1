package hsmtest_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var masterKey = &[32]byte{1}

func software() hsm.Backend { return hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: masterKey}) }

// intact is a device with every hook, all of whose promises are kept.
func intact() hsmtest.Device {
	return hsmtest.Device{
		Open:  func(*testing.T) hsm.Backend { return software() },
		Again: func(*testing.T, hsm.Backend) hsm.Backend { return software() },
		Faulty: func(*testing.T) (hsm.Backend, func(int) bool) {
			l := &line{}
			return &broken{Backend: software(), around: l.around}, l.arm
		},
		Without: map[string]func(*testing.T) hsm.Backend{
			"what an awkward device lacks": func(*testing.T) hsm.Backend { return awkward.New(nil) },
		},
		Blank: func(*testing.T) hsm.Backend { return blank(false) },
	}
}

var errLine = errors.New("the line to the device is down")

// line is what is below a backend: it carries a request and an answer for each
// call, of which one can be lost.
type line struct {
	mu    sync.Mutex // guards both
	next  int        // messages until one is lost; 0: none is
	fired bool
}

func (l *line) arm(nth int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	fired := l.fired
	l.next, l.fired = nth, false
	return fired
}

func (l *line) carry() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == 0 {
		return nil
	}
	if l.next--; l.next > 0 {
		return nil
	}
	l.fired = true
	return errLine
}

func (l *line) around(_ string, call func() error) error {
	if err := l.carry(); err != nil {
		return err
	}
	if err := call(); err != nil {
		return err
	}
	return l.carry()
}

// onLine is a device whose line is put wrong.
func onLine(around func(l *line, method string, call func() error) error) func(*hsmtest.Device) {
	return func(d *hsmtest.Device) {
		d.Faulty = func(*testing.T) (hsm.Backend, func(int) bool) {
			l := &line{}
			return &broken{Backend: software(), around: func(method string, call func() error) error { return around(l, method, call) }}, l.arm
		}
	}
}

// taken has an outage taken for something else, in some method or in all.
func taken(in string, as error) func(*hsmtest.Device) {
	return onLine(func(l *line, method string, call func() error) error {
		err := l.around(method, call)
		if errors.Is(err, errLine) && (in == "" || in == method) {
			return as
		}
		return err
	})
}

// down does not find the device again, and calls itself closed.
func down() func(*hsmtest.Device) {
	lost := false
	return onLine(func(l *line, method string, call func() error) error {
		err := l.around(method, call)
		if lost {
			return fmt.Errorf("%w: and stays so", hsm.ErrClosed)
		}
		lost = errors.Is(err, errLine)
		return err
	})
}

// blank is a device whose master key is made by Initialize: once, or each time.
func blank(eachTime bool) hsm.Backend {
	var mu sync.Mutex
	made := false
	b := &broken{Backend: software()}
	b.around = func(_ string, call func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if !made {
			return hsm.ErrNoMasterKey
		}
		return call()
	}
	b.initialize = func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if made && eachTime {
			b.Backend = hsm.NewSoftware(nil)
		}
		made = true
		return nil
	}
	return b.backend()
}

// after is a restarted device with something put wrong.
func after(put func(*broken)) func(*hsmtest.Device) {
	return func(d *hsmtest.Device) {
		d.Again = func(*testing.T, hsm.Backend) hsm.Backend {
			b := &broken{Backend: software()}
			put(b)
			return b.backend()
		}
	}
}

// always is a device with something put wrong from the beginning.
func always(put func(*broken)) func(*hsmtest.Device) {
	return func(d *hsmtest.Device) {
		d.Open = func(*testing.T) hsm.Backend {
			b := &broken{Backend: software()}
			put(b)
			return b.backend()
		}
	}
}

// deviceBreaks put devices wrong for each case that works on one.
var deviceBreaks = map[string]map[string]func(*hsmtest.Device){
	"SealedKeysOutliveTheirBackend": {
		"has another master key": func(d *hsmtest.Device) {
			d.Again = func(*testing.T, hsm.Backend) hsm.Backend { return hsm.NewSoftware(nil) }
		},
		"repairs parity when it opens": after(revealing(func(raw []byte) { raw[3] ^= 1 })),
		"forgets which key it was":     after(unbound(func(a *hsm.Attributes) { a.KeyID = "kwapwa6qaifllw2h" })),
	},
	"MasterKeyIDOutlivesTheBackend": {
		"counts its openings": after(func(b *broken) { b.masterID = func(context.Context) (string, error) { return "second", nil } }),
	},
	"BackendsOfOneDeviceShareKeys": {
		"a key opens where it was sealed": after(func(b *broken) {
			b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
				out, err := b.Backend.Import(ctx, s, a)
				return append(out, 2), err
			}
			b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
				return b.Backend.Open(ctx, bytes.TrimSuffix(s, []byte{2}), a)
			}
		}),
		"closes the device for others": func(d *hsmtest.Device) {
			d.Again = func(_ *testing.T, first hsm.Backend) hsm.Backend { return &broken{Backend: first} }
		},
	},
	"OutagesOfTheBackendAreNoVerdicts": {
		"takes an outage for a bad key":  taken("Open", hsm.ErrSealed),
		"takes an outage for a gap":      taken("Import", hsm.Unsupported("keys of this kind")),
		"takes an outage for a success":  taken("Random", nil),
		"does not find its device again": down(),
	},
	"OutagesOfKeysAreNoVerdicts": {
		"takes an outage for bad data": taken("DecryptRaw", hsm.ErrInput),
		"takes an outage for success":  taken("Encrypt", nil),
	},
	"OutagesOfKeysInUseAreNoVerdicts": {
		"takes an outage for a refusal":  taken("ECDH", hsm.ErrRefused),
		"does not find its device again": down(),
	},
	"OutagesInACrowdAreNoVerdicts": {
		"takes an outage for a bad key": taken("", hsm.ErrSealed),
	},
	"BackendsClosedInUse": {
		"does not close": always(func(b *broken) { b.close = func() error { return nil } }),
		"panics": always(func(b *broken) {
			var mu sync.Mutex
			closed := false
			b.close = func() error { mu.Lock(); defer mu.Unlock(); closed = true; return b.Backend.Close() }
			b.random = func(ctx context.Context, p []byte) error {
				mu.Lock()
				defer mu.Unlock()
				if closed {
					panic("called when closed")
				}
				return b.Backend.Random(ctx, p)
			}
		}),
		"fails with an error of its own": always(func(b *broken) {
			b.masterID = func(ctx context.Context) (string, error) {
				id, err := b.Backend.MasterKeyID(ctx)
				if err != nil {
					return "", errLine
				}
				return id, nil
			}
		}),
	},
	"WhatIsMissingIsNamed": {
		"has no name for it": gap(func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) { return nil, errors.ErrUnsupported }),
		"does other things":  gap(func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) { return make([]byte, 16), nil }),
	},
	"CheckValuesAreThoseOfTheKeys": {
		"other CMACs": gap(func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) { return make([]byte, 16), nil }),
	},
	"KeyBlocksGoInAndOut": {
		"derives keys the wrong way round": without(keys(brokenKey{derive: func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
			kbek, kbak, err := k.DeriveKBPK(ctx, v)
			return kbak, kbek, err
		}})),
		"keeps a key whose variants are needed": without(keys(brokenKey{
			derive: func(hsm.Key, context.Context, tr31.Version) (hsm.Key, hsm.Key, error) {
				return nil, nil, hsm.Unsupported("derivation")
			},
			reveal: func(hsm.Key, context.Context) (hsm.Secret, error) { return hsm.Secret{}, hsm.ErrRefused },
		})),
	},
	"CryptogramsComeIn": {
		"takes every hash for SHA-256": without(keys(brokenKey{oaep: func(k hsm.Key, ctx context.Context, _ crypto.Hash, c []byte) (hsm.Secret, error) {
			return k.DecryptOAEP(ctx, crypto.SHA256, c)
		}})),
	},
	"HMACsAreThoseOfTheKeys": {
		"halves them": without(keys(brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
			out, err := k.HMAC(ctx, m)
			return out[:len(out)/2], err
		}})),
	},
	"PreparedKeysAreForgottenInUse": {
		"never opens a key again": always(func(b *broken) {
			var mu sync.Mutex
			handles := map[string]hsm.Key{}
			b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (k hsm.Key, err error) {
				mu.Lock()
				defer mu.Unlock()
				if handles[string(s)] == nil {
					handles[string(s)], err = b.Backend.Open(ctx, s, a)
				}
				return handles[string(s)], err
			}
		}),
	},
	"NothingWorksWithoutAMasterKey": {
		"makes a new one each time": func(d *hsmtest.Device) { d.Blank = func(*testing.T) hsm.Backend { return blank(true) } },
		"has one already":           func(d *hsmtest.Device) { d.Blank = func(*testing.T) hsm.Backend { return software() } },
	},
}

// without puts the device wrong that has something missing.
func without(put func(*broken)) func(*hsmtest.Device) {
	return func(d *hsmtest.Device) {
		d.Without = map[string]func(*testing.T) hsm.Backend{"something": func(*testing.T) hsm.Backend {
			b := &broken{Backend: software()}
			put(b)
			return b.backend()
		}}
	}
}

// gap is a device without CMAC that has something in its place.
func gap(cmac func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)) func(*hsmtest.Device) {
	return without(keys(brokenKey{cmac: cmac}))
}
