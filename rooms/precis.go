// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"fmt"

	"golang.org/x/text/secure/precis"
)

// What can be wrong with a name or a password before any server sees it.
var (
	ErrName     = errors.New("this name is not allowed: letters, digits and signs without spaces")
	ErrPassword = errors.New("this password is not allowed: it must not be empty or have control characters")
)

// LoginName is the form of a name that is compared and sent: the PRECIS profile UsernameCaseMapped (RFC 8265, 3.3).
func LoginName(name string) (string, error) {
	login, err := precis.UsernameCaseMapped.String(name)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", ErrName, err)
	}
	if login == "" {
		return "", ErrName
	}
	return login, nil
}

// PreparePassword is the form of a password that keys are derived from: the PRECIS profile OpaqueString (RFC 8265, 4.2).
func PreparePassword(password string) (string, error) {
	prepared, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", ErrPassword, err)
	}
	if prepared == "" {
		return "", ErrPassword
	}
	return prepared, nil
}
