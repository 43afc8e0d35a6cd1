//go:build cgo

package pkcs11

import (
	"errors"
	"slices"
	"testing"

	p11 "github.com/miekg/pkcs11"
)

// scripted is a module of which a test says what its calls return. Sessions are counted from 1.
type scripted struct {
	cryptoki
	opened, closed []p11.SessionHandle
	destroyed      []p11.ObjectHandle // tried, in order
	destroy        func(p11.ObjectHandle) error
	random         int // bytes more than were asked for
	start, finish  error
	used           []p11.SessionHandle
}

func (s *scripted) OpenSession(uint, uint) (p11.SessionHandle, error) {
	h := p11.SessionHandle(len(s.opened) + 1)
	s.opened = append(s.opened, h)
	return h, nil
}

func (s *scripted) CloseSession(h p11.SessionHandle) error {
	s.closed = append(s.closed, h)
	return nil
}

func (s *scripted) DestroyObject(_ p11.SessionHandle, h p11.ObjectHandle) error {
	s.destroyed = append(s.destroyed, h)
	return s.destroy(h)
}

func (s *scripted) GenerateRandom(_ p11.SessionHandle, n int) ([]byte, error) {
	return make([]byte, n+s.random), nil
}

func (s *scripted) EncryptInit(h p11.SessionHandle, _ []*p11.Mechanism, _ p11.ObjectHandle) error {
	s.used = append(s.used, h)
	return s.start
}

func (s *scripted) Encrypt(_ p11.SessionHandle, data []byte) ([]byte, error) { return data, s.finish }

// onScript is a connection to a module with a script.
func onScript() (*connection, *scripted) {
	api := &scripted{}
	c := &connection{api: api}
	c.homes, c.workers = newPool(1, c.openSession, c.closeSession), newPool(2, c.openSession, c.closeSession)
	return c, api
}

// TestObjectsThatWereNotDestroyedAreTriedAgain with the next one.
func TestObjectsThatWereNotDestroyedAreTriedAgain(t *testing.T) {
	c, api := onScript()
	broken := true
	api.destroy = func(h p11.ObjectHandle) error {
		if broken && h == 1 {
			return p11.Error(p11.CKR_FUNCTION_FAILED)
		}
		return nil
	}
	c.destroy(1)
	c.destroy(2)
	broken = false
	c.destroy(3)
	c.destroy(4)
	if want := []p11.ObjectHandle{1, 1, 2, 1, 3, 4}; !slices.Equal(api.destroyed, want) {
		t.Errorf("got %v destroyed, want %v", api.destroyed, want)
	}
	if cause := c.failing.Load(); cause != nil || len(c.doomed) != 0 {
		t.Errorf("the connection is to be given up for %v, and has %d objects left", cause, len(c.doomed))
	}
}

// TestConnectionsWithObjectsThatStayAreGivenUp: with many of them, or with the first one that shows that it is lost.
func TestConnectionsWithObjectsThatStayAreGivenUp(t *testing.T) {
	for code, most := range map[uint]int{p11.CKR_FUNCTION_FAILED: mostDoomed, p11.CKR_DEVICE_REMOVED: 0} {
		c, api := onScript()
		api.destroy = func(p11.ObjectHandle) error { return p11.Error(code) }
		for n := 1; n <= most; n++ {
			c.destroy(p11.ObjectHandle(n))
		}
		if cause := c.failing.Load(); cause != nil {
			t.Errorf("%v: with %d objects it is to be given up for %v", p11.Error(code), most, *cause)
		}
		c.destroy(100)
		if cause := c.failing.Load(); cause == nil || !failedWith(*cause, code) {
			t.Errorf("%v: with %d objects it is not to be given up", p11.Error(code), most+1)
		}
	}
}

// TestSessionsOfOperationsThatFailAreClosed: the operation may still be under way in them. Others are used again.
func TestSessionsOfOperationsThatFailAreClosed(t *testing.T) {
	c, api := onScript()
	encrypt := func() error { _, err := c.encrypt(ctx, nil, 0, []byte("data")); return err }
	failed := p11.Error(p11.CKR_FUNCTION_FAILED)
	for _, step := range []struct {
		start, finish error
		function      string
	}{{nil, nil, ""}, {nil, nil, ""}, {failed, nil, "C_EncryptInit"}, {nil, failed, "C_Encrypt"}, {nil, nil, ""}} {
		api.start, api.finish = step.start, step.finish
		err := encrypt()
		e, ok := errors.AsType[*Error](err)
		if step.function == "" && err != nil || step.function != "" && (!ok || e.Function != step.function || e.Code != uint(failed)) {
			t.Errorf("got %v, want a failure of %q", err, step.function)
		}
	}
	if want := []p11.SessionHandle{1, 1, 1, 2, 3}; !slices.Equal(api.used, want) {
		t.Errorf("operations were in sessions %v, want %v", api.used, want)
	}
	if want := []p11.SessionHandle{1, 2}; !slices.Equal(api.closed, want) {
		t.Errorf("sessions %v were closed, want %v", api.closed, want)
	}
}

func TestRandomBytesAreAsManyAsWereAsked(t *testing.T) {
	c, api := onScript()
	for _, more := range []int{-1, 0, 1} {
		api.random = more
		if out, err := c.random(ctx, 16); (err == nil) != (more == 0) || failedWith(err, ckrGeneralError) == (more == 0) {
			t.Errorf("%d bytes for 16: got %d, %v", 16+more, len(out), err)
		}
	}
}
