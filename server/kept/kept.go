// SPDX-License-Identifier: GPL-2.0-only

// Package kept keeps the registered rooms of a server in one file that only its owner can read. The kernel forgets
// when it stops; this file does not.
package kept

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"kchat/server/durable"
	"kchat/server/genl"
	"kchat/wire"
)

// version is that of the file's form.
const version = 1

// Store is the file. One process uses it; each change is on disk, whole, before it is reported.
type Store struct {
	path string

	mu    sync.Mutex // held while the file is written
	rooms map[string]genl.KeptRoom
}

// Open reads the file at path. If there is none, no room is registered.
func Open(path string) (*Store, error) {
	s := &Store{path: path, rooms: map[string]genl.KeptRoom{}}
	text, err := durable.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the registered rooms: %w", err)
	}
	var f file
	err = json.Unmarshal(text, &f)
	if err == nil {
		s.rooms, err = f.read()
	}
	if err != nil {
		return nil, durable.SetAside("registered rooms", path, err)
	}
	return s, nil
}

// Rooms are the registered rooms, by name.
func (s *Store) Rooms() []genl.KeptRoom {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sorted(s.rooms)
}

// Has reports whether a room is registered.
func (s *Store) Has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.rooms[name]
	return ok
}

// Update keeps rooms, or what has changed of them, and no more those that are gone. If the disk does not take it, all
// stays as it was.
func (s *Store) Update(keep []genl.KeptRoom, gone ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rooms := maps.Clone(s.rooms)
	for _, r := range keep {
		r.Standings = slices.Clone(r.Standings)
		rooms[r.Name] = r
	}
	for _, name := range gone {
		delete(rooms, name)
	}
	text, err := json.MarshalIndent(written(rooms), "", "  ")
	if err == nil {
		err = durable.Write(s.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the registered rooms: %w", err)
	}
	s.rooms = rooms
	return nil
}

// Known takes from rooms what they remember of accounts that there are not any more.
func Known(rooms []genl.KeptRoom, known func(account uint64) bool) []genl.KeptRoom {
	out := slices.Clone(rooms)
	for i := range out {
		r := &out[i]
		if !known(r.Owner) {
			r.Owner = 0
		}
		if !known(r.Keeper) {
			r.Keeper = 0
		}
		r.Standings = slices.DeleteFunc(slices.Clone(r.Standings), func(s genl.Standing) bool { return !known(s.Account) })
	}
	return out
}

func sorted(rooms map[string]genl.KeptRoom) []genl.KeptRoom {
	return slices.SortedFunc(maps.Values(rooms), func(a, b genl.KeptRoom) int { return cmp.Compare(a.Name, b.Name) })
}

// file is the form of the file, for people to read.
type file struct {
	Version int    `json:"version"`
	Rooms   []room `json:"rooms"`
}

type room struct {
	Name        string    `json:"name"`
	Topic       string    `json:"topic,omitempty"`
	Owner       uint64    `json:"owner,omitempty"`         // account number
	Keeper      uint64    `json:"registered_by,omitempty"` // account number
	Created     time.Time `json:"created"`
	Backlog     uint16    `json:"backlog"` // messages a newcomer sees
	Practice    bool      `json:"practice,omitempty"`
	InviteOnly  bool      `json:"invite_only,omitempty"`
	Moderated   bool      `json:"moderated,omitempty"`
	TopicLocked bool      `json:"topic_locked,omitempty"`
	Key         []byte    `json:"password_key,omitempty"`
	People      []person  `json:"people,omitempty"`
}

type person struct {
	Account  uint64 `json:"account"`
	Operator bool   `json:"operator,omitempty"`
	Voice    bool   `json:"voice,omitempty"`
	Muted    *until `json:"muted,omitempty"`
	Banned   *until `json:"banned,omitempty"`
	Invited  *until `json:"invited,omitempty"`
}

// until is how long something holds; without a time: for good.
type until struct {
	Time *time.Time `json:"until,omitempty"`
}

// flag is a rule of a room and its place in the file.
type flag struct {
	bit uint32
	is  *bool
}

func (r *room) flags() []flag {
	return []flag{
		{wire.RoomPractice, &r.Practice},
		{wire.RoomInviteOnly, &r.InviteOnly},
		{wire.RoomModerated, &r.Moderated},
		{wire.RoomTopicLocked, &r.TopicLocked},
	}
}

func written(rooms map[string]genl.KeptRoom) file {
	f := file{Version: version, Rooms: []room{}}
	for _, k := range sorted(rooms) {
		r := room{
			Name: k.Name, Topic: k.Topic, Owner: k.Owner, Keeper: k.Keeper, Created: time.UnixMicro(int64(k.Created)).UTC(),
			Backlog: k.Backlog,
		}
		for _, f := range r.flags() {
			*f.is = k.Flags&f.bit != 0
		}
		if k.Flags&wire.RoomPassword != 0 {
			r.Key = k.Key[:]
		}
		for _, s := range k.Standings {
			r.People = append(r.People, person{
				Account: s.Account, Operator: s.Flags&genl.StandingOperator != 0, Voice: s.Flags&genl.StandingVoice != 0,
				Muted: untilOf(s.Flags&genl.StandingMuted, s.MutedUntil), Banned: untilOf(s.Flags&genl.StandingBanned, s.BannedUntil),
				Invited: untilOf(s.Flags&genl.StandingInvited, s.InvitedUntil),
			})
		}
		f.Rooms = append(f.Rooms, r)
	}
	return f
}

func untilOf(set uint32, ms uint64) *until {
	switch {
	case set == 0:
		return nil
	case ms == 0:
		return &until{}
	}
	t := time.UnixMilli(int64(ms)).UTC()
	return &until{&t}
}

// flag and its time, as the module has them.
func (u *until) read(bit uint32, flags *uint32, ms *uint64) {
	if u == nil {
		return
	}
	*flags |= bit
	if u.Time != nil {
		*ms = uint64(max(1, u.Time.UnixMilli()))
	}
}

// read finds what would make the file unusable.
func (f file) read() (map[string]genl.KeptRoom, error) {
	if f.Version != version {
		return nil, fmt.Errorf("version %d, this program reads version %d", f.Version, version)
	}
	rooms := map[string]genl.KeptRoom{}
	for _, r := range f.Rooms {
		if _, twice := rooms[r.Name]; twice {
			return nil, fmt.Errorf("the room %q is there twice", r.Name)
		}
		k, err := r.read()
		if err != nil {
			return nil, fmt.Errorf("the room %q: %w", r.Name, err)
		}
		rooms[r.Name] = k
	}
	return rooms, nil
}

func (r room) read() (genl.KeptRoom, error) {
	k := genl.KeptRoom{
		Name: r.Name, Flags: wire.RoomRegistered, Owner: r.Owner, Keeper: r.Keeper, Backlog: r.Backlog,
		Created: uint64(max(0, r.Created.UnixMicro())), Topic: r.Topic,
	}
	for _, f := range r.flags() {
		if *f.is {
			k.Flags |= f.bit
		}
	}
	switch {
	case r.Name == "" || len(r.Name) > wire.RoomNameMax:
		return k, errors.New("a room has a name of 1 to 64 bytes")
	case len(r.Topic) > wire.TopicMax:
		return k, errors.New("the topic is too long")
	case r.Key != nil && len(r.Key) != genl.KeyLen:
		return k, errors.New("the key of its password is damaged")
	case r.Key != nil:
		k.Flags |= wire.RoomPassword
		copy(k.Key[:], r.Key)
	}
	seen := map[uint64]bool{}
	for _, p := range r.People {
		s := genl.Standing{Room: r.Name, Account: p.Account}
		if p.Account == 0 || seen[p.Account] {
			return k, fmt.Errorf("account %d is there twice, or is none", p.Account)
		}
		seen[p.Account] = true
		if p.Operator {
			s.Flags |= genl.StandingOperator
		}
		if p.Voice {
			s.Flags |= genl.StandingVoice
		}
		p.Muted.read(genl.StandingMuted, &s.Flags, &s.MutedUntil)
		p.Banned.read(genl.StandingBanned, &s.Flags, &s.BannedUntil)
		p.Invited.read(genl.StandingInvited, &s.Flags, &s.InvitedUntil)
		if s.Flags != 0 {
			k.Standings = append(k.Standings, s)
		}
	}
	return k, nil
}
