// SPDX-License-Identifier: GPL-2.0-only

package peer

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"kchat/wire"
)

// Limit is how long a reply may take, when the test does not say otherwise: on the slowest kernel, on a busy machine.
const Limit = 100 * time.Second

// Unexpected is the error of a frame that should have been another.
type Unexpected struct {
	Want wire.Type
	Got  Frame
}

// Error names both.
func (u *Unexpected) Error() string {
	if u.Got.Type == wire.TypeError {
		if e, err := wire.ParseError(u.Got.Body); err == nil {
			return fmt.Sprintf("want %v, got ERROR %s to %v", u.Want, e.Number.Name(), e.Cause)
		}
	}
	return fmt.Sprintf("want %v, got %v", u.Want, u.Got.Type)
}

// Unwrap gives the error of the server, if it was one.
func (u *Unexpected) Unwrap() error {
	if u.Got.Type != wire.TypeError {
		return nil
	}
	e, err := wire.ParseError(u.Got.Body)
	if err != nil {
		return err
	}
	return &e
}

// Reply waits for the frame with this id, which must be of this type.
func (c *Conn) Reply(id wire.ID, want wire.Type) (Frame, error) {
	f, err := c.Find(Limit, func(f Frame) bool { return f.ID == id })
	if err != nil {
		for _, f := range c.stash {
			if f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 {
				return f, &Unexpected{Want: want, Got: f} // that is why
			}
		}
		return f, fmt.Errorf("waiting for %v: %w", want, err)
	}
	if f.Type != want {
		return f, &Unexpected{Want: want, Got: f}
	}
	return f, nil
}

// Ask sends a request and waits for its reply.
func (c *Conn) Ask(kind wire.Type, room uint32, body wire.Body, want wire.Type) (Frame, error) {
	id, err := c.Request(kind, room, body)
	if err != nil {
		return Frame{}, err
	}
	return c.Reply(id, want)
}

// Hello greets and keeps the answer.
func (c *Conn) Hello() error {
	f, err := c.Ask(wire.TypeHello, 0, wire.Hello{Version: wire.Version, Agent: "peer/1"}, wire.TypeWelcome)
	if err != nil {
		return err
	}
	c.Welcome, err = wire.ParseWelcome(f.Body)
	return err
}

// Nonce is a nonce for SCRAM.
func Nonce() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Login logs in after Hello. A wrong password shows as wire.ErrAuth.
func (c *Conn) Login(login, password string) error {
	return c.LoginSalted(login, func(asked wire.Challenge) ([]byte, error) {
		return wire.SaltedPassword(password, asked.Salt, asked.Iterations)
	})
}

// LoginSalted is Login with a salted password that derive gives, for whoever has derived it before.
func (c *Conn) LoginSalted(login string, derive func(wire.Challenge) ([]byte, error)) error {
	scram := wire.NewScram(login, Nonce())
	f, err := c.Ask(wire.TypeAuth, 0, wire.Raw(scram.First()), wire.TypeChallenge)
	if err != nil {
		return err
	}
	challenge, err := scram.ParseChallenge(f.Body)
	if err != nil {
		return err
	}
	salted, err := derive(challenge)
	if err != nil {
		return err
	}
	if f, err = c.Ask(wire.TypeProof, 0, wire.Raw(scram.FinalSalted(challenge, salted)), wire.TypeAuthOK); err != nil {
		return err
	}
	if c.Me, err = wire.ParseAuthOK(f.Body); err != nil {
		return err
	}
	c.Key, err = scram.Verify(c.Me.Data)
	return err
}

// Resume logs in after Hello by the session of another connection.
func (c *Conn) Resume(session uint64, key [wire.KeyLen]byte, kind uint8) error {
	request := wire.Resume{Session: session, Kind: kind}
	_, _ = rand.Read(request.Nonce[:]) // never fails
	request.Proof = wire.ResumeProof(key, kind, c.Welcome.Nonce, request.Nonce)
	f, err := c.Ask(wire.TypeResume, 0, request, wire.TypeAuthOK)
	if err != nil {
		return err
	}
	if c.Me, err = wire.ParseAuthOK(f.Body); err != nil {
		return err
	}
	proof := wire.ResumedProof(key, kind, c.Welcome.Nonce, request.Nonce)
	if !hmac.Equal(proof[:], c.Me.Data) {
		return errors.New("the server's proof of RESUME is wrong")
	}
	c.Key = key
	return nil
}
