// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"

	"kchat/wire"
)

// session is what a login leaves behind: enough to resume it.
type session struct {
	number     uint64
	key        [wire.KeyLen]byte
	server     UUID
	community  UUID
	iterations uint32 // that the server asked for
	me         Person
}

// identity is what a welcome says of its server.
func identity(address string, w wire.Welcome) ServerInfo {
	return ServerInfo{
		Address: address, Server: UUID(w.Server), Community: UUID(w.Community), Name: w.Name,
		Register: w.Features&wire.FeatureRegister != 0, Invite: w.Features&wire.FeatureInvite != 0,
	}
}

// Probe asks what answers at an address and hangs up. It is ErrNoServer when nothing does, or no kchat server.
func Probe(ctx context.Context, address string) (ServerInfo, error) {
	cfg := Config{Address: address}
	h, err := cfg.dial(ctx)
	if err != nil {
		return ServerInfo{}, err
	}
	defer h.conn.Close()
	return identity(address, h.welcome), nil
}

// Register makes the account that cfg would log in with. code is the invite code where one is needed.
func Register(ctx context.Context, cfg Config, code string) (AccountID, error) {
	if _, err := LoginName(cfg.User); err != nil {
		return 0, err
	}
	password, err := PreparePassword(cfg.Password)
	if err != nil {
		return 0, err
	}
	h, err := cfg.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer h.conn.Close()
	stop := context.AfterFunc(ctx, func() { h.conn.Close() })
	defer stop()
	if _, err := cfg.checkPin(ctx, h.welcome); err != nil {
		return 0, err
	}
	keys, err := freshKeys(password, h.welcome.Iterations)
	if err != nil {
		return 0, err
	}
	f, err := h.ask(wire.Header{Type: wire.TypeRegister}, wire.Register{
		Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
		Name: cfg.User, Code: code,
	}, wire.TypeRegistered)
	if err != nil {
		return 0, fmt.Errorf("creating the account %s: %w", cfg.User, err)
	}
	n, err := wire.ParseNumber(f.Body)
	if err != nil {
		return 0, fmt.Errorf("creating the account %s: %w", cfg.User, err)
	}
	return AccountID(n.Value), nil
}

// iterationsMax is how often a key is derived at most: some seconds of work, which nothing can interrupt.
const iterationsMax = 10_000_000

func checkIterations(n, least uint32) error {
	switch {
	case n < least:
		return fmt.Errorf("%w: %d iterations, at least %d are needed", ErrWeakened, n, least)
	case n > iterationsMax:
		return fmt.Errorf("%w: %d iterations, at most %d are done", ErrEndless, n, iterationsMax)
	default:
		return nil
	}
}

// freshKeys derives keys from a prepared password with a new salt.
func freshKeys(password string, iterations uint32) (wire.Keys, error) {
	if err := checkIterations(iterations, wire.IterationsMin); err != nil {
		return wire.Keys{}, err
	}
	var salt [wire.SaltLen]byte
	_, _ = rand.Read(salt[:]) // never fails: crypto/rand ends the program instead
	return wire.DeriveKeys(password, salt, iterations)
}

// checkPin compares a welcome with what is remembered of the address, and returns that.
func (c *Config) checkPin(ctx context.Context, w wire.Welcome) (Pin, error) {
	fresh := Pin{Address: c.Address, Server: UUID(w.Server), Community: UUID(w.Community), Name: w.Name}
	if c.Pins == nil {
		return fresh, nil
	}
	pin, found, err := c.Pins.Pin(ctx, c.Address)
	switch {
	case err != nil:
		return Pin{}, fmt.Errorf("looking up what is known of %s: %w", c.Address, err)
	case !found:
		return fresh, nil
	case pin.Server != fresh.Server && c.Trust:
		return fresh, nil
	case pin.Server != fresh.Server:
		return Pin{}, fmt.Errorf("%w: %s was %q (%v) and is %q (%v)", ErrPinned, c.Address, pin.Name, pin.Server, w.Name, UUID(w.Server))
	}
	pin.Community, pin.Name = fresh.Community, fresh.Name
	return pin, nil
}

// remember pins what a login has verified.
func (c *Config) remember(ctx context.Context, pin Pin, login string, ch wire.Challenge) error {
	if c.Pins == nil {
		return nil
	}
	pin.Salts = maps.Clone(pin.Salts)
	if pin.Salts == nil {
		pin.Salts = map[string][]byte{}
	}
	pin.Salts[login] = ch.Salt
	pin.Iterations = max(pin.Iterations, ch.Iterations)
	if known, found, err := c.Pins.Pin(ctx, pin.Address); err == nil && found && reflect.DeepEqual(known, pin) {
		return nil // a full disk is no reason not to log in
	}
	if err := c.Pins.SetPin(ctx, pin); err != nil {
		return fmt.Errorf("remembering the server at %s: %w", c.Address, err)
	}
	return nil
}

