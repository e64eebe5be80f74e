// SPDX-License-Identifier: GPL-2.0-only

package wire

// Hello is the first frame of a client.
type Hello struct {
	Version  uint16
	Features uint64
	Agent    string // the client's name and version
}

// Append appends the body of HELLO.
func (h Hello) Append(dst []byte) []byte {
	dst = u16(dst, h.Version)
	dst = u16(dst, uint16(len(h.Agent)))
	dst = u32(dst, 0)
	dst = u64(dst, h.Features)
	return append(dst, h.Agent...)
}

// ParseHello reads the body of HELLO.
func ParseHello(body []byte) (Hello, error) {
	c := cursor{rest: body}
	var h Hello
	h.Version = c.u16()
	n := c.u16()
	c.zeros(4)
	h.Features = c.u64()
	h.Agent = c.text(n, AgentMax)
	return h, c.end()
}

// Limit is a limit of the server, by its number.
type Limit struct {
	Number uint16
	Value  uint32
}

// Welcome is the server's answer to HELLO.
type Welcome struct {
	Version    uint16
	Iterations uint32 // of key derivation, for accounts that are made or changed now
	Features   uint64
	Server     [16]byte // UUID
	Community  [16]byte // UUID shared by the servers that share accounts
	Nonce      [NonceLen]byte
	Name       string
	Limits     []Limit
}

// Limit returns the value of a limit, or otherwise if the server did not say.
func (w Welcome) Limit(number uint16, otherwise uint32) uint32 {
	for _, l := range w.Limits {
		if l.Number == number {
			return l.Value
		}
	}
	return otherwise
}

// Append appends the body of WELCOME.
func (w Welcome) Append(dst []byte) []byte {
	dst = u16(dst, w.Version)
	dst = u16(dst, uint16(len(w.Limits)))
	dst = u32(dst, w.Iterations)
	dst = u64(dst, w.Features)
	dst = append(dst, w.Server[:]...)
	dst = append(dst, w.Community[:]...)
	dst = append(dst, w.Nonce[:]...)
	dst = u16(dst, uint16(len(w.Name)))
	dst = zeros(dst, 6)
	for _, l := range w.Limits {
		dst = u16(dst, l.Number)
		dst = u16(dst, 0)
		dst = u32(dst, l.Value)
	}
	return append(dst, w.Name...)
}

// ParseWelcome reads the body of WELCOME.
func ParseWelcome(body []byte) (Welcome, error) {
	c := cursor{rest: body}
	var w Welcome
	w.Version = c.u16()
	limits := int(c.u16())
	w.Iterations = c.u32()
	w.Features = c.u64()
	w.Server = c.id()
	w.Community = c.id()
	w.Nonce = c.id()
	name := c.u16()
	c.zeros(6)
	if limits*8 > len(c.rest) {
		return Welcome{}, ErrBadFrame
	}
	w.Limits = make([]Limit, 0, limits)
	for range limits {
		number := c.u16()
		c.zeros(2)
		w.Limits = append(w.Limits, Limit{Number: number, Value: c.u32()})
	}
	w.Name = c.text(name, ServerNameMax)
	return w, c.end()
}

// AuthOK is the server's answer to PROOF and to RESUME.
type AuthOK struct {
	Account uint64
	Session uint64
	Flags   uint32 // PersonBot, PersonAdmin
	Name    string // as shown
	Data    []byte // server-final-message, or the server's proof; aliases the input
}

// Append appends the body of AUTH_OK.
func (a AuthOK) Append(dst []byte) []byte {
	dst = u64(dst, a.Account)
	dst = u64(dst, a.Session)
	dst = u32(dst, a.Flags)
	dst = u16(dst, uint16(len(a.Name)))
	dst = u16(dst, uint16(len(a.Data)))
	dst = append(dst, a.Name...)
	return append(dst, a.Data...)
}

