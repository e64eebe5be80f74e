// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"time"

	"kchat/rooms"
	"kchat/tui/words"
)

// reason is what an error says to a person: of a refusal the server's own sentence, since the words around it on the
// screen already say what was tried.
func reason(err error) string {
	if err == nil {
		return ""
	}
	if refusal, ok := errors.AsType[*rooms.ServerError](err); ok {
		return refusal.Error()
	}
	return err.Error()
}

// cause is what lies at the bottom of an error, where the words before it would only repeat what the screen says.
func cause(err error) string {
	for {
		switch e := err.(type) {
		case nil:
			return ""
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err.Error()
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			all := e.Unwrap()
			if len(all) == 0 {
				return err.Error()
			}
			err = all[len(all)-1]
		default:
			return err.Error()
		}
	}
}

// reason is the function of that name in the language of the screen.
func (e *env) reason(err error) string { return Reason(e.words, err) }

// Reason is what an error says to a person, in a language: a server's refusal by its number, other errors by what they
// are. One that the catalogue does not know says it in English.
func Reason(in *words.Catalogue, err error) string {
	if known := translations(in, err); len(known) > 0 {
		return known[0]
	}
	return reason(err)
}

// cause is the function of that name in the language of the screen.
func (e *env) cause(err error) string {
	if known := translations(e.words, err); len(known) > 0 {
		return known[len(known)-1]
	}
	return cause(err)
}

// translations are those parts of an error that a catalogue says otherwise, from the outside to the inside.
func translations(in *words.Catalogue, err error) []string {
	if err == nil || !in.Translates() {
		return nil
	}
	if refusal, ok := err.(*rooms.ServerError); ok {
		said, known := in.Translate(refusal.Number.Error())
		switch {
		case !known:
			return nil
		case refusal.Wait > 0:
			said = fmt.Sprintf("%s (%v)", said, refusal.Wait.Round(time.Second))
		}
		return []string{said}
	}
	var all []string
	if said, known := in.Translate(err.Error()); known {
		all = append(all, said)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, translations(in, e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, translations(in, inner)...)
		}
	}
	return all
}
