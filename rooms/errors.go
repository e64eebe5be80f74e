// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"fmt"
	"time"

	"kchat/wire"
)

// ServerError is what a server refused something with. errors.Is finds the number of wire in it, and where there is
// one the error of this package that says the same.
type ServerError struct {
	Number   wire.ErrorNumber
	Wait     time.Duration // before trying again, 0: not a matter of time
	Sentence string
}

// Error is the server's sentence, with the time to wait if there is one.
func (e *ServerError) Error() string {
	if e.Wait > 0 {
		return fmt.Sprintf("%s (%v)", e.Sentence, e.Wait.Round(time.Second))
	}
	return e.Sentence
}

// Name is the name of the error in the protocol.
func (e *ServerError) Name() string { return e.Number.Name() }

// Unwrap gives the number.
func (e *ServerError) Unwrap() error { return e.Number }

// Is finds the errors of this package that say the same.
func (e *ServerError) Is(target error) bool {
	switch e.Number {
	case wire.ErrAlone:
		return target == ErrAlone
	case wire.ErrNotInRoom:
		return target == ErrNotInRoom
	case wire.ErrOffline:
		return target == ErrOffline
	case wire.ErrAuth, wire.ErrAuthLimit, wire.ErrSessions:
		return target == ErrRefused
	default:
		return false
	}
}

func serverError(body []byte) error {
	e, err := wire.ParseError(body)
	if err != nil {
		return fmt.Errorf("reading the server's refusal: %w", err)
	}
	return &ServerError{Number: e.Number, Wait: e.Wait, Sentence: e.Error()}
}

// waitOf is how long the server asks to wait, 0 if it does not.
func waitOf(err error) time.Duration {
	if e, ok := errors.AsType[*ServerError](err); ok {
		return e.Wait
	}
	return 0
}

// MovedError says why a room that has another home cannot be entered there.
type MovedError struct {
	Room   string
	Host   string
	Port   uint16
	Server UUID
	Retry  bool  // it is being tried again; Joined tells when it has succeeded
	Err    error // why; errors.Is finds it
}

// Error says where the room is and why we are not there.
func (e *MovedError) Error() string {
	return fmt.Sprintf("the room %s has moved to %s port %d: %v", e.Room, e.Host, e.Port, e.Err)
}

// Unwrap gives why.
func (e *MovedError) Unwrap() error { return e.Err }

// Why a room is not followed to the home that a server names. They come in a MovedError.
var (
	ErrMoveLoop  = errors.New("the servers send us in a circle; ask those who run them")
	ErrMoveChain = errors.New("three servers in a row sent us on; ask those who run them")
	ErrMovePlace = errors.New("the server does not say where")
	ErrMoveCount = errors.New("too many servers at once; leave rooms that are elsewhere first")
	ErrStranger  = errors.New("the server there is not the one that was named, or shares no accounts with ours; nothing was told to it")
)

// errDisconnected ends what waits for an answer when the connection ends.
var errDisconnected = fmt.Errorf("the connection was lost before the answer came: %w", ErrNoServer)
