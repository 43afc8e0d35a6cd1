//go:build cgo

package pkcs11

import (
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// faulty is a module whose calls can be made to fail, and whose sessions and
// objects are counted.
type faulty struct {
	cryptoki

	mu       sync.Mutex // guards all below
	before   func(function string) error
	after    func(function string) error
	sessions map[p11.SessionHandle]bool
	objects  map[p11.ObjectHandle]p11.SessionHandle // session objects, by the session they end with
	calls    map[string]int
}

// putBetween has the backend reach its module through a faulty one from now on.
// It is called before a module is loaded.
func putBetween(cleanup func(func())) func() *faulty {
	real := load
	var latest *faulty
	load = func(path string) (cryptoki, error) {
		api, err := real(path)
		if err != nil {
			return nil, err
		}
		latest = &faulty{
			cryptoki: api,
			sessions: map[p11.SessionHandle]bool{},
			objects:  map[p11.ObjectHandle]p11.SessionHandle{},
			calls:    map[string]int{},
		}
		return latest, nil
	}
	cleanup(func() { load = real })
	return func() *faulty { return latest }
}

// arm has a function asked before and after every call whether it fails. A call
// that fails before has no effect, one that fails after has had it.
func (f *faulty) arm(before, after func(function string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

func (f *faulty) counts() (sessions, objects int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions), len(f.objects)
}

// count is how often a function was called, since the last time it was asked.
func (f *faulty) count(function string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.calls[function]
	delete(f.calls, function)
	return n
}

// all is how many calls were made, since count was last asked about each.
func (f *faulty) all() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, calls := range f.calls {
		n += calls
	}
	return n
}

func (f *faulty) call(function string, do func() error) error {
	f.mu.Lock()
	f.calls[function]++
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(function); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	if after != nil {
		return after(function)
	}
	return nil
}

func (f *faulty) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// made notes an object that came into being.
func (f *faulty) made(s p11.SessionHandle, h p11.ObjectHandle, template []*p11.Attribute) {
	for _, a := range template {
		if a.Type == p11.CKA_TOKEN && len(a.Value) == 1 && a.Value[0] == 1 {
			return
		}
	}
	f.locked(func() { f.objects[h] = s })
}

func (f *faulty) Initialize(o ...p11.InitializeOption) error {
	return f.call("C_Initialize", func() error { return f.cryptoki.Initialize(o...) })
}

func (f *faulty) Finalize() error {
	return f.call("C_Finalize", func() error {
		f.locked(func() { clear(f.sessions); clear(f.objects) })
		return f.cryptoki.Finalize()
	})
}

func (f *faulty) GetSlotList(present bool) (out []uint, err error) {
	err = f.call("C_GetSlotList", func() (err error) { out, err = f.cryptoki.GetSlotList(present); return err })
	return out, err
}

func (f *faulty) GetTokenInfo(slot uint) (out p11.TokenInfo, err error) {
	err = f.call("C_GetTokenInfo", func() (err error) { out, err = f.cryptoki.GetTokenInfo(slot); return err })
	return out, err
}

func (f *faulty) OpenSession(slot, flags uint) (out p11.SessionHandle, err error) {
	err = f.call("C_OpenSession", func() (err error) {
		if out, err = f.cryptoki.OpenSession(slot, flags); err == nil {
			f.locked(func() { f.sessions[out] = true })
		}
		return err
	})
	return out, err
}

func (f *faulty) CloseSession(s p11.SessionHandle) error {
	return f.call("C_CloseSession", func() error {
		err := f.cryptoki.CloseSession(s)
		if err == nil || err == p11.Error(p11.CKR_SESSION_HANDLE_INVALID) {
			f.locked(func() {
				delete(f.sessions, s)
				for h, of := range f.objects {
					if of == s {
						delete(f.objects, h)
					}
				}
			})
		}
		return err
	})
}

func (f *faulty) Login(s p11.SessionHandle, user uint, pin string) error {
	return f.call("C_Login", func() error { return f.cryptoki.Login(s, user, pin) })
}

// object is a call that makes one.
func (f *faulty) object(
	function string,
	s p11.SessionHandle,
	template []*p11.Attribute,
	do func() (p11.ObjectHandle, error),
) (out p11.ObjectHandle, err error) {
	err = f.call(function, func() (err error) {
		if out, err = do(); err == nil {
			f.made(s, out, template)
		}
		return err
	})
	return out, err
}

func (f *faulty) CreateObject(s p11.SessionHandle, t []*p11.Attribute) (p11.ObjectHandle, error) {
	return f.object("C_CreateObject", s, t, func() (p11.ObjectHandle, error) { return f.cryptoki.CreateObject(s, t) })
}

func (f *faulty) DestroyObject(s p11.SessionHandle, h p11.ObjectHandle) error {
	return f.call("C_DestroyObject", func() error {
		err := f.cryptoki.DestroyObject(s, h)
		if err == nil {
			f.locked(func() { delete(f.objects, h) })
		}
		return err
	})
}

func (f *faulty) GetAttributeValue(s p11.SessionHandle, h p11.ObjectHandle, a []*p11.Attribute) (out []*p11.Attribute, err error) {
	err = f.call("C_GetAttributeValue", func() (err error) { out, err = f.cryptoki.GetAttributeValue(s, h, a); return err })
	return out, err
}

func (f *faulty) FindObjectsInit(s p11.SessionHandle, t []*p11.Attribute) error {
	return f.call("C_FindObjectsInit", func() error { return f.cryptoki.FindObjectsInit(s, t) })
}

func (f *faulty) FindObjects(s p11.SessionHandle, most int) (out []p11.ObjectHandle, more bool, err error) {
	err = f.call("C_FindObjects", func() (err error) { out, more, err = f.cryptoki.FindObjects(s, most); return err })
	return out, more, err
}

func (f *faulty) FindObjectsFinal(s p11.SessionHandle) error {
	return f.call("C_FindObjectsFinal", func() error { return f.cryptoki.FindObjectsFinal(s) })
}

func (f *faulty) GenerateKey(s p11.SessionHandle, m []*p11.Mechanism, t []*p11.Attribute) (p11.ObjectHandle, error) {
	return f.object("C_GenerateKey", s, t, func() (p11.ObjectHandle, error) { return f.cryptoki.GenerateKey(s, m, t) })
}

func (f *faulty) GenerateKeyPair(
	s p11.SessionHandle,
	m []*p11.Mechanism,
	public, private []*p11.Attribute,
) (pub, priv p11.ObjectHandle, err error) {
	err = f.call("C_GenerateKeyPair", func() (err error) {
		if pub, priv, err = f.cryptoki.GenerateKeyPair(s, m, public, private); err == nil {
			f.made(s, pub, public)
			f.made(s, priv, private)
		}
		return err
	})
	return pub, priv, err
}

func (f *faulty) WrapKey(s p11.SessionHandle, m []*p11.Mechanism, under, key p11.ObjectHandle) (out []byte, err error) {
	err = f.call("C_WrapKey", func() (err error) { out, err = f.cryptoki.WrapKey(s, m, under, key); return err })
	return out, err
}

func (f *faulty) UnwrapKey(
	s p11.SessionHandle,
	m []*p11.Mechanism,
	under p11.ObjectHandle,
	wrapped []byte,
	t []*p11.Attribute,
) (p11.ObjectHandle, error) {
	return f.object("C_UnwrapKey", s, t, func() (p11.ObjectHandle, error) { return f.cryptoki.UnwrapKey(s, m, under, wrapped, t) })
}

func (f *faulty) DeriveKey(s p11.SessionHandle, m []*p11.Mechanism, base p11.ObjectHandle, t []*p11.Attribute) (p11.ObjectHandle, error) {
	return f.object("C_DeriveKey", s, t, func() (p11.ObjectHandle, error) { return f.cryptoki.DeriveKey(s, m, base, t) })
}

func (f *faulty) GenerateRandom(s p11.SessionHandle, n int) (out []byte, err error) {
	err = f.call("C_GenerateRandom", func() (err error) { out, err = f.cryptoki.GenerateRandom(s, n); return err })
	return out, err
}

func (f *faulty) EncryptInit(s p11.SessionHandle, m []*p11.Mechanism, h p11.ObjectHandle) error {
	return f.call("C_EncryptInit", func() error { return f.cryptoki.EncryptInit(s, m, h) })
}

func (f *faulty) Encrypt(s p11.SessionHandle, data []byte) (out []byte, err error) {
	err = f.call("C_Encrypt", func() (err error) { out, err = f.cryptoki.Encrypt(s, data); return err })
	return out, err
}

func (f *faulty) DecryptInit(s p11.SessionHandle, m []*p11.Mechanism, h p11.ObjectHandle) error {
	return f.call("C_DecryptInit", func() error { return f.cryptoki.DecryptInit(s, m, h) })
}

func (f *faulty) Decrypt(s p11.SessionHandle, data []byte) (out []byte, err error) {
	err = f.call("C_Decrypt", func() (err error) { out, err = f.cryptoki.Decrypt(s, data); return err })
	return out, err
}

func (f *faulty) SignInit(s p11.SessionHandle, m []*p11.Mechanism, h p11.ObjectHandle) error {
	return f.call("C_SignInit", func() error { return f.cryptoki.SignInit(s, m, h) })
}

func (f *faulty) Sign(s p11.SessionHandle, data []byte) (out []byte, err error) {
	err = f.call("C_Sign", func() (err error) { out, err = f.cryptoki.Sign(s, data); return err })
	return out, err
}
