// SPDX-License-Identifier: GPL-2.0-only

// Package genl speaks the module's control interface, the generic netlink family "kchat" of kmod/uapi/kchat_netlink.h.
// It works on the running kernel or, through a Transport, on the kernel of a microVM.
package genl

import "fmt"

// Family is the name of the generic netlink family; Version is what this package speaks.
const (
	Family  = "kchat"
	Version = 1
)

// The commands, as enum kchat_cmd.
const (
	cmdStart = iota + 1
	cmdStop
	cmdStatus
	cmdAccountSet
	cmdAccountDel
	cmdAccountGet
	cmdService
	cmdRegisterRequest
	cmdPasswdRequest
	cmdDecision
	cmdRoomGet
	cmdSessionGet
	cmdParamSet
	cmdParamGet
	cmdEtherSet
	cmdEtherGet
	cmdKick
	cmdEvent
	cmdPeerSet
	cmdPeerDel
	cmdPeerGet
	cmdDrain
	cmdRoomSet
	cmdRoomDel
	cmdRoomRequest
	cmdRoomRecord
	cmdStandingGet
	cmdRule
)

// The attributes, as enum kchat_nla.
const (
	attrPad = iota + 1
	attrServerUUID
	attrCommunityUUID
	attrServerName
	attrGeneration
	attrSecret
	attrIterations
	attrPort
	attrAddr
	attrRegister
	attrRunning
	attrAccount
	attrName
	attrLogin
	attrFlags
	attrSalt
	attrStoredKey
	attrServerKey
	attrCookie
	attrCode
	attrLoopback
	attrPeer
	attrError
	attrRoom
	attrRoomName
	attrRoomFlags
	attrEpoch
	attrSeq
	attrPeople
	attrLogBytes
	attrSession
	attrSinceMS
	attrState
	attrRoomCount
	attrLag
	attrBytesIn
	attrBytesOut
	attrCounter
	attrCounterID
	attrCounterValue
	attrModuleVersion
	attrParamName
	attrParamValue
	attrParamMin
	attrParamMax
	attrUDPPort
	attrOuterPort
	attrIfname
	attrIfindex
	attrEther
	attrProxyFrom
	attrPrefixLen
	attrUID
	attrEvent
	attrEventsLost
	attrCommunitySecret
	attrHost
	attrPeerState
	attrHeardMS
	attrLoad
	attrSuccessor
	attrRoomsLeft
	attrOwner
	attrKeeper
	attrBacklog
	attrCreated
	attrTopic
	attrRoomKey
	attrStanding
	attrStandingFlags
	attrBannedUntil
	attrMutedUntil
	attrInvitedUntil
	attrKeep
	attrAction
	attrSeconds
	attrReason
	attrBy
)

// Registration is who may make an account over the wire, as enum kchat_register.
type Registration uint8

// The ways of registration.
const (
	RegisterOff      Registration = iota
	RegisterLoopback              // open on this host, off elsewhere
	RegisterInvite                // open on this host, by invite code elsewhere
	RegisterCode                  // by invite code everywhere
	RegisterOpen                  // open for everybody
)

// What a room remembers about an account, as KCHAT_STANDING_*.
const (
	StandingOperator = 0x0008
	StandingVoice    = 0x0010
	StandingMuted    = 0x0020
	StandingBanned   = 0x0100
	StandingInvited  = 0x0200
)

// PeerState is whether a peer is there, as enum kchat_peer_state.
type PeerState uint8

// The states of a peer.
const (
	PeerSilent  PeerState = iota
	PeerLive              // it hears us, and we hear it
	PeerDrained           // the same, and it takes no rooms
)

// String is the state in a word.
func (s PeerState) String() string {
	if words := [...]string{"silent", "live", "drained"}; int(s) < len(words) {
		return words[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// The flags of an account, as KCHAT_PERSON_*.
const (
	FlagBot   = 0x01
	FlagAdmin = 0x02
)
