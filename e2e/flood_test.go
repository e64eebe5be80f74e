// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/e2e/reliability/trial"
	"kchat/server/vmtest"
	"kchat/wire"
)

// What a flood may cost others, docs/limits.md, "Floods". The machine's clock counts instructions, and the flood is made on the
// one processor that also serves and hears the talk.
const (
	besideFlood   = 5 * time.Millisecond // what a message takes to twenty people beside a flood, in the middle of all
	floodLogs     = 2 * (10 + 1)         // lines that the kernel's log gets within floodLogsSpan, and those of what was left out
	floodLogsSpan = 5 * time.Second

	answersAddress  = 20 // of discovery, to one address in a second
	failuresAccount = 10 // wrong passwords of one account in a minute
)

// TestFloodsCostTheOthersLittle: eight ask over UDP who is there, then eight try wrong passwords, without a pause, while
// twenty talk.
func TestFloodsCostTheOthersLittle(t *testing.T) {
	t.Parallel()
	s := crowded(t, 21, vmtest.WithCount())
	s.SetParam(t, "answers_address", answersAddress) // which the runner of a microVM counts otherwise
	t.Run("questions", func(t *testing.T) {
		taken, span := flooded(t, s, "questions")
		if most := answersAddress * (int(span/time.Second) + 2); taken > most {
			t.Errorf("%d answers within %v, at most %d were expected", taken, span, most)
		}
	})
	t.Run("logins", func(t *testing.T) {
		taken, span := flooded(t, s, "logins")
		// The limit by itself, and one more whenever its share of the window is over.
		if most := failuresAccount + int(span/(time.Minute/failuresAccount)) + 1; taken > most {
			t.Errorf("%d wrong passwords were looked at within %v, at most %d were expected", taken, span, most)
		}
	})
}

// flooded floods a machine in which twenty people talk. It returns how much of the flood the server took up, and how
// long that lasted in the machine's time.
func flooded(t *testing.T, s *vmtest.Server, kind string) (taken int, span time.Duration) {
	t.Helper()
	result := &trial.Result{Trial: kind}
	trial.Keep(t, time.Now(), result)
	said := len(ofClients(s))
	out := does(t, s, kind, "-people", "20", "-messages", "100")
	var without, beside [2]float64 // the median and the longest
	var hits int
	_, err := fmt.Sscanf(out, "without %g %g beside %g %g hits %d taken %d within %d", &without[0], &without[1], &beside[0], &beside[1], &hits, &taken, &span)
	if err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	result.Times = hits
	result.Note = fmt.Sprintf("a message to twenty takes %.1f ms beside them, %.1f ms without; %d were looked at", beside[0]/1e6, without[0]/1e6, taken)
	if took := time.Duration(beside[0]); took > world.slow(besideFlood) {
		t.Errorf("a message takes %v beside the flood, %v without", took, time.Duration(without[0]))
	}
	if lines, most := len(ofClients(s))-said, floodLogs*(int(span/floodLogsSpan)+2); lines > most {
		t.Errorf("the flood of %d left %d lines in the log, at most %d were expected", hits, lines, most)
	}
	// Whoever is refused holds nothing any more.
	eventually(t, "the end of all connections", func() bool { return status(t, s).Counters[wire.CounterConnections] == 0 })
	return taken, span
}

// ofClients are the lines of the kernel's log that tell of those who come and go.
func ofClients(s *vmtest.Server) (lines []string) {
	for line := range strings.Lines(s.KernelLog()) {
		if strings.Contains(line, "client connected") || strings.Contains(line, "client gone") || strings.Contains(line, "callbacks suppressed") {
			lines = append(lines, line)
		}
	}
	return lines
}
