// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"strconv"
	"strings"
	"time"

	"kchat/server"
	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

// Lines of output for programs. docs/scripting.md says what their fields mean, and a test holds both together.

// failureLine is the line on standard error when a command fails.
type failureLine struct {
	Error    failureFields `json:"error"`
	ExitCode int           `json:"exit_code"`
}

type failureFields struct {
	Number  uint16 `json:"number"` // of the protocol; 0: the server has not said it
	Name    string `json:"name"`
	Message string `json:"message"`
	Stack   string `json:"stack,omitempty"` // of FAULT
}

// doneLine says that an order was carried out, and what it was.
type doneLine struct {
	Command   string         `json:"command"`
	Name      string         `json:"name,omitempty"`
	Account   uint64         `json:"account,omitempty"`
	Session   uint64         `json:"session,omitempty"`
	Room      string         `json:"room,omitempty"`
	Seconds   uint32         `json:"seconds,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	Off       bool           `json:"off,omitempty"`
	Limit     string         `json:"limit,omitempty"`
	Value     *uint64        `json:"value,omitempty"`
	Server    *accounts.UUID `json:"server_uuid,omitempty"`
	Interface string         `json:"interface,omitempty"`
	File      string         `json:"file,omitempty"`
	Messages  *int           `json:"messages,omitempty"`
	New       *int           `json:"new,omitempty"`
	Bad       *int           `json:"bad,omitempty"`
}

// listeningLine says where a command can be reached.
type listeningLine struct {
	Address string `json:"address"`
}

// sentLine is the place of a message that was sent.
type sentLine struct {
	Room         string `json:"room"`
	ID           string `json:"id"`
	Epoch        uint64 `json:"epoch"`
	Seq          uint64 `json:"seq"`
	Time         string `json:"time"`
	PlaceRemoved bool   `json:"place_removed,omitempty"`
}

// roomLine is a room of the server.
type roomLine struct {
	Room     string `json:"room"`
	Number   uint32 `json:"number"`
	Kept     bool   `json:"kept"`
	Flags    uint32 `json:"flags"`
	Epoch    uint64 `json:"epoch"`
	Seq      uint64 `json:"seq"`
	People   uint32 `json:"people"`
	LogBytes uint64 `json:"log_bytes"`
	Owner    uint64 `json:"owner,omitempty"`
}

func roomFields(r genl.Room) roomLine {
	return roomLine{r.Name, r.Number, r.Flags&wire.RoomRegistered != 0, r.Flags, r.Epoch, r.Sequence, r.People, r.LogBytes, r.Owner}
}

// sessionLine is a login.
type sessionLine struct {
	Session  uint64    `json:"session"`
	Account  uint64    `json:"account"`
	Name     string    `json:"name"`
	Peer     string    `json:"peer,omitempty"`
	Since    time.Time `json:"since"`
	State    string    `json:"state"`
	Rooms    uint32    `json:"rooms"`
	Lag      uint64    `json:"lag"`
	BytesIn  uint64    `json:"bytes_in"`
	BytesOut uint64    `json:"bytes_out"`
}

func sessionFields(s genl.Session) sessionLine {
	begun := time.Now().Add(-time.Duration(s.SinceMS) * time.Millisecond).UTC().Truncate(time.Millisecond)
	return sessionLine{s.Number, s.Account, s.Name, s.Peer, begun, personState(s.State), s.Rooms, s.Lag, s.BytesIn, s.BytesOut}
}

// eventLine is something that happens on the server.
type eventLine struct {
	Event      string    `json:"event"`
	Time       time.Time `json:"time"`
	Session    uint64    `json:"session,omitempty"`
	Account    uint64    `json:"account,omitempty"`
	Name       string    `json:"name,omitempty"`
	Peer       string    `json:"peer,omitempty"`
	Room       string    `json:"room,omitempty"`
	RoomNumber uint32    `json:"room_number,omitempty"`
	State      string    `json:"state,omitempty"`
	Limit      string    `json:"limit,omitempty"`
	Value      *uint64   `json:"value,omitempty"`
	Action     string    `json:"action,omitempty"`
	By         uint64    `json:"by,omitempty"`
	Seconds    uint32    `json:"seconds,omitempty"`
	Server     string    `json:"server,omitempty"`
	PeerState  string    `json:"peer_state,omitempty"`
	Lost       uint32    `json:"lost,omitempty"`
}

func eventFields(e genl.Event) eventLine {
	line := eventLine{
		Event: strings.ReplaceAll(e.What, " ", "_"), Time: e.Time.UTC(), Session: e.Session, Account: e.Account, Name: e.Name, Peer: e.Peer,
		Room: e.RoomName, RoomNumber: e.Room, Limit: e.Limit, By: e.By, Seconds: e.Seconds, Server: e.Server, PeerState: e.Peered, Lost: e.Lost,
	}
	if e.State != 0 {
		line.State = personState(e.State)
	}
	if e.Limit != "" {
		line.Value = &e.Value
	}
	if e.Action != 0 {
		line.Action = actionName(wire.Action(e.Action))
	}
	return line
}

// banLine is somebody who is kept out of a room, or may only listen there.
type banLine struct {
	Room        string    `json:"room"`
	Account     uint64    `json:"account"`
	Name        string    `json:"name,omitempty"`
	Banned      bool      `json:"banned"`
	BannedUntil time.Time `json:"banned_until,omitzero"`
	Muted       bool      `json:"muted"`
	MutedUntil  time.Time `json:"muted_until,omitzero"`
}

func banFields(b banned) banLine {
	return banLine{
		Room: b.Room, Account: b.Account, Name: b.Name,
		Banned: b.Flags&genl.StandingBanned != 0, BannedUntil: momentOf(b.BannedUntil),
		Muted: b.Flags&genl.StandingMuted != 0, MutedUntil: momentOf(b.MutedUntil),
	}
}

// momentOf reads milliseconds since 1970; 0 is no time at all.
func momentOf(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// countersLine has all counters by their names.
type countersLine struct {
	Counters map[string]uint64 `json:"counters"`
}

// logLine is a line of a log.
type logLine struct {
	Log  string `json:"log"` // server or kernel
	Line string `json:"line"`
}

// accountLine is an account without its keys.
type accountLine struct {
	Account uint64    `json:"account"`
	Name    string    `json:"name"`
	Bot     bool      `json:"bot"`
	Admin   bool      `json:"admin"`
	UID     *uint32   `json:"uid,omitempty"`
	Created time.Time `json:"created"`
}

func accountFields(a accounts.Account) accountLine {
	return accountLine{a.Number, a.Name, a.Bot, a.Admin, a.UID, a.Created.UTC()}
}

// inviteLine is a new invite code.
type inviteLine struct {
	Code  string    `json:"code"`
	Uses  int       `json:"uses"`
	Until time.Time `json:"until"`
}

// checkLine is what doctor says of one thing.
type checkLine struct {
	What  string `json:"what"`
	State string `json:"state"` // ok, without or missing
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

// Words for the state of a check.
const (
	checkOK      = "ok"
	checkWithout = "without"
	checkMissing = "missing"
)

func checkFields(c server.Check) checkLine {
	line := checkLine{What: c.What, State: checkMissing, Found: c.Found, Do: c.Do}
	switch {
	case c.OK:
		line.State, line.Do = checkOK, ""
	case c.Optional:
		line.State = checkWithout
	}
	return line
}

// keptRoomLine is a room in the history.
type keptRoomLine struct {
	Community string    `json:"community"`
	Room      string    `json:"room"`
	Messages  int       `json:"messages"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
}

// actionName is what an operator does, in a word. One that is not known is its number.
func actionName(a wire.Action) string {
	names := map[wire.Action]string{
		wire.RuleKick: "kick", wire.RuleBan: "ban", wire.RuleUnban: "unban", wire.RuleMute: "mute", wire.RuleUnmute: "unmute",
		wire.RuleOperator: "operator", wire.RuleNoOperator: "no_operator", wire.RuleVoice: "voice", wire.RuleNoVoice: "no_voice",
		wire.RuleOwner: "owner", wire.RuleRegister: "register", wire.RuleUnregister: "unregister", wire.RuleFlags: "flags",
		wire.RulePassword: "password",
	}
	if name, known := names[a]; known {
		return name
	}
	return strconv.Itoa(int(a))
}
