// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"net/netip"
	"time"

	"kchat/wire"
)

// The sizes of the binary attributes.
const (
	UUIDLen   = 16
	SecretLen = 32
	SaltLen   = 16
	KeyLen    = 32
)

// Start is what the module has to know to open its port.
type Start struct {
	ServerUUID    [UUIDLen]byte
	CommunityUUID [UUIDLen]byte
	Name          string // shown to people
	Generation    uint32 // from 1, larger at each start: the upper half of every epoch
	Secret        [SecretLen]byte
	Iterations    uint32 // of PBKDF2, one count for all accounts
	Port          uint16 // 0: the module's default
	Addr          netip.Addr
	Register      Registration
	UDPPort       *uint16 // of discovery; 0: off; nil: the module's default
	OuterPort     uint16  // TCP port that discovery names; 0: Port
	// ProxyFrom are the networks of proxies: who connects from there says first, by the PROXY protocol, whom it leads.
	ProxyFrom []netip.Prefix
	// CommunitySecret is that by which the servers of the community know each other; without it there are no peers.
	CommunitySecret []byte
	// Successor is the peer that gets all rooms: the server starts drained. nil: it takes rooms.
	Successor *[UUIDLen]byte
}

// Peer is another server of the community.
type Peer struct {
	Server  [UUIDLen]byte
	Name    string
	Addr    netip.Addr // where it hears us, over UDP
	UDPPort uint16
	Host    string // where clients reach it: a name or an address, with Port
	Port    uint16
}

// PeerStatus is a Peer and what was heard of it.
type PeerStatus struct {
	Peer
	State  PeerState
	Heard  time.Duration // since it was heard last; with Known
	Known  bool          // it was heard once, so that the rest says something
	People uint32
	Rooms  uint32
	Load   uint32 // open connections in thousandths of what there may be
}

// Status is what the module says of itself.
type Status struct {
	Running       bool
	ServerUUID    [UUIDLen]byte
	CommunityUUID [UUIDLen]byte
	Name          string
	Generation    uint32
	Iterations    uint32
	Port          uint16
	Register      Registration
	ProxyFrom     []netip.Prefix
	ModuleVersion string
	Successor     *[UUIDLen]byte    // that gets all rooms; nil: it is not drained
	RoomsLeft     uint32            // of those
	Counters      map[uint16]uint64 // by the numbers of wire.CounterConnections and so on
}

// Account is an account as the module keeps it: no password, only what a proof is checked against (RFC 5802).
type Account struct {
	Number    uint64        `json:"number"`
	Name      string        `json:"name"`  // as shown
	Login     string        `json:"login"` // as compared
	Flags     uint32        `json:"flags"`
	Salt      [SaltLen]byte `json:"salt"`
	StoredKey [KeyLen]byte  `json:"stored_key"`
	ServerKey [KeyLen]byte  `json:"server_key"`
	UID       *uint32       `json:"uid,omitempty"` // of local programs that are this person's; nil: nobody's
}

// Request is a question of the module to the accounts service: a registration, or, when Account is set, a new
// password for that account, or, when Room is set, whether a room is registered.
type Request struct {
	Cookie    uint64        `json:"cookie"` // to be given back in the Decision
	Account   uint64        `json:"account,omitempty"`
	Name      string        `json:"name,omitempty"`
	Code      string        `json:"code,omitempty"` // invite code
	Salt      [SaltLen]byte `json:"salt"`
	StoredKey [KeyLen]byte  `json:"stored_key"`
	ServerKey [KeyLen]byte  `json:"server_key"`
	Loopback  bool          `json:"loopback,omitempty"` // the peer is on the host that the module runs on
	Peer      string        `json:"peer,omitempty"`     // address and port
	Room      string        `json:"room,omitempty"`     // a room is to be kept, or not any more; without a Cookie: has changed
	Keep      bool          `json:"keep,omitempty"`
}

// Decision answers a Request. The account was given to the module before.
type Decision struct {
	Cookie  uint64           `json:"cookie"`
	Error   wire.ErrorNumber `json:"error"` // 0: it is done
	Account uint64           `json:"account,omitempty"`
}

// Room is one line of the module's list of rooms.
type Room struct {
	Number   uint32 `json:"room"`
	Name     string `json:"name"`
	Flags    uint32 `json:"flags"`
	Epoch    uint64 `json:"epoch"`
	Sequence uint64 `json:"seq"`
	People   uint32 `json:"people"`
	LogBytes uint64 `json:"log_bytes"`
	Owner    uint64 `json:"owner"` // account number; 0: nobody
}

// Session is one line of the module's list of sessions.
type Session struct {
	Number   uint64 `json:"session"`
	Account  uint64 `json:"account"`
	Name     string `json:"name"`
	Peer     string `json:"peer"`
	SinceMS  uint64 `json:"since_ms"`
	State    uint8  `json:"state"` // as enum kchat_person_state
	Rooms    uint32 `json:"rooms"`
	Lag      uint64 `json:"lag"` // bytes of logs not sent yet
	BytesIn  uint64 `json:"bytes_in"`
	BytesOut uint64 `json:"bytes_out"`
}

// Interface is one on which discovery is answered over Ethernet.
type Interface struct {
	Name  string `json:"name"`
	Index uint32 `json:"index"` // 0: there is no such interface now
}

// Param is a limit of the module that can be changed while it runs.
type Param struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
	Min   uint64 `json:"min"`
	Max   uint64 `json:"max"`
}
