// SPDX-License-Identifier: GPL-2.0-only

// Package genl speaks the module's control interface, the generic netlink family "kchat" of kmod/uapi/kchat.h.
// It works on the running kernel or, through a Transport, on the kernel of a microVM.
package genl

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

// The flags of an account, as KCHAT_PERSON_*.
const (
	FlagBot   = 0x01
	FlagAdmin = 0x02
)

// Counter numbers a counter of the module, as enum kchat_counter.
type Counter uint16

// The counters that the runner shows. The module has more; they keep their numbers.
const (
	CounterConnections Counter = 1
	CounterSessions    Counter = 2
	CounterPeople      Counter = 3
	CounterRooms       Counter = 4
	CounterUptimeMS    Counter = 23
)

// The answers to a request of the accounts service, as enum kchat_error.
const (
	DecisionYes           uint16 = 0
	DecisionRegisterOff   uint16 = 13
	DecisionInviteCode    uint16 = 14
	DecisionNameTaken     uint16 = 15
	DecisionName          uint16 = 16
	DecisionServiceFailed uint16 = 18
)
