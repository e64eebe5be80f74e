// SPDX-License-Identifier: GPL-2.0-only

package kept

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kchat/server/durable"
	"kchat/server/genl"
	"kchat/wire"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	plain  = genl.KeptRoom{Name: "a", Flags: wire.RoomRegistered, Created: 1, Standings: nil}
	strict = genl.KeptRoom{
		Name: "열쇠", Flags: wire.RoomRegistered | wire.RoomInviteOnly | wire.RoomModerated | wire.RoomPassword | wire.RoomTopicLocked | wire.RoomPractice,
		Owner: 3, Keeper: 4, Backlog: 1000, Created: 1_700_000_000_123_456, Topic: "rules <here>", Key: [genl.KeyLen]byte{1, 31: 2},
		Standings: []genl.Standing{
			{Room: "열쇠", Account: 5, Flags: genl.StandingOperator | genl.StandingVoice},
			{Room: "열쇠", Account: 6, Flags: genl.StandingBanned, BannedUntil: 1_700_000_000_001},
			{Room: "열쇠", Account: 7, Flags: genl.StandingBanned | genl.StandingMuted | genl.StandingInvited, InvitedUntil: 9},
		},
	}
)

func TestRoomsSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms.json")
	s := open(t, path)
	if len(s.Rooms()) != 0 {
		t.Errorf("a new one has %+v", s.Rooms())
	}
	if err := s.Update([]genl.KeptRoom{strict, plain}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	want := []genl.KeptRoom{plain, strict}
	if got := open(t, path).Rooms(); !reflect.DeepEqual(got, want) {
		t.Errorf("reopened:\n%+v, want\n%+v", got, want)
	}
	changed := plain
	changed.Topic = "new"
	if err := s.Update([]genl.KeptRoom{changed}, strict.Name); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path).Rooms(); !reflect.DeepEqual(got, []genl.KeptRoom{changed}) {
		t.Errorf("after a change: %+v", got)
	}
}

func TestAChangeThatTheDiskDoesNotTakeIsNone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rooms.json")
	s := open(t, path)
	if err := s.Update([]genl.KeptRoom{plain}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := s.Update([]genl.KeptRoom{strict}, plain.Name); err == nil {
		t.Error("a folder was written over")
	}
	if s.Has(strict.Name) || !s.Has(plain.Name) {
		t.Errorf("it has %+v", s.Rooms())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".rooms*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms.json")
	if err := open(t, path).Update([]genl.KeptRoom{plain}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, durable.ErrOpenToOthers) || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("opened: %v", err)
	}
}

func TestACorruptFileIsSetAsideAndNamed(t *testing.T) {
	for what, text := range map[string]string{
		"no JSON": `{"version": 1, `, "empty": "", "another version": `{"version": 2}`, "no name": `{"version": 1, "rooms": [{}]}`,
		"a name too long":     `{"version": 1, "rooms": [{"name": "` + strings.Repeat("x", 65) + `"}]}`,
		"a room twice":        `{"version": 1, "rooms": [{"name": "a"}, {"name": "a"}]}`,
		"half a key":          `{"version": 1, "rooms": [{"name": "a", "password_key": "AAAA"}]}`,
		"a topic too long":    `{"version": 1, "rooms": [{"name": "a", "topic": "` + strings.Repeat("x", 257) + `"}]}`,
		"somebody twice":      `{"version": 1, "rooms": [{"name": "a", "people": [{"account": 1}, {"account": 1}]}]}`,
		"nobody":              `{"version": 1, "rooms": [{"name": "a", "people": [{}]}]}`,
		"a time that is none": `{"version": 1, "rooms": [{"name": "a", "people": [{"account": 1, "banned": {"until": "soon"}}]}]}`,
	} {
		path := filepath.Join(t.TempDir(), "rooms.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		var corrupt *durable.CorruptError
		if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), corrupt.Aside) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if aside, err := os.ReadFile(corrupt.Aside); err != nil || string(aside) != text {
			t.Errorf("%s, set aside: %q, %v", what, aside, err)
		}
		if got := open(t, path).Rooms(); len(got) != 0 {
			t.Errorf("%s: started once more with %+v", what, got)
		}
	}
}

func TestDeletedAccountsAreForgotten(t *testing.T) {
	before := []genl.KeptRoom{strict}
	got := Known(before, func(n uint64) bool { return n == 4 || n == 6 })
	if r := got[0]; r.Owner != 0 || r.Keeper != 4 || len(r.Standings) != 1 || r.Standings[0].Account != 6 {
		t.Errorf("left is %+v", r)
	}
	if strict.Owner != 3 || len(before[0].Standings) != 3 {
		t.Error("what was given was changed")
	}
}
