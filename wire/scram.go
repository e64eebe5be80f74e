// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Keys are the verifiers of an account: what a server keeps instead of the password.
type Keys struct {
	Iterations uint32
	Salt       [SaltLen]byte
	StoredKey  [KeyLen]byte
	ServerKey  [KeyLen]byte
}

// DeriveKeys computes the verifiers of a prepared password (PRECIS OpaqueString). It is slow by intent.
func DeriveKeys(password string, salt [SaltLen]byte, iterations uint32) (Keys, error) {
	salted, err := SaltedPassword(password, salt[:], iterations)
	if err != nil {
		return Keys{}, err
	}
	client := mac(salted, "Client Key")
	return Keys{
		Iterations: iterations,
		Salt:       salt,
		StoredKey:  sha256.Sum256(client[:]),
		ServerKey:  mac(salted, "Server Key"),
	}, nil
}

// SaltedPassword is what both keys of an account are made of (RFC 5802, section 3), from a prepared password. It is slow
// by intent, and the same for the same three, so that who logs in again need not make it again.
func SaltedPassword(password string, salt []byte, iterations uint32) ([]byte, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, int(iterations), KeyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the key from the password: %w", err)
	}
	return salted, nil
}

// mac is HMAC-SHA-256 of the parts one after another.
func mac[P string | []byte](key []byte, parts ...P) (sum [KeyLen]byte) {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	h.Sum(sum[:0])
	return sum
}

// Scram is one login in progress: the client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding.
type Scram struct {
	first     string // client-first-message-bare
	nonce     string // the client's
	signature [KeyLen]byte
	session   [KeyLen]byte
	done      bool
}

// ErrServerSignature means that the server does not know this account's keys: it is not who it says.
var ErrServerSignature = errors.New("the server could not prove that it knows this account")

// NewScram begins a login. login is the login name (PRECIS UsernameCaseMapped), nonce 16 to 64 printable characters
// without a comma that were never used before.
func NewScram(login, nonce string) *Scram {
	escaped := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(login)
	return &Scram{first: "n=" + escaped + ",r=" + nonce, nonce: nonce}
}

// First is the body of AUTH, the client-first-message.
func (s *Scram) First() []byte { return []byte("n,," + s.first) }

// Challenge is what a server asks in CHALLENGE.
type Challenge struct {
	Nonce      string // the client's and the server's
	Salt       []byte
	Iterations uint32
	raw        string
}

// ParseChallenge reads a server-first-message and checks that it goes on with this login's nonce.
func (s *Scram) ParseChallenge(body []byte) (Challenge, error) {
	raw := string(body)
	parts := strings.Split(raw, ",")
	if len(parts) < 3 || !strings.HasPrefix(parts[0], "r=") || !strings.HasPrefix(parts[1], "s=") || !strings.HasPrefix(parts[2], "i=") {
		return Challenge{}, fmt.Errorf("reading the server's challenge: %w", ErrBadFrame)
	}
	c := Challenge{Nonce: parts[0][2:], raw: raw}
	if !strings.HasPrefix(c.Nonce, s.nonce) || len(c.Nonce) == len(s.nonce) {
		return Challenge{}, fmt.Errorf("reading the server's challenge: the nonce is not ours: %w", ErrBadFrame)
	}
	salt, err := base64.StdEncoding.DecodeString(parts[1][2:])
	if err != nil {
		return Challenge{}, fmt.Errorf("reading the salt of the server's challenge: %w", ErrBadFrame)
	}
	c.Salt = salt
	n, err := strconv.ParseUint(parts[2][2:], 10, 32)
	if err != nil || n == 0 {
		return Challenge{}, fmt.Errorf("reading the iterations of the server's challenge: %w", ErrBadFrame)
	}
	c.Iterations = uint32(n)
	return c, nil
}

// Final is the body of PROOF, the client-final-message. It derives the key, which is slow by intent. Whether the
// iterations of the challenge are enough is for the caller to decide before.
func (s *Scram) Final(c Challenge, password string) ([]byte, error) {
	salted, err := SaltedPassword(password, c.Salt, c.Iterations)
	if err != nil {
		return nil, err
	}
	return s.FinalSalted(c, salted), nil
}

// FinalSalted is Final with the SaltedPassword of the challenge.
func (s *Scram) FinalSalted(c Challenge, salted []byte) []byte {
	clientKey, serverKey := mac(salted, "Client Key"), mac(salted, "Server Key")
	storedKey := sha256.Sum256(clientKey[:])
	final := "c=biws,r=" + c.Nonce
	message := s.first + "," + c.raw + "," + final
	proof := mac(storedKey[:], message)
	subtle.XORBytes(proof[:], proof[:], clientKey[:])
	s.signature = mac(serverKey[:], message)
	s.session = mac(serverKey[:], "kchat session", string(s.signature[:]))
	s.done = true
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof[:]))
}

// Verify checks the server-final-message and returns the session key. It is ErrServerSignature if the server does
// not know the account's ServerKey.
func (s *Scram) Verify(serverFinal []byte) ([KeyLen]byte, error) {
	want := "v=" + base64.StdEncoding.EncodeToString(s.signature[:])
	if !s.done || subtle.ConstantTimeCompare([]byte(want), serverFinal) != 1 {
		return [KeyLen]byte{}, ErrServerSignature
	}
	return s.session, nil
}

// ResumeProof is what a client proves in RESUME: that it has the session key.
func ResumeProof(session [KeyLen]byte, kind uint8, server, client [NonceLen]byte) [KeyLen]byte {
	return mac(session[:], []byte("kchat resume"), []byte{kind}, server[:], client[:])
}

// ResumedProof is what the server proves in its answer to RESUME.
func ResumedProof(session [KeyLen]byte, kind uint8, server, client [NonceLen]byte) [KeyLen]byte {
	return mac(session[:], []byte("kchat resumed"), []byte{kind}, server[:], client[:])
}

// PasswdProof proves in PASSWD that it comes from the session's owner.
func PasswdProof(session [KeyLen]byte, p Passwd) [KeyLen]byte {
	var buf [PasswdSigned + KeyLen]byte
	return mac(session[:], []byte("kchat passwd"), p.Append(buf[:0])[:PasswdSigned])
}