// connect makes a connection to a home that is logged in: by the session if there is one that the server still
// knows, else by name and password.
func (to *home) connect(ctx context.Context, cfg *Config, login string, password *secret, old *session) (l *link, w wire.Welcome, s *session, resumed bool, err error) {
	at := *cfg
	at.Address = to.address
	c := &at
	h, err := c.dial(ctx)
	if err != nil {
		return nil, w, nil, false, err
	}
	stop := context.AfterFunc(ctx, func() { h.conn.Close() })
	defer stop()
	defer func() {
		if err != nil {
			h.conn.Close()
		}
	}()
	if err = to.checkServer(h.welcome); err != nil {
		return nil, w, nil, false, err
	}
	pin, err := c.checkPin(ctx, h.welcome)
	if err != nil {
		return nil, w, nil, false, err
	}
	pin.Iterations = max(pin.Iterations, to.expect.iterations)
	if old != nil && old.server == UUID(h.welcome.Server) {
		s, err = h.resume(old, wire.ResumeSession)
		resumed = err == nil
		if err != nil && !errors.Is(err, wire.ErrSession) {
			return nil, w, nil, false, fmt.Errorf("resuming the session: %w", err)
		}
	}
	switch {
	case s != nil:
	case c.Ticket != nil:
		s, err = h.redeem(ctx, c.Ticket)
	default:
		s, err = c.logIn(ctx, h, pin, login, password)
	}
	if err == nil {
		err = to.checkPerson(s.me)
	}
	if err == nil {
		err = h.conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, w, nil, false, err
	}
	return newLink(to, h.conn, h.reader, false), h.welcome, s, resumed, nil
}

// logIn proves the password and checks that the server knows its keys.
func (c *Config) logIn(ctx context.Context, h *handshake, pin Pin, login string, password *secret) (*session, error) {
	var nonce [18]byte
	_, _ = rand.Read(nonce[:]) // never fails: crypto/rand ends the program instead
	scram := wire.NewScram(login, hex.EncodeToString(nonce[:]))
	f, err := h.ask(wire.Header{Type: wire.TypeAuth}, wire.Raw(scram.First()), wire.TypeChallenge)
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w", login, err)
	}
	ch, err := scram.ParseChallenge(f.Body)
	if err != nil {
		return nil, err
	}
	if err := checkIterations(ch.Iterations, max(wire.IterationsMin, pin.Iterations)); err != nil {
		return nil, err
	}
	proof, err := password.answer(scram, ch)
	if err != nil {
		return nil, err
	}
	f, err = h.ask(wire.Header{Type: wire.TypeProof}, wire.Raw(proof), wire.TypeAuthOK)
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w", login, err)
	}
	ok, err := wire.ParseAuthOK(f.Body)
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w", login, err)
	}
	key, err := scram.Verify(ok.Data)
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w: %w", login, ErrImpostor, err)
	}
	if err := c.remember(ctx, pin, login, ch); err != nil {
		return nil, err
	}
	s := h.session(ok, key)
	s.iterations = ch.Iterations
	return s, nil
}

// session is the session that an AUTH_OK describes.
func (h *handshake) session(ok wire.AuthOK, key [wire.KeyLen]byte) *session {
	return &session{
		number: ok.Session, key: key, server: UUID(h.welcome.Server), community: UUID(h.welcome.Community),
		me: Person{
			ID: AccountID(ok.Account), Name: ok.Name, State: Present, Sessions: 1,
			Bot: ok.Flags&wire.PersonBot != 0, Admin: ok.Flags&wire.PersonAdmin != 0,
		},
	}
}

// redeem goes on with a session that somebody else has begun for us. Both sides prove that they know its key.
func (h *handshake) redeem(ctx context.Context, take func(context.Context) (Ticket, error)) (*session, error) {
	ticket, err := take(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	s, err := h.resume(&session{number: ticket.Session, key: ticket.Key}, wire.ResumeSession)
	if err != nil {
		return nil, fmt.Errorf("logging in by the session of this machine's user: %w", err)
	}
	return s, nil
}

// resume goes on with a session, or adds its media connection.
func (h *handshake) resume(old *session, kind uint8) (*session, error) {
	r := wire.Resume{Session: old.number, Kind: kind}
	_, _ = rand.Read(r.Nonce[:]) // never fails: crypto/rand ends the program instead
	r.Proof = wire.ResumeProof(old.key, kind, h.welcome.Nonce, r.Nonce)
	f, err := h.ask(wire.Header{Type: wire.TypeResume}, r, wire.TypeAuthOK)
	if err != nil {
		return nil, err
	}
	ok, err := wire.ParseAuthOK(f.Body)
	if err != nil {
		return nil, err
	}
	want := wire.ResumedProof(old.key, kind, h.welcome.Nonce, r.Nonce)
	if !hmac.Equal(ok.Data, want[:]) {
		return nil, ErrImpostor
	}
	s := h.session(ok, old.key)
	s.iterations = old.iterations
	return s, nil
}