// ParseAuthOK reads the body of AUTH_OK.
func ParseAuthOK(body []byte) (AuthOK, error) {
	c := cursor{rest: body}
	var a AuthOK
	a.Account = c.u64()
	a.Session = c.u64()
	a.Flags = c.u32()
	name, data := c.u16(), c.u16()
	a.Name = c.text(name, NameMax)
	a.Data = c.take(int(data))
	return a, c.end()
}

// Resume is a login by session.
type Resume struct {
	Session uint64
	Kind    uint8 // ResumeSession or ResumeMedia
	Nonce   [NonceLen]byte
	Proof   [KeyLen]byte
}

// Append appends the body of RESUME.
func (r Resume) Append(dst []byte) []byte {
	dst = u64(dst, r.Session)
	dst = append(dst, r.Kind)
	dst = zeros(dst, 7)
	dst = append(dst, r.Nonce[:]...)
	return append(dst, r.Proof[:]...)
}

// ParseResume reads the body of RESUME.
func ParseResume(body []byte) (Resume, error) {
	c := cursor{rest: body}
	var r Resume
	r.Session = c.u64()
	r.Kind = c.u8()
	c.zeros(7)
	r.Nonce = c.id()
	r.Proof = c.key()
	if r.Kind > ResumeMedia {
		c.bad = true
	}
	return r, c.end()
}

// Register asks for an account.
type Register struct {
	Iterations uint32
	Salt       [SaltLen]byte
	StoredKey  [KeyLen]byte
	ServerKey  [KeyLen]byte
	Name       string // as it is to be shown
	Code       string // invite code, "" where none is needed
}

// Append appends the body of REGISTER.
func (r Register) Append(dst []byte) []byte {
	dst = u32(dst, r.Iterations)
	dst = u16(dst, uint16(len(r.Name)))
	dst = u16(dst, uint16(len(r.Code)))
	dst = append(dst, r.Salt[:]...)
	dst = append(dst, r.StoredKey[:]...)
	dst = append(dst, r.ServerKey[:]...)
	dst = append(dst, r.Name...)
	return append(dst, r.Code...)
}

// ParseRegister reads the body of REGISTER.
func ParseRegister(body []byte) (Register, error) {
	c := cursor{rest: body}
	var r Register
	r.Iterations = c.u32()
	name, code := c.u16(), c.u16()
	r.Salt = c.id()
	r.StoredKey = c.key()
	r.ServerKey = c.key()
	r.Name = c.text(name, NameMax)
	r.Code = c.text(code, CodeMax)
	return r, c.end()
}

// Number is the body of the frames that are one u64: REGISTERED (account), PEOPLE (account to go on after), ROOMS
// (room to go on after), INVITE (account), STREAM_ACCEPT and STREAM_START (offset).
type Number struct {
	Value uint64
}

// Append appends the number.
func (n Number) Append(dst []byte) []byte { return u64(dst, n.Value) }

// ParseNumber reads a body that is one u64.
func ParseNumber(body []byte) (Number, error) {
	c := cursor{rest: body}
	n := Number{Value: c.u64()}
	return n, c.end()
}

// Passwd changes the verifiers of one's own account.
type Passwd struct {
	Iterations uint32
	Salt       [SaltLen]byte
	StoredKey  [KeyLen]byte
	ServerKey  [KeyLen]byte
	Proof      [KeyLen]byte // PasswdProof of the rest
}

// PasswdSigned is the length of the part of PASSWD that its proof covers.
const PasswdSigned = 88

// Append appends the body of PASSWD.
func (p Passwd) Append(dst []byte) []byte {
	dst = u32(dst, p.Iterations)
	dst = u32(dst, 0)
	dst = append(dst, p.Salt[:]...)
	dst = append(dst, p.StoredKey[:]...)
	dst = append(dst, p.ServerKey[:]...)
	return append(dst, p.Proof[:]...)
}

// ParsePasswd reads the body of PASSWD.
func ParsePasswd(body []byte) (Passwd, error) {
	c := cursor{rest: body}
	var p Passwd
	p.Iterations = c.u32()
	c.zeros(4)
	p.Salt = c.id()
	p.StoredKey = c.key()
	p.ServerKey = c.key()
	p.Proof = c.key()
	return p, c.end()
}
