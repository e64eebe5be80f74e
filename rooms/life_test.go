// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"os"
	"strings"
	"testing"
)

// stateNames and eventNames are the words of docs/messages.md.
var (
	stateNames = map[State]string{
		StateWaiting: "waiting", StateSending: "sending", StateSent: "sent", StateDelivered: "delivered",
		StateAlone: "alone", StateFailed: "failed", stateGone: "gone",
	}
	eventNames = []string{
		onReady: "ready", onAcknowledged: "acknowledged", onAlone: "alone", onBusy: "busy", onRefused: "refused",
		onDisconnected: "disconnected", onGap: "gap", onEpoch: "epoch", onStored: "stored", onResend: "resend", onDiscard: "discard", onQuit: "quit",
	}
)

// documented reads the table of states and events from the document: "state/event" to the state after it.
func documented(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{}
	var head []string
	for line := range strings.Lines(string(b)) {
		parts := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		switch {
		case parts[0] == "state" && len(parts) == len(eventNames)+1:
			head = parts
		case head != nil && len(parts) == len(head) && !strings.HasPrefix(parts[0], "---"):
			for i, cell := range parts[1:] {
				cells[parts[0]+"/"+head[i+1]] = cell
			}
		}
	}
	return cells
}

func TestLifeAgreesWithTheDocument(t *testing.T) {
	cells := documented(t)
	if want := (len(stateNames) - 1) * len(eventNames); len(cells) != want {
		t.Fatalf("the document has %d cells, expected %d", len(cells), want)
	}
	for s, state := range stateNames {
		if s == stateGone {
			continue
		}
		for e, event := range eventNames {
			after, changed := s.next(lifeEvent(e))
			ours := stateNames[after]
			if !changed {
				ours = "–"
			}
			if said, ok := cells[state+"/"+event]; !ok || said != ours {
				t.Errorf("%s, %s: the document says %q (%v), the table %q", state, event, said, ok, ours)
			}
		}
	}
}

func TestAReceivedMessageNeverChanges(t *testing.T) {
	for e := range eventNames {
		if after, changed := StateReceived.next(lifeEvent(e)); changed || after != StateReceived {
			t.Errorf("%s changes it to %v", eventNames[e], after)
		}
	}
}
