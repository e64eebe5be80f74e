// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

func TestARoomThatMovesToAnotherServerIsOneQuietLine(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon, lena)
	s.wait("3 here")
	s.pass(time.Minute) // that the room is open is no news any more
	s.happen(
		rooms.Moved{Room: "lobby", To: rooms.ServerInfo{Name: "attic", Address: "attic:10106"}},
		rooms.Joined{Room: rooms.RoomInfo{Name: "lobby", Number: 9, Epoch: 7}, People: []rooms.Person{s.client.me}},
		rooms.Live{Room: "lobby"},
	)
	s.wait("#lobby moved to the server attic.")
	if screen := s.term.Screen(); strings.Contains(screen, "Only you are in") {
		t.Errorf("who comes first is told to wait:\n%s", screen)
	}
	s.happen(
		rooms.PersonChanged{Room: "lobby", Person: joon, Was: rooms.Offline},
		rooms.PersonChanged{Room: "lobby", Person: lena, Was: rooms.Offline},
	)
	s.wait("3 here")
	for _, alarm := range []string{"no longer", "is here", "joined", "came"} {
		if screen := s.term.Screen(); strings.Contains(screen, alarm) {
			t.Errorf("the screen says %q:\n%s", alarm, screen)
		}
	}
	gone := joon
	gone.State = rooms.Left
	s.happen(rooms.PersonChanged{Room: "lobby", Person: gone, Was: rooms.Present})
	gone = lena
	gone.State = rooms.Left
	s.happen(rooms.PersonChanged{Room: "lobby", Person: gone, Was: rooms.Present})
	s.pass(2 * rooms.Settle)
	s.wait("Only you are in #lobby")
}
