// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"kchat/history"
	"kchat/rooms"
)

// chatterbox is somebody who says much, faster than one can type, and stays to be asked for it.
func chatterbox(t *testing.T, name, room string) (says func(words ...string)) {
	t.Helper()
	server := people.Server(t)
	people.enrol(t, server, name)
	store, err := history.Open(context.Background(), filepath.Join(folder(t), "history.db"), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := rooms.New(rooms.Config{
		Address: server.Addr, User: name, Password: password(name), Rooms: []string{room}, Store: store, Pins: store,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- client.Run(context.Background()) }()
	sent := make(chan rooms.MessageID, 1024)
	go func() {
		for ev := range client.Events() {
			if m, ok := ev.(rooms.MessageChanged); ok && m.Message.Name == name && !m.Message.Pos.IsZero() {
				sent <- m.Message.ID
			}
		}
		close(sent)
	}()
	t.Cleanup(func() {
		client.Close()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for range sent {
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(words ...string) {
		t.Helper()
		waits := make(map[rooms.MessageID]bool, len(words))
		for _, w := range words {
			m, err := client.Send(rooms.Draft{Room: room, Text: w})
			if err != nil {
				t.Fatalf("%s says %q: %v", name, w, err)
			}
			waits[m.ID] = true
		}
		for id := range sent {
			if delete(waits, id); len(waits) == 0 {
				return
			}
		}
	}
}

// many are lines with their numbers, and something else in place of one of them.
func many(from, to, at int, instead string) []string {
	var out []string
	for i := from; i <= to; i++ {
		if i == at {
			out = append(out, instead)
			continue
		}
		out = append(out, fmt.Sprintf("line %d.", i))
	}
	return out
}

func TestOlderTalkComesFromTheServerAndThenFromThoseWhoSaidIt(t *testing.T) {
	ben := people.Start(t, "ben")
	says := chatterbox(t, "carl", ben.Room)
	ben.Shows("2 here")
	says(many(1, 140, 0, "")...)
	ben.Shows("line 140.")
	anna := people.Start(t, "anna") // whom the server gives the last 50
	anna.Shows("3 here", "line 140.")
	anna.Key("ctrl+home")
	anna.Shows("line 91.", "nothing older is kept here")
	anna.Until("what was said before she came", func(screen string) bool {
		anna.Key("pgup")
		return hasRow(screen, "line 1.")
	})
	anna.Key("ctrl+end")
	anna.Shows("line 140.")
}

func TestASearchAsOneTypesLeadsToThePlaceAndEscComesBack(t *testing.T) {
	anna := people.Start(t, "anna")
	says := chatterbox(t, "carl", anna.Room)
	anna.Shows("2 here")
	says(many(1, 150, 30, "오늘 주간회의록을 올렸어요")...)
	anna.Shows("line 150.")
	anna.Key("ctrl+f")
	anna.Shows("all rooms", "Type words")
	anna.Type("회의")
	anna.Shows("1 of 1", "오늘 주간회의록을 올렸어요")
	anna.Key("enter")
	anna.Shows("line 29.", "▌ 오늘 주간회의록을 올렸어요", "line 31.")
	anna.ShowsNot("line 150.")
	anna.Key("esc")
	anna.Shows("line 150.")
	anna.ShowsNot("회의록")
}

func TestASearchOfAllRoomsGoesFromHitToHit(t *testing.T) {
	anna, ben := two(t)
	hears(ben, anna, "the harvest begins in the orchard")
	for _, p := range []*person{anna, ben} {
		p.Type("/join " + anna.Room + "-shed")
		p.Key("enter")
		p.Shows("#" + anna.Room + "-shed")
	}
	anna.Shows("2 here")
	hears(ben, anna, "all harvest baskets are in the shed")
	anna.Key("ctrl+f")
	anna.Shows("Type words")
	anna.Type("harv")
	anna.Shows("1 of 1", "1 more in other rooms: Ctrl+G")
	anna.ClickOn("1 more in other rooms")
	anna.Shows("1 of 2")
	anna.Key("esc")
	anna.ShowsNot("1 of 2")
	anna.Type("/search harv")
	anna.Key("enter")
	anna.Shows("1 of 2", "#"+anna.Room+"-shed", "baskets", "orchard")
	anna.Type(" from:b")
	anna.Key("tab")
	anna.Shows("from:ben", "1 of 2")
	anna.Type("before:whenever")
	anna.Shows("whenever is no date")
	for range len("before:whenever") {
		anna.Key("backspace")
	}
	anna.Shows("1 of 2")
	anna.Key("down", "enter")
	anna.Shows("▌ the harvest begins in the orchard")
	anna.Type("N")
	anna.Shows("▌ all harvest baskets are in the shed")
	anna.Key("esc")
	rowWith(anna, "▌", "#"+anna.Room+"-shed")
}

func TestFiltersNarrowASearch(t *testing.T) {
	anna, ben := two(t)
	hears(ben, anna, "harvest: https://kernel.org/harvest")
	hears(anna, ben, "harvest of another kind")
	path := filepath.Join(ben.Dir, "sun.png")
	sun(t, path)
	ben.Type("/send-image " + path)
	ben.Key("enter")
	anna.Shows("sun.png")
	anna.Key("ctrl+g")
	for _, c := range [][2]string{
		{"harvest in:" + anna.Room, "1 of 2"},
		{"harvest has:link", "1 of 1"},
		{"has:image", "[sun.png]"},
		{"harvest from:anna in:" + anna.Room, "of another kind"},
		{"harvest after:yesterday in:" + anna.Room, "1 of 2"},
		{"harvest before:2026-01", "Nothing was found"},
		{"harvest before:2999-01", "1 of 2"},
	} {
		anna.Type(c[0])
		anna.Shows("› "+c[0], c[1])
		anna.Key("ctrl+u")
		anna.Shows("Type words")
	}
}

func TestTheMouseScrollsChoosesAndDrags(t *testing.T) {
	anna := people.Start(t, "anna", sized(120, 30))
	says := chatterbox(t, "carl", anna.Room)
	anna.Shows("2 here")
	says(many(1, 120, 0, "")...)
	anna.Shows("line 120.")
	anna.Wheel(50, 10, -4)
	anna.ShowsNot("line 120.")
	anna.ClickOn("more below")
	anna.Shows("line 120.")
	anna.ClickOn("line 118.")
	anna.Shows("▌ line 118.", "c copy")
	anna.Program.Key("esc") // bare, as most terminals send it
	anna.ShowsNot("c copy")
	anna.ClickOn("Ctrl+K")
	anna.Shows("Go to a room or person")
	anna.Key("esc")
	anna.ShowsNot("Go to a room or person")
	anna.ClickOn("● carl")
	anna.ClickOn("write to them alone")
	anna.inFront("carl")
	anna.ClickOn("#" + anna.Room)
	anna.inFront("#" + anna.Room)
	anna.Shows("line 120.")
	form := inForm(anna)
	anna.Drag(form[0], 10, form[0]+7, 12)
	anna.Until("the line beside the rooms where it was let go", func(string) bool {
		return slices.Equal(walls(anna), []int{form[0] + 7, form[1]})
	})
}
